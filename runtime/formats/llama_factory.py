"""LLaMA-Factory's ShareGPT: `system` in a column, parallel calls in one entry, strict alternation, an even count.

Its converter skips what does not alternate and only logs it, so such conversations are refused here, by name. Replies
to parallel calls stand in one observation with the separator that LLaMA-Factory itself puts between tool messages.
Text beside calls has no place: the entry of a call holds the call alone.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, SystemMessage, ToolCall, ToolMessage, UserMessage
from .form import OPEN, about_of, as_text, call_id, check_turns, encode, text_about, with_think, without_think
from .sample import NotHeld, Sample, about_with, restored
from .sharegpt import Entry, call_text, calls_of
from .trl import tools_of

BETWEEN = "\n</tool_response>\n<tool_response>\n"
"""Between the replies to parallel calls."""


class _Record(msgspec.Struct, frozen=True):
    id: str
    conversations: tuple[Entry, ...]
    system: str
    tools: Raw
    metadata: str | UnsetType = UNSET


class _Read(msgspec.Struct, frozen=True):
    conversations: tuple[Entry, ...]
    system: str | None = ""
    tools: Raw = Raw(b"[]")
    id: str = ""
    metadata: str | UnsetType | None = UNSET


_READS = msgspec.json.Decoder(_Read)


class LlamaFactory:
    """See the module."""

    name: ClassVar[str] = "llama-factory"
    losses: ClassVar[tuple[str, ...]] = (
        "weights of messages",
        "ids of calls",
        "text beside calls",
        "calls whose arguments are no JSON object",
    )
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        check_turns(sample.messages, strict=True)
        first, rest = sample.messages[0], sample.messages
        system = ""
        if isinstance(first, SystemMessage):
            if not first.content:
                raise NotHeld("empty_system")
            system, rest = first.content, rest[1:]
        beside = {
            position: said.content
            for position, said in enumerate(sample.messages)
            if isinstance(said, AssistantMessage) and said.calls and said.content
        }
        about = text_about(about_with(sample, ids=True, beside=beside))
        return encode(_Record(sample.id, entries(rest), system, as_text(bytes(sample.tools)), about))

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        found = _READS.decode(record)
        messages = _messages(found.conversations)
        if found.system:
            messages = (SystemMessage(found.system), *messages)
        return restored(Sample(found.id, messages, tools_of(found.tools), about_of(found.metadata)))


def entries(messages: tuple[ChatMessage, ...]) -> tuple[Entry, ...]:
    """What is said after the system message, alternating."""
    found: list[Entry] = []
    replies: list[str] = []
    for said in messages:
        if isinstance(said, ToolMessage):
            if BETWEEN in said.content:
                raise NotHeld("markup_in_text")
            replies.append(said.content)
            continue
        if replies:
            found.append(Entry("observation", BETWEEN.join(replies)))
            replies = []
        if isinstance(said, AssistantMessage):
            found.append(_assistant(said))
        else:
            found.append(Entry("human", said.content))
    if replies:
        found.append(Entry("observation", BETWEEN.join(replies)))
    return tuple(found)


def _assistant(said: AssistantMessage) -> Entry:
    if not said.calls:
        return Entry("gpt", with_think(said))
    calls = [call_text(call) for call in said.calls]
    text = encode(calls if len(calls) > 1 else calls[0]).decode()
    thought = with_think(AssistantMessage("", said.reasoning)) if said.reasoning is not UNSET else ""
    return Entry("function_call", thought + text)


def _messages(said: tuple[Entry, ...]) -> tuple[ChatMessage, ...]:
    found: list[ChatMessage] = []
    waiting: tuple[ToolCall, ...] = ()
    number = 0
    for entry in said:
        match entry.origin:
            case "human":
                found.append(UserMessage(entry.value))
            case "gpt":
                reasoning, text = without_think(entry.value)
                found.append(AssistantMessage(text, reasoning))
            case "function_call":
                reasoning, text = without_think(entry.value) if entry.value.startswith(OPEN) else (UNSET, entry.value)
                functions = calls_of(text)
                waiting = tuple(ToolCall(call_id(number + n), one) for n, one in enumerate(functions))
                number += len(waiting)
                found.append(AssistantMessage("", reasoning, waiting))
            case "observation":
                replies = entry.value.split(BETWEEN) if len(waiting) > 1 else [entry.value]
                if len(replies) > len(waiting):
                    raise NotHeld("reply_without_call")
                found += (
                    ToolMessage(call.id, call.function.name, reply)
                    for call, reply in zip(waiting, replies, strict=False)
                )
                waiting = ()
            case _:
                raise NotHeld("unknown_speaker")
    return tuple(found)
