"""Rows to export, built by hand or drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from tdscaling.runtime.chat import (
    AssistantMessage,
    ChatMessage,
    FunctionCall,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)

TOOLS = (
    b'[{"function":{"name":"get_order","description":"Read \\"one\\" order.","parameters":{"type":"object"}},'
    b'"type":"function"}]'
)
PLAN = {"world": {"services": ["orders@1"]}}


def call(identity: str, arguments: str = '{"order_id": "ORD-1"}', name: str = "get_order") -> ToolCall:
    """A call."""
    return ToolCall(identity, FunctionCall(name, arguments))


TALK: tuple[ChatMessage, ...] = (
    SystemMessage("Be brief.", train=0.0),
    UserMessage("Where is ORD-1, and ORD-2? Größe <b>M</b>\n", train=0.0),
    AssistantMessage("Let me look.", reasoning="Two orders.", tool_calls=(call("a"), call("b")), train=0.0),
    ToolMessage("a", "get_order", '{"error": "not \\"found\\""}', train=0.0),
    ToolMessage("b", "get_order", "", train=0.0),
    AssistantMessage("", tool_calls=(call("c", '{ "order_id":"ORD-2" }'),), train=1.0),
    ToolMessage("c", "get_order", '{"status": "sent"}', train=0.0),
    AssistantMessage("ORD-2 was sent.", reasoning="Done.", train=1.0),
    UserMessage("Thanks.", train=0.0),
    AssistantMessage("You are welcome.", train=1.0),
)
"""Parallel calls, text and reasoning beside calls, a failed message, an empty reply."""


def line(talk: tuple[ChatMessage, ...] = TALK, **changes: Any) -> bytes:
    """A row as it stands in a file; `changes` replace its keys."""
    row: dict[str, Any] = {
        "id": "0123456789abcdef",
        "messages": talk,
        "tools": msgspec.Raw(TOOLS),
        "assignment": {"index": 0, "cluster": "c1", "domain": "orders", "sector": "shops", "mode": "parallel"},
        "blueprint": PLAN,
        "verdict": {"accepted": True, "reasons": []},
        "measurements": {"mode": "parallel"},
        "provenance": {"version": "0.1.0", "model": "m", "tools": "built in, Apache-2.0", "evaluation_only": False},
        "simulated": False,
        "kin": {"blueprint": "b1", "attempt": 0, "pair": ""},
    }
    return msgspec.json.encode(row | changes)


_TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["<think>\n", "\n</think>\n\n", "<tool_call>\n", "</tool_response>", "\n", '"', "\\", "a\n\nb"]),
)
_SOME = st.lists(_TEXT, max_size=3).map("".join)
_OBJECT = st.dictionaries(_TEXT, st.one_of(_TEXT, st.integers(-5, 5), st.none()), max_size=2)


@st.composite
def talks(draw: st.DrawFn) -> tuple[ChatMessage, ...]:
    """Conversations in every shape that a row may have, and some that it may not."""
    found: list[ChatMessage] = []
    number = 0
    if draw(st.booleans()):
        found.append(SystemMessage(draw(_SOME), train=0.0))
    for _ in range(draw(st.integers(1, 3))):
        found.append(UserMessage(draw(_SOME), train=0.0))
        for _ in range(draw(st.integers(0, 2))):
            calls = []
            for _ in range(draw(st.integers(1, 3))):
                number += 1
                arguments = draw(st.one_of(_OBJECT.map(lambda o: msgspec.json.encode(o).decode()), _TEXT))
                calls.append(call(f"x{number}", arguments))
            found.append(_assistant(draw, tuple(calls)))
            found += [ToolMessage(one.id, one.function.name, draw(_SOME), train=0.0) for one in calls]
        if draw(st.integers(0, 9)):
            found.append(_assistant(draw, ()))
    return tuple(found)


def _assistant(draw: st.DrawFn, calls: tuple[ToolCall, ...]) -> AssistantMessage:
    reasoning = draw(st.one_of(st.just(msgspec.UNSET), st.text(max_size=8), _SOME))
    weight = draw(st.sampled_from([0.0, 0.5, 1.0]))
    return AssistantMessage(draw(_SOME), reasoning, calls or msgspec.UNSET, weight)
