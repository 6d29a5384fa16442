"""ATIF, the Agent Trajectory Interchange Format: steps of system, user and agent, replies as observations."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, FunctionCall, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import about_of, encode, given, object_text
from .sample import About, NotHeld, Sample, about_with, origin, restored

VERSION = "ATIF-v1.7"

_Text: TypeAlias = str | UnsetType | None


class _Agent(msgspec.Struct, frozen=True):
    name: str
    version: str
    model_name: _Text = UNSET
    tool_definitions: Raw = Raw(b"[]")


class _Call(msgspec.Struct, frozen=True):
    tool_call_id: str
    function_name: str
    arguments: Raw


class _Result(msgspec.Struct, frozen=True):
    source_call_id: str | None = None
    content: str | None = ""


class _Observation(msgspec.Struct, frozen=True):
    results: tuple[_Result, ...]


class _Step(msgspec.Struct, frozen=True):
    step_id: int
    source: Literal["system", "user", "agent"]
    message: str
    reasoning_content: _Text = UNSET
    tool_calls: tuple[_Call, ...] | UnsetType | None = UNSET
    observation: _Observation | UnsetType | None = UNSET


class _Extra(msgspec.Struct, frozen=True):
    tdscaling: About


class _Record(msgspec.Struct, frozen=True):
    schema_version: str
    session_id: str
    trajectory_id: str
    agent: _Agent
    steps: tuple[_Step, ...]
    extra: _Extra | UnsetType = UNSET


class _ReadExtra(msgspec.Struct, frozen=True):
    tdscaling: Raw = Raw(b"")


class _Read(msgspec.Struct, frozen=True):
    schema_version: str
    agent: _Agent
    steps: tuple[_Step, ...]
    session_id: str | None = ""
    trajectory_id: str | None = ""
    extra: _ReadExtra | None = None


_READS = msgspec.json.Decoder(_Read)


class Atif:
    """See the module."""

    name: ClassVar[str] = "atif"
    losses: ClassVar[tuple[str, ...]] = ("weights of messages", "calls whose arguments are no JSON object")
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        about = about_with(sample, ids=False)
        source = origin(sample)
        agent = _Agent("tdscaling", source.version or "unknown", source.model or UNSET, sample.tools)
        extra = UNSET if about is None else _Extra(about)
        return encode(_Record(VERSION, sample.id, sample.id, agent, tuple(_steps(sample.messages)), extra))

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        found = _READS.decode(record)
        messages = tuple(said for step in found.steps for said in _messages(step))
        about = about_of(found.extra.tdscaling if found.extra and bytes(found.extra.tdscaling) else None)
        identity = found.trajectory_id or found.session_id or ""
        return restored(Sample(identity, messages, found.agent.tool_definitions, about))


def _steps(messages: tuple[ChatMessage, ...]) -> list[_Step]:
    steps: list[_Step] = []
    position = 0
    while position < len(messages):
        said = messages[position]
        position += 1
        number = len(steps) + 1
        match said:
            case SystemMessage():
                steps.append(_Step(number, "system", said.content))
            case UserMessage():
                steps.append(_Step(number, "user", said.content))
            case ToolMessage():
                raise NotHeld("reply_without_call")
            case AssistantMessage():
                calls = tuple(
                    _Call(call.id, call.function.name, object_text(call.function.arguments)) for call in said.calls
                )
                asked = {call.id for call in said.calls}
                results: list[_Result] = []
                while position < len(messages) and isinstance(reply := messages[position], ToolMessage):
                    if reply.tool_call_id not in asked:
                        raise NotHeld("reply_without_call")
                    results.append(_Result(reply.tool_call_id, reply.content))
                    position += 1
                observed = _Observation(tuple(results)) if results else UNSET
                steps.append(_Step(number, "agent", said.content, said.reasoning, calls or UNSET, observed))
    return steps


def _messages(step: _Step) -> list[ChatMessage]:
    if step.source == "system":
        return [SystemMessage(step.message)]
    if step.source == "user":
        return [UserMessage(step.message)]
    calls = tuple(
        ToolCall(call.tool_call_id, FunctionCall(call.function_name, bytes(call.arguments).decode()))
        for call in step.tool_calls or ()
    )
    names = {call.id: call.function.name for call in calls}
    found: list[ChatMessage] = [AssistantMessage(step.message, given(step.reasoning_content), calls or UNSET)]
    for result in step.observation.results if step.observation else ():
        if result.source_call_id not in names:
            raise NotHeld("reply_without_call")
        found.append(ToolMessage(result.source_call_id, names[result.source_call_id], result.content or ""))
    return found
