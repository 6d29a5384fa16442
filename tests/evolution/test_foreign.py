"""Foreign formats become the same conversations, and what is no data set is refused in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tdscaling.evolution.reading import read
from tdscaling.runtime.errors import InputError

CALL = {"name": "get_order", "arguments": '{"order_id": "ORD-17"}'}
REPLY = '{"order_id": "ORD-17", "status": "shipped"}'
TOOL = {"type": "function", "function": {"name": "get_order", "description": "", "parameters": {}}}

OPENAI: dict[str, Any] = {
    "tools": [TOOL],
    "messages": [
        {"role": "system", "content": "Help."},
        {"role": "user", "content": [{"type": "text", "text": "Where is order ORD-17?"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": CALL}]},
        {"role": "tool", "tool_call_id": "a", "content": REPLY},
        {"role": "assistant", "content": "It was shipped."},
    ],
}
TOUCAN: dict[str, Any] = {
    "uuid": "1",
    "subset_name": "single-turn-original",
    "available_tools": json.dumps([TOOL]),
    "messages": json.dumps(
        [
            {"role": "user", "content": "Where is order ORD-17?"},
            {"role": "assistant", "content": "", "function_call": CALL},
            {"role": "function", "name": "get_order", "content": REPLY},
            {"role": "assistant", "content": "It was shipped."},
        ]
    ),
    "metadata": json.dumps({"mcp_servers": [{"server_name": "shop", "labels": {"primary_label": "E-commerce"}}]}),
}
TAU2: dict[str, Any] = {
    "info": {"environment_info": {"domain_name": "retail"}},
    "simulations": [
        {
            "id": "s",
            "messages": [
                {"role": "user", "content": "Where is order ORD-17?", "turn_idx": 0},
                {
                    "role": "assistant",
                    "content": None,
                    "turn_idx": 1,
                    "tool_calls": [
                        {
                            "id": "a",
                            "name": "get_order",
                            "arguments": {"order_id": "ORD-17"},
                            "requestor": "assistant",
                        }
                    ],
                },
                {"id": "a", "role": "tool", "content": REPLY, "requestor": "assistant", "error": False},
                {"role": "assistant", "content": "It was shipped.", "turn_idx": 3},
            ],
        }
    ],
}
SHAREGPT: dict[str, Any] = {
    "tools": json.dumps([TOOL["function"]]),
    "conversations": [
        {"from": "human", "value": "Where is order ORD-17?"},
        {"from": "function_call", "value": json.dumps({"name": "get_order", "arguments": {"order_id": "ORD-17"}})},
        {"from": "observation", "value": REPLY},
        {"from": "gpt", "value": "It was shipped."},
    ],
}


def line(record: object) -> bytes:
    """As it stands in a file."""
    return json.dumps(record).encode() + b"\n"


@pytest.mark.parametrize(
    ("form", "record"), [("openai", OPENAI), ("toucan", TOUCAN), ("tau2", TAU2), ("sharegpt", SHAREGPT)]
)
def test_the_same_conversation_gives_the_same_event_in_every_format(form: str, record: dict[str, Any]) -> None:
    """One call, one turn, a reply that the answer reports."""
    found = read("x", [line(record)], structural=True)
    (event,) = found.events
    (expected,) = read("x", [line(OPENAI)], structural=True).events
    assert found.form == form
    assert (event.tools, event.arguments, event.mode) == (expected.tools, expected.arguments, "direct")
    assert (event.signature, event.complexity, event.user_turns) == (expected.signature, expected.complexity, 1)
    assert event.signature != "none"


def test_domains_come_from_where_a_format_has_them() -> None:
    """The servers' labels, the environment; elsewhere nothing is made up."""
    domains = [read("x", [line(record)], structural=True).events[0].domain for record in (TOUCAN, TAU2, SHAREGPT)]
    assert domains == ["E-commerce", "retail", ""]


def test_calls_in_a_row_are_parallel() -> None:
    """As Toucan and ShareGPT write them."""
    call, reply = SHAREGPT["conversations"][1:3]
    talk = [SHAREGPT["conversations"][0], call, call, reply, reply, SHAREGPT["conversations"][3]]
    (event,) = read("x", [line({**SHAREGPT, "conversations": talk})], structural=True).events
    assert event.mode == "parallel"
    assert event.calls == 2


def test_a_document_over_many_lines_is_read_whole() -> None:
    """Results are often one indented object, or a list."""
    for document in (TAU2, [OPENAI, OPENAI]):
        lines = json.dumps(document, indent=1).encode().splitlines(keepends=True)
        assert read("x", lines, structural=True).events[0].tools == ("get_order",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "x: holds no trajectories"),
        ([b"hello\n"], "x:1: not JSON"),
        ([line(OPENAI), b"{broken\n"], "x:2: not JSON"),
        ([b"{\n", b"broken\n"], "x: not JSON"),
        ([b"17\n"], "x:1: not a JSON object"),
        ([b'{"text": 1}\n'], "x:1: no known format of trajectories; keys are text"),
        ([b'{"assignment": 1, "verdict": 2, "measurements": 3}\n'], "x:1: not a trajectory of ours"),
    ],
)
def test_what_is_no_data_set_is_one_line(data: list[bytes], message: str) -> None:
    """It names the file and the line."""
    with pytest.raises(InputError, match=message) as caught:
        read("x", data, structural=True)
    assert "\n" not in str(caught.value)
