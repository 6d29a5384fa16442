"""Rows are judged again from their conversation alone: what is right passes, what was forged does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.agents.reverify import Finding, Reverifier
from tdscaling.runtime.row import Row
from tdscaling.sandbox.services import BUILTIN, builtin

from .play import Theatre

Line = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Finished rows, good and bad, over all services."""
    return anyio.run(Theatre(mistakes=1.0).play, 60)


@pytest.fixture(scope="module")
def accepted(rows: list[Row]) -> list[Row]:
    """The good ones that call something that changes the world or reads it."""
    return [row for row in rows if row.verdict.accepted and row.measurements.tool_calls > 1]


def findings(*lines: bytes, unique: bool = False) -> list[Finding]:
    """What re-execution says about lines."""
    reverifier = Reverifier(builtin(BUILTIN), unique=unique)

    async def judge() -> list[Finding]:
        return [reverifier.settle(*await reverifier.judge(line), number) for number, line in enumerate(lines, start=1)]

    return anyio.run(judge)


def changed(row: Row, change: Callable[[Line], None]) -> bytes:
    """The row's line after a change to its decoded form."""
    line: Line = json.loads(msgspec.json.encode(row))
    change(line)
    return json.dumps(line).encode()


def test_every_row_of_a_run_is_judged_as_its_verifier_judged_it(rows: list[Row]) -> None:
    """Accepted rows are accepted again, rejected ones rejected, with the same scores for what was accepted."""
    played = [row for row in rows if row.blueprint is not None]
    found = findings(*map(msgspec.json.encode, played))
    assert [f.id for f in found] == [row.id for row in played]
    assert [f.accepted for f in found] == [row.verdict.accepted for row in played]
    assert [f.scores for f in found if f.accepted] == [r.verdict.scores for r in played if r.verdict.accepted]
    assert {True, False} == {f.accepted for f in found}


def _forge_reply(line: Line) -> None:
    said = next(m for m in line["messages"] if m["role"] == "tool")
    said["content"] = said["content"][:-1] + ', "forged": 1}'


def _drop_reply(line: Line) -> None:
    line["messages"].remove(next(m for m in line["messages"] if m["role"] == "tool"))


def _drop_last_word(line: Line) -> None:
    line["messages"].pop()


def _say_nothing(line: Line) -> None:
    line["messages"].clear()


def _call_another_tool(line: Line) -> None:
    calling = next(m for m in line["messages"] if m.get("tool_calls"))
    calling["tool_calls"][0]["function"]["name"] = "drop_tables"


def _change_an_argument(line: Line) -> None:
    calling = next(m for m in line["messages"] if m.get("tool_calls"))
    calling["tool_calls"][0]["function"]["arguments"] = '{"customer_id": "nobody"}'


def _expect_something_else(line: Line) -> None:
    line["blueprint"]["changes"] = json.dumps({"orders": {"orders": {"ORD-0": {"status": "forged"}}}})


def _replan(line: Line) -> None:
    line["blueprint"]["executed"] = [99]


def _another_world(line: Line) -> None:
    line["blueprint"]["world"]["services"] = ["nowhere@1"]


def _another_version(line: Line) -> None:
    name = line["blueprint"]["world"]["services"][0].partition("@")[0]
    line["blueprint"]["world"]["services"] = [f"{name}@0"]


FORGERIES = [
    (_forge_reply, "replay.reply_differs"),
    (_drop_reply, "structure.unanswered_call"),
    (_drop_last_word, "structure.last_word"),
    (_say_nothing, "structure.no_messages"),
    (_call_another_tool, "calls.unknown_tool"),
    (_change_an_argument, ""),
    (_expect_something_else, "blueprint.changes"),
    (_replan, "blueprint.executed"),
    (_another_world, "world.unknown"),
    (_another_version, "world.version"),
]


@pytest.mark.parametrize(("forge", "reason"), FORGERIES, ids=[forge.__name__[1:] for forge, _ in FORGERIES])
def test_a_forged_row_is_rejected(forge: Callable[[Line], None], reason: str, accepted: list[Row]) -> None:
    """Each way of changing what was said, called, answered or planned is noticed, on every row."""
    for row in accepted[:6]:
        (found,) = findings(changed(row, forge))
        assert found.id == row.id
        assert not found.accepted
        assert any(given.startswith(reason) for given in found.reasons), found.reasons


def test_a_fact_swapped_in_plan_and_answer_alike_is_noticed(rows: list[Row]) -> None:
    """The blueprint is not believed: its plan runs again, and the forged value does not come out."""
    tried = 0
    for row in rows:
        fact = next(iter(row.blueprint.expected), None) if row.blueprint and row.verdict.accepted else None
        value = json.loads(fact.value) if fact else None
        if not isinstance(value, str) or len(value) < 4:
            continue
        text = msgspec.json.encode(row).decode()
        line: Line = json.loads(text)
        for said in line["messages"]:
            if said["role"] == "assistant":
                said["content"] = said["content"].replace(value, "zebra")
        line["blueprint"]["expected"][0]["value"] = '"zebra"'
        (found,) = findings(json.dumps(line).encode())
        assert any(r.startswith(("blueprint.expected", "refusal", "facts")) for r in found.reasons), found.reasons
        tried += 1
    assert tried > 3


def test_what_a_row_says_of_itself_changes_nothing(rows: list[Row]) -> None:
    """Verdict, measurements, provenance and assignment may be flipped, wrong or missing."""

    def flip(line: Line) -> None:
        line["verdict"] = {"accepted": not line["verdict"]["accepted"], "reasons": [], "scores": {"conformance": 7}}
        line["measurements"] = "nonsense"
        del line["provenance"], line["assignment"]
        line["id"] = "any text at all"

    played = [row for row in rows if row.blueprint is not None]
    found = findings(*(changed(row, flip) for row in played))
    assert [f.accepted for f in found] == [row.verdict.accepted for row in played]
    assert {f.id for f in found} == {"any text at all"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "input.empty"),
        (b"  \n", "input.empty"),
        (b"{", "input.not_json"),
        (b"\xff\xfe", "input.not_json"),
        (b"[]", "input.not_a_row"),
        (b'{"id": "x"}', "input.not_a_row"),
        (b'{"id": 7, "messages": [], "tools": [], "blueprint": null}', "input.not_a_row"),
    ],
)
def test_a_line_that_is_no_row_says_so(line: bytes, reason: str) -> None:
    """No id, not accepted, a reason that begins with input."""
    (found,) = findings(line)
    assert (found.id, found.accepted) == ("", False)
    assert found.reasons[0].startswith(reason)


def test_the_same_conversation_twice_counts_once_when_asked(accepted: list[Row]) -> None:
    """Without `unique` rows are independent; with it the second line names the first."""
    line = msgspec.json.encode(accepted[0])
    assert [f.accepted for f in findings(line, line)] == [True, True]
    first, second = findings(line, line, unique=True)
    assert (first.accepted, second.reasons) == (True, ("set.duplicate: of line 1",))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_row_with_anything_in_any_place_gets_its_line(data: st.DataObject, accepted: list[Row]) -> None:
    """Whatever stands under a key of the blueprint or of a message, there is a finding and no crash."""
    line: Line = json.loads(msgspec.json.encode(data.draw(st.sampled_from(accepted[:3]))))
    holder: Any = line["blueprint"] if data.draw(st.booleans()) else data.draw(st.sampled_from(line["messages"]))
    key = data.draw(st.sampled_from(sorted(holder)))
    junk = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    holder[key] = data.draw(junk | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))
    (found,) = findings(json.dumps(line).encode())
    assert found.accepted == (not found.reasons)
