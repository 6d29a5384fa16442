"""Diversity along a run: entropies and complexity after so many accepted rows, and over the last 500 of them."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import msgspec

from ...evolution.counts import Counts, Window
from ...evolution.event import Event

MOST: Final = 240
"""Points that are kept; where there are more, every other one is dropped."""
WINDOW: Final = 500


class Point(msgspec.Struct, frozen=True, array_like=True):
    """The figures after `rows` accepted rows. Entropies are plug-in estimates in bits, low while rows are few."""

    rows: int
    domain: float
    """Entropy of the domains."""
    domain_last: float
    """The same over the last 500 rows, as all that end in `_last`."""
    domain_most: float
    """log2 of the domains seen so far."""
    mode: float
    """Entropy of the twelve reasoning modes."""
    mode_last: float
    shape: float
    """Entropy of the shapes of tool use."""
    shape_last: float
    complexity: float
    """Mean action complexity."""
    complexity_last: float


class Curves:
    """Takes the events of accepted rows in order."""

    def __init__(self) -> None:
        self._domains: Counts[str] = Counts()
        self._modes: Counts[str] = Counts()
        self._shapes: Counts[str] = Counts()
        self._last: dict[str, Window[str]] = {name: Window(WINDOW) for name in ("domain", "mode", "shape")}
        self._complexities: deque[float] = deque(maxlen=WINDOW)
        self._complexity = 0.0
        self._rows = 0
        self._step = 1
        self._points: list[Point] = []

    def add(self, event: Event) -> None:
        """Take the next accepted row."""
        self._domains.add(event.domain)
        self._modes.add(event.mode)
        self._shapes.add(event.signature)
        for name, label in (("domain", event.domain), ("mode", event.mode), ("shape", event.signature)):
            self._last[name].add(label)
        self._complexities.append(event.complexity)
        self._complexity += event.complexity
        self._rows += 1
        if self._rows % self._step == 0:
            self._points.append(self._point())
        if len(self._points) > MOST:
            self._points = self._points[1::2]
            self._step *= 2

    def points(self) -> tuple[Point, ...]:
        """The curve so far, the newest row always in it."""
        if not self._rows or (self._points and self._points[-1].rows == self._rows):
            return tuple(self._points)
        return (*self._points, self._point())

    @property
    def shapes(self) -> int:
        """Distinct shapes of tool use."""
        return len(self._shapes)

    @property
    def domains(self) -> int:
        """Distinct domains."""
        return len(self._domains)

    def _point(self) -> Point:
        return Point(
            rows=self._rows,
            domain=_short(self._domains.bits),
            domain_last=_short(self._last["domain"].counts.bits),
            domain_most=_short(math.log2(len(self._domains))),
            mode=_short(self._modes.bits),
            mode_last=_short(self._last["mode"].counts.bits),
            shape=_short(self._shapes.bits),
            shape_last=_short(self._last["shape"].counts.bits),
            complexity=_short(self._complexity / self._rows),
            complexity_last=_short(math.fsum(self._complexities) / len(self._complexities)),
        )


def _short(value: float) -> float:
    return round(value, 4)
