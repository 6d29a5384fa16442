"""Splitting without leakage, and what a small run says of a big one."""

from __future__ import annotations

import random

import pytest

from tdscaling.runtime.chat import AssistantMessage, UserMessage
from tdscaling.runtime.formats.parting import By, Ties, leaks, part, ties
from tdscaling.runtime.pilot import Episode, Spent, forecast
from tdscaling.tests.runtime.formats.rows import line


def row(number: int, cluster: str, services: list[str], blueprint: str = "", words: str = "") -> bytes:
    """A row of some cluster and services."""
    talk = (UserMessage(words or f"Order {number}, please."), AssistantMessage("Done."))
    return line(
        talk,
        id=f"{number:016x}",
        assignment={"cluster": cluster, "domain": "d", "mode": "direct"},
        blueprint={"world": {"services": [f"{name}@1" for name in services]}},
        kin={"blueprint": blueprint or f"b{number}", "pair": ""},
    )


def many(by: By) -> list[Ties]:
    """Two hundred rows over ten clusters of five services; some rows share words, some a blueprint."""
    random.seed(1)
    found = []
    for number in range(200):
        cluster = number % 10
        services = [f"s{cluster // 2}"] if cluster % 3 else [f"s{cluster // 2}", "s0"]
        words = "Hello." if number % 50 == 0 else ""
        found.append(ties(row(number, f"c{cluster}", services, f"b{number // 2}", words), by))
    return found


@pytest.mark.parametrize("by", ["provider", "cluster", "blueprint"])
def test_nothing_stands_on_both_sides(by: By) -> None:
    """And something stands on each."""
    rows = many(by)
    parting = part(rows, 0.3, 0)
    assert leaks(rows, parting.sides) == set()
    assert 0 < parting.sides.count("held_out") <= 60
    assert parting.sides.count("train") > 0


def test_a_leak_is_seen() -> None:
    """Else the test above would prove nothing."""
    rows = many("cluster")
    assert leaks(rows, ["train" if n % 2 else "held_out" for n in range(len(rows))])


def test_a_split_is_of_the_rows_and_not_of_their_order() -> None:
    """Another seed gives another one."""
    rows = many("cluster")
    parting = part(rows, 0.3, 0)
    held = {one.id for one, side in zip(rows, parting.sides, strict=True) if side == "held_out"}
    turned = rows[::-1]
    again = part(turned, 0.3, 0)
    assert {one.id for one, side in zip(turned, again.sides, strict=True) if side == "held_out"} == held
    assert part(rows, 0.3, 1).held_out != parting.held_out


def test_rows_that_begin_with_the_same_words_do_not_face_each_other() -> None:
    """Whatever cluster they are of."""
    rows = [ties(row(n, f"c{n}", ["s"], words="The very same."), "cluster") for n in range(4)]
    parting = part(rows, 0.25, 0)
    assert sorted(parting.sides) == ["held_out", "left_out", "left_out", "left_out"]


def test_a_forecast_holds_the_pilot_s_own_figures() -> None:
    """At a target of the pilot's size it says what the pilot took, inside an interval."""
    episodes = [Episode("direct", "built in", n % 4 != 0, 100) for n in range(100)]
    seen = forecast(episodes, Spent(wall_s=360.0, tokens=10_000, cost=5.0), target=75)
    assert seen.attempts is not None
    assert seen.attempts.value == pytest.approx(100)
    assert seen.hours is not None
    assert seen.hours.value == pytest.approx(0.1)
    assert seen.cost is not None
    assert seen.cost.value == pytest.approx(5.0)
    for interval in (seen.attempts, seen.tokens_per_row, seen.hours, seen.cost, seen.yield_):
        assert interval is not None
        assert interval.low < interval.value < interval.high
    assert forecast(episodes, Spent(360.0, 10_000, 5.0), target=75) == seen


def test_a_pilot_without_an_accepted_row_forecasts_a_yield_only() -> None:
    """At most so much, with 95 % confidence."""
    seen = forecast([Episode("direct", "built in", False, 10)] * 20, Spent(1.0, 200, None), 100)
    assert (seen.attempts, seen.tokens, seen.hours, seen.cost) == (None, None, None, None)
    assert 0 < seen.yield_.high < 0.2
