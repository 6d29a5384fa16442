"""ShareGPT with tools, as data sets of function calling write it: one entry per call and one per reply, `tools` a text.

LLaMA-Factory reads a stricter dialect of this, see `llama_factory.py`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, FunctionCall, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import about_of, as_text, call_id, check_turns, encode, object_text, text_about, with_think, without_think
from .sample import NotHeld, Sample, about_with, restored
from .speakers import SPEAKERS, Waiting
from .trl import ObjectFunction, tools_of


class Entry(msgspec.Struct, frozen=True, rename={"origin": "from"}):
    """One thing said."""

    origin: str
    """`from`: system, human, gpt, function_call or observation."""
    value: str


class _Record(msgspec.Struct, frozen=True):
    id: str
    conversations: tuple[Entry, ...]
    tools: Raw
    metadata: str | UnsetType = UNSET


class _Read(msgspec.Struct, frozen=True):
    conversations: tuple[Entry, ...]
    tools: Raw = Raw(b"[]")
    system: str | None = ""
    id: str = ""
    metadata: str | UnsetType | None = UNSET


_READS = msgspec.json.Decoder(_Read)
_CALLS = msgspec.json.Decoder(ObjectFunction | list[ObjectFunction])


class ShareGpt:
    """See the module."""

    name: ClassVar[str] = "sharegpt"
    losses: ClassVar[tuple[str, ...]] = (
        "weights of messages",
        "ids of calls",
        "calls whose arguments are no JSON object",
    )
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        check_turns(sample.messages)
        entries = tuple(entry for said in sample.messages for entry in _entries(said))
        about = text_about(about_with(sample, ids=True))
        return encode(_Record(sample.id, entries, as_text(bytes(sample.tools)), about))

    def decode(self, record: bytes) -> Sample:
        """See Format. Reads entries with several calls at once, too."""
        found = _READS.decode(record)
        messages = messages_of(found.conversations)
        if found.system:
            messages = (SystemMessage(found.system), *messages)
        return restored(Sample(found.id, messages, tools_of(found.tools), about_of(found.metadata)))


def call_text(call: ToolCall) -> ObjectFunction:
    """A call as `{"name": …, "arguments": {…}}`. Raises NotHeld where the arguments are no object."""
    return ObjectFunction(call.function.name, object_text(call.function.arguments))


def calls_of(value: str) -> tuple[FunctionCall, ...]:
    """The calls of such a text, one or a list. Raises msgspec.ValidationError where it holds something else."""
    found = _CALLS.decode(value)
    listed = found if isinstance(found, list) else [found]
    return tuple(FunctionCall(call.name, bytes(call.arguments).decode()) for call in listed)


def _entries(said: ChatMessage) -> list[Entry]:
    match said:
        case SystemMessage():
            return [Entry("system", said.content)]
        case UserMessage():
            return [Entry("human", said.content)]
        case ToolMessage():
            return [Entry("observation", said.content)]
        case AssistantMessage():
            text = with_think(said)
            spoken = [Entry("gpt", text)] if text or not said.calls else []
            return spoken + [Entry("function_call", encode(call_text(call)).decode()) for call in said.calls]


def messages_of(entries: tuple[Entry, ...]) -> tuple[ChatMessage, ...]:
    """Entries as messages: a text and the calls after it are one, observations answer in the order of the calls.

    Raises NotHeld for a speaker that is not known, and a reply without a call.
    """
    found: list[ChatMessage] = []
    waiting = Waiting[ToolCall]()
    number = 0
    for entry in entries:
        last = found[-1] if found else None
        match SPEAKERS.get(entry.origin):
            case "system":
                found.append(SystemMessage(entry.value))
            case "user":
                found.append(UserMessage(entry.value))
            case "assistant":
                reasoning, text = without_think(entry.value)
                found.append(AssistantMessage(text, reasoning))
            case "calls":
                functions = calls_of(entry.value)
                calls = tuple(ToolCall(call_id(number + n), one) for n, one in enumerate(functions))
                number += len(calls)
                if not (isinstance(last, AssistantMessage) and last.calls):
                    waiting.forget()
                waiting.ask(*calls)
                if isinstance(last, AssistantMessage):
                    found[-1] = msgspec.structs.replace(last, tool_calls=last.calls + calls)
                else:
                    found.append(AssistantMessage("", UNSET, calls))
            case "reply":
                call = waiting.answered()
                if call is None:
                    raise NotHeld("reply_without_call")
                found.append(ToolMessage(call.id, call.function.name, entry.value))
            case _:
                raise NotHeld("unknown_speaker")
    return tuple(found)
