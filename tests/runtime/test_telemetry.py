"""Histograms: what they count, how exactly, and that hdrhistogram says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime.telemetry import NS_PER_MS, LogHistogram, Percentiles, bucket_midpoint

DURATIONS = st.one_of(st.integers(0, 200), st.integers(0, 10**12))


def recorded(durations: list[int]) -> LogHistogram:
    """A histogram of these."""
    histogram = LogHistogram()
    for ns in durations:
        histogram.record(ns)
    return histogram


@given(st.integers(0, 2**62))
def test_a_duration_is_known_to_two_per_cent(ns: int) -> None:
    """The bucket that counts it has its midpoint near it."""
    bucket = recorded([ns]).counts.index(1)
    assert bucket_midpoint(bucket) == pytest.approx(ns, rel=0.016, abs=0)


@given(st.lists(DURATIONS, min_size=1, max_size=200))
def test_percentiles_are_those_of_the_durations(durations: list[int]) -> None:
    """By nearest rank, to two per cent; the maximum exactly."""
    ordered = sorted(durations)
    found = recorded(durations).percentiles()
    for percent, value in ((50, found.p50), (90, found.p90), (99, found.p99)):
        rank = -(-len(ordered) * percent // 100)
        assert value * NS_PER_MS == pytest.approx(ordered[rank - 1], rel=0.016, abs=0)
    assert found.max == ordered[-1] / NS_PER_MS


@given(st.lists(DURATIONS, min_size=1, max_size=50))
def test_the_fold_to_hdrhistogram_agrees(durations: list[int]) -> None:
    """Same count, same percentiles within both precisions."""
    histogram = recorded(durations)
    hdr, own = histogram.fold(), histogram.percentiles()
    assert hdr.get_total_count() == len(durations)
    assert hdr.get_value_at_percentile(99) == pytest.approx(own.p99 * NS_PER_MS, rel=0.002, abs=1)


def test_nothing_recorded_is_all_zero() -> None:
    """A role that had no messages still has a report."""
    assert LogHistogram().percentiles() == Percentiles(0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_clock_that_steps_back_counts_as_no_time() -> None:
    """It must not spoil another bucket."""
    assert recorded([-5]).counts[0] == 1
