"""Plans of code tasks: drawn from families and not drafted by a model, because their outcome is known to be right."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...runtime.assignment import Mode
from ...runtime.blueprint import Argument, Constant, Goal, Plan, Report, Step
from .catalogue import Task, draw
from .family import Kind
from .moves import moves
from .toolbox import MOST_GOALS

MODES: dict[Kind, tuple[Mode, ...]] = {
    "answer": ("direct", "react", "plan"),
    "file": ("direct", "react", "plan"),
    "query": ("react", "plan", "verify"),
    "change": ("direct", "react", "plan"),
    "repair": ("react", "plan"),
}
"""The reasoning modes that a kind of task can carry."""


def plan_tasks(family: str, seed: int, mode: Mode, goals: int) -> Plan:
    """A plan for tasks about one workspace, at most `goals` and `MOST_GOALS` of them."""
    return plan_of(draw(family, seed, min(goals, MOST_GOALS)), mode)


def plan_of(tasks: Sequence[Task], mode: Mode) -> Plan:
    """The tasks one after the other; the workspace is looked at once, and in mode `direct` not at all."""
    steps: list[Step] = []
    goals: list[Goal] = []
    for number, task in enumerate(tasks):
        reports: list[Report] = []
        look = mode != "direct" and number == 0
        for move in moves(task.of, task.slots, task.reference, look=look, back=mode == "verify"):
            if move.told:
                reports.append(Report(len(steps), move.told, move.label))
            arguments = tuple(Argument(name, constant(value)) for name, value in move.arguments.items())
            steps.append(Step(number, move.tool, arguments))
        goals.append(Goal(task.intent, reports=tuple(reports)))
    return Plan(tuple(goals), tuple(steps))


def constant(value: object) -> Constant:
    """A value that the plan fixes."""
    return Constant(msgspec.json.encode(value).decode())
