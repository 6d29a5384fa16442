"""Plans of code tasks: drawn from families and not drafted by a model, because their outcome is known to be right."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from ...runtime.assignment import Mode, Perturbation
from ...runtime.blueprint import Argument, Constant, Disturbance, Goal, Plan, Produced, Report, Source, Step
from ...runtime.seed import rng
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
    "mixed": ("react", "plan"),
}
"""The reasoning modes that a kind of task can carry."""
BESIDE_THE_POINT = (
    "recommend a restaurant for tonight",
    "think of a riddle for the children",
    "say who will win the race on Sunday",
    "write a limerick about the sea",
    "explain how cheese is made",
    "name a good film for a rainy evening",
)
"""What a user asks in passing."""
_replace = msgspec.structs.replace


def plan_tasks(family: str, seed: int, mode: Mode, goals: int, perturbation: Perturbation = "none") -> Plan:
    """A plan for tasks about one workspace, at most `goals` and `MOST_GOALS` of them, perturbed as far as it can be."""
    tasks = draw(family, seed, min(goals, MOST_GOALS))
    return perturbed(plan_of(tasks, mode), tasks, perturbation, rng(seed, "code perturbation", family))


def plan_of(tasks: Sequence[Task], mode: Mode) -> Plan:
    """The tasks one after the other; the workspace is looked at once, and in mode `direct` not at all."""
    steps: list[Step] = []
    goals: list[Goal] = []
    for number, task in enumerate(tasks):
        reports: list[Report] = []
        look = mode != "direct" and number == 0
        for move in moves(task.of, task.slots, task.reference, look=look, back=mode == "verify"):
            given: dict[str, Source] = {name: constant(value) for name, value in move.arguments.items()}
            if move.takes:
                given[move.takes] = Produced(reports[-1].step, reports[-1].path)
            if move.told:
                reports.append(Report(len(steps), move.told, move.label))
            steps.append(Step(number, move.tool, tuple(Argument(*argument) for argument in given.items())))
        goals.append(Goal(task.intent, reports=tuple(reports)))
    return Plan(tuple(goals), tuple(steps))


def perturbed(plan: Plan, tasks: Sequence[Task], perturbation: Perturbation, dice: Random) -> Plan:
    """The plan with what goes otherwise; itself where code tasks cannot carry the perturbation.

    There is more than one way to do anything in a workspace, so no tool of it is barred for good: what a caller may be
    forbidden is to write a result back.
    """
    if perturbation == "tool_error":
        tool = dice.choice(plan.steps).tool
        return _replace(plan, disturbances=(Disturbance("error", tool, times=dice.choice((1, 1, 2))),))
    if perturbation == "irrelevant_request":
        aside = Goal(dice.choice(BESIDE_THE_POINT), kind="off_topic")
        return _replace(plan, goals=(*plan.goals, aside))
    if perturbation == "permission_denied" and (errand := tasks[0].of.errand):
        *before, last = plan.steps
        steps = (*before, _replace(last, fails=True))
        goals = (_replace(plan.goals[0], kind="blocked"),)
        return _replace(plan, goals=goals, steps=steps, disturbances=(Disturbance("denied", errand.tool),))
    return plan


def constant(value: object) -> Constant:
    """A value that the plan fixes."""
    return Constant(msgspec.json.encode(value).decode())
