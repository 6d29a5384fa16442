"""Shares and their intervals, against values that others published or computed."""

from __future__ import annotations

import pytest

from tdscaling.runtime.proportion import Interval, difference, kappa, wilson


def test_wilson_gives_the_published_interval() -> None:
    """Newcombe (1998, method 3): 81 of 263 is 0.2553 to 0.3662, and 0 of 20 is 0 to 0.1611."""
    found = wilson(81, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20).high == pytest.approx(0.1611, abs=5e-5)


def test_nothing_seen_says_nothing() -> None:
    """Zero of zero could be any share."""
    assert wilson(0, 0) == Interval(0.0, 0.0, 1.0)


def test_a_difference_has_newcombes_interval() -> None:
    """His method 10 on 56/70 against 48/80: 0.2 with 0.0524 to 0.3339."""
    found = difference(wilson(48, 80), wilson(56, 70))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_kappa_corrects_for_chance() -> None:
    """The textbook's 20, 5, 10, 15: agreement 0.7, chance 0.5, kappa 0.4; its error by the delta method is 0.127."""
    found = kappa(20, 5, 10, 15)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert (found.high - found.value) / 1.959964 == pytest.approx(0.127, abs=2e-3)


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (9, 0, 0, 0), (0, 0, 0, 4)])
def test_kappa_is_undefined_where_everybody_says_one_thing(table: tuple[int, int, int, int]) -> None:
    """Chance alone would agree as well."""
    assert kappa(*table) is None
