"""Other people's conversations before the gates: what is checked, what is said not to apply, what is found."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tdscaling.agents.foreign import ForeignFinding, judge_foreign
from tdscaling.agents.gates.all import OUTCOME_GATES, TALK_GATES
from tdscaling.runtime.foreign import Form, unfold
from tdscaling.tests.evolution.test_foreign import OPENAI, SHAREGPT, TAU2, TOUCAN
from tdscaling.tests.runtime.test_foreign import LOG

SCHEMA = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}


def judged(record: dict[str, Any], form: Form = "openai") -> ForeignFinding:
    """The finding for the one conversation of a record."""
    (found,) = unfold(record, form)
    return judge_foreign(found, form, {})[0]


def spoiled(**changes: Any) -> dict[str, Any]:
    """The OpenAI conversation with messages changed: `m2={…}` updates the third one."""
    record = copy.deepcopy(OPENAI)
    record["tools"][0]["function"]["parameters"] = SCHEMA
    for place, change in changes.items():
        record["messages"][int(place[1:])].update(change)
    return record


def call(**changes: Any) -> list[dict[str, Any]]:
    """The assistant's call, changed."""
    function = {"name": "get_order", "arguments": '{"order_id": "ORD-17"}', **changes}
    return [{"id": "a", "type": "function", "function": function}]


@pytest.mark.parametrize(
    ("record", "form"),
    [(OPENAI, "openai"), (TOUCAN, "toucan"), (TAU2, "tau2"), (SHAREGPT, "sharegpt"), (LOG, "bfcl")],
)
def test_a_sound_conversation_passes_in_every_form(record: dict[str, Any], form: Form) -> None:
    """Nothing of a form is taken for a fault."""
    assert judged(record, form).reasons == ()


def test_every_check_is_named_and_those_of_the_outcome_do_not_apply() -> None:
    """There is no blueprint and no world."""
    checks = judged(OPENAI).checks
    assert checks.keys() == {"form", *(gate.__name__ for gate in (*TALK_GATES, *OUTCOME_GATES))}
    assert {checks[gate.__name__] for gate in OUTCOME_GATES} == {"not_applicable"}
    assert checks["schemas"] == checks["provenance"] == "passed"


def test_schemas_are_not_checked_where_the_form_has_none() -> None:
    """But identifiers are, by the names of the arguments."""
    checks = judged(TAU2, "tau2").checks
    assert checks["schemas"] == "not_applicable"
    assert checks["provenance"] == "passed"


def test_one_side_alone_is_not_held_against_a_missing_other() -> None:
    """A result without its log: no reply is missing, no user is silent."""
    found = judged({"id": "x", "result": [[[{"ls": "{}"}]]]}, "bfcl")
    assert found.accepted
    assert found.checks["linkage"] == found.checks["provenance"] == "not_applicable"


@pytest.mark.parametrize(
    ("changes", "reason", "check"),
    [
        ({"m3": {"tool_call_id": "b"}}, "structure.stray_reply", "linkage"),
        ({"m2": {"tool_calls": call(name="drop_order")}}, "calls.unknown_tool", "schemas"),
        ({"m2": {"tool_calls": call(arguments="{}")}}, "calls.schema", "schemas"),
        ({"m2": {"tool_calls": call(arguments='{"order_id"')}}, "calls.arguments_not_json", "schemas"),
        ({"m1": {"content": "Where is it?"}}, "provenance.invented", "provenance"),
        ({"m4": {"role": "observer"}}, "form.unknown_role", "form"),
        ({"m4": {"content": "Sorry: 502 Bad Gateway"}}, "serving.infrastructure", "infrastructure"),
        ({"m4": {"content": "<think>hm</think> Shipped."}}, "serving.reasoning_residue", "thoughts"),
        ({"m4": {"content": "It goes and goes. " * 30}}, "loops.stuck", "stuck"),
    ],
)
def test_a_fault_is_found_with_its_reason(changes: dict[str, Any], reason: str, check: str) -> None:
    """One fault per conversation."""
    assert judged(spoiled()).accepted
    found = judged(spoiled(**changes))
    assert not found.accepted
    assert reason in {text.partition(":")[0] for text in found.reasons}
    assert found.checks[check] == "failed"


def test_arguments_may_be_objects() -> None:
    """As tau2-bench and TRL have them."""
    assert judged(spoiled(m2={"tool_calls": call(arguments={"order_id": "ORD-17"})})).accepted


@pytest.mark.parametrize(
    "odd", [{"tool_calls": [3]}, {"tool_calls": "x"}, {"content": {"a": [1]}}, {"content": None}, {"role": None}]
)
def test_odd_shapes_are_judged_and_never_a_crash(odd: dict[str, Any]) -> None:
    """Strangers' files hold anything."""
    assert isinstance(json.loads(json.dumps(judged(spoiled(m2=odd)).reasons)), list)
