"""The seeded families of values: variety, reserved ranges, ids, times."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.sandbox.services import families, texts
from tdscaling.sandbox.services.catalogue import GOODS
from tdscaling.sandbox.services.families import BASE36, CROCKFORD, IdFormat, iso, parse_date, parse_time
from tdscaling.sandbox.services.people import people
from tdscaling.sandbox.services.vocabulary import CULTURES, MAIL_DOMAINS

FORMATS = (IdFormat("ORD-", 5), IdFormat("CUS-", 4, CROCKFORD), IdFormat("evt_", 5, BASE36))


def test_the_families_are_large_enough_to_look_real() -> None:
    """Names, products, events and complaints come in the numbers that keep worlds apart."""
    given_names = {name for culture in CULTURES for name in culture[0]}
    family_names = {name for culture in CULTURES for name in culture[1]}
    complaints = {subject for pairs in texts.COMPLAINTS.values() for subject, _ in pairs}
    assert len(given_names) >= 150
    assert len(family_names) >= 150
    assert len({name for goods in GOODS.values() for name, _ in goods}) >= 60
    assert len(set(texts.EVENT_TITLES)) >= 40
    assert len(complaints) >= 40


def test_people_can_be_reached_only_at_reserved_addresses_and_numbers() -> None:
    """No mail address and no phone number of any world belongs to anybody."""
    for world in range(families.WORLDS):
        for customer in people(world).customers:
            assert customer.email.rpartition("@")[2] in MAIL_DOMAINS
            assert customer.email.isascii()
            assert "-555-01" in customer.phone_number


def test_nobody_shares_a_name_address_or_number_within_a_world() -> None:
    """Whatever a person is looked up by finds one person."""
    for world in range(families.WORLDS):
        crowd = people(world)
        names = [*(c.name for c in crowd.customers), *(c.name for c in crowd.colleagues)]
        emails = [*(c.email for c in crowd.customers), *(c.email for c in crowd.colleagues)]
        assert len(set(names)) == len(names)
        assert len(set(emails)) == len(emails)
        assert len({customer.phone_number for customer in crowd.customers}) == len(crowd.customers)


def test_people_of_equal_seeds_modulo_the_worlds_are_equal() -> None:
    """A seed counts modulo the number of worlds."""
    assert people(3) == people(3 + families.WORLDS)
    assert people(3) != people(4)


@given(st.sampled_from(FORMATS), st.integers(0, 10**9))
def test_an_id_gives_back_its_number(shape: IdFormat, number: int) -> None:
    """Formatting and reading an id are inverse."""
    assert shape.number(shape.text(number)) == number


@given(st.sampled_from(FORMATS), st.integers(1, 8), st.integers(0, 2**32))
def test_the_following_id_is_not_taken(shape: IdFormat, count: int, seed: int) -> None:
    """A new id never meets one that exists, in tables numbered by age and in scattered ones."""
    for taken in (shape.scattered(Random(seed), count), shape.ascending(Random(seed), count, 100)):
        assert len(set(taken)) == count
        assert shape.following(taken) not in taken


def test_an_id_of_another_format_has_no_number() -> None:
    """Reading refuses a foreign prefix and foreign characters."""
    for text in ("CUS-12345", "ORD-12X45"):
        with pytest.raises(ValueError, match=r"start|substring"):
            FORMATS[0].number(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-03-18T14:30:00Z", "2026-03-18T14:30:00Z"),
        ("2026-03-18T14:30Z", "2026-03-18T14:30:00Z"),
        ("2026-03-18T16:30:00+02:00", "2026-03-18T14:30:00Z"),
    ],
)
def test_a_time_may_be_written_with_an_offset_or_without_seconds(text: str, meaning: str) -> None:
    """The usual spellings of one moment mean the same."""
    assert iso(parse_time(text)) == meaning


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-03-18", "2026-03-18T14:30:00", "2026-02-30T10:00:00Z", "0001-01-01T00:00:00+23:59"]
)
def test_anything_else_is_no_time(text: str) -> None:
    """A time without zone, an impossible day and prose are refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@pytest.mark.parametrize("text", ["", "18 March", "2026-3-18", "2026-02-30", "1926-03-18"])
def test_anything_else_is_no_date(text: str) -> None:
    """An impossible or far-off day and prose are refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_date(text)
