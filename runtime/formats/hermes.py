"""Hermes' function-calling form: ShareGPT entries whose texts hold tools, calls and replies in XML-like tags."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, FunctionCall, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import about_of, as_text, call_id, check_turns, encode, object_text, text_about, with_think, without_think
from .sample import NotHeld, Sample, about_with, restored
from .sharegpt import Entry, call_text
from .trl import ObjectFunction, tools_of

_HEAD = "Functions that may be called, as JSON schemas:\n<tools>\n"
_FOOT = (
    '\n</tools>\nA call is written <tool_call>\n{"name": <function name>, "arguments": <object of arguments>}\n'
    "</tool_call>, and answered in <tool_response> tags."
)
_CALL, _CALL_END = "<tool_call>\n", "\n</tool_call>"
_REPLY, _REPLY_END = "<tool_response>\n", "\n</tool_response>"
_CALLS = re.compile(re.escape(_CALL) + r"(.*?)" + re.escape(_CALL_END), re.DOTALL)
_REPLIES = re.compile(re.escape(_REPLY) + r"(.*?)" + re.escape(_REPLY_END), re.DOTALL)
_MARKS = ("<tool_call>", "<tool_response>", "</tool_call>", "</tool_response>")


class _Reply(msgspec.Struct, frozen=True):
    name: str
    content: str


class _Opening(msgspec.Struct, frozen=True, rename={"origin": "from"}):
    """The system entry, its text encoded already."""

    origin: str
    value: Raw


class _Record(msgspec.Struct, frozen=True):
    id: str
    conversations: tuple[Entry | _Opening, ...]
    tools: Raw
    metadata: str | UnsetType = UNSET


class _Read(msgspec.Struct, frozen=True):
    conversations: tuple[Entry, ...]
    tools: Raw = Raw(b"[]")
    id: str = ""
    metadata: str | UnsetType | None = UNSET


_READS = msgspec.json.Decoder(_Read)
_FUNCTION = msgspec.json.Decoder(ObjectFunction)
_ANSWER = msgspec.json.Decoder(_Reply)


class Hermes:
    """See the module."""

    name: ClassVar[str] = "hermes"
    losses: ClassVar[tuple[str, ...]] = (
        "weights of messages",
        "ids of calls",
        "calls whose arguments are no JSON object",
    )
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        check_turns(sample.messages)
        tools = as_text(bytes(sample.tools))
        said = sample.messages
        first = said[0] if said else None
        system = ""
        if isinstance(first, SystemMessage):
            system, said = f"{first.content}\n\n", said[1:]
        # Escaped texts may be joined as they are: an escape never reaches beyond its own character.
        text = b"".join((encode(system + _HEAD)[:-1], bytes(tools)[1:-1], encode(_FOOT)[1:]))
        entries: tuple[Entry | _Opening, ...] = (_Opening("system", Raw(text)), *_entries(said))
        return encode(_Record(sample.id, entries, tools, text_about(about_with(sample, ids=True))))

    def decode(self, record: bytes) -> Sample:
        """See Format. Tools stand in their own column; those in another's system text stay text."""
        found = _READS.decode(record)
        messages = _messages(found.conversations)
        return restored(Sample(found.id, messages, tools_of(found.tools), about_of(found.metadata)))


def _entries(messages: tuple[ChatMessage, ...]) -> list[Entry]:
    found: list[Entry] = []
    replies: list[str] = []
    for said in messages:
        if isinstance(said, ToolMessage):
            reply = encode(_Reply(said.name, said.content)).decode()
            _check_unmarked(reply)
            replies.append(f"{_REPLY}{reply}{_REPLY_END}")
            continue
        if replies:
            found.append(Entry("tool", "\n".join(replies)))
            replies = []
        if isinstance(said, AssistantMessage):
            found.append(Entry("gpt", _spoken(said)))
        else:
            found.append(Entry("human" if isinstance(said, UserMessage) else "system", said.content))
    if replies:
        found.append(Entry("tool", "\n".join(replies)))
    return found


def _spoken(said: AssistantMessage) -> str:
    text = with_think(said)
    _check_unmarked(text)
    calls = [encode(call_text(call)).decode() for call in said.calls]
    for call in calls:
        _check_unmarked(call)
    parts = [text] if text else []
    return "\n".join([*parts, *(f"{_CALL}{call}{_CALL_END}" for call in calls)])


def _check_unmarked(text: str) -> None:
    if "tool_" in text and any(mark in text for mark in _MARKS):
        raise NotHeld("markup_in_text")


def _messages(entries: tuple[Entry, ...]) -> tuple[ChatMessage, ...]:
    found: list[ChatMessage] = []
    waiting: list[ToolCall] = []
    number = 0
    for entry in entries:
        match entry.origin:
            case "system":
                if not entry.value.startswith(_HEAD):
                    text, head, _ = entry.value.rpartition(_HEAD)
                    found.append(SystemMessage(text.removesuffix("\n\n") if head else entry.value))
            case "human" | "user":
                found.append(UserMessage(entry.value))
            case "gpt" | "assistant":
                said = _assistant(entry.value, number)
                waiting = list(said.calls)
                number += len(waiting)
                found.append(said)
            case "tool":
                for reply in _REPLIES.findall(entry.value) or [entry.value]:
                    if not waiting:
                        raise NotHeld("reply_without_call")
                    call = waiting.pop(0)
                    found.append(ToolMessage(call.id, call.function.name, _answer(reply)))
            case _:
                raise NotHeld("unknown_speaker")
    return tuple(found)


def _assistant(text: str, number: int) -> AssistantMessage:
    written = _CALLS.findall(text)
    before = text
    if written:
        before = text[: text.index(_CALL)].removesuffix("\n")  # the line end that joined text and calls
    reasoning, said = without_think(before)
    calls = tuple(ToolCall(call_id(number + n), _function(call)) for n, call in enumerate(written))
    return AssistantMessage(said, reasoning, calls or UNSET)


def _function(text: str) -> FunctionCall:
    found = _FUNCTION.decode(text)
    arguments = bytes(found.arguments).decode()
    object_text(arguments)
    return FunctionCall(found.name, arguments)


def _answer(text: str) -> str:
    try:
        return _ANSWER.decode(text).content
    except msgspec.DecodeError:
        return text
