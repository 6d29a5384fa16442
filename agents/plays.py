"""The plays of one blueprint: which comes next, and what becomes of them when all are over.

An episode plays its blueprint `attempts` times, one play after the other under one token, because the blueprint is a
model's answer that nobody could ask for again. The first accepted play becomes the row; without one, the one with the
fewest reasons. The others stand beside it, for preference pairs. Where a contrast pair is wanted and the row is
accepted, the changed blueprint is played once more.
"""

from __future__ import annotations

import msgspec

from ..runtime.blueprint import Blueprint
from ..runtime.chat import SystemMessage
from ..runtime.messages import Episode, Outcome, Speak
from ..runtime.row import Kin, Row
from ..runtime.seed import relative_id
from .presentation.facing import without

_replace = msgspec.structs.replace


def after(episode: Episode, row: Row) -> Speak | Outcome:
    """What follows a play that ended with this row."""
    rows = (*episode.rows, row)
    attempts = episode.assignment.attempts
    if len(rows) < attempts:
        return Speak(_fresh(episode, rows, episode.blueprint))
    chosen = choose(rows[:attempts])
    if len(rows) == attempts and episode.twin is not None and rows[chosen].verdict.accepted:
        return Speak(_fresh(episode, rows, episode.twin))
    return _outcome(episode, rows, chosen)


def choose(rows: tuple[Row, ...]) -> int:
    """Which play becomes the row: the first accepted one, else the first of those with the fewest reasons."""
    return min(range(len(rows)), key=lambda number: (len(rows[number].verdict.reasons), number))


def _fresh(episode: Episode, rows: tuple[Row, ...], blueprint: Blueprint) -> Episode:
    """The episode at the beginning of its next play."""
    return _replace(
        episode,
        blueprint=blueprint,
        tools=without(episode.tools, episode.face, blueprint.plan.withheld),
        transcript=tuple(said for said in episode.transcript[:1] if isinstance(said, SystemMessage)),
        model_calls=tuple(call for call in episode.model_calls if call.role == "blueprint"),
        rows=rows,
    )


def _outcome(episode: Episode, rows: tuple[Row, ...], chosen: int) -> Outcome:
    """The rows with what ties them together: the chosen one, the other plays, the second of a pair."""
    attempts = episode.assignment.attempts
    plays, second = rows[:attempts], rows[attempts:]
    passes = sum(row.verdict.accepted for row in plays)
    twin_id = relative_id(episode.id, "twin")
    tied: list[Row] = []
    for number, row in enumerate(plays):
        identity = episode.id if number == chosen else relative_id(episode.id, f"play {number}")
        pair = twin_id if number == chosen and any(row.verdict.accepted for row in second) else ""
        tied.append(_replace(row, id=identity, kin=Kin(episode.id, number, attempts, passes, pair)))
    twin = next((_as_twin(row, twin_id, episode) for row in second), None)
    others = tuple(row for number, row in enumerate(tied) if number != chosen)
    return Outcome(episode.assignment.index, episode.id, "completed", tied[chosen], others=others, twin=twin)


def _as_twin(row: Row, identity: str, episode: Episode) -> Row:
    kin = Kin(identity, passes=int(row.verdict.accepted), pair=episode.id, counterfactual=episode.counterfactual)
    return _replace(row, id=identity, kin=kin)
