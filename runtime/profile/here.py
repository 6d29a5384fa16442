"""The one ambient thing of a run: for whom the present task works, so that a duration can be noted where it arises.

A worker of the bus sets it once for all its life; tasks that a handler starts inherit it. Nothing decides by it. Where
nobody measures, it is not set, and a `step` costs one look.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import TracebackType
from typing import Protocol

Event = tuple[str, int, int]
"""(name, begun, done), in nanoseconds of the profiler's clock."""


class Notes(Protocol):
    """Takes durations."""

    def clock(self) -> int:
        """Monotonic nanoseconds."""
        ...

    def note(self, stage: str, role: str, ns: int) -> None:
        """Count one duration."""
        ...


class Spot:
    """Where a task stands."""

    __slots__ = ("events", "notes", "role")

    def __init__(self, notes: Notes, role: str) -> None:
        """`role` is empty for what is no role's."""
        self.notes = notes
        self.role = role
        self.events: list[Event] | None = None
        """Of the episode in hand, where it is one whose trace is kept."""


HERE: ContextVar[Spot | None] = ContextVar("tdscaling_here", default=None)


class step:  # noqa: N801 -- a context manager, used as a verb
    """What happens inside is a step of this name: its duration is counted for the task's role, failed or not."""

    __slots__ = ("_begun", "_name", "_spot")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._spot = spot = HERE.get()
        if spot is not None:
            self._begun = spot.notes.clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        spot = self._spot
        if spot is not None:
            done = spot.notes.clock()
            spot.notes.note(self._name, spot.role, done - self._begun)
            if spot.events is not None:
                spot.events.append((self._name, self._begun, done))


def noted(name: str, ns: int) -> None:
    """Count a duration that was measured elsewhere."""
    spot = HERE.get()
    if spot is not None:
        spot.notes.note(name, spot.role, ns)
