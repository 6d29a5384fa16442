"""A small simulated world for controllers: clusters that are numbers, and commits made from assignments."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

import msgspec

from tdscaling.runtime.assignment import MODES, Assignment, BusinessCluster, Mode
from tdscaling.runtime.blueprint import Blueprint, Goal, Plan, WorldRef
from tdscaling.runtime.committer import Commit, Controller
from tdscaling.runtime.row import Measurements, Provenance, Row, Scores, Verdict

EMPTY = Measurements("direct", (), 1, 1, 0, 0, 0, 0, 1, 900, 100, ())
ORIGIN = Provenance("", "", "", "", "", "")

Yield = Callable[[Assignment, Random], bool]
"""Whether an assignment leads to an accepted row."""


def clusters(n: int, *, domains: int = 0, modes: tuple[Mode, ...] = MODES) -> list[BusinessCluster]:
    """Clusters in so many domains, one each when 0."""
    return [
        BusinessCluster(
            f"{k:016x}", (), (), (), (), f"d{k % (domains or n)}", f"s{k % (domains or n) % 3}", (), (), modes, ""
        )
        for k in range(n)
    ]


def commit(drawn: Assignment, *, accepted: bool, mode: Mode | None = None, reason: str = "outcome.state") -> Commit:
    """A completed episode."""
    reasons = () if accepted else (reason,)
    plan = Blueprint(Plan((Goal(""),) * drawn.goals, ()), WorldRef((), 0), (), (), (), (), "{}")
    measured = msgspec.structs.replace(EMPTY, mode=mode or drawn.mode)
    row = Row("", (), (), drawn, plan, Verdict(accepted, reasons, Scores()), measured, ORIGIN, simulated=True)
    return Commit(drawn.index, "", drawn, row, reasons)


def abandoned(drawn: Assignment) -> Commit:
    """An episode that infrastructure ended."""
    return Commit(drawn.index, "", drawn, None, ("infrastructure.gone",))


def play(controller: Controller, attempts: int, succeeds: Yield, *, lag: int = 64, seed: int = 0) -> list[Commit]:
    """Commits in index order, with the committer's fixed lag."""
    dice = Random(seed)
    waiting = deque(controller.assign(index) for index in range(lag))
    done: list[Commit] = []
    for index in range(attempts):
        drawn = waiting.popleft()
        done.append(commit(drawn, accepted=succeeds(drawn, dice)))
        controller.fold(done[-1])
        waiting.append(controller.assign(index + lag))
    return done
