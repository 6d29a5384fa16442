"""What every format is: a name, a way out, a way back, and an honest list of what it loses.

A format's fields hold what its readers look at. What they have no field for (weights, ids of calls) travels in a
`metadata` text, so that `import` finds it again; `losses` says what a reader of the format itself never sees.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Protocol

import msgspec
from msgspec import Raw

from ..chat import AssistantMessage, ChatMessage, SystemMessage, ToolMessage, UserMessage
from .sample import About, NotHeld, Sample

_OBJECTS = msgspec.json.Decoder(dict[str, Raw])
_ABOUTS = msgspec.json.Decoder(About)
_ENCODER = msgspec.json.Encoder()
encode = _ENCODER.encode

OPEN, CLOSE = "<think>\n", "\n</think>\n\n"
"""Around reasoning where a format has only text."""


class Format(Protocol):
    """One way in which others write conversations down."""

    name: ClassVar[str]
    """As it is given with --format."""
    losses: ClassVar[tuple[str, ...]]
    """What a reader of the format does not see, one phrase each."""
    masks: ClassVar[bool]
    """True where the format says which of the assistant's messages are targets."""

    def encode(self, sample: Sample) -> bytes:
        """One record, without the line end. Raises NotHeld where the format cannot say it."""
        ...

    def decode(self, record: bytes) -> Sample:
        """The conversation of one record.

        Raises:
            msgspec.ValidationError: the record is not of this format.
            NotHeld: it is, and what stands in it makes no conversation.
        """
        ...


def text_about(about: About | None) -> str | msgspec.UnsetType:
    """Metadata as a text, for table loaders whose types must not drift; absent without any."""
    return msgspec.UNSET if about is None else encode(about).decode()


@lru_cache(maxsize=1024)
def as_text(tools: bytes) -> Raw:
    """A list of tools as a JSON text, encoded. The same lists come again and again, and escaping them is most of it."""
    return Raw(encode(tools.decode()))


def about_of(text: str | Raw | msgspec.UnsetType | None) -> About | None:
    """Metadata of ours out of a record; None where there is none, or somebody else's."""
    if text is msgspec.UNSET or text is None or not text:
        return None
    try:
        return _ABOUTS.decode(text)
    except msgspec.DecodeError:
        return None


def given(text: str | msgspec.UnsetType | None) -> str | msgspec.UnsetType:
    """A text that may be absent; null is as good as absent."""
    return msgspec.UNSET if text is None else text


def object_text(arguments: str) -> Raw:
    """Arguments as the JSON object they are, byte for byte. Raises NotHeld where the model wrote something else."""
    try:
        _OBJECTS.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise NotHeld("arguments_not_an_object") from None
    return Raw(arguments.encode())


def with_think(said: AssistantMessage) -> str:
    """The text with its reasoning before it. Raises NotHeld where the text would be read as reasoning."""
    if said.content.startswith(OPEN):
        raise NotHeld("markup_in_text")
    if said.reasoning is msgspec.UNSET:
        return said.content
    if CLOSE in said.reasoning:
        raise NotHeld("markup_in_text")
    return f"{OPEN}{said.reasoning}{CLOSE}{said.content}"


def without_think(text: str) -> tuple[str | msgspec.UnsetType, str]:
    """`(reasoning, text)` of what `with_think` made."""
    if text.startswith(OPEN) and CLOSE in text:
        reasoning, _, rest = text.removeprefix(OPEN).partition(CLOSE)
        return reasoning, rest
    return msgspec.UNSET, text


def check_turns(messages: tuple[ChatMessage, ...], *, strict: bool = False) -> None:
    """Raises NotHeld where the order cannot be told again from who speaks.

    A system message stands first and alone, the assistant does not speak twice in a row, tools answer right after the
    calls. `strict`: one user message at a time, a user begins and the assistant ends, and every call is answered.
    """
    before: ChatMessage | None = None
    waiting = 0
    for position, said in enumerate(messages):
        match said:
            case SystemMessage():
                if position:
                    raise NotHeld("system_not_first")
                continue
            case AssistantMessage():
                if isinstance(before, AssistantMessage) or (strict and before is None):
                    raise NotHeld("assistant_twice" if before else "no_user_first")
                waiting = len(said.calls)
            case ToolMessage():
                waiting -= 1
                if waiting < 0:
                    raise NotHeld("reply_without_call")
            case UserMessage():
                if strict and (isinstance(before, UserMessage | ToolMessage) or waiting):
                    raise NotHeld("user_out_of_turn")
                waiting = 0
        before = said
    if strict and (waiting or not isinstance(before, AssistantMessage)):
        raise NotHeld("no_assistant_last")


def call_id(number: int) -> str:
    """The id of a call whose format has none: its number in the conversation."""
    return f"call_{number}"
