"""What a server answered, read leniently: every repaired deviation from OpenAI's form has a name, to be counted.

What cannot be repaired without guessing is a serving fault and raises `Trouble`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from ..chat import AssistantMessage, FunctionCall, ToolCall
from ..model import ModelReply, Usage
from .markup import leaked
from .trouble import Trouble, looks_like_html, words

_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.S)
_NULL = msgspec.Raw(b"null")
END_OF_TURN = 2
"""Tokens at most that end a turn in which nothing is said."""


class WireFunction(msgspec.Struct):
    """The function half of a call; in a stream, a piece of it."""

    name: str | None = None
    arguments: msgspec.Raw = _NULL
    """JSON text as a string, or, from some servers, the object itself."""


class WireCall(msgspec.Struct):
    """A tool call; in a stream, a piece of one."""

    index: int | None = None
    id: str | None = None
    function: WireFunction | None = None


class WireMessage(msgspec.Struct):
    """What the assistant said; in a stream, a piece of it."""

    content: object = None
    reasoning: object = None
    reasoning_content: object = None
    tool_calls: list[WireCall] | None = None
    function_call: WireFunction | None = None
    """The form before `tool_calls`."""
    refusal: str | None = None


class WireChoice(msgspec.Struct):
    """One answer."""

    message: WireMessage | None = None
    delta: WireMessage | None = None
    finish_reason: str | None = None
    logprobs: msgspec.Raw = _NULL


class WireUsage(msgspec.Struct):
    """Tokens."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class WireReply(msgspec.Struct):
    """A whole answer, or one chunk of a stream."""

    choices: list[WireChoice] | None = None
    usage: WireUsage | None = None
    model: str | None = None
    error: msgspec.Raw = _NULL


class Reading(msgspec.Struct, frozen=True):
    """A reply with the names of the deviations that were repaired in it."""

    reply: ModelReply
    deviations: tuple[str, ...]
    reasoning_key: str
    """The name that the reasoning text had; empty when there was none."""


_decoder = msgspec.json.Decoder(WireReply, strict=False)


def read(body: bytes, *, content_type: str, structured: bool) -> Reading:
    """The reply in a body that came with status 200. `structured`: JSON was asked for.

    Raises:
        Trouble: the body is no usable answer: HTML, cut off, an error, without choices, empty, or with leaked markup.
    """
    wire = decode(body)
    if not wire.choices:
        raise Trouble("no_choices", "wait", "the answer has no choices")
    deviations = [] if "json" in content_type else ["content_type"]
    choice = wire.choices[0]
    if choice.message is None:
        raise Trouble("no_message", "wait", "the answer has no message")
    return assemble(choice.message, choice, wire, deviations, structured=structured)


def decode(body: bytes) -> WireReply:
    """The JSON of a reply or a chunk. Raises Trouble when it is none, or is an error."""
    try:
        body.decode()  # parts that are kept raw are not looked at by the decoder
        wire = _decoder.decode(body)
    except (msgspec.ValidationError, RecursionError) as wrong:  # RecursionError: a hundred thousand brackets
        raise Trouble("malformed_reply", "wait", str(wrong)) from None
    except (msgspec.DecodeError, UnicodeError) as broken:
        if looks_like_html(body):
            raise Trouble("html", "wait", words(body)) from None
        reason = "truncated" if body.lstrip()[:1] in (b"{", b"[") else "not_json"
        raise Trouble(reason, "wait", str(broken) if body else "the answer is empty") from None
    if bytes(wire.error) not in (b"null", b'""', b"{}") and not wire.choices:
        raise Trouble("error_with_200", "wait", words(body))
    return wire


def assemble(
    said: WireMessage, choice: WireChoice, wire: WireReply, deviations: list[str], *, structured: bool
) -> Reading:
    """The reply that these parts make. Raises Trouble when they make none."""
    content = _text(said.content, deviations)
    if said.content is None and not said.tool_calls:
        deviations.append("null_content")
    if structured and (fenced := _FENCED.fullmatch(content)):
        content = fenced[1]
        deviations.append("fenced_json")
    reasoning, key = _reasoning(said, deviations)
    message = AssistantMessage(
        content or (said.refusal or ""),
        reasoning=reasoning or msgspec.UNSET,
        tool_calls=_calls(said, deviations) or msgspec.UNSET,
    )
    if found := leaked(message):
        raise Trouble("leaked_markup", "once", f"unparsed {found!r} in the answer")
    if choice.finish_reason is None:
        deviations.append("missing_finish_reason")
    if not message.content and not message.calls and choice.finish_reason not in ("length", "content_filter"):
        raise Silence(_reply(message, choice, wire, deviations))
    return Reading(_reply(message, choice, wire, deviations), tuple(deviations), key)


class Silence(Trouble):
    """An answer in which nothing is said and nothing is called: asked for again once.

    When it stays empty, it is the model's own answer (and judged) only where the server accounts for it: it stopped by
    itself, after reasoning, or after a token or two, which are the end of its turn. With more tokens the text was lost
    on the way, and with none nothing was generated: faults of the serving.
    """

    def __init__(self, reply: ModelReply) -> None:
        super().__init__("empty_answer", "once", "neither text nor calls")
        self.reply = reply

    @property
    def chosen(self) -> bool:
        """Whether the model itself chose to say nothing."""
        tokens = self.reply.usage.completion_tokens
        thought = bool(self.reply.message.reasoning) and tokens > 0
        return self.reply.finish_reason == "stop" and (thought or 0 < tokens <= END_OF_TURN)


def _reply(message: AssistantMessage, choice: WireChoice, wire: WireReply, deviations: list[str]) -> ModelReply:
    usage = wire.usage
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        deviations.append("missing_usage")
    counted = Usage((usage and usage.prompt_tokens) or 0, (usage and usage.completion_tokens) or 0)
    if wire.model is None:
        deviations.append("missing_model")
    logprobs = bytes(choice.logprobs).decode()
    return ModelReply(
        message, choice.finish_reason or "", counted, wire.model or "", "" if logprobs == "null" else logprobs
    )


def _text(content: object, deviations: list[str]) -> str:
    """The content, which some servers send in parts."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    deviations.append("content_parts")
    if isinstance(content, Sequence):
        parts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return msgspec.json.encode(content).decode()


def _reasoning(said: WireMessage, deviations: list[str]) -> tuple[str, str]:
    """The reasoning text and the name it came under."""
    long = said.reasoning_content if isinstance(said.reasoning_content, str) else ""
    short = said.reasoning if isinstance(said.reasoning, str) else ""
    if long and short:
        deviations.append("both_reasoning_names")
    if long:
        return long, "reasoning_content"
    return short, "reasoning" if short else ""


def _calls(said: WireMessage, deviations: list[str]) -> tuple[ToolCall, ...]:
    """The tool calls in OpenAI's form."""
    calls: list[ToolCall] = []
    if said.function_call is not None and not said.tool_calls:
        deviations.append("function_call")
        calls.append(_call(WireCall(id="", function=said.function_call), deviations))
    calls.extend(_call(call, deviations) for call in said.tool_calls or ())
    return tuple(calls)


def _call(call: WireCall, deviations: list[str]) -> ToolCall:
    function = call.function or WireFunction()
    if not call.id:
        deviations.append("missing_call_id")  # the assistant agent numbers such calls
    return ToolCall(call.id or "", FunctionCall(function.name or "", _arguments(function.arguments, deviations)))


def _arguments(arguments: msgspec.Raw, deviations: list[str]) -> str:
    """JSON text, exactly as the model wrote it."""
    raw = bytes(arguments)
    if raw.startswith(b'"'):
        text = msgspec.json.decode(raw, type=str)
        if text:
            return text
        deviations.append("empty_arguments")
        return "{}"
    if raw == b"null":
        deviations.append("missing_arguments")
        return "{}"
    deviations.append("object_arguments")
    return raw.decode()
