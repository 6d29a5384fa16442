"""Counters keep their entropy right through any history."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.evolution.counts import Decayed, Horizons, Window, counted

LABELS = st.lists(st.integers(0, 12), max_size=200)


def brute(weights: list[float]) -> float:
    """Entropy in bits by its definition."""
    total = math.fsum(weights)
    return -math.fsum(w / total * math.log2(w / total) for w in weights if w) if total else 0.0


@settings(deadline=None)
@given(LABELS)
def test_the_entropy_is_that_of_the_definition(labels: list[int]) -> None:
    """After any insertions."""
    assert counted(labels).bits == pytest.approx(brute(list(Counter(labels).values())), abs=1e-9)


@settings(deadline=None)
@given(LABELS, st.randoms(use_true_random=False))
def test_taking_back_is_as_if_it_had_never_been(labels: list[int], dice: Random) -> None:
    """Removing some observations, in any order, leaves the counts of the rest."""
    kept, gone = labels[: len(labels) // 2], labels[len(labels) // 2 :]
    counts = counted(labels)
    dice.shuffle(gone)
    for label in gone:
        counts.add(label, -1)
    assert dict(counts.labels) == Counter(kept)
    assert counts.bits == pytest.approx(brute(list(Counter(kept).values())), abs=1e-9)


@settings(deadline=None)
@given(LABELS, LABELS)
def test_merged_counts_are_those_of_the_union(left: list[int], right: list[int]) -> None:
    """Two writers, one data set; neither is changed."""
    merged = counted(left).merged(counted(right))
    assert dict(merged.labels) == Counter(left + right)
    assert merged.bits == pytest.approx(counted(left + right).bits, abs=1e-9)


@settings(deadline=None)
@given(LABELS, st.floats(0.5, 500))
def test_decay_halves_what_is_old(labels: list[int], half_life: float) -> None:
    """Weights by the definition, however often the scale was changed."""
    decayed: Decayed[int] = Decayed(half_life)
    weights: Counter[int] = Counter()
    for age, label in enumerate(reversed(labels)):
        weights[label] += 2.0 ** (-age / half_life)
    for label in labels:
        decayed.add(label)
    assert decayed.bits == pytest.approx(brute([float(w) for w in weights.values()]), abs=1e-6)
    for label, weight in weights.items():
        assert decayed[label] == pytest.approx(weight, abs=1e-6)


@settings(deadline=None)
@given(LABELS, st.integers(1, 50))
def test_a_window_holds_the_last_few(labels: list[int], size: int) -> None:
    """Nothing else."""
    window: Window[int] = Window(size)
    for label in labels:
        window.add(label)
    assert dict(window.counts.labels) == Counter(labels[-size:])


def test_many_updates_do_not_wear_the_entropy_out() -> None:
    """Half a million insertions and removals: equal to recomputation within 1e-9 bits."""
    dice = Random(1)
    window: Window[int] = Window(5_000)
    for _ in range(500_000):
        window.add(int(dice.paretovariate(0.7)) % 3_000)
    assert window.counts.bits == pytest.approx(brute([float(n) for n in window.counts.labels.values()]), abs=1e-9)


def test_what_cannot_be_taken_back_is_refused() -> None:
    """Below zero there is nothing; the counts stay as they were."""
    counts = counted(["a"])
    with pytest.raises(ValueError, match="cannot take back"):
        counts.add("a", -2)
    assert dict(counts.labels) == {"a": 1}


def test_the_three_horizons_see_the_same_labels() -> None:
    """A change shows in the last few before it shows in everything."""
    horizons: Horizons[str] = Horizons(half_life=10, window=10)
    for label in "ab" * 100 + "a" * 30:
        horizons.add(label)
    assert horizons.last.counts.bits == 0.0
    assert horizons.recent.bits < 0.7 < horizons.all.bits
