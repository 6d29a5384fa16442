"""OpenAI's chat form, with `arguments` as text: fine-tuning files, and what most endpoints and loaders understand.

Reasoning stands in `reasoning_content`, the name that open-weight servers gave it. `weight` is OpenAI's own field.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import about_of, encode, given, text_about
from .sample import Sample, about_with, restored, unweighted


class WireAssistant(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """What the assistant says, as OpenAI writes it."""

    content: str | None = None
    reasoning_content: str | UnsetType | None = UNSET
    tool_calls: tuple[ToolCall, ...] | UnsetType | None = UNSET
    weight: int | UnsetType = UNSET
    """1 for a target, 0 for context."""


class WireTool(msgspec.Struct, frozen=True, tag_field="role", tag="tool"):
    """What a tool answered; OpenAI's own files leave the name out."""

    tool_call_id: str
    content: str
    name: str = ""


WireMessage: TypeAlias = SystemMessage | UserMessage | WireAssistant | ToolMessage
ReadMessage: TypeAlias = SystemMessage | UserMessage | WireAssistant | WireTool


class _Record(msgspec.Struct, frozen=True):
    id: str
    messages: tuple[WireMessage, ...]
    tools: Raw
    metadata: str | UnsetType = UNSET


class _Read(msgspec.Struct, frozen=True):
    messages: tuple[ReadMessage, ...]
    id: str = ""
    tools: Raw = Raw(b"[]")
    metadata: str | UnsetType | None = UNSET


_READS = msgspec.json.Decoder(_Read)


class OpenAI:
    """See the module."""

    name: ClassVar[str] = "openai"
    losses: ClassVar[tuple[str, ...]] = ("weights other than 0 and 1 become 1",)
    masks: ClassVar[bool] = True

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        about = about_with(sample, ids=False)
        return encode(_Record(sample.id, tuple(map(wire, sample.messages)), sample.tools, text_about(about)))

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        found = _READS.decode(record)
        return restored(Sample(found.id, ours(found.messages), found.tools, about_of(found.metadata)))


def wire(said: ChatMessage) -> WireMessage:
    """A message as OpenAI writes it."""
    if isinstance(said, AssistantMessage):
        weight = UNSET if said.train is UNSET else int(said.train > 0)
        return WireAssistant(said.content, said.reasoning, said.tool_calls, weight)
    plain = unweighted(said)
    assert not isinstance(plain, AssistantMessage)  # noqa: S101 -- the types of the others stay as they were
    return plain


def ours(messages: tuple[ReadMessage, ...]) -> tuple[ChatMessage, ...]:
    """Messages of a file, with weights where it has any and names of tools from the calls."""
    weighted = any(isinstance(said, WireAssistant) and said.weight is not UNSET for said in messages)
    names: dict[str, str] = {}
    found: list[ChatMessage] = []
    for said in messages:
        match said:
            case WireAssistant():
                names.update((call.id, call.function.name) for call in said.tool_calls or ())
                train = UNSET if not weighted else float(1 if said.weight is UNSET else said.weight)
                calls = said.tool_calls or UNSET
                found.append(AssistantMessage(said.content or "", given(said.reasoning_content), calls, train))
            case WireTool():
                name = said.name or names.get(said.tool_call_id, "")
                found.append(ToolMessage(said.tool_call_id, name, said.content, 0.0 if weighted else UNSET))
            case _:
                found.append(msgspec.structs.replace(said, train=0.0 if weighted else UNSET))
    return tuple(found)
