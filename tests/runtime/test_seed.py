"""Seeds and ids: stable, distinct, unambiguous."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime import seed

PARTS = st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=4)


def test_seeds_and_ids_are_what_they_have_always_been() -> None:
    """A change here changes every row of every run: bump the prompts' or the policy's version with it."""
    assert seed.derive(0, 7, "user", 2) == 3710286806644530757
    assert seed.row_id("digest", 0, 7) == "be89548cfd2ca27a"


@given(PARTS, PARTS)
def test_different_purposes_have_different_seeds(one: list[int | str], other: list[int | str]) -> None:
    """Also when their texts run together alike."""
    assert (seed.derive(1, *one) == seed.derive(1, *other)) == (
        one == other and list(map(type, one)) == list(map(type, other))
    )


@given(st.integers(), PARTS)
def test_a_seed_fits_a_signed_64_bit_integer(run_seed: int, parts: list[int | str]) -> None:
    """0 to 2**63 - 1."""
    assert 0 <= seed.derive(run_seed, *parts) < 2**63


def test_a_generator_is_its_own() -> None:
    """Drawing from one does not move another."""
    first, again = seed.rng(1, "a"), seed.rng(1, "a")
    seed.rng(1, "b").random()
    assert first.random() == again.random()


@given(st.integers(0, 10**9))
def test_an_id_is_16_hex_digits(index: int) -> None:
    """As the row promises."""
    assert len(row_id := seed.row_id("digest", 0, index)) == 16
    assert int(row_id, 16) >= 0
