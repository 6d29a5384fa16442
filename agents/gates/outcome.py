"""Gates on the outcome: the replies are real, the world ends as the blueprint's, and the user heard what was wanted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ...runtime.blueprint import Expected, Goal, Told
from ...sandbox.tools import JsonObject, JsonValue
from ..compare import same_changes, same_reply
from ..evidence import Evidence
from ..paths import decode
from ..said import says, stated
from .problem import OutcomeGate, Problem


def offered(evidence: Evidence) -> Iterator[Problem]:
    """The row's tools are those of its world, unchanged, without the withheld ones."""
    for tool in evidence.talk.tools:
        name = tool.function.name
        spec = evidence.specs.get(name)
        if spec is None:
            yield Problem("tools.unknown", f"{name} is no tool of this world")
        elif name in evidence.blueprint.plan.withheld:
            yield Problem("tools.withheld", f"{name} was to be withheld")
        elif (
            not _equal(_Identity(evidence.talk.schemas[name]), _Identity(spec.input_schema))
            or tool.function.description != spec.description
        ):
            yield Problem("tools.altered", f"{name} is described otherwise than its world does")


class _Identity:
    """An object that is compared by what it is, not by what it holds: a key for what was compared before."""

    __slots__ = ("value",)

    def __init__(self, value: JsonObject) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.value is other.value


@lru_cache(maxsize=4_096)
def _equal(given: _Identity, offered: _Identity) -> bool:
    """Schemas are the same objects for all rows with the same tools: each pair is compared once."""
    return given.value == offered.value


def reexecution(evidence: Evidence) -> Iterator[Problem]:
    """Every recorded reply equals the one of a fresh run."""
    for exchange in evidence.exchanges:
        recorded = exchange.recorded
        if recorded is not None and not same_reply(recorded, exchange.again.content, evidence.volatile):
            name = exchange.call.function.name
            yield Problem("replay.reply_differs", f"{name} ({exchange.call.id})", exchange.position)


def beside_the_point(evidence: Evidence) -> Iterator[Problem]:
    """No distractor changes anything; that one looks at something does no harm."""
    for exchange in evidence.exchanges:
        if exchange.spec and ":" in exchange.spec.name and exchange.ok and not exchange.spec.read_only:
            yield Problem("state.extra_change", f"{exchange.spec.name} has nothing to do with it", exchange.position)


def final_state(evidence: Evidence) -> Iterator[Problem]:
    """The conversation leaves the world as the blueprint's own run did."""
    difference = same_changes(evidence.before, evidence.expected, evidence.changed)
    if difference:
        code, _, where = difference.partition(": ")
        yield Problem(f"state.{code}", where, _first_wrong_write(evidence))


def _first_wrong_write(evidence: Evidence) -> int:
    """The first write that the plan does not make; without one, the message that raises a goal whose write lacks."""
    plan = evidence.blueprint.plan
    planned = [plan.steps[index] for index in evidence.blueprint.executed]
    left = [step.tool for step in planned]
    for exchange in evidence.exchanges:
        if exchange.spec and not exchange.spec.read_only and exchange.ok:
            if exchange.spec.name not in left:
                return exchange.position
            left.remove(exchange.spec.name)
    for step in planned:
        spec = evidence.specs.get(step.tool)
        if step.tool in left and spec and not spec.read_only:
            return evidence.raised_at(step.goal)
    # The right writes with wrong values: which of them is wrong is not looked for.
    writes = [e.position for e in evidence.exchanges if e.spec and not e.spec.read_only and e.ok]
    return min(writes, default=0)


def facts(evidence: Evidence) -> Iterator[Problem]:
    """Everything the user wanted to hear was said, after the user asked for it, and not said to be something else."""
    for expected in evidence.blueprint.expected:
        value: JsonValue = decode(expected.value)
        start = evidence.raised_at(expected.goal)
        told = [text for position, text in evidence.talk.answers if position >= start]
        heard = any(says(text, value) for text in told)
        if not heard or (_slight(value) and _contradicted(told, expected, value)):
            code = "facts.contradicted" if heard else "facts.missing"
            at = next((position for position, _ in evidence.talk.answers if position >= start), start)
            yield Problem(code, f"{expected.label} of goal {expected.goal}", at)


def errands(evidence: Evidence) -> Iterator[Problem]:
    """Where the user asks for no value, a call works all the same, and one for every item of a told list."""
    plan = evidence.blueprint.plan
    for index in evidence.blueprint.executed:
        step = plan.steps[index]
        goal = plan.goals[step.goal]
        if goal.kind != "act" or step.fails:
            continue
        start = evidence.raised_at(step.goal)
        raised = (evidence.raised_at(number) for number in range(len(plan.goals)))
        end = min((position for position in raised if position > start), default=len(evidence.transcript))
        worked = [e for e in evidence.exchanges if e.ok and start < e.position < end]
        texts = [f"{e.call.function.arguments} {e.again.content}" for e in worked]
        told = [argument.source for argument in step.arguments if isinstance(argument.source, Told)]
        items = [item for source in told if (item := _item(goal, source)) is not None]
        if goal.reports and not items:
            continue  # what it reports is asked for by `facts`
        if not texts or not all(any(says(text, item) for text in texts) for item in items):
            yield Problem("facts.not_looked_at", f"{step.tool} of goal {step.goal}", start)


def _item(goal: Goal, source: Told) -> JsonValue:
    """The element of a told list that a step takes; None where it takes the whole value."""
    value = next((decode(fact.value) for fact in goal.facts if fact.label == source.label), None)
    return value[source.item] if isinstance(value, list) and 0 <= source.item < len(value) else None


def _slight(value: JsonValue) -> bool:
    """True for a value that stands in many a text by accident: a small number, a yes or no, a day."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return abs(value) < 100 and value == int(value)
    text = str(value)
    return len(text) < 3 or (len(text) == 10 and text[4] + text[7] == "--")


def _contradicted(told: list[str], expected: Expected, value: JsonValue) -> bool:
    """True when the label is said to be something, and never this."""
    claims = [claim for text in told for claim in stated(text, expected.label)]
    return bool(claims) and not any(says(claim, value) for claim in claims)


OUTCOME: tuple[OutcomeGate, ...] = (offered, reexecution, beside_the_point, final_state, facts, errands)
