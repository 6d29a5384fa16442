"""Where lines stand in the segments: one place, and a table of the places of a run's episodes."""

from __future__ import annotations

from array import array
from typing import NamedTuple

NOWHERE = -1
_SHIFT = 40  # bits for the offset: a segment is far smaller than a terabyte


class Place(NamedTuple):
    """One line of the journal."""

    segment: int
    offset: int
    """Bytes from the beginning of the segment."""
    length: int
    """Bytes, line end included."""
    crc: int
    """crc32 of those bytes."""


class Places:
    """`{index: place}` at 12 bytes each, because a run may have millions; checksums stand in the index file."""

    def __init__(self) -> None:
        self._starts = array("q")
        self._lengths = array("I")

    def __len__(self) -> int:
        """One more than the highest index that was ever kept."""
        return len(self._starts)

    def put(self, index: int, place: Place) -> None:
        """Keep the place of an episode's line, in place of an earlier one."""
        while len(self._starts) <= index:
            self._starts.append(NOWHERE)
            self._lengths.append(0)
        self._starts[index] = place.segment << _SHIFT | place.offset
        self._lengths[index] = place.length

    def forget(self, index: int) -> None:
        """As if nothing had been kept for this index."""
        if index < len(self._starts):
            self._starts[index] = NOWHERE

    def get(self, index: int) -> tuple[int, int, int] | None:
        """Segment, offset and length; None when there is no line."""
        if index >= len(self._starts) or self._starts[index] == NOWHERE:
            return None
        start = self._starts[index]
        return start >> _SHIFT, start & (1 << _SHIFT) - 1, self._lengths[index]
