"""How lines become durable: together, by one thread, and nobody is told so before they are.

The thread takes what is there (at most 64 lines, without waiting for more), writes it, syncs it, enters it in the
index, and only then wakes those who wait. While it does so the next batch gathers: the slower the disk, the larger it
is. After a failure nothing is written any more, because what a failed sync left behind is unknown: the run ends, and
opening the journal again repairs it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, TypeVarTuple, Unpack
from zlib import crc32

from ..errors import OutputError
from .index import Index
from .past import MAX_BATCH
from .place import Place
from .segments import Segments

Note = Callable[[Index], None]
"""Something to be kept in the index, behind the lines that were given before."""


class Line(NamedTuple):
    """One line to be kept."""

    data: bytes
    row: tuple[str, int] | None
    """Id and index of the row in it, when it has one."""


class Writer(Protocol):
    """Makes lines durable."""

    async def keep(self, lines: Sequence[Line]) -> list[Place]:
        """Returns where they stand once they are durable; they stay together. Raises OutputError, now and from then on.

        At most 64 lines. A call that is cancelled keeps them all the same.
        """
        ...

    def later(self, line: Line | None, note: Note | None = None) -> None:
        """Keep a line or a note together with what comes next; nobody waits for it."""
        ...

    async def aclose(self) -> None:
        """Keep what was given and close. Idempotent. Raises OutputError."""
        ...


class Shelf:
    """Segments and index behind them: what a writer does with one batch."""

    def __init__(self, segments: Segments, index: Index) -> None:
        self.segments = segments
        self.index = index

    def put(self, lines: Sequence[Line], notes: Sequence[Note]) -> list[Place]:
        """Write, sync, enter in the index. Raises OutputError."""
        places: list[Place] = []
        if lines:
            data = [line.data for line in lines]
            places = self.segments.append(data)
            self.segments.sync()
            length = sum(map(len, data))
            batch = Place(places[0].segment, places[0].offset, length, crc32(b"".join(data)))
            rows = [(*line.row, place) for line, place in zip(lines, places, strict=True) if line.row is not None]
            self.index.add(batch, rows)
        for note in notes:
            note(self.index)
        return places

    def close(self) -> None:
        """Close both. Raises OutputError."""
        self.segments.close()
        self.index.close()


class _Work:
    """What one call of `keep` gave."""

    __slots__ = ("done", "lines", "loop")

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[list[Place]] = self.loop.create_future()


class ThreadWriter:
    """The writer of real runs. Its thread begins with the first line."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._changed = threading.Condition()
        self._works: deque[_Work] = deque()
        self._loose: deque[Line] = deque()
        self._notes: deque[Note] = deque()
        self._closing = False
        self._error: OutputError | None = None
        self._thread: threading.Thread | None = None

    async def keep(self, lines: Sequence[Line]) -> list[Place]:
        """See Writer."""
        work = _Work(lines)
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._closing:
                raise OutputError("the journal is closed")
            self._works.append(work)
            self._begin()
            self._changed.notify()
        return await work.done

    def later(self, line: Line | None, note: Note | None = None) -> None:
        """See Writer."""
        with self._changed:
            if line is not None:
                self._loose.append(line)
            if note is not None:
                self._notes.append(note)

    async def aclose(self) -> None:
        """See Writer."""
        with self._changed:
            first, self._closing = not self._closing, True
            if first and (self._loose or self._notes) and self._error is None:
                self._begin()
            self._changed.notify()
        if not first:
            return
        if self._thread is not None:
            # Not cancelled with the task: the thread has at most one sync to finish.
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._shelf.close()
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not (self._works or self._closing):
                    self._changed.wait()
                if not (self._works or self._loose or self._notes) or self._error is not None:
                    return
                loose, works, notes = self._next()
            lines = [*loose, *(line for work in works for line in work.lines)]
            try:
                places = self._shelf.put(lines, notes)
            except OutputError as error:
                self._fail(error, works)
                return
            self._tell(works, places[len(loose) :])

    def _next(self) -> tuple[list[Line], list[_Work], list[Note]]:
        """One batch: loose lines first, then whole works, as many as fit. Called with the lock held."""
        loose = [self._loose.popleft() for _ in range(min(len(self._loose), MAX_BATCH))]
        works: list[_Work] = []
        room = MAX_BATCH - len(loose)
        while self._works and len(self._works[0].lines) <= room:
            works.append(self._works.popleft())
            room -= len(works[-1].lines)
        notes = list(self._notes)
        self._notes.clear()
        return loose, works, notes

    def _fail(self, error: OutputError, works: list[_Work]) -> None:
        with self._changed:
            self._error = error
            works = [*works, *self._works]
            self._works.clear()
        for work in works:
            _call(work.loop, _break, work, error)

    @staticmethod
    def _tell(works: list[_Work], places: list[Place]) -> None:
        """Wake everybody who waited, with one call per loop."""
        if not works:
            return
        found: list[tuple[_Work, list[Place]]] = []
        at = 0
        for work in works:
            found.append((work, places[at : at + len(work.lines)]))
            at += len(work.lines)

        _call(works[0].loop, _wake, found)


class InlineWriter:
    """A writer without a thread, for simulated time and for programs that write a journal from the outside.

    `pause` is awaited before and after each batch, where a real one waits for its thread.
    """

    def __init__(self, shelf: Shelf, pause: Callable[[], Awaitable[object]] | None = None) -> None:
        self._shelf = shelf
        self._pause = pause
        self._loose: list[Line] = []
        self._notes: list[Note] = []
        self._open = True
        self._error: OutputError | None = None

    async def keep(self, lines: Sequence[Line]) -> list[Place]:
        """See Writer."""
        if self._pause is not None:
            await self._pause()
        places = self.keep_now(lines)
        if self._pause is not None:
            await self._pause()
        return places

    def keep_now(self, lines: Sequence[Line]) -> list[Place]:
        """As `keep`, at once."""
        if self._error is not None:
            raise self._error
        while len(self._loose) + len(lines) > MAX_BATCH:
            self._put(self._loose[:MAX_BATCH])
            del self._loose[:MAX_BATCH]
        loose, self._loose = self._loose, []
        return self._put([*loose, *lines])[len(loose) :]

    def later(self, line: Line | None, note: Note | None = None) -> None:
        """See Writer."""
        if line is not None:
            self._loose.append(line)
        if note is not None:
            self._notes.append(note)

    async def aclose(self) -> None:
        """See Writer."""
        self.close()

    def close(self) -> None:
        """As `aclose`, at once."""
        if not self._open:
            return
        self._open = False
        try:
            if self._error is None:
                self.keep_now(())
        finally:
            self._shelf.close()

    def _put(self, lines: Sequence[Line]) -> list[Place]:
        notes, self._notes = self._notes, []
        try:
            return self._shelf.put(lines, notes)
        except OutputError as error:
            self._error = error
            raise


_Given = TypeVarTuple("_Given")


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[Unpack[_Given]], object], *given: *_Given) -> None:
    """Have something done on the loop of who waits, unless that is over."""
    try:
        loop.call_soon_threadsafe(what, *given)
    except RuntimeError:  # the loop was closed: nobody waits any more
        return


def _wake(found: list[tuple[_Work, list[Place]]]) -> None:
    for work, places in found:
        if not work.done.done():
            work.done.set_result(places)


def _break(work: _Work, error: OutputError) -> None:
    if not work.done.done():
        work.done.set_exception(error)
