"""Formats of others: which one a record is in, and how calls and replies find each other."""

from __future__ import annotations

from typing import Any

import pytest

from tdscaling.runtime.foreign import Form, Unfolded, calls_of, form_of, unfold
from tdscaling.runtime.pycall import parse_call
from tdscaling.tests.evolution.test_foreign import OPENAI, SHAREGPT, TAU2, TOUCAN

LOG: dict[str, Any] = {
    "id": "multi_turn_base_0",
    "result": [[["[ls(a=True)]"]]],
    "inference_log": [
        [{"role": "state_info", "class_name": "GorillaFileSystem", "content": {}}],
        {
            "begin_of_turn_query": [{"role": "user", "content": "Which files are there?"}],
            "step_0": [
                {"role": "assistant", "content": "[ls(a=True)]"},
                {"role": "handler_log", "content": "decoded", "model_response_decoded": ["ls(a=True)"]},
                {"role": "tool", "content": '{"files": ["a.txt"]}'},
            ],
            "step_1": [{"role": "assistant", "content": "There is a.txt."}, {"role": "handler_log", "content": "end"}],
        },
    ],
}


def only(record: dict[str, Any], form: Form) -> Unfolded:
    """The one conversation of a record."""
    (found,) = unfold(record, form)
    return found


@pytest.mark.parametrize(
    ("record", "form"),
    [
        (OPENAI, "openai"),
        (TOUCAN, "toucan"),
        (TAU2, "tau2"),
        (TAU2["simulations"][0], "tau2"),
        (SHAREGPT, "sharegpt"),
        (LOG, "bfcl"),
        ({"text": "once"}, None),
    ],
)
def test_a_record_shows_its_form(record: dict[str, Any], form: Form | None) -> None:
    """By its keys."""
    assert form_of(record) == form


@pytest.mark.parametrize(
    ("record", "form"), [(OPENAI, "openai"), (TOUCAN, "toucan"), (TAU2, "tau2"), (SHAREGPT, "sharegpt")]
)
def test_every_reply_has_the_id_of_its_call(record: dict[str, Any], form: Form) -> None:
    """Also in formats that have none."""
    found = only(record, form)
    asked = [call[0] for said in found.messages for call in calls_of(said)]
    answered = [said["tool_call_id"] for said in found.messages if said.get("role") == "tool"]
    assert asked == answered
    assert all(asked)


def test_a_log_of_an_inference_is_a_whole_conversation() -> None:
    """The user's question, the call as it was decoded, the reply, the answer."""
    found = only(LOG, "bfcl")
    assert [said["role"] for said in found.messages] == ["user", "assistant", "tool", "assistant"]
    assert [call[1:] for call in calls_of(found.messages[1])] == [("ls", {"a": True})]
    assert found.whole


def test_without_its_log_a_result_is_one_side_only() -> None:
    """Which is said, so that nobody looks for the other side."""
    found = only({"id": "x", "result": [[[{"ls": '{"a": true}'}]], [["done"]]]}, "bfcl")
    assert not found.whole
    assert calls_of(found.messages[0])[0][1] == "ls"


def test_the_simulated_users_own_calls_are_left_out() -> None:
    """In tau2-bench both sides have tools."""
    run = {
        "messages": [
            {"role": "user", "content": "Hello", "turn_idx": 0},
            {"role": "user", "content": None, "tool_calls": [{"id": "u", "name": "look", "arguments": {}}]},
            {"role": "tool", "id": "u", "content": "seen", "requestor": "user"},
        ]
    }
    assert [said["content"] for said in only(run, "tau2").messages] == ["Hello"]


def test_a_call_in_pythons_notation_is_read_and_not_run() -> None:
    """Names, places and literals."""
    call = parse_call("sort('a.txt', reverse=True, keys=(1, 2))")
    assert call.name == "sort"
    assert call.arguments(["file_name"]) == {"file_name": "a.txt", "reverse": True, "keys": [1, 2]}
    assert parse_call("f(1, 2)").arguments(["a"]) == {"a": 1, "arg0": 2}


@pytest.mark.parametrize(
    "text", ["", "ls", "f(g(1))", "f(**{'a': 1})", "f(1)(2)", "f(", "f(x)", "f(" + "[" * 500, "1+1"]
)
def test_what_is_no_plain_call_is_refused(text: str) -> None:
    """Nothing is evaluated to find out."""
    with pytest.raises(ValueError):
        parse_call(text)
