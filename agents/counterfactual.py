"""Contrast pairs: a proved plan with one thing changed, so that something else is right to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from ..runtime.assignment import COUNTERFACTUALS, Counterfactual, Edge
from ..runtime.blueprint import Argument, Disturbance, Goal, Plan, Produced, Step, Told
from ..sandbox.tools import ToolSpec

_replace = msgspec.structs.replace


def variants(
    plan: Plan, first: Counterfactual, tools: Mapping[str, ToolSpec], edges: Collection[Edge]
) -> Iterator[tuple[Counterfactual, Plan]]:
    """The plan with one goal changed: by the change asked for, the last goal first, then by the others.

    Whether a variant holds is for its proof to say. `edges` tell which identifiers somebody could look up.
    """
    kinds: list[Counterfactual] = [first, *(kind for kind in COUNTERFACTUALS if kind != first)]
    for kind in kinds:
        for number in reversed(range(len(plan.goals))):
            changed = _changed(plan, number, kind, tools, edges) if _stands_alone(plan, number) else None
            if changed is not None:
                yield kind, changed


def _changed(
    plan: Plan, number: int, kind: Counterfactual, tools: Mapping[str, ToolSpec], edges: Collection[Edge]
) -> Plan | None:
    match kind:
        case "tool_removed":
            return _without_tool(plan, number)
        case "permission_denied":
            return _without_permission(plan, number)
        case "parameter_withheld":
            return _without_fact(plan, number, tools, edges)


def _stands_alone(plan: Plan, number: int) -> bool:
    """True for a goal that is plainly done and that nothing else hangs on."""
    goal = plan.goals[number]
    after = plan.goals[number + 1 :][:1]
    mine = {index for index, step in enumerate(plan.steps) if step.goal == number}
    used = {
        argument.source.step
        for index, step in enumerate(plan.steps)
        if index not in mine
        for argument in step.arguments
        if isinstance(argument.source, Produced)
    }
    tied = goal.together or goal.revises or any(other.together or other.revises for other in after)
    return goal.kind == "act" and not tied and not mine & used


def _own_tool(plan: Plan, number: int) -> str:
    """The tool of a goal's last step, where no other step and no disturbance has to do with it; else empty."""
    steps = [step for step in plan.steps if step.goal == number]
    tool = steps[-1].tool
    alone = sum(step.tool == tool for step in plan.steps) == 1 and steps[-1].condition is None
    return tool if alone and all(tool not in (d.tool, d.other) for d in plan.disturbances) else ""


def _without_tool(plan: Plan, number: int) -> Plan | None:
    tool = _own_tool(plan, number)
    if not tool:
        return None
    goal = _replace(plan.goals[number], kind="no_capable_tool", reports=())
    kept = [index for index, step in enumerate(plan.steps) if step.goal != number]
    changed = _replace(_with_goal(plan, number, goal), withheld=(*plan.withheld, tool))
    return _only_steps(changed, kept)


def _without_permission(plan: Plan, number: int) -> Plan | None:
    tool = _own_tool(plan, number)
    if not tool:
        return None
    last = max(index for index, step in enumerate(plan.steps) if step.goal == number)
    reports = tuple(report for report in plan.goals[number].reports if report.step != last)
    goal = _replace(plan.goals[number], kind="blocked", reports=reports)
    steps = (*plan.steps[:last], _replace(plan.steps[last], fails=True), *plan.steps[last + 1 :])
    denied = Disturbance("denied", tool)
    return _replace(_with_goal(plan, number, goal), steps=steps, disturbances=(*plan.disturbances, denied))


def _without_fact(plan: Plan, number: int, tools: Mapping[str, ToolSpec], edges: Collection[Edge]) -> Plan | None:
    goal = plan.goals[number]
    for step in (step for step in plan.steps if step.goal == number):
        for argument in step.arguments:
            source = argument.source
            if not isinstance(source, Told) or source.item >= 0 or not _is_needed(step, argument, tools, edges):
                continue
            fact = next(fact for fact in goal.facts if fact.label == source.label)
            if fact.reveal == "upfront" and not fact.slip:
                hidden = _replace(fact, reveal="asked")
                facts = tuple(hidden if other is fact else other for other in goal.facts)
                return _with_goal(plan, number, _replace(goal, facts=facts))
    return None


def _is_needed(step: Step, argument: Argument, tools: Mapping[str, ToolSpec], edges: Collection[Edge]) -> bool:
    """True for an argument that must be given and that no other tool brings up."""
    required = argument.name in (tools[step.tool].input_schema.get("required") or ())
    return required and not any(edge.consumer == step.tool and edge.param == argument.name for edge in edges)


def _with_goal(plan: Plan, number: int, goal: Goal) -> Plan:
    return _replace(plan, goals=(*plan.goals[:number], goal, *plan.goals[number + 1 :]))


def _only_steps(plan: Plan, kept: list[int]) -> Plan:
    """The plan with some of its steps, everything that points at a step pointing right again."""
    place = {old: new for new, old in enumerate(kept)}
    goals = tuple(
        _replace(goal, reports=tuple(_replace(r, step=place[r.step]) for r in goal.reports)) for goal in plan.goals
    )
    return _replace(plan, goals=goals, steps=tuple(_moved(plan.steps[index], place) for index in kept))


def _moved(step: Step, place: Mapping[int, int]) -> Step:
    arguments = tuple(
        _replace(argument, source=_replace(argument.source, step=place[argument.source.step]))
        if isinstance(argument.source, Produced)
        else argument
        for argument in step.arguments
    )
    condition = step.condition and _replace(step.condition, step=place[step.condition.step])
    return _replace(step, arguments=arguments, condition=condition)
