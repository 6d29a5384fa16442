"""No two kept sets are half alike."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tdscaling.evolution.mining.dedup import Distinct, similar_pairs

SETS = st.lists(st.frozensets(st.integers(0, 12), min_size=3, max_size=10), max_size=25)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """The similarity, by its definition."""
    return len(one & other) / len(one | other)


@given(SETS)
def test_all_pairs_of_a_family_are_below_one_half(sets: list[frozenset[int]]) -> None:
    """Exactly, not about."""
    family: Distinct[int] = Distinct()
    kept = [one for one in sets if family.add(one)]
    assert all(jaccard(one, other) < 0.5 for one, other in combinations(kept, 2))


@given(SETS)
def test_only_what_is_half_alike_is_refused(sets: list[frozenset[int]]) -> None:
    """A set that could stand with all kept ones is kept."""
    family: Distinct[int] = Distinct()
    kept: list[frozenset[int]] = []
    for one in sets:
        assert family.add(one) == all(jaccard(one, other) < 0.5 for other in kept)
        if all(jaccard(one, other) < 0.5 for other in kept):
            kept.append(one)


@given(SETS)
def test_the_check_finds_what_the_definition_finds(sets: list[frozenset[int]]) -> None:
    """The index leaves no pair out."""
    expected = {(a, b) for a, b in combinations(range(len(sets)), 2) if jaccard(sets[a], sets[b]) >= 0.5}
    assert {(a, b) for a, b, _ in similar_pairs(sets)} == expected
