"""The journal of a run, followed: what was committed since the last look, while the run goes on or after it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ...runtime.ends import End, end_of
from ...runtime.errors import InputError
from ...runtime.journal import Abandoned, Assigned, Committed, Finished, decode_event
from ...runtime.journal.reader import judged, segment_paths
from ...runtime.row import Row


class Place(NamedTuple):
    """Where a line stands."""

    path: Path
    offset: int
    length: int


class Settled(NamedTuple):
    """An episode whose turn came."""

    place: Place
    """Of the line that says how it ended."""
    ended: Finished | Abandoned
    commit: Committed

    @property
    def rows(self) -> tuple[Row, ...]:
        """Its rows with their final verdicts: none, one, or the two of a contrast pair."""
        return tuple(judged(self.ended, self.commit)) if isinstance(self.ended, Finished) else ()

    @property
    def end(self) -> End:
        """How far it came."""
        return end_of(self.ended, self.commit)


class Follower:
    """Reads a journal on from where it was left, and only reads. A line that is not whole yet is waited for."""

    def __init__(self, directory: Path) -> None:
        """Raises InputError when the directory holds no run."""
        segment_paths(directory)
        self._directory = directory
        self._segment = 0
        self._offset = 0
        self._line = 0
        self._waiting: dict[int, tuple[Place, Finished | Abandoned]] = {}  # {index: its last line}

    @property
    def waiting(self) -> list[End]:
        """Episodes that ended and whose turn has not come."""
        return [end_of(ended, None) for _, ended in self._waiting.values()]

    def read(self) -> Generator[Settled]:
        """What stands in the journal by now, in the order of the commits. May be left at any point and called again.

        Raises:
            InputError: a line is none of a journal, or a segment cannot be read.
        """
        while True:
            paths = segment_paths(self._directory)  # before the lines: where there is a next one, this one is whole
            for place, line in self._lines(paths[self._segment], last=self._segment + 1 == len(paths)):
                settled = self._take(place, line)
                if settled is not None:
                    yield settled
            if self._segment + 1 == len(paths):
                return
            self._segment, self._offset, self._line = self._segment + 1, 0, 0

    def _lines(self, path: Path, *, last: bool) -> Iterator[tuple[Place, bytes]]:
        try:
            with path.open("rb") as file:
                file.seek(self._offset)
                for line in file:
                    if last and not line.endswith(b"\n"):
                        return
                    place = Place(path, self._offset, len(line))
                    self._offset += len(line)
                    self._line += 1
                    yield place, line
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None

    def _take(self, place: Place, line: bytes) -> Settled | None:
        try:
            event = decode_event(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{place.path}:{self._line}: not a line of a journal: {error}") from None
        if isinstance(event, Finished | Abandoned):
            self._waiting[event.index] = place, event
        elif not isinstance(event, Assigned) and (found := self._waiting.pop(event.index, None)) is not None:
            return Settled(*found, event)
        return None
