"""Scores: figures between 0 and 1 that describe a row and reject nothing. Each is a small function of the evidence."""

from __future__ import annotations

from collections import Counter

from ..runtime.row import Scores
from .codes import lookable
from .evidence import Evidence
from .modes import dependent_depth
from .said import folded

EASY, HARD = 1.0, 16.0
"""Sums of actions at which complexity is 0 and one half."""


def scores(evidence: Evidence) -> Scores:
    """All of them, rounded to four digits."""
    return Scores(
        conformance=round(conformance(evidence), 4),
        efficiency=round(efficiency(evidence), 4),
        groundedness=round(groundedness(evidence), 4),
        complexity=round(complexity(evidence), 4),
    )


def conformance(evidence: Evidence) -> float:
    """Share of the plan's executed steps that the assistant also called with success, in any order."""
    planned = Counter(evidence.blueprint.plan.steps[index].tool for index in evidence.blueprint.executed)
    made = Counter(exchange.call.function.name for exchange in evidence.exchanges if exchange.ok)
    if not planned:
        return float(not made)
    return sum((planned & made).values()) / sum(planned.values())


def efficiency(evidence: Evidence) -> float:
    """Planned calls divided by made calls, at most 1; 1 where nothing was called."""
    made = len(evidence.exchanges)
    return min(1.0, len(evidence.blueprint.executed) / made) if made else 1.0


def groundedness(evidence: Evidence) -> float:
    """Share of the codes and numbers in the assistant's answers that others had said before; 1 without any."""
    found = total = 0
    for position, text in evidence.talk.answers:
        for value in lookable(text):
            form = folded(value)
            known = (evidence.talk.stood_before(way, position) for way in (form, form.replace(",", "")))
            total += 1
            found += any(known)
    return found / total if total else 1.0


def complexity(evidence: Evidence) -> float:
    """How much had to be done: from 0 for one call, by calls, chains, tools, turns and mishaps; one half at 16."""
    calls = evidence.exchanges
    done = (
        len(calls)
        + dependent_depth(evidence)
        + len({exchange.call.function.name for exchange in calls})
        + len(evidence.users)
        + sum(not exchange.ok for exchange in calls)
    )
    return max(0.0, 1 - HARD / (HARD + max(0.0, done - 4 * EASY)))
