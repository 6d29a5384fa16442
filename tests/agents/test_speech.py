"""What the simulated user says can be read back, whatever the value."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.agents.sim.speech import OPENERS, read, read_value, say_fact, say_hear, say_wish
from tdscaling.agents.sim.words import intent_of, overlap, stems

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=40).map(str.strip)
VALUES = st.one_of(
    st.integers(-(10**6), 10**6),
    TEXTS.filter(bool),
    st.emails(),
    st.sampled_from(["ORD-10423", "2026-03-18T14:30:00Z", "#TCK-00817", "/workspace/notes/a b.md", "12.50", "yes."]),
)


@given(value=VALUES, style=st.sampled_from(sorted(OPENERS)), seed=st.integers(0, 99))
def test_a_fact_that_was_told_is_read_back(value: int | str, style: str, seed: int) -> None:
    """Numbers, ids, dates, e-mail addresses and free text survive every form of sentence."""
    dice = Random(seed)
    text = f"{say_wish('cancel an order', style, dice)} {say_fact('order number', value, style, dice)}"
    wishes, _, _ = read(text)
    told = wishes[0].facts["order number"]
    assert read_value(told, "integer" if isinstance(value, int) else "string") == value


@given(values=st.lists(TEXTS.filter(bool), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_a_list_that_was_told_is_read_back(values: list[str], seed: int) -> None:
    """Every entry, in order, whatever it contains."""
    text = f"Please look. {say_fact('order numbers', values, 'plain', Random(seed))}"
    wishes, _, _ = read(text)
    assert read_value(wishes[0].facts["order numbers"], "array") == values


@pytest.mark.parametrize("style", sorted(OPENERS))
def test_two_wishes_in_one_message_keep_their_facts_apart(style: str) -> None:
    """A fact belongs to the wish before it, a value to hear too."""
    dice = Random(3)
    text = " ".join(
        (
            say_wish("track a parcel", style, dice),
            say_fact("tracking number", "1Z99", style, dice),
            say_wish("look up a customer", style, dice, "At the same time,"),
            say_fact("email address", "a@example.com", style, dice),
            say_hear(["name", "city"], dice),
        )
    )
    wishes, _, _ = read(text)
    assert [wish.intent for wish in wishes] == ["track a parcel", "look up a customer"]
    assert wishes[0].facts == {"tracking number": "1Z99"}
    assert wishes[1].facts == {"email address": "a@example.com"}
    assert wishes[1].hear == ["name", "city"]


def test_a_condition_is_read_as_one() -> None:
    """What to look at, what to compare, what to do."""
    wishes, _, _ = read(
        "Please check an order; if the status is pending, cancel it; otherwise, just tell me the status."
    )
    assert wishes[0].intent == "check an order"
    assert wishes[0].condition == ("status", "pending", "cancel it")


@pytest.mark.parametrize(
    ("description", "intent"),
    [
        ("Shows the working tree status", "show the working tree status"),
        ("Searches files. Returns paths.", "search files"),
        (
            "Read the complete contents of a file as text. Handles many encodings.",
            "read the complete contents of a file as text",
        ),
        ("SQL query on the database.", "SQL query on the database"),
    ],
)
def test_a_description_becomes_a_wish(description: str, intent: str) -> None:
    """Its first sentence, as an imperative."""
    assert intent_of(description) == intent


def test_overlap_is_blind_to_endings_and_order() -> None:
    """Labels match their plural and their snake case, and nothing else."""
    assert overlap("order numbers", "order_number") == 1.0
    assert overlap("customer number", "email address") == 0.0
    assert stems("Cancelled orders") == stems("cancel order")
