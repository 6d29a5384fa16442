"""Estimators: against brute force, against known distributions, and in their limits."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise
from random import Random
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.evolution.estimators import (
    chao_wang_jost,
    coverage,
    estimate,
    miller_madow,
    plug_in,
    rarefied,
)

COUNTS = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def zipf_counts(labels: int, n: int, seed: int) -> tuple[list[int], float]:
    """Counts of a Zipf sample, and the true entropy in bits."""
    weights = [1 / (k + 1) for k in range(labels)]
    total = sum(weights)
    truth = -sum(w / total * math.log2(w / total) for w in weights)
    return list(Counter(Random(seed).choices(range(labels), weights, k=n)).values()), truth


@settings(deadline=None)
@given(COUNTS, st.data())
def test_rarefaction_is_the_mean_over_all_subsamples(counts: list[int], data: st.DataObject) -> None:
    """By enumeration of every subset."""
    size = data.draw(st.integers(1, min(sum(counts), 5)))
    items = [label for label, n in enumerate(counts) for _ in range(n)]
    brute = fmean(plug_in(Counter(chosen).values()) for chosen in combinations(items, size))
    assert rarefied(counts, size) == pytest.approx(brute, abs=1e-9)


@settings(deadline=None)
@given(COUNTS)
def test_rarefaction_to_everything_is_the_plug_in(counts: list[int]) -> None:
    """And to one observation it is nothing."""
    assert rarefied(counts, sum(counts)) == pytest.approx(plug_in(counts), abs=1e-9)
    assert rarefied(counts, 1) == pytest.approx(0.0, abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=50))
def test_corrections_only_raise_the_plug_in(counts: list[int]) -> None:
    """Both estimators correct a bias that is downward."""
    assert miller_madow(counts) >= plug_in(counts) - 1e-9
    assert chao_wang_jost(counts) >= plug_in(counts) - 1e-9


@pytest.mark.parametrize(("labels", "n"), [(500, 1_000), (6_000, 5_000)])
def test_chao_wang_jost_is_nearer_to_the_truth_than_the_others(labels: int, n: int) -> None:
    """On Zipf samples with long tails, in the mean over ten."""
    samples = [zipf_counts(labels, n, seed) for seed in range(10)]
    truth = samples[0][1]
    errors = {
        rule.__name__: abs(fmean(rule(counts) for counts, _ in samples) - truth)
        for rule in (plug_in, miller_madow, chao_wang_jost)
    }
    assert min(errors, key=errors.__getitem__) == "chao_wang_jost"
    assert errors["chao_wang_jost"] < 0.15


@pytest.mark.parametrize(
    ("counts", "open_bits", "closed_bits"),
    [
        ([1] * 10 + [2] * 5 + [7, 9, 30], 3.269446624379619, 3.118263521054159),
        ([1] * 6 + [4, 4, 9], 3.258286754356932, 2.8384078321689716),
        ([5, 5, 3, 2], 2.062101880275182, 2.0528822029616087),
    ],
)
def test_estimates_agree_with_another_implementation(counts: list[int], open_bits: float, closed_bits: float) -> None:
    """Values of the package infomeasure 0.6.3."""
    assert chao_wang_jost(counts) == pytest.approx(open_bits, abs=1e-9)
    assert miller_madow(counts) == pytest.approx(closed_bits, abs=1e-9)


def test_both_ways_to_sum_the_unseen_part_agree() -> None:
    """Where A n crosses the bound between them, the estimate does not jump."""
    values = [chao_wang_jost([1] * once + [2] * 20 + [7] * 30) for once in range(4, 40)]
    steps = [abs(b - a) for a, b in pairwise(values)]
    assert max(steps) < 0.2


def test_coverage_is_the_share_that_was_seen_twice() -> None:
    """Good and Turing; nothing seen is nothing covered."""
    assert coverage([1, 1, 2, 6]) == pytest.approx(0.8)
    assert coverage([]) == 0.0


def test_an_interval_is_only_given_where_coverage_allows() -> None:
    """Below 0.85 it would be too narrow most of the time."""
    assert estimate([1] * 50 + [2] * 10, closed=False).half_width is None
    assert estimate([40, 50, 60], closed=True).half_width == pytest.approx(0.02, abs=0.03)


def test_more_than_there_is_cannot_be_drawn() -> None:
    """Rarefaction goes one way."""
    with pytest.raises(ValueError, match="cannot draw 4 of 3"):
        rarefied([1, 2], 4)
