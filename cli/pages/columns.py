"""Entries as columns: what a page loads of every row at once, in blocks of a few thousand.

What many rows share (modes, domains, reasons, tools, …) stands in a block as numbers. A block brings the names that
occur in no row before it, in the order of their numbers, so that whoever has read all blocks so far can read the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

import msgspec

from .entry import Entry

BLOCK: Final = 4096
"""Rows of a block."""

FACETS: Final[Mapping[str, Callable[[Entry], tuple[str, ...]]]] = {
    "mode": lambda entry: (entry.mode,),
    "domain": lambda entry: (entry.domain,),
    "perturbation": lambda entry: (entry.perturbation,),
    "language": lambda entry: (entry.language,),
    "reason": lambda entry: entry.reasons,
    "tool": lambda entry: entry.tools,
}
"""What rows can be filtered by, and what an entry has of it."""


class Block(msgspec.Struct, frozen=True):
    """The entries `start` to `start + len(id)`, a list per column."""

    start: int
    id: tuple[str, ...]
    accepted: tuple[int, ...]
    """1 or 0."""
    turns: tuple[int, ...]
    calls: tuple[int, ...]
    opening: tuple[str, ...]
    facets: dict[str, tuple[tuple[int, ...], ...]]
    """`{facet: the numbers of its names, per row}`."""
    names: dict[str, tuple[str, ...]]
    """`{facet: names that occur in no row before `start`}`."""


class Columns:
    """All entries so far."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._numbers: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}  # {facet: {name: number}}
        self._first: dict[str, list[int]] = {facet: [] for facet in FACETS}  # {facet: row first seen in, by number}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Take the next entry."""
        for facet, values in FACETS.items():
            numbers = self._numbers[facet]
            for name in values(entry):
                if name not in numbers:
                    numbers[name] = len(numbers)
                    self._first[facet].append(len(self._entries))
        self._entries.append(entry)

    def block(self, start: int) -> bytes:
        """The entries from `start` on, at most `BLOCK` of them, as JSON."""
        some = self._entries[start : start + BLOCK]
        return msgspec.json.encode(
            Block(
                start=start,
                id=tuple(entry.id for entry in some),
                accepted=tuple(int(entry.accepted) for entry in some),
                turns=tuple(entry.turns for entry in some),
                calls=tuple(entry.calls for entry in some),
                opening=tuple(entry.opening for entry in some),
                facets={facet: self._numbered(facet, some) for facet in FACETS},
                names={facet: self._new(facet, start, start + len(some)) for facet in FACETS},
            )
        )

    def _numbered(self, facet: str, some: list[Entry]) -> tuple[tuple[int, ...], ...]:
        numbers, values = self._numbers[facet], FACETS[facet]
        return tuple(tuple(numbers[name] for name in values(entry)) for entry in some)

    def _new(self, facet: str, start: int, stop: int) -> tuple[str, ...]:
        """The names that are first seen in the rows `start` to `stop`."""
        first = self._first[facet]
        return tuple(islice(self._numbers[facet], bisect_left(first, start), bisect_left(first, stop)))
