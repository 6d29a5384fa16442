"""The gates of a row: small pure functions from the evidence to reasons for rejection.

Each yields `stage.reason: detail`. They judge the outcome: another road to the same state and the same facts is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeAlias

import jsonschema_rs

from ..runtime.chat import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from ..sandbox.facts import is_identifier, leaf_values, normalise, params
from ..sandbox.tools import JsonValue
from .compare import same_changes, same_reply
from .evidence import Evidence, Exchange
from .modes import called_in, turn_of
from .paths import decode

Gate: TypeAlias = Callable[[Evidence], Iterator[str]]

_REFUSAL = re.compile(
    r"\b(can't|cannot|can not|unable|not able|not allowed|won't|will not|don't have|do not have|not possible|"
    r"isn't possible|none of (the|my) tools|no tool|forbidden|against the|not permitted)\b",
    re.IGNORECASE,
)


def structure(evidence: Evidence) -> Iterator[str]:
    """Every call has its own id and is answered before anyone else speaks; the assistant has the last word."""
    open_calls: list[str] = []
    seen: set[str] = set()
    for spoken in evidence.transcript:
        if isinstance(spoken, ToolMessage):
            if spoken.tool_call_id not in open_calls:
                yield f"structure.stray_reply: {spoken.tool_call_id} answers no open call"
            else:
                open_calls.remove(spoken.tool_call_id)
            continue
        if open_calls:
            yield f"structure.unanswered_call: {open_calls[0]}"
            open_calls = []
        if isinstance(spoken, AssistantMessage):
            for call in spoken.calls:
                if call.id in seen:
                    yield f"structure.repeated_call_id: {call.id}"
                seen.add(call.id)
                open_calls.append(call.id)
    last = evidence.transcript[-1]
    if open_calls or not isinstance(last, AssistantMessage) or last.calls:
        yield "structure.last_word: the assistant does not have the last word"
    if not evidence.users:
        yield "structure.no_user: the user never spoke"


def schemas(evidence: Evidence) -> Iterator[str]:
    """Every call names a tool that was given, with arguments that its schema allows."""
    for exchange in evidence.exchanges:
        name = exchange.call.function.name
        if exchange.spec is None:
            yield f"calls.unknown_tool: {name}"
        elif exchange.arguments is None:
            yield f"calls.arguments_not_json: {name}"
        else:
            try:
                jsonschema_rs.validate(exchange.spec.input_schema, exchange.arguments)
            except jsonschema_rs.ValidationError as wrong:
                yield f"calls.schema: {name}: {wrong.message[:200]}"


def reexecution(evidence: Evidence) -> Iterator[str]:
    """Every recorded reply equals the one of a fresh run."""
    for exchange in evidence.exchanges:
        recorded = exchange.recorded
        if recorded is not None and not same_reply(recorded, exchange.again.content, evidence.volatile):
            yield f"replay.reply_differs: {exchange.call.function.name} ({exchange.call.id})"


def final_state(evidence: Evidence) -> Iterator[str]:
    """The conversation leaves the world as the blueprint's own run did."""
    difference = same_changes(evidence.before, evidence.expected, evidence.changed)
    if difference:
        yield f"state.{difference}"


def facts(evidence: Evidence) -> Iterator[str]:
    """Everything the user wanted to hear was said, after the user asked for it."""
    told = " \n ".join(evidence.answers)
    for expected in evidence.blueprint.expected:
        if not says(told, decode(expected.value)):
            yield f"facts.missing: {expected.label} of goal {expected.goal}"


def provenance(evidence: Evidence) -> Iterator[str]:
    """Every identifier in an argument was told, or returned by a call of an earlier message."""
    for exchange in evidence.exchanges:
        if exchange.spec is None or exchange.arguments is None:
            continue
        known = _known(evidence, exchange)
        kinds = {param.name: param for param in params(exchange.spec.input_schema)}
        for name, value in exchange.arguments.items():
            if name in kinds and kinds[name].kind in ("identifier", "list") and is_identifier(name):
                for _, leaf in leaf_values(value):
                    if isinstance(leaf, str) and leaf and normalise(leaf) not in known:
                        yield f"provenance.invented: {name} of {exchange.spec.name}"


def _known(evidence: Evidence, exchange: Exchange) -> str:
    """All text that stood before the message of this call, normalised."""
    parts = [
        spoken.content
        for spoken in evidence.transcript[: exchange.position]
        if isinstance(spoken, SystemMessage | UserMessage | ToolMessage)
    ]
    return normalise("\n".join(parts)).replace('\\"', '"').replace("\\\\", "\\")


def refusals(evidence: Evidence) -> Iterator[str]:
    """What needs no tool is answered without one; what cannot or must not be done is not done, and the user is told."""
    for number, goal in enumerate(evidence.blueprint.plan.goals):
        if goal.kind == "act":
            continue
        turn = turn_of(evidence, goal.intent)
        if goal.kind == "no_tool_needed":
            if called_in(evidence, turn) and len(evidence.blueprint.plan.goals) > 1:
                yield f"refusal.called_tool: goal {number} needs none"
        elif not any(_REFUSAL.search(text.replace("’", "'")) for text in evidence.answers):  # noqa: RUF001 typographic quote on purpose
            yield f"refusal.not_told: goal {number} is {goal.kind}, and the user is not told so"


def user_discipline(evidence: Evidence) -> Iterator[str]:
    """The user names no tool."""
    names = [name for name in evidence.specs if "_" in name]
    for text in evidence.users:
        named = next((name for name in names if name in text), None)
        if named:
            yield f"user.names_tool: {named}"


GATES: tuple[Gate, ...] = (
    structure,
    schemas,
    reexecution,
    final_state,
    facts,
    provenance,
    refusals,
    user_discipline,
)


def says(text: str, value: JsonValue) -> bool:
    """True when a text holds a value in one of the ways people write it."""
    plain = normalise(text)
    return any(re.search(rf"(?<![\w.]){re.escape(form)}(?![\w]|\.\d)", plain) for form in _forms(value))


def _forms(value: JsonValue) -> set[str]:
    """A value as text: numbers with and without trailing zeros and separators, booleans as yes/no, dates in words."""
    if isinstance(value, bool):
        return {"true", "yes"} if value else {"false", "no", "not"}
    if isinstance(value, int | float):
        forms = {f"{value:g}", str(value), f"{value:,}", f"{value:.2f}", f"{value:,.2f}"}
        return {form.lower() for form in forms}
    text = str(value)
    forms = {normalise(text), normalise(text.replace("_", " "))}
    return {form for form in forms | _date_forms(text) if form}


def _date_forms(text: str) -> set[str]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return set()
    clock = moment.strftime("%H:%M")
    days = {
        moment.strftime("%Y-%m-%d"),
        f"{moment.day} {moment:%B %Y}".lower(),
        f"{moment:%B} {moment.day}, {moment:%Y}".lower(),
    }
    return days if len(text) <= 10 else {f"{day}{sep}{clock}" for day in days for sep in (" ", " at ", "t", ", ")}
