"""Requests as an OpenAI-compatible server reads them, and what has been learnt of how a server wants them.

The whole body is one msgspec encoding. Keeping encoded messages between turns would save less than it costs to look
them up: 20 messages of 1 KB take about 10 µs, a tenth of what sending them takes.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from ..chat import AssistantMessage, ChatMessage, SystemMessage, ToolCall
from ..model import ModelRequest, ResponseFormat
from .spec import ModelSpec

Structured: TypeAlias = Literal["json_schema", "json_object", "prompt"]
WEAKER: dict[Structured, Structured] = {"json_schema": "json_object", "json_object": "prompt"}
"""What to try when a server does not know a way to ask for structured output."""

_encoder = msgspec.json.Encoder()
_FORMAT = re.compile(r"response_format|json_schema|json_object|structured output|guided|grammar|\bschema\b", re.I)
_UNKNOWN = re.compile(
    r"unsupported|not (?:be )?support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra", re.I
)
OPTIONAL = ("top_logprobs", "logprobs", "stream_options", "seed", "top_p", "temperature", "tool_choice")
"""Keys that a request can do without."""


class Dialect:
    """What one model's servers understand: shared by its replicas, learnt from refusals, used from then on."""

    def __init__(self) -> None:
        self.version = 0
        """Goes up with everything learnt: a refusal of an older version's request teaches nothing new."""
        self.structured: Structured = "json_schema"
        self.tokens_key = "max_tokens"
        self.reasoning_key = "reasoning_content"
        """The name under which the servers give and want back reasoning text."""
        self.dropped: set[str] = set()
        """Optional keys that the servers refuse."""
        self._reasoning_seen = False

    def learn_reasoning(self, key: str) -> None:
        """The first name that a server uses counts: changing it later would change what was already sent."""
        if not self._reasoning_seen:
            self._reasoning_seen = True
            self.reasoning_key = key

    def adapt(self, refusal: str, request: ModelRequest, version: int) -> str:
        """Learn from a refusal of a request that was encoded at `version`.

        Returns what was learnt, by a name to count, or an empty text when the same request would be sent again.
        """
        if version != self.version:
            return "learnt_meanwhile"
        learnt = self._learn(refusal, request)
        self.version += bool(learnt)
        return learnt

    def _learn(self, refusal: str, request: ModelRequest) -> str:
        if self.tokens_key == "max_tokens" and "max_completion_tokens" in refusal:
            self.tokens_key = "max_completion_tokens"
            return "max_completion_tokens"
        if _UNKNOWN.search(refusal):
            for key in OPTIONAL:
                if key not in self.dropped and re.search(rf"\b{key}\b", refusal):
                    self.dropped.add(key)
                    return f"without_{key}"
        weaker = WEAKER.get(self.structured)
        if request.response_format is not None and weaker and _FORMAT.search(refusal):
            self.structured = weaker
            return f"structured_by_{weaker}"
        return ""


class EchoingAssistant(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """An assistant message with its reasoning, as servers want it back within a tool loop."""

    content: str
    reasoning_content: str
    tool_calls: tuple[ToolCall, ...]


class EchoingAssistantShort(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """The same under the other name."""

    content: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]


Body: TypeAlias = dict[str, object]


def encode(request: ModelRequest, spec: ModelSpec, dialect: Dialect, *, stream: bool) -> bytes:
    """The body of a request."""
    body: Body = {"model": spec.name, "messages": _messages(request, dialect)}
    if request.tools:
        body["tools"] = request.tools
        body["tool_choice"] = "auto"
    if request.response_format is not None and dialect.structured != "prompt":
        body["response_format"] = _format(request.response_format, dialect.structured)
    body["seed"] = request.seed
    body["temperature"] = request.temperature if spec.temperature is None else spec.temperature
    body["top_p"] = request.top_p if spec.top_p is None else spec.top_p
    body[dialect.tokens_key] = request.max_tokens if spec.max_tokens is None else spec.max_tokens
    if spec.logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = spec.logprobs
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    for key in dialect.dropped:
        body.pop(key, None)
    if bytes(spec.extra) != b"{}":
        body |= msgspec.json.decode(spec.extra, type=dict[str, msgspec.Raw])
    return _encoder.encode(body)


def _messages(request: ModelRequest, dialect: Dialect) -> list[object]:
    """The messages as they are sent. What was sent once never changes: each request extends the one before.

    Reasoning goes back with the messages that called tools, for good, and never with the others: so a server has it
    within a tool loop, and the beginning of the conversation stays what its cache knows.
    """
    sent: list[object] = list(request.messages)
    if request.response_format is not None and dialect.structured != "json_schema":
        sent = list(_instructed(request.messages, request.response_format))
    for position, message in enumerate(sent):
        if isinstance(message, AssistantMessage) and message.reasoning:
            sent[position] = _echo(message, dialect.reasoning_key)
    return sent


def _echo(message: AssistantMessage, key: str) -> object:
    if not message.calls:
        return AssistantMessage(message.content)
    kind = EchoingAssistant if key == "reasoning_content" else EchoingAssistantShort
    return kind(message.content, message.reasoning or "", message.calls)


def _format(wanted: ResponseFormat, structured: Structured) -> Body:
    if structured == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": wanted.name, "schema": wanted.schema}}


def _instructed(messages: tuple[ChatMessage, ...], wanted: ResponseFormat) -> tuple[ChatMessage, ...]:
    """The schema in words, in the system message: a server that cannot enforce it can still tell the model."""
    schema = bytes(wanted.schema).decode()
    order = f"Reply with one JSON object and nothing else. It must satisfy this JSON Schema:\n{schema}"
    first = messages[0]
    if isinstance(first, SystemMessage):
        return (SystemMessage(f"{first.content}\n\n{order}"), *messages[1:])
    return (SystemMessage(order), *messages)
