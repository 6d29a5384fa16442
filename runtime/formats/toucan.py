"""Toucan's form: every column a text, one assistant message per call, replies without ids in the order of the calls."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, FunctionCall, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import about_of, as_text, call_id, check_turns, encode, given, text_about
from .sample import NotHeld, Sample, about_with, restored
from .speakers import Waiting


class _Said(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant", "function"]
    content: str | None = ""
    reasoning_content: str | UnsetType | None = UNSET
    function_call: FunctionCall | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET


class _Record(msgspec.Struct, frozen=True):
    uuid: str
    subset_name: str
    messages: str
    question: str
    available_tools: Raw
    target_tools: str
    question_quality_assessment: str
    response_quality_assessment: str
    metadata: str | UnsetType = UNSET


class _Read(msgspec.Struct, frozen=True):
    messages: str
    available_tools: str = "[]"
    uuid: str = ""
    metadata: str | UnsetType | None = UNSET


_READS = msgspec.json.Decoder(_Read)
_MESSAGES = msgspec.json.Decoder(tuple[_Said, ...])


class Toucan:
    """See the module."""

    name: ClassVar[str] = "toucan"
    losses: ClassVar[tuple[str, ...]] = ("weights of messages", "ids of calls")
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format. Answers the quality assessments with empty texts: nobody assessed anything."""
        check_turns(sample.messages)
        said = [one for message in sample.messages for one in _split(message)]
        called = dict.fromkeys(one.function_call.name for one in said if one.function_call)
        record = _Record(
            sample.id,
            "tdscaling",
            encode(said).decode(),
            next((m.content for m in sample.messages if isinstance(m, UserMessage)), ""),
            as_text(bytes(sample.tools)),
            ", ".join(called),
            "",
            "",
            text_about(about_with(sample, ids=True)),
        )
        return encode(record)

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        found = _READS.decode(record)
        messages = _joined(_MESSAGES.decode(found.messages))
        tools = Raw((found.available_tools or "[]").encode())
        return restored(Sample(found.uuid, messages, tools, about_of(found.metadata)))


def _split(said: ChatMessage) -> list[_Said]:
    match said:
        case SystemMessage():
            return [_Said("system", said.content)]
        case UserMessage():
            return [_Said("user", said.content)]
        case ToolMessage():
            return [_Said("function", said.content, name=said.name)]
        case AssistantMessage():
            if not said.calls:
                return [_Said("assistant", said.content, said.reasoning)]
            first, *others = said.calls
            return [
                _Said("assistant", said.content, said.reasoning, first.function),
                *(_Said("assistant", "", UNSET, call.function) for call in others),
            ]


def _joined(said: tuple[_Said, ...]) -> tuple[ChatMessage, ...]:
    """Consecutive calls are one message; replies answer the calls in their order. Raises NotHeld for one too many."""
    found: list[ChatMessage] = []
    waiting = Waiting[ToolCall]()
    number = 0
    for one in said:
        text = one.content or ""
        if one.role == "assistant":
            last = found[-1] if found else None
            calls: tuple[ToolCall, ...] = ()
            if one.function_call:
                calls = (ToolCall(call_id(number), one.function_call),)
                number += 1
            if calls and isinstance(last, AssistantMessage) and last.calls and not text:
                found[-1] = msgspec.structs.replace(last, tool_calls=last.calls + calls)
                waiting.ask(*calls)
            else:
                found.append(AssistantMessage(text, given(one.reasoning_content), calls or UNSET))
                waiting.forget()
                waiting.ask(*calls)
        elif one.role == "function":
            call = waiting.answered()
            if call is None:
                raise NotHeld("reply_without_call")
            found.append(ToolMessage(call.id, one.name or call.function.name, text))
        else:
            found.append(SystemMessage(text) if one.role == "system" else UserMessage(text))
    return tuple(found)
