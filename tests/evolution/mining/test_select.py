"""Maximum coverage: the bound of the greedy choice against brute force, quotas, ties."""

from __future__ import annotations

import math
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.evolution.mining.select import Coverable, select

FAMILIES = st.lists(st.frozensets(st.integers(0, 14), min_size=1, max_size=5), min_size=1, max_size=9)


def family(sets: list[frozenset[int]]) -> list[Coverable]:
    """Clusters of these tools, two providers in turn."""
    return [
        Coverable(f"c{n:02}", (f"p{n % 2}",), frozenset(f"t{tool}" for tool in tools), frozenset(), 0.5)
        for n, tools in enumerate(sets)
    ]


def covered(chosen: list[frozenset[int]]) -> int:
    """Tools in any of them."""
    return len(frozenset[int]().union(*chosen))


@settings(max_examples=60)
@given(FAMILIES, st.integers(1, 4))
def test_the_first_k_cover_at_least_what_is_promised_of_the_best_k(sets: list[frozenset[int]], k: int) -> None:
    """1 - 1/e of the optimum, found by trying everything."""
    k = min(k, len(sets))
    best = max(covered(list(chosen)) for chosen in combinations(sets, k))
    assert select(family(sets), coverage=1.0, most=k).tools >= (1 - 1 / math.e) * best


@settings(max_examples=60)
@given(FAMILIES)
def test_a_whole_cover_is_at_most_h_n_times_the_smallest(sets: list[frozenset[int]]) -> None:
    """H(n), n the size of the largest set."""
    every = covered(sets)
    smallest = next(k for k in range(1, len(sets) + 1) if any(covered(list(c)) == every for c in combinations(sets, k)))
    harmonic = sum(1 / n for n in range(1, max(map(len, sets)) + 1))
    found = select(family(sets), coverage=1.0)
    assert found.tools == found.of_tools == every
    assert len(found.ids) <= harmonic * smallest


@settings(max_examples=60)
@given(FAMILIES, st.integers(1, 3))
def test_no_provider_is_in_more_sets_than_its_quota(sets: list[frozenset[int]], quota: int) -> None:
    """The quota holds whatever is left uncovered."""
    found = select(family(sets), coverage=1.0, quota=quota)
    taken = [int(identity[1:]) % 2 for identity in found.ids]
    assert max(taken.count(0), taken.count(1)) <= quota


def test_edges_decide_between_sets_that_add_the_same_tools() -> None:
    """Of two sets with three new tools the one with more new edges."""
    plain = Coverable("a", ("p",), frozenset("xyz"), frozenset(), 0.9)
    linked = Coverable("b", ("p",), frozenset("xyz"), frozenset({1, 2}), 0.1)
    assert select([plain, linked]).ids == ("b",)


def test_it_ends_at_the_coverage_that_was_asked_for() -> None:
    """Half of the tools need half of the sets."""
    sets = [Coverable(f"c{n}", ("p",), frozenset({f"{n}a", f"{n}b", f"{n}c"}), frozenset(), 0.5) for n in range(10)]
    assert len(select(sets, coverage=0.5).ids) == 5


def test_the_order_of_the_input_changes_nothing() -> None:
    """Ids decide the ties."""
    sets = family([frozenset({n, n + 1, n + 2}) for n in range(9)])
    assert select(sets) == select(sets[::-1])
