"""TRL's conversational form: `arguments` as an object, which is what chat templates want, and `tools` as a text."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, FunctionCall, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import about_of, as_text, encode, given, object_text, text_about
from .openai import WireAssistant, WireTool, ours
from .sample import Sample, about_with, restored, unweighted


class ObjectFunction(msgspec.Struct, frozen=True):
    """The function half of a call, its arguments as an object."""

    name: str
    arguments: Raw


class ObjectCall(msgspec.Struct, frozen=True):
    """A call whose arguments are an object."""

    function: ObjectFunction
    id: str = ""
    type: Literal["function"] = "function"


class ObjectAssistant(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """What the assistant says."""

    content: str | None = None
    reasoning_content: str | UnsetType | None = UNSET
    tool_calls: tuple[ObjectCall, ...] | UnsetType | None = UNSET


ObjectMessage: TypeAlias = SystemMessage | UserMessage | ObjectAssistant | ToolMessage
_ReadMessage: TypeAlias = SystemMessage | UserMessage | ObjectAssistant | WireTool


class _Record(msgspec.Struct, frozen=True):
    id: str
    messages: tuple[ObjectMessage, ...]
    tools: Raw
    """JSON text: tables would mix the keys of different schemas."""
    metadata: str | UnsetType = UNSET


class ReadRecord(msgspec.Struct, frozen=True):
    """A record of TRL or verl, whoever wrote it."""

    messages: tuple[_ReadMessage, ...]
    id: str = ""
    tools: Raw = Raw(b"[]")
    """A list, or the text of one."""
    metadata: str | UnsetType | None = UNSET


_READS = msgspec.json.Decoder(ReadRecord)


class Trl:
    """See the module."""

    name: ClassVar[str] = "trl"
    losses: ClassVar[tuple[str, ...]] = ("weights of messages", "calls whose arguments are no JSON object")
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        about = about_with(sample, ids=False)
        messages = tuple(map(with_objects, sample.messages))
        return encode(_Record(sample.id, messages, as_text(bytes(sample.tools)), text_about(about)))

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        return sample_of(_READS.decode(record))


def with_objects(said: ChatMessage) -> ObjectMessage:
    """A message with the arguments of its calls as objects. Raises NotHeld where they are none."""
    if isinstance(said, AssistantMessage):
        calls: tuple[ObjectCall, ...] | UnsetType = UNSET
        if said.tool_calls:
            calls = tuple(
                ObjectCall(ObjectFunction(call.function.name, object_text(call.function.arguments)), call.id)
                for call in said.tool_calls
            )
        return ObjectAssistant(said.content, said.reasoning, calls)
    plain = unweighted(said)
    assert not isinstance(plain, AssistantMessage)  # noqa: S101 -- the types of the others stay as they were
    return plain


def sample_of(found: ReadRecord) -> Sample:
    """The conversation of a record whose arguments are objects."""
    messages = ours(tuple(_with_text(said) if isinstance(said, ObjectAssistant) else said for said in found.messages))
    return restored(Sample(found.id, messages, tools_of(found.tools), about_of(found.metadata)))


def tools_of(tools: Raw) -> Raw:
    """A list of tools from itself or its text."""
    data = bytes(tools)
    if data in (b'""', b"null"):
        return Raw(b"[]")
    return Raw(msgspec.json.decode(data, type=str).encode()) if data[:1] == b'"' else tools


def _with_text(said: ObjectAssistant) -> WireAssistant:
    calls = tuple(
        ToolCall(call.id, FunctionCall(call.function.name, bytes(call.function.arguments).decode()))
        for call in said.tool_calls or ()
    )
    return WireAssistant(said.content, given(said.reasoning_content), calls or UNSET)
