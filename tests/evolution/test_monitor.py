"""The monitor: decisions are the policy's, figures are right, and each alarm goes off once for what it is there for."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from tdscaling.evolution.monitor import Monitor
from tdscaling.evolution.pace import Pace
from tdscaling.evolution.policies import VERSIONS, make_policy
from tdscaling.evolution.sampler import UniformSampler
from tdscaling.evolution.target import Target
from tdscaling.runtime.config import Policy
from tdscaling.tests.evolution.play import clusters, commit, play

CLUSTERS = clusters(40)


class Heard:
    """Remembers alarms."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str, what: str) -> None:
        """Take one."""
        assert what
        self.names.append(name)


def watched(outcomes: Iterable[tuple[bool, str]], warn: Heard) -> Monitor:
    """A monitored uniform run with these ends: accepted or not, and the reason."""
    monitor = Monitor(UniformSampler(CLUSTERS, seed=1), "uniform", CLUSTERS, warn)
    for index, (accepted, reason) in enumerate(outcomes):
        monitor.fold(commit(monitor.assign(index), accepted=accepted, reason=reason))
    return monitor


@pytest.mark.parametrize("name", list(VERSIONS))
def test_the_decisions_are_the_policy_s(name: Policy) -> None:
    """Watched or not, the same assignments."""
    plain = make_policy(name, CLUSTERS, seed=2, target=Target(), alpha=0.9)
    inner = make_policy(name, CLUSTERS, seed=2, target=Target(), alpha=0.9)
    monitor = Monitor(inner, name, CLUSTERS, Heard())
    left = play(plain, 300, lambda a, dice: dice.random() < 0.7)
    right = play(monitor, 300, lambda a, dice: dice.random() < 0.7)
    assert left == right


def test_a_steady_run_raises_nothing() -> None:
    """Even draws, even yields."""
    heard = Heard()
    monitor = Monitor(Pace(CLUSTERS, seed=1), "pace", CLUSTERS, heard)
    play(monitor, 3_000, lambda a, dice: dice.random() < 0.7)
    assert heard.names == []
    seen = monitor.outlook()
    assert seen.domain_entropy_bits == pytest.approx(seen.domain_max_bits, abs=0.02)
    assert seen.rows == pytest.approx(2_100, abs=120)
    assert seen.attempts_per_row == pytest.approx(1 / 0.7, abs=0.1)


def test_waste_is_raised_once_while_it_stands() -> None:
    """A thousand good ones, then three out of four fail."""
    heard = Heard()
    ends = [(True, "")] * 1_000 + [(n % 4 == 0, "outcome.state") for n in range(1_000)]
    monitor = watched(ends, heard)
    assert heard.names == ["waste"]
    assert "attempts per row" in monitor.outlook().alarms["waste"]


def test_exhaustion_is_raised_when_most_are_known() -> None:
    """Duplicates are accepted work with nothing new."""
    heard = Heard()
    watched([(True, "")] * 600 + [(n % 5 == 0, "set.duplicate: of row 1") for n in range(1_000)], heard)
    assert "exhaustion" in heard.names


def test_collapse_and_coverage_are_raised_when_few_domains_are_left() -> None:
    """After two thousand even rows, two domains only."""
    heard = Heard()
    monitor = Monitor(UniformSampler(CLUSTERS, seed=1), "uniform", CLUSTERS, heard)
    for index in range(4_000):
        drawn = monitor.assign(index)
        if index >= 2_000:
            drawn = msgspec.structs.replace(drawn, domain=f"d{index % 2}")
        monitor.fold(commit(drawn, accepted=True))
    assert {"collapse", "coverage"} <= set(heard.names)
