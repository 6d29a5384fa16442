"""The accepted rows as a stream that any number of consumers read at their own pace, each from where it wants.

Row 1 is the first accepted one. A consumer asks for row after row and is given the bytes from disk, so a slow one costs
neither memory nor time of the others. Where it has got to, it may keep in the journal's index (`note_cursor`).
"""

from __future__ import annotations

from array import array

from ..errors import OutputError
from ..mailbox import Signal
from ..storage import Storage
from .events import Committed
from .place import Places
from .reading import SegmentReader, row_line


class Feed:
    """The durable accepted rows. For the tasks of one loop."""

    def __init__(self, storage: Storage, places: Places) -> None:
        self._places = places
        self._reader = SegmentReader(storage)
        self._rows = array("q")  # of row 1, 2, …: twice the episode's index, and 1 more for the twin of a pair
        self._grown = Signal()
        self._ended = False

    @property
    def last(self) -> int:
        """The newest row; 0 when there is none."""
        return len(self._rows)

    @property
    def ended(self) -> bool:
        """Whether no row will be added."""
        return self._ended

    def add(self, commit: Committed) -> None:
        """The next commit in order, which is durable."""
        if commit.accepted:
            self._rows.append(2 * commit.index)
        if commit.twin:
            self._rows.append(2 * commit.index + 1)
        self._grown.notify()

    def read(self, seq: int) -> bytes:
        """The line of row `seq`, 1 … `last`. Reads a page or two from disk.

        Raises:
            OutputError: the segment cannot be read.
        """
        index, twin = divmod(self._rows[seq - 1], 2)
        found = self._places.get(index)
        if found is None:
            raise OutputError(f"row {seq} has no line in the journal")
        return row_line(self._reader.read(*found), twin=bool(twin))

    async def until(self, seq: int) -> bool:
        """Wait for row `seq`; False when the run ended without it."""
        await self._grown.until(lambda: self._ended or self.last >= seq)
        return self.last >= seq

    async def over(self) -> None:
        """Wait until no row will be added."""
        await self._grown.until(lambda: self._ended)

    def end(self) -> None:
        """Say that no row will be added. Idempotent."""
        self._ended = True
        self._grown.notify()

    def close(self) -> None:
        """End it and close its files; what there is can still be read. Idempotent."""
        self.end()
        self._reader.close()
