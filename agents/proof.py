"""Blueprints are proved before they are played: a plan is checked on paper, then run on the tools' own state."""

from __future__ import annotations

import re
from collections.abc import Mapping

import jsonschema_rs
import msgspec

from ..runtime.blueprint import (
    Argument,
    Constant,
    Disturbance,
    Expected,
    Goal,
    Plan,
    Produced,
    Report,
    Step,
    Told,
)
from ..sandbox.facts import is_identifier, kind_of
from ..sandbox.tools import JsonObject, JsonValue, Snapshot, ToolSpec, World
from ..sandbox.world import changes
from .paths import decode, find

_CONDITIONAL = re.compile(r"\bif\b.+[;,.] (?:otherwise|if not|else)\b", re.IGNORECASE | re.DOTALL)
"""Wishes that depend on something, as far as English words tell."""


class PlanProblem(Exception):
    """The plan does not hold; the text says why, so that a model can mend it."""


class Proof(msgspec.Struct, frozen=True):
    """What came out when the plan ran."""

    executed: tuple[int, ...]
    replies: tuple[str, ...]
    """One per executed step."""
    expected: tuple[Expected, ...]
    changes: dict[str, Snapshot]


async def prove(plan: Plan, world: World, before: dict[str, Snapshot], tools: Mapping[str, ToolSpec]) -> Proof:
    """Check the plan, run it on a fresh world whose snapshot is `before`, and say what came out.

    Raises PlanProblem; InfrastructureFault and EnvironmentFault as `World.call` does.
    """
    check(plan, tools)
    replies = await _run(plan, world, tools)
    changed = changes(before, await world.snapshot())
    wrote = any(
        not tools[plan.steps[n].tool].read_only and plan.goals[plan.steps[n].goal].kind != "blocked" for n in replies
    )
    seen = any(records for tables in before.values() for records in tables.values())
    if wrote and seen and not changed:
        raise PlanProblem("the steps change nothing: the goal is met already")
    return Proof(
        executed=tuple(replies),
        replies=tuple(replies.values()),
        expected=tuple(_expected(plan, replies)),
        changes=changed,
    )


def check(plan: Plan, tools: Mapping[str, ToolSpec]) -> None:
    """Everything that can be seen without running. Raises PlanProblem."""
    if not plan.goals:
        raise PlanProblem("there is no goal")
    for name in plan.withheld:
        if name not in tools:
            raise PlanProblem(f"withheld names an unknown tool: {name}")
    for index, step in enumerate(plan.steps):
        _check_step(plan, index, step, tools)
    for number, goal in enumerate(plan.goals):
        _check_goal(plan, number, goal)
    for disturbance in plan.disturbances:
        _check_disturbance(plan, disturbance, tools)


def _check_goal(plan: Plan, number: int, goal: Goal) -> None:
    steps = [step for step in plan.steps if step.goal == number]
    if goal.kind in ("act", "blocked") and not steps:
        raise PlanProblem(f"goal {number} has no step")
    if goal.kind not in ("act", "blocked") and steps:
        raise PlanProblem(f"goal {number} is to be refused or answered without a tool, but has a step")
    if any(step.fails for step in steps) != (goal.kind == "blocked"):
        raise PlanProblem(f"goal {number} must be of kind blocked exactly when one of its steps fails")
    if goal.kind == "no_tool_needed" and not goal.answer:
        raise PlanProblem(f"goal {number} needs no tool, but has no answer")
    if goal.kind == "no_capable_tool" and not plan.withheld:
        raise PlanProblem(f"goal {number} has no capable tool, but no tool is withheld")
    if goal.kind == "forbidden" and not plan.policy:
        raise PlanProblem(f"goal {number} is forbidden, but there is no policy")
    if goal.revises and (number == 0 or goal.together):
        raise PlanProblem(f"goal {number} revises the one before it, but comes with it or first")
    if goal.kind == "act" and _CONDITIONAL.search(goal.intent) and not any(step.condition for step in steps):
        raise PlanProblem(f"goal {number} does one thing or another, but none of its steps has a condition")
    asked = [fact for fact in goal.facts if fact.reveal == "asked"]
    if any(fact.at_first for fact in goal.facts) and not any(not fact.at_first for fact in asked):
        raise PlanProblem(f"goal {number}: the user is asked nothing, so there is no occasion to take a fact back")
    for report in goal.reports:
        if not 0 <= report.step < len(plan.steps):
            raise PlanProblem(f"goal {number} reports on step {report.step}, which does not exist")


def _check_disturbance(plan: Plan, disturbance: Disturbance, tools: Mapping[str, ToolSpec]) -> None:
    here = f"disturbance of {disturbance.tool} ({disturbance.kind})"
    steps = [step for step in plan.steps if step.tool == disturbance.tool]
    if not steps:
        raise PlanProblem(f"{here}: no step calls that tool")
    if disturbance.times < 0:
        raise PlanProblem(f"{here}: times is negative")
    for_good = disturbance.kind == "denied" or (disturbance.kind == "error" and not disturbance.times)
    if for_good and not all(step.fails for step in steps):
        raise PlanProblem(f"{here}: a step calls that tool and does not fail")
    if disturbance.kind == "pages" and (disturbance.times < 1 or len(steps) < 2):
        raise PlanProblem(f"{here}: times must be the entries on a page, and two steps at least read pages")
    if disturbance.kind == "meddling":
        if disturbance.other not in tools or not tools[disturbance.tool].read_only:
            raise PlanProblem(f"{here}: tool must be a read and other a known tool")
        if not isinstance(decode(disturbance.arguments), dict):
            raise PlanProblem(f"{here}: arguments is not the JSON text of an object")


def _check_step(plan: Plan, index: int, step: Step, tools: Mapping[str, ToolSpec]) -> None:
    here = f"step {index} ({step.tool})"
    if step.tool not in tools or step.tool in plan.withheld:
        raise PlanProblem(f"{here}: there is no such tool")
    if not 0 <= step.goal < len(plan.goals):
        raise PlanProblem(f"{here}: goal {step.goal} does not exist")
    schema = tools[step.tool].input_schema
    given = {argument.name for argument in step.arguments}
    for name in schema.get("required") or ():
        if name not in given:
            raise PlanProblem(f"{here}: the required argument {name} is missing")
    labels = {fact.label for fact in plan.goals[step.goal].facts}
    for argument in step.arguments:
        if argument.name not in (schema.get("properties") or {}):
            raise PlanProblem(f"{here}: there is no argument {argument.name}")
        match argument.source:
            case Constant(value=value) if _points(argument.name, schema) and not _wished(plan, step, value):
                raise PlanProblem(f"{here}: {argument.name} is an identifier: it must be told or produced")
            case Told(label=label) if label not in labels:
                raise PlanProblem(f"{here}: {argument.name} is told as {label!r}, which is no fact of its goal")
            case Produced(step=producer) if not 0 <= producer < index:
                raise PlanProblem(f"{here}: {argument.name} is produced by step {producer}, which is not earlier")
            case _:
                pass
    if step.condition and not 0 <= step.condition.step < index:
        raise PlanProblem(f"{here}: its condition looks at step {step.condition.step}, which is not earlier")


def _points(name: str, schema: JsonObject) -> bool:
    """True for a parameter whose values point at something."""
    return is_identifier(name) and kind_of(name, schema["properties"][name]) in ("identifier", "list")


def _wished(plan: Plan, step: Step, value: str) -> bool:
    """True for a text that stands in the wish itself, word for word: a file's name."""
    decoded = decode(value)
    return isinstance(decoded, str) and bool(decoded) and decoded in plan.goals[step.goal].intent


async def _run(plan: Plan, world: World, tools: Mapping[str, ToolSpec]) -> dict[int, str]:
    """Take the steps in order. Returns {step index: reply}, without the steps whose condition does not hold."""
    replies: dict[int, str] = {}
    passing = {d.tool: d.times for d in plan.disturbances if d.kind == "error"}
    meddled = {d.tool for d in plan.disturbances if d.kind == "meddling"}
    for index, step in enumerate(plan.steps):
        if step.condition and not _holds(step, replies):
            continue
        arguments = {argument.name: _value(plan, step, argument, replies) for argument in step.arguments}
        _check_arguments(f"step {index} ({step.tool})", arguments, tools[step.tool].input_schema)
        state = await world.snapshot() if step.tool in meddled else None
        reply = await world.call(step.tool, arguments)
        if state is not None:
            meddled.discard(step.tool)
            if await world.snapshot() == state:
                raise PlanProblem(f"step {index} ({step.tool}): what somebody else does after it changes nothing")
        for _ in range(passing.get(step.tool, 0)):
            if reply.is_error:
                reply = await world.call(step.tool, arguments)
        if reply.is_error != step.fails:
            how = "works, though it is to fail" if step.fails else "fails"
            raise PlanProblem(f"step {index} ({step.tool}) {how}: {reply.content[:300]}")
        if step.fails and "invalid_argument" in reply.content:
            raise PlanProblem(f"step {index} ({step.tool}) fails for its own arguments: {reply.content[:300]}")
        replies[index] = reply.content
    return replies


def _check_arguments(here: str, arguments: JsonObject, schema: JsonObject) -> None:
    try:
        jsonschema_rs.validate(schema, arguments)
    except jsonschema_rs.ValidationError as wrong:
        raise PlanProblem(f"{here} fails: its arguments do not fit the schema: {wrong.message[:200]}") from None
    except ValueError as broken:
        raise PlanProblem(f"{here}: its schema does not compile: {str(broken)[:200]}") from None


def _holds(step: Step, replies: Mapping[int, str]) -> bool:
    condition = step.condition
    if condition is None:
        return True
    if condition.step not in replies:
        return False
    seen = find(decode(replies[condition.step]), condition.path)
    return (decode(condition.equals) in seen) != condition.negated


def _value(plan: Plan, step: Step, argument: Argument, replies: Mapping[int, str]) -> JsonValue:
    match argument.source:
        case Constant(value=value):
            return decode(value)
        case Told(label=label, item=item):
            fact = next(fact for fact in plan.goals[step.goal].facts if fact.label == label)
            value_told = decode(fact.value)
            if item < 0:
                return value_told
            if not isinstance(value_told, list) or item >= len(value_told):
                raise PlanProblem(f"the fact {label!r} has no item {item}")
            return value_told[item]
        case Produced(step=producer, path=path, where=where):
            if producer not in replies:
                raise PlanProblem(f"{argument.name} is produced by step {producer}, which is not taken")
            wanted = decode(where) if where else None
            found = find(decode(replies[producer]), path, wanted if isinstance(wanted, dict) else None)
            if len(found) != 1:
                tool = plan.steps[producer].tool
                raise PlanProblem(
                    f"step {producer} ({tool}) gives {len(found)} values at {path} for {argument.name}, not one"
                )
            return found[0]


def _expected(plan: Plan, replies: Mapping[int, str]) -> list[Expected]:
    """The values the user must hear, as the dry run gave them."""
    wanted: list[Expected] = []
    for number, goal in enumerate(plan.goals):
        if goal.kind == "no_tool_needed":
            wanted.append(Expected(number, "answer", msgspec.json.encode(goal.answer).decode()))
        for report in goal.reports:
            if report.step in replies:
                value = _reported(report, replies[report.step])
                wanted.append(Expected(number, report.label, msgspec.json.encode(value).decode()))
    return wanted


def _reported(report: Report, reply: str) -> object:
    if not report.path:
        return first_line(reply)
    found = find(decode(reply), report.path)
    if len(found) != 1 or isinstance(found[0], dict | list) or found[0] is None or found[0] == "":
        raise PlanProblem(f"step {report.step} has no single value at {report.path} to report")
    return found[0].strip() if isinstance(found[0], str) else found[0]


def first_line(text: str) -> str:
    """The first line that says something, at most 120 characters. Raises PlanProblem when there is none."""
    for line in text.splitlines():
        if len(line.strip()) >= 3:
            return line.strip()[:120]
    raise PlanProblem("the reply is empty, there is nothing to report")
