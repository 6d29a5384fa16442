"""Other people's conversations, judged by the gates that need neither a blueprint nor a world to run again in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from ..runtime.chat import (
    AssistantMessage,
    ChatMessage,
    FunctionCall,
    FunctionSpec,
    SystemMessage,
    ToolCall,
    ToolDefinition,
    ToolMessage,
    UserMessage,
)
from ..runtime.committer import conversation_digest
from ..runtime.foreign import Form, Object, Unfolded, as_mapping, calls_of, text_of
from ..sandbox.tools import JsonObject, JsonValue, ToolSpec
from .gates.all import OUTCOME_GATES, TALK_GATES
from .gates.problem import Problem, TalkGate
from .talk import Talk

Applied: TypeAlias = Literal["passed", "failed", "not_applicable"]

NEED_TOOLS = frozenset({"schemas"})
"""Checks that need to know what the assistant was given."""
NEED_BOTH_SIDES = frozenset(
    "linkage last_word turn_taking emptiness provenance no_invented_codes no_invented_addresses repeated_calls".split()
)
"""Checks that need what the user said and the tools answered."""
CONVENTIONS: dict[Form, frozenset[str]] = {"tau2": frozenset({"last_word", "turn_taking"})}
"""Checks that a format breaks on purpose: in τ²-bench the assistant greets first and the user ends."""


class ForeignFinding(msgspec.Struct, frozen=True):
    """What the gates say of one conversation."""

    id: str
    """As the file gives it; empty where it does not."""
    form: Form
    accepted: bool
    """True when every check that applies passed. It says nothing of those that do not."""
    reasons: tuple[str, ...]
    """`stage.reason` or `stage.reason: detail`; empty when accepted."""
    checks: dict[str, Applied]
    """Every check by name. Those that need a blueprint or a world to run again in are never applicable."""


def judge_foreign(
    found: Unfolded, form: Form, known: Mapping[str, ToolSpec], gates: Sequence[TalkGate] = ()
) -> tuple[ForeignFinding, bytes]:
    """Judge one conversation; the bytes are the digest by which two are the same.

    `known`: tools by name, for a format that does not say which were given. `gates`: more that the user asked for.
    """
    talk, odd = talk_of(found, known)
    has_tools = bool(found.tools) or (found.tools is None and bool(known))
    problems = list(odd)
    checks: dict[str, Applied] = {"form": "failed" if odd else "passed"}
    for gate in (*TALK_GATES, *gates):
        name = _name(gate)
        if _applies(name, found, form, has_tools=has_tools):
            wrong = list(gate(talk))
            problems += wrong
            checks[name] = "failed" if wrong else "passed"
        else:
            checks[name] = "not_applicable"
    checks |= {_name(gate): "not_applicable" for gate in OUTCOME_GATES}
    reasons = tuple(problem.text for problem in problems)
    return ForeignFinding(found.id, form, not reasons, reasons, checks), conversation_digest(talk.transcript)


def talk_of(found: Unfolded, known: Mapping[str, ToolSpec]) -> tuple[Talk, list[Problem]]:
    """The conversation as gates look at it, and what could not be brought into its form."""
    problems: list[Problem] = []
    messages: list[ChatMessage] = []
    names: dict[str, str] = {}  # {call id: tool}
    for position, said in enumerate(found.messages):
        message = _message(said, names, known)
        if message is None:
            problems.append(Problem("form.unknown_role", f"message {position + 1}: {said.get('role')!r}", position))
        else:
            messages.append(message)
    if found.tools is not None:
        tools = [_definition(tool) for tool in found.tools]
    elif known:
        tools = [_given(spec) for spec in known.values()]
    else:
        tools = list(_used(messages))
    return Talk(tuple(messages), tuple(tools)), problems


def _applies(name: str, found: Unfolded, form: Form, *, has_tools: bool) -> bool:
    if name in NEED_TOOLS and not has_tools:
        return False
    if name in NEED_BOTH_SIDES and not found.whole:
        return False
    return name not in CONVENTIONS.get(form, frozenset())


def _name(gate: object) -> str:
    return str(getattr(gate, "__name__", gate))


def _message(said: Object, names: dict[str, str], known: Mapping[str, ToolSpec]) -> ChatMessage | None:
    text = text_of(said.get("content"))
    match said.get("role"):
        case "system" | "developer":
            return SystemMessage(text)
        case "user":
            return UserMessage(text)
        case "assistant":
            calls = tuple(_call(*call, known) for call in calls_of(said))
            names.update({call.id: call.function.name for call in calls})
            return AssistantMessage(text, tool_calls=calls) if calls else AssistantMessage(text)
        case "tool":
            identity = str(said.get("tool_call_id") or "")
            return ToolMessage(identity, str(said.get("name") or names.get(identity, "")), text)
        case _:
            return None


def _call(identity: str, name: str, arguments: JsonValue, known: Mapping[str, ToolSpec]) -> ToolCall:
    """Arguments as text; those given by place take the names of the known tool's parameters."""
    if not isinstance(arguments, str):
        decoded = as_mapping(arguments)
        parameters = list(known[name].input_schema.get("properties", {})) if name in known else []
        places = {f"arg{number}": parameter for number, parameter in enumerate(parameters)}
        renamed = {places.get(key, key): value for key, value in decoded.items()}
        arguments = msgspec.json.encode(renamed if isinstance(arguments, dict) else arguments or {}).decode()
    return ToolCall(identity, FunctionCall(name, arguments))


def _definition(tool: Object) -> ToolDefinition:
    function = as_mapping(tool.get("function")) or tool
    parameters = as_mapping(function.get("parameters") or function.get("input_schema") or {})
    return _tool(str(function.get("name") or ""), str(function.get("description") or ""), dict(parameters))


def _given(spec: ToolSpec) -> ToolDefinition:
    return _tool(spec.name, spec.description, spec.input_schema)


def _used(messages: Sequence[ChatMessage]) -> Iterator[ToolDefinition]:
    """The tools that were called, with the names of their parameters and no rule on the values."""
    seen: dict[str, dict[str, JsonValue]] = {}
    for said in messages:
        if isinstance(said, AssistantMessage):
            for call in said.calls:
                properties = seen.setdefault(call.function.name, {})
                properties.update({name: {} for name in as_mapping(call.function.arguments)})
    return (_tool(name, "", {"type": "object", "properties": properties}) for name, properties in seen.items())


def _tool(name: str, description: str, schema: JsonObject) -> ToolDefinition:
    return ToolDefinition(FunctionSpec(name, description, msgspec.Raw(msgspec.json.encode(schema))))
