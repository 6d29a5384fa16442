"""Which rows leave, in which shape, and that every one of them is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tdscaling.runtime.chat import AssistantMessage, ChatMessage, UserMessage
from tdscaling.runtime.errors import ConfigError, InputError
from tdscaling.runtime.formats.exporting import Counts, Options, records
from tdscaling.tests.runtime.formats.rows import TALK, line


def export(lines: list[bytes], **options: Any) -> tuple[list[dict[str, Any]], Counts]:
    """The records of some rows, decoded, and the counts, which add up."""
    counts = Counts()
    placed = [(f"f:{number}", data) for number, data in enumerate(lines, start=1)]
    found = [json.loads(record) for record in records(placed, Options(**{"form": "openai"} | options), counts)]
    counts.check()
    return found, counts


def rejected(talk: tuple[ChatMessage, ...] = TALK, **changes: Any) -> bytes:
    """A row that was not accepted."""
    return line(talk, verdict={"accepted": False, "reasons": ["facts.missing"]}, **changes)


def test_rejected_rows_stay_behind_and_are_counted() -> None:
    """Two in, one out."""
    found, counts = export([line(), rejected(id="r")])
    assert len(found) == 1
    assert counts.left == {"rejected": 1}


def test_simulated_rows_are_refused_unless_they_are_wanted() -> None:
    """With the row's name and place."""
    with pytest.raises(InputError, match=r"f:1: row 0123456789abcdef .*--allow-simulated"):
        export([line(simulated=True)])
    _, counts = export([line(simulated=True)], allow_simulated=True)
    assert counts.simulated == 1


def test_rows_of_benchmarks_are_refused_always() -> None:
    """There is no flag for that."""
    with pytest.raises(InputError, match="never training data"):
        export([line(provenance={"evaluation_only": True})], allow_simulated=True)


@pytest.mark.parametrize(
    ("data", "said"), [(b'{"messages": []}', "f:1: not a row of ours"), (b"{", "f:1: not JSON"), (b"[]", "not a row")]
)
def test_what_is_no_row_is_named_with_its_place(data: bytes, said: str) -> None:
    """One line for a person."""
    with pytest.raises(InputError, match=said):
        export([data])


def test_dropped_reasoning_is_gone_and_nothing_else() -> None:
    """The texts stay."""
    kept, _ = export([line()])
    dropped, _ = export([line()], reasoning="drop")
    for said in kept[0]["messages"]:
        said.pop("reasoning_content", None)
    assert dropped[0]["messages"] == kept[0]["messages"]


def test_split_makes_a_sample_of_every_user_turn() -> None:
    """Only the last turn has reasoning and is trained on; together they train on what the row trains on."""
    found, counts = export([line()], reasoning="split")
    assert [record["id"] for record in found] == ["0123456789abcdef#1", "0123456789abcdef#2"]
    assert (counts.exported, counts.records) == (1, 2)
    first, second = (record["messages"] for record in found)
    assert next(said.get("reasoning_content") for said in first if said["role"] == "assistant") == "Two orders."
    assert not any("reasoning_content" in said for said in second)
    weights = [[said["weight"] for said in talk if said["role"] == "assistant"] for talk in (first, second)]
    assert weights == [[0, 1, 1], [0, 0, 0, 1]]


def test_rows_that_cannot_be_masked_are_counted_or_left_out() -> None:
    """A failed call would be trained on."""
    _, counts = export([line()], form="trl")
    assert counts.unmasked == 1
    found, counts = export([line()], form="trl", masked_only=True)
    assert found == []
    assert counts.left == {"cannot_be_masked": 1}


def test_the_version_is_of_the_records_and_not_of_their_order() -> None:
    """And of every one of them."""
    one, two = line(id="a"), line(id="b")
    assert export([one, two])[1].version.text() == export([two, one])[1].version.text()
    assert export([one, two])[1].version.text() != export([one, one])[1].version.text()


def test_a_pair_is_one_prompt_and_two_ways_to_go_on() -> None:
    """From the first message of the assistant that differs, to the end of its turn."""
    wrong = (*TALK[:5], AssistantMessage("I give up.", train=0.0), *TALK[8:])
    for form in ("openai", "trl", "llama-factory"):
        found, counts = export([line(), rejected(wrong, id="r")], form=form, preferences=True)
        assert len(found) == 1
        assert counts.exported == 2
    found, _ = export([line(), rejected(wrong, id="r")], form="trl", preferences=True)
    assert len(found[0]["prompt"]) == 5
    assert [said["role"] for said in found[0]["chosen"]] == ["assistant", "tool", "assistant"]
    assert [said["content"] for said in found[0]["rejected"]] == ["I give up."]


def test_plays_that_differ_in_what_the_user_said_make_no_pair() -> None:
    """They are counted with a reason."""
    other = (TALK[0], UserMessage("Something else."), AssistantMessage("What?", train=0.0))
    found, counts = export([line(), rejected(other, id="r")], form="trl", preferences=True)
    assert found == []
    assert counts.left["differ_elsewhere"] == 2


def test_rows_without_a_counterpart_are_counted() -> None:
    """Of another blueprint, or one too many of a kind."""
    lines = [line(), line(id="b", kin={"blueprint": "b2"}), rejected(id="c", kin={"blueprint": "b3"})]
    _, counts = export(lines, form="trl", preferences=True)
    assert counts.left == {"no_rejected_play": 2, "no_accepted_play": 1}


@pytest.mark.parametrize(
    "options",
    [{"form": "word"}, {"form": "atif", "preferences": True}, {"preferences": True, "reasoning": "split"}],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any]) -> None:
    """Before anything is read."""
    with pytest.raises(ConfigError):
        export([b"nothing of this is read"], **options)
