"""The stream: a completion cut into server-sent events, as OpenAI's `stream: true` sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from .wire import Answer, Completion

DONE = b"data: [DONE]\n\n"
PIECE = 24
"""Characters of a tool call's arguments in one event; a text goes word by word."""

_WORDS = re.compile(r"\S+\s*|\s+")


def events(completion: Completion, *, include_usage: bool) -> list[bytes]:
    """The events of a completion: the role, the pieces, the finish reason, the usage if asked for, the end mark."""
    head = {
        "id": completion.id,
        "object": "chat.completion.chunk",
        "created": completion.created,
        "model": completion.model,
    }
    choice = completion.choices[0] if completion.choices else None
    sent: list[bytes] = []
    if choice is None:
        sent.append(event(head | {"choices": None}))
    else:
        sent.extend(
            event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            for delta in deltas(choice.message)
        )
        if choice.finish_reason is not None:
            last: dict[str, object] = {"index": 0, "delta": {}, "finish_reason": choice.finish_reason}
            sent.append(event(head | {"choices": [last]}))
    if include_usage and completion.usage is not msgspec.UNSET:
        sent.append(event(head | {"choices": [], "usage": completion.usage}))
    sent.append(DONE)
    return sent


def deltas(answer: Answer) -> Iterator[dict[str, object]]:
    """What each event adds to the message: the role, then the text, then call after call."""
    yield {"role": answer.role, "content": ""}
    if answer.reasoning:
        yield from ({"reasoning": piece} for piece in _WORDS.findall(answer.reasoning))
    yield from ({"content": piece} for piece in _WORDS.findall(answer.content or ""))
    for index, call in enumerate(answer.tool_calls or ()):
        name, arguments = call.function.name, call.function.arguments
        opening = {"index": index, "id": call.id, "type": call.type, "function": {"name": name, "arguments": ""}}
        yield {"tool_calls": [opening]}
        if isinstance(arguments, str):
            for start in range(0, len(arguments), PIECE):
                piece = {"arguments": arguments[start : start + PIECE]}
                yield {"tool_calls": [{"index": index, "function": piece}]}
        else:
            yield {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def event(data: object) -> bytes:
    """One server-sent event."""
    return b"data: " + msgspec.json.encode(data) + b"\n\n"
