"""The wire form: what a client may send to `/v1/chat/completions`, and what a completion looks like on its way back.

Decoding restores exactly the `ModelRequest` that an agent made. The simulated model's dice are seeded by the bytes of
that record, so two things matter here and nowhere else: a field that holds its default is left to its default (msgspec
omits by identity, and a 1.0 that came over a socket is another object), and JSON schemas are written compactly again,
because other clients put spaces into theirs.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from ....runtime.chat import (
    AssistantMessage,
    ChatMessage,
    FunctionCall,
    FunctionSpec,
    SystemMessage,
    ToolCall,
    ToolDefinition,
    ToolMessage,
    UserMessage,
)
from ....runtime.model import ModelReply, ModelRequest, ResponseFormat


class BadRequest(ValueError):
    """The client sent what cannot be answered. `status` is the HTTP status; the text goes into the error body."""

    def __init__(self, text: str, *, status: int = 400, code: str = "invalid_request_error") -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Part(msgspec.Struct, frozen=True):
    """One part of a message's content in its list form; only texts are understood."""

    type: str
    text: str = ""


class WireMessage(msgspec.Struct, frozen=True):
    """A message as clients send it, every field that any role may have."""

    role: str
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    """The older name of `reasoning`."""

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class WireFunction(msgspec.Struct, frozen=True):
    """The function half of a tool definition."""

    name: str
    description: str = ""
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


class WireTool(msgspec.Struct, frozen=True):
    """One entry of `tools`."""

    function: WireFunction


class JsonSchema(msgspec.Struct, frozen=True):
    """The named schema inside a `response_format`."""

    name: str
    schema: msgspec.Raw = msgspec.Raw(b"{}")


class WireFormat(msgspec.Struct, frozen=True):
    """`response_format`."""

    type: str
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    """`stream_options`."""

    include_usage: bool = False


class WireRequest(msgspec.Struct, frozen=True):
    """A request's body; fields of OpenAI's that change nothing for a model without weights are not read."""

    messages: list[msgspec.Raw]
    """Encoded messages, kept as they came: prefixes of requests are compared byte by byte."""
    model: str = ""
    tools: list[WireTool] | None = None
    response_format: WireFormat | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    n: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def include_usage(self) -> bool:
        """True when a stream should end with the token counts."""
        return self.stream_options is not None and self.stream_options.include_usage


_request = msgspec.json.Decoder(WireRequest)
_message = msgspec.json.Decoder(WireMessage)


def read_body(body: bytes) -> WireRequest:
    """The request in a body.

    Raises:
        BadRequest: not JSON, or not of a chat completion request's shape.
    """
    try:
        wire = _request.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f"not a chat completion request: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not wire.messages:
        raise BadRequest("`messages` is empty")
    if wire.n not in (None, 1):
        raise BadRequest("only one choice is given: `n` must be 1")
    return wire


def to_request(wire: WireRequest, model: str) -> ModelRequest:
    """The request that the agent made, under the model's own name.

    Raises:
        BadRequest: a message is not of a known shape.
    """
    given: dict[str, object] = {
        "tools": tuple(_tool(tool.function) for tool in wire.tools or ()),
        "response_format": _format(wire.response_format),
        "temperature": wire.temperature,
        "top_p": wire.top_p,
        "max_tokens": wire.max_tokens if wire.max_tokens is not None else wire.max_completion_tokens,
        "seed": wire.seed,
    }
    request = ModelRequest(model=model, messages=tuple(_messages(wire.messages)))
    changed = {name: value for name, value in given.items() if value is not None and value != getattr(request, name)}
    return msgspec.structs.replace(request, **changed) if changed else request


def _messages(encoded: Iterable[msgspec.Raw]) -> Iterable[ChatMessage]:
    called: dict[str, str] = {}
    for number, raw in enumerate(encoded):
        try:
            message = _message.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:  # what is raw was not looked at before
            raise BadRequest(f"messages[{number}]: {error}") from None
        called |= {call.id: call.function.name for call in message.tool_calls or ()}
        yield _chat(message, number, called)


def _chat(message: WireMessage, number: int, called: dict[str, str]) -> ChatMessage:
    match message.role:
        case "system" | "developer":
            return SystemMessage(message.text)
        case "user":
            return UserMessage(message.text)
        case "assistant":
            reasoning = message.reasoning or message.reasoning_content or UNSET
            calls = tuple(message.tool_calls) if message.tool_calls else UNSET
            return AssistantMessage(message.text, reasoning=reasoning, tool_calls=calls)
        case "tool":
            # OpenAI's tool messages have no name; the call that they answer does.
            identity = message.tool_call_id or ""
            return ToolMessage(identity, message.name or called.get(identity, ""), message.text)
        case _:
            raise BadRequest(f"messages[{number}]: unknown role {message.role!r}")


def _tool(function: WireFunction) -> ToolDefinition:
    return ToolDefinition(FunctionSpec(function.name, function.description, compact(function.parameters)))


def _format(wanted: WireFormat | None) -> ResponseFormat | None:
    match wanted:
        case WireFormat(type="json_schema", json_schema=JsonSchema() as named):
            return ResponseFormat(named.name, compact(named.schema))
        case WireFormat(type="json_object"):
            return ResponseFormat("json_object", msgspec.Raw(b"{}"))
        case None | WireFormat(type="text"):
            return None
        case _:
            raise BadRequest(f"response_format: {wanted.type!r} is not supported, or has no `json_schema`")


def compact(schema: msgspec.Raw) -> msgspec.Raw:
    """The same JSON without spaces between its parts, in the same key order."""
    return msgspec.Raw(msgspec.json.encode(msgspec.json.decode(schema)))


class CalledFunction(msgspec.Struct, frozen=True):
    """A function call on its way out. `arguments` is a text; a faulty server sends an object."""

    name: str
    arguments: str | dict[str, object]


class OutgoingCall(msgspec.Struct, frozen=True):
    """A tool call on its way out."""

    id: str
    function: CalledFunction
    type: str = "function"


class Answer(msgspec.Struct, frozen=True):
    """The message of a completion."""

    content: str | None
    """Null when the message only calls tools, as OpenAI has it."""
    tool_calls: list[OutgoingCall] | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    role: str = "assistant"


class Choice(msgspec.Struct, frozen=True):
    """The one choice of a completion."""

    message: Answer
    finish_reason: str | None
    index: int = 0


class TokenCount(msgspec.Struct, frozen=True):
    """`usage`."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(msgspec.Struct, frozen=True):
    """The body of a reply."""

    id: str
    created: int
    """Seconds since 1970."""
    model: str
    choices: list[Choice] | None
    usage: TokenCount | UnsetType = UNSET
    object: str = "chat.completion"

    @property
    def answer(self) -> Answer:
        """The message of the only choice. Not for completions whose choices were taken away."""
        assert self.choices, "a completion without choices has no answer"  # noqa: S101 -- a bug of ours, nobody's data
        return self.choices[0].message


def completion(reply: ModelReply, *, number: int, created: int) -> Completion:
    """A reply as the body of the server's `number`-th answer.

    It carries the model's own name, whatever name it is served under: that is how rows come to say `simulated`.
    """
    calls = [_outgoing(call.id, call.function) for call in reply.message.calls]
    answer = Answer(reply.message.content or (None if calls else ""), calls or UNSET, reply.message.reasoning)
    used = reply.usage
    tokens = TokenCount(used.prompt_tokens, used.completion_tokens, used.prompt_tokens + used.completion_tokens)
    return Completion(f"chatcmpl-{number:08x}", created, reply.model, [Choice(answer, reply.finish_reason)], tokens)


def _outgoing(identity: str, function: FunctionCall) -> OutgoingCall:
    return OutgoingCall(identity, CalledFunction(function.name, function.arguments))


def error_body(text: str, code: str) -> bytes:
    """An error in OpenAI's form."""
    return msgspec.json.encode({"error": {"message": text, "type": code, "param": None, "code": code}})
