"""The funnel of a run: how many episodes reached each stage, why the others did not, and who fares worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from .ends import STAGES, End, Stage

EXAMPLES = 3
"""Ids kept per reason."""
MOST_GOALS = 4
"""From this many goals on, one bin."""


class Cell(msgspec.Struct, frozen=True):
    """Episodes of one kind: how many there were, and how many of them were accepted."""

    mode: str
    goals: str
    """`1`, `2`, `3` or `4+`."""
    kind: str
    """Where the tools run."""
    perturbation: str
    drafted: int
    accepted: int


class Cause(msgspec.Struct, frozen=True):
    """A reason for which episodes went no further."""

    reason: str
    """`stage.reason`."""
    after: Stage
    """The last stage that these episodes reached."""
    n: int
    """Episodes with this reason; one may have several."""
    examples: tuple[str, ...]
    """Ids of the first of them, for `tdscaling show`."""


class Funnel(msgspec.Struct, frozen=True):
    """What a run's episodes came to. Only committed ones count; abandoned ones stand aside."""

    reached: dict[Stage, int]
    """Episodes that came at least as far as the stage."""
    abandoned: int
    """Lost to endpoints, servers or deadlines: they say nothing of the data."""
    surplus: int
    """Finished, but the run had enough before their turn came."""
    causes: tuple[Cause, ...]
    """The most frequent first."""
    cells: tuple[Cell, ...]
    """Every combination that occurs, sorted."""

    def by(self, field: str) -> dict[str, tuple[int, int]]:
        """`{value: (drafted, accepted)}` over one field of the cells: mode, goals, kind or perturbation."""
        found: dict[str, tuple[int, int]] = {}
        for cell in self.cells:
            value = str(getattr(cell, field))
            drafted, accepted = found.get(value, (0, 0))
            found[value] = (drafted + cell.drafted, accepted + cell.accepted)
        return found


def funnel(ends: Iterable[End]) -> Funnel:
    """Count the episodes of a run."""
    last: Counter[Stage] = Counter()
    drafted: Counter[tuple[str, str, str, str]] = Counter()
    accepted: Counter[tuple[str, str, str, str]] = Counter()
    causes: dict[tuple[str, Stage], list[str]] = {}
    counts: Counter[tuple[str, Stage]] = Counter()
    abandoned = surplus = 0
    for end in ends:
        if not end.committed:
            surplus += end.stage is not None
        elif end.stage is None:
            abandoned += 1
        else:
            last[end.stage] += 1
            key = (end.mode, _bin(end.goals), end.kind, end.perturbation)
            drafted[key] += 1
            accepted[key] += end.stage == "accepted"
            for reason in end.reasons:
                counts[reason, end.stage] += 1
                some = causes.setdefault((reason, end.stage), [])
                if len(some) < EXAMPLES:
                    some.append(end.id)
    ranked = sorted(counts, key=lambda cause: (-counts[cause], cause))
    return Funnel(
        reached={stage: sum(last[further] for further in STAGES[place:]) for place, stage in enumerate(STAGES)},
        abandoned=abandoned,
        surplus=surplus,
        causes=tuple(Cause(*cause, counts[cause], tuple(causes[cause])) for cause in ranked),
        cells=tuple(Cell(*key, drafted[key], accepted[key]) for key in sorted(drafted)),
    )


def _bin(goals: int) -> str:
    return str(goals) if goals < MOST_GOALS else f"{MOST_GOALS}+"
