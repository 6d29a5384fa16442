"""What a journal holds when it is opened: its end repaired, its middle checked, every episode's line found again.

The last batch of lines may be torn: the process was killed, or the power failed before it was durable, and nobody was
told that it is safe. From the first line of it that cannot be read, the segment is cut. What was durable must be as it
was: a missing segment, a line that cannot be read, or a checksum that is another one is an error that names the place.
"""

from __future__ import annotations

from typing import TypeAlias
from zlib import crc32

import msgspec

from ..errors import InputError
from ..messages import Outcome
from ..storage import Storage
from .events import Abandoned, Assigned, Committed, Finished, decode_event
from .index import Index
from .place import Place, Places
from .reading import SegmentReader
from .segments import segment_name, segment_numbers

MAX_BATCH = 64
"""Most lines that are written before they are made durable: so many may be torn, and no more."""


QUARANTINE = "bug."
"""How the reasons of episodes begin that ended a run."""


class _Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished"):
    """The head of a Finished."""

    index: int
    id: str


_Head: TypeAlias = Assigned | _Finished | Abandoned | Committed
_DECODER: msgspec.json.Decoder[_Head] = msgspec.json.Decoder(_Head)


class Past:
    """The episodes of a journal, by index. Rows are read when they are asked for."""

    def __init__(self, storage: Storage, index: Index, where: str = "journal") -> None:
        """Reads all segments, repairs the last one, and brings the index up to date. `where` stands in messages.

        Raises:
            InputError: what was durable is damaged; the message names file and byte.
            OutputError: storage or index cannot be used.
        """
        self._storage = storage
        self._index = index
        self._where = where
        self._reader = SegmentReader(storage)
        self.committed = 0
        """Commits: those of the indices 0 … committed - 1."""
        self.repaired = 0
        """Bytes that were cut off the last segment."""
        self.places = Places()
        self._accepted = bytearray()  # per commit: 1 when its row was accepted, and 2 more when its twin was
        self._late: dict[int, tuple[str, ...]] = {}
        self._abandoned: dict[int, Abandoned] = {}
        self._assigned: set[int] = set()  # in flight at the end
        for number in self._numbers():
            self._scan(number)
        self.cursors = index.cursors()
        """`{consumer: rows taken}`."""
        self.snapshots = index.snapshots()
        """`{commits: (draws, digest of the controller's state)}`."""

    def __bool__(self) -> bool:
        """Whether anything happened in this journal."""
        return bool(self.committed or self._assigned or self._abandoned or self.places)

    @property
    def in_flight(self) -> int:
        """Episodes that were admitted and did not end."""
        return len(self._assigned)

    def decision(self, index: int) -> tuple[bool, tuple[str, ...], bool]:
        """Whether a committed row was accepted, the reasons found at commit, and whether its twin was accepted."""
        return bool(self._accepted[index] & 1), self._late.get(index, ()), bool(self._accepted[index] & 2)

    def outcome(self, index: int) -> Outcome | None:
        """How an episode ended; None when it has to be played.

        An abandoned episode that was not committed is tried again: what it was lost to may have passed. One that ended
        a run with a bug is in quarantine: it is not.

        Raises:
            InputError: its line is not what it was.
        """
        found = self.places.get(index)
        if found is not None:
            event = self._event(*found)
            if isinstance(event, Finished) and event.index == index:
                return Outcome(index, event.id, "completed", event.row, others=event.others, twin=event.twin)
            raise self._broken(segment_name(found[0]), found[1], f"this is not the row of episode {index}")
        lost = self._abandoned.get(index)
        if lost is None or (index >= self.committed and not lost.reason.startswith(QUARANTINE)):
            return None
        return Outcome(index, lost.id, "abandoned", None, lost.reason)

    def close(self) -> None:
        """Close the files that were read. Idempotent."""
        self._reader.close()

    def _event(self, segment: int, offset: int, length: int) -> Assigned | Finished | Abandoned | Committed:
        try:
            return decode_event(self._reader.read(segment, offset, length))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(segment_name(segment), offset, str(error)) from None

    def _numbers(self) -> list[int]:
        numbers = segment_numbers(self._storage)
        known = set(range(max([*numbers, *self._index.segments()], default=-1) + 1))
        if missing := sorted(known - set(numbers)):
            raise InputError(f"{self._where}: {segment_name(missing[0])} is missing{self._advice()}")
        self._last = max(numbers, default=0)
        return numbers

    def _scan(self, number: int) -> None:
        """Take every line of a segment; check what the index knows, tell it what it does not know."""
        name, batches = segment_name(number), self._index.batches(number)
        durable = batches[-1].offset + batches[-1].length if batches else 0
        if (size := self._storage.size(name)) < durable:
            raise self._broken(name, size, f"it ends here, but {durable} bytes were durable")
        checks = _Checks(batches)
        fresh = _Fresh(number)
        offset = 0
        with self._storage.open_read(name) as file:
            for line in file:
                try:
                    event = _whole(line)
                except ValueError as error:
                    if offset < durable or number != self._last:
                        raise self._broken(name, offset, str(error)) from None
                    self._cut(name, offset, following=sum(1 for _ in file))
                    break
                place = Place(number, offset, len(line), crc32(line))
                self._take(event, place)
                if not checks.pass_line(place, line):
                    raise self._broken(name, checks.offset, "the checksum of what follows is another one")
                if offset >= durable:
                    fresh.add(event, place, line)
                offset += len(line)
        if fresh.rest.length:
            file_ = self._storage.open_append(name)
            file_.sync()
            file_.close()
            self._index.add(fresh.rest, fresh.rows)

    def _take(self, event: _Head, place: Place) -> None:
        index = event.index
        if isinstance(event, Assigned):
            self._assigned.add(index)
            return
        self._assigned.discard(index)
        if isinstance(event, _Finished):
            self._abandoned.pop(index, None)
            self.places.put(index, place)
        elif isinstance(event, Abandoned):
            self.places.forget(index)
            self._abandoned[index] = event
        else:
            ended = index in self._abandoned or self.places.get(index) is not None
            if index != self.committed or not ended:
                text = f"episode {index} is committed after {self.committed} others" + ("" if ended else " unfinished")
                raise self._broken(segment_name(place.segment), place.offset, text)
            self.committed += 1
            self._accepted.append(event.accepted + 2 * event.twin)
            if event.late:
                self._late[index] = event.late

    def _cut(self, name: str, offset: int, following: int) -> None:
        """Take the torn batch off the end."""
        if following >= MAX_BATCH:
            raise self._broken(name, offset, f"{following} lines follow, and at most {MAX_BATCH} can be torn")
        self.repaired = self._storage.size(name) - offset
        file = self._storage.open_append(name)
        file.truncate(offset)
        file.sync()
        file.close()

    def _broken(self, name: str, offset: int, what: str) -> InputError:
        return InputError(f"{self._where}: {name} is damaged at byte {offset}: {what}{self._advice()}")

    def _advice(self) -> str:
        return f"; `tdscaling recover {self._where}` saves what can be read into a new run"


class _Checks:
    """Follows the batches of a segment, line by line."""

    def __init__(self, batches: list[Place]) -> None:
        self._batches = iter(batches)
        self._batch = next(self._batches, None)
        self._crc = 0

    @property
    def offset(self) -> int:
        """Where the batch at hand begins."""
        return self._batch.offset if self._batch else 0

    def pass_line(self, place: Place, line: bytes) -> bool:
        """Take a line; False when it ends a batch whose checksum is another one."""
        batch = self._batch
        if batch is None or place.offset < batch.offset:
            return True
        self._crc = crc32(line, self._crc)
        end = place.offset + place.length
        if end < batch.offset + batch.length:
            return True
        if end > batch.offset + batch.length or self._crc != batch.crc:
            return False
        self._batch, self._crc = next(self._batches, None), 0
        return True


class _Fresh:
    """Collects what the index does not know yet, as one batch."""

    def __init__(self, segment: int) -> None:
        self.rest = Place(segment, 0, 0, 0)
        self.rows: list[tuple[str, int, Place]] = []

    def add(self, event: _Head, place: Place, line: bytes) -> None:
        """Take one line, next to the one before."""
        start = self.rest.offset if self.rest.length else place.offset
        self.rest = Place(place.segment, start, self.rest.length + place.length, crc32(line, self.rest.crc))
        if isinstance(event, _Finished):
            self.rows.append((event.id, event.index, place))


def _whole(line: bytes) -> _Head:
    """The event of a whole line. Raises ValueError when it is none."""
    if not line.endswith(b"\n"):
        raise ValueError("the line has no end")
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:  # ValidationError is one of them
        raise ValueError(f"not an event: {error}") from None
