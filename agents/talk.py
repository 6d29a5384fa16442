"""A conversation as gates look at it: messages, the tools that were given, and what can be read off both alone.

Nothing here needs a blueprint or a world, so that the files of others can be looked at in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import jsonschema_rs
import msgspec

from ..runtime.chat import AssistantMessage, ChatMessage, ToolCall, ToolDefinition, ToolMessage, UserMessage
from ..sandbox.tools import JsonObject, JsonValue
from .codes import Codes
from .said import folded, stands_in, unescaped

MAX_ARGUMENTS = 64 * 1024
"""Bytes of one call's arguments; longer ones are not decoded."""
SCHEMAS = 4_096
"""Compiled schemas kept."""


class Made(msgspec.Struct, frozen=True):
    """One tool call as it stands in the conversation."""

    position: int
    """Index in the transcript of the assistant message that made it."""
    turn: int
    """How many user messages stand before it."""
    call: ToolCall
    arguments: JsonObject | None
    """None where the model wrote something that is no JSON object, or too much."""
    reply: str | None
    """What it was answered; None when nothing follows."""

    @property
    def name(self) -> str:
        """The tool's name as the model wrote it."""
        return self.call.function.name

    @property
    def same(self) -> tuple[str, str]:
        """Equal for two calls that ask for the same."""
        return self.call.function.name, self.call.function.arguments


class Shape:
    """A tool's input schema, compiled once for all conversations that use it."""

    def __init__(self, schema: JsonObject) -> None:
        """Raises jsonschema_rs.ValidationError or ValueError for a schema that is none."""
        self.schema = schema
        self._validator = jsonschema_rs.validator_for(schema, retriever=_refuse)

    def wrong(self, arguments: JsonObject) -> str:
        """Why the arguments do not fit, in one line; empty when they do."""
        if self._validator.is_valid(arguments):
            return ""
        return next((error.message[:200] for error in self._validator.iter_errors(arguments)), "")


@dataclass(frozen=True)
class Talk:
    """Views of a conversation, each made once when it is first asked for."""

    transcript: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...] = ()
    """What the assistant was given."""

    @cached_property
    def made(self) -> tuple[Made, ...]:
        """Every call, in order."""
        return tuple(_made(self.transcript))

    @cached_property
    def schemas(self) -> dict[str, JsonObject]:
        """Input schema of every given tool, by name; an empty one where it is no object."""
        return {tool.function.name: _schema(bytes(tool.function.parameters)) for tool in self.tools}

    def shape(self, name: str) -> Shape | None:
        """The compiled schema of a given tool; None for one that is no JSON Schema."""
        tool = next(tool for tool in self.tools if tool.function.name == name)
        return _shape(bytes(tool.function.parameters))

    @cached_property
    def users(self) -> tuple[tuple[int, str], ...]:
        """Position and text of what the user said, in order."""
        return tuple((n, spoken.content) for n, spoken in enumerate(self.transcript) if isinstance(spoken, UserMessage))

    @cached_property
    def answers(self) -> tuple[tuple[int, str], ...]:
        """Position and text of what the assistant told the user, in order."""
        return tuple(
            (n, spoken.content)
            for n, spoken in enumerate(self.transcript)
            if isinstance(spoken, AssistantMessage) and spoken.content and not spoken.calls
        )

    @cached_property
    def said(self) -> tuple[tuple[int, str], ...]:
        """Position and lower-case text of what user and assistant said, words beside calls included."""
        return tuple(
            (n, spoken.content.lower())
            for n, spoken in enumerate(self.transcript)
            if spoken.content and isinstance(spoken, UserMessage | AssistantMessage)
        )

    @cached_property
    def speech(self) -> str:
        """All of `said` in one text, so that what stands nowhere is ruled out at one glance."""
        return "\n\x1e\n".join(text for _, text in self.said)

    @cached_property
    def replies(self) -> tuple[tuple[int, str], ...]:
        """Position and text of what tools answered."""
        return tuple((n, spoken.content) for n, spoken in enumerate(self.transcript) if isinstance(spoken, ToolMessage))

    @cached_property
    def _heard(self) -> tuple[str, tuple[int, ...]]:
        """What others than the assistant said, folded into one text, and for every message where it begins there."""
        parts: list[str] = []
        length, starts = 0, list[int]()
        for spoken in self.transcript:
            starts.append(length)
            if not isinstance(spoken, AssistantMessage):
                part = unescaped(folded(spoken.content)) + "\n"
                parts.append(part)
                length += len(part)
        return "".join(parts), tuple(starts)

    def stood_before(self, form: str, position: int) -> bool:
        """True when a folded form stands in what others than the assistant said before a message."""
        text, starts = self._heard
        return stands_in(text, form, starts[position])

    @cached_property
    def codes(self) -> Codes:
        """The identifiers of this conversation's world, by their shape."""
        arguments = [made.arguments for made in self.made if made.arguments]
        return Codes(self.stood_before, [reply for _, reply in self.replies], arguments)

    @cached_property
    def turns(self) -> tuple[int, ...]:
        """Per message, how many user messages stand before it or are it."""
        count, out = 0, list[int]()
        for spoken in self.transcript:
            count += isinstance(spoken, UserMessage)
            out.append(count)
        return tuple(out)


def _made(transcript: tuple[ChatMessage, ...]) -> Iterator[Made]:
    replies: dict[str, list[tuple[int, str]]] = {}  # {call id: [(position, content)]}
    for position, spoken in enumerate(transcript):
        if isinstance(spoken, ToolMessage):
            replies.setdefault(spoken.tool_call_id, []).append((position, spoken.content))
    turn = 0
    for position, spoken in enumerate(transcript):
        turn += isinstance(spoken, UserMessage)
        if isinstance(spoken, AssistantMessage):
            for call in spoken.calls:
                reply = next((text for at, text in replies.get(call.id, ()) if at > position), None)
                yield Made(position, turn, call, decode_arguments(call), reply)


def decode_arguments(call: ToolCall) -> JsonObject | None:
    """The arguments as an object, or None where the model wrote something else or too much."""
    text = call.function.arguments
    if len(text) > MAX_ARGUMENTS:
        return None
    try:
        decoded: JsonValue = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _refuse(address: str) -> JsonValue:
    raise ValueError(f"a schema must not point elsewhere: {address}")


@lru_cache(maxsize=SCHEMAS)
def _schema(text: bytes) -> JsonObject:
    try:
        decoded: JsonValue = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


@lru_cache(maxsize=SCHEMAS)
def _shape(text: bytes) -> Shape | None:
    try:
        return Shape(_schema(text))
    except (jsonschema_rs.ReferencingError, ValueError):  # ValidationError is a ValueError
        return None
