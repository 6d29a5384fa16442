"""The controller: it tracks its targets, prices waste without dropping what is hard, and replays exactly."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.evolution.pace import Pace, Switches
from tdscaling.evolution.shares import priced
from tdscaling.evolution.target import Target
from tdscaling.evolution.tracker import Tracker
from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.committer import Commit
from tdscaling.runtime.errors import ConfigError
from tdscaling.tests.evolution.play import abandoned, clusters, commit, play

WEIGHTS = st.lists(st.floats(0.05, 1.0), min_size=1, max_size=12)


def rows(commits: list[Commit]) -> Counter[str]:
    """Accepted rows per domain."""
    return Counter(c.assignment.domain for c in commits if c.accepted)


@settings(deadline=None)
@given(WEIGHTS, st.integers(1, 300))
def test_the_tracker_stays_near_every_share(weights: list[float], picks: int) -> None:
    """With fixed shares p and n options, no count is further from V p than 1/2 + p n / 2."""
    shares = [weight / sum(weights) for weight in weights]
    tracker = Tracker(range(len(shares)))
    tracker.rebuild(shares)
    counts = Counter[int]()
    for _ in range(picks):
        (first,) = tracker.first(1)
        tracker.change(first, 1.0)
        counts[first] += 1
    for option, share in enumerate(shares):
        assert abs(counts[option] - picks * share) <= 0.5 + share * len(shares) / 2 + 1e-9


@settings(deadline=None)
@given(WEIGHTS, st.data())
def test_the_tracker_finds_the_smallest_after_any_changes(weights: list[float], data: st.DataObject) -> None:
    """Against a search through all options."""
    tracker = Tracker(range(len(weights)))
    tracker.rebuild(weights)
    values = [0.0] * len(weights)
    for _ in range(data.draw(st.integers(0, 40))):
        option, by = data.draw(st.integers(0, len(weights) - 1)), data.draw(st.sampled_from([-0.25, 0.5, 1.0]))
        tracker.change(option, by)
        values[option] += by
    due = [(v + 0.5) / p for v, p in zip(values, weights, strict=True)]
    (first,) = tracker.first(1)
    assert due[first] == min(due)


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=2, max_size=8), picks=st.integers(1, 60))
def test_groups_follow_their_shares_though_their_options_are_many(sizes: list[int], picks: int) -> None:
    """Groups of equal shares, however many options each: their counts differ by one at most, as far as options last."""
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    tracker = Tracker(range(len(groups)), groups)
    tracker.rebuild([1 / (len(sizes) * sizes[group]) for group in groups])
    counts = [0] * len(sizes)
    for _ in range(picks):
        (first,) = tracker.first(1)
        tracker.change(first, 1.0)
        counts[groups[first]] += 1
    assert max(counts) - min(counts) <= 1


def test_more_clusters_than_rows_do_not_starve_the_large_domains() -> None:
    """A domain of 900 clusters among nine of one comes to its tenth of 100 rows, nearly."""
    crowd = [msgspec.structs.replace(c, domain="large") if n >= 9 else c for n, c in enumerate(clusters(909))]
    done = play(Pace(crowd, seed=3, target=Target(temper=0)), 100, lambda _drawn, _dice: True)
    found = Counter(commit.row.assignment.domain for commit in done if commit.row)
    assert len(found) == 10
    assert found["large"] >= 8


@settings(deadline=None)
@given(WEIGHTS, st.data(), st.floats(0.5, 1.2))
def test_priced_shares_meet_the_budget_and_keep_the_floors(
    weights: list[float], data: st.DataObject, alpha: float
) -> None:
    """They sum to one, cost no more than asked (but for even attempts), and nobody falls below half its share."""
    costs = data.draw(st.lists(st.floats(1.0, 20.0), min_size=len(weights), max_size=len(weights)))
    result = priced(weights, costs, alpha=alpha)
    wanted = [weight / sum(weights) for weight in weights]
    attempts = 1 / sum(w / c for w, c in zip(wanted, costs, strict=True))
    even = sum(w * c for w, c in zip(wanted, costs, strict=True))
    assert sum(result.shares) == pytest.approx(1.0)
    assert all(p >= 0.5 * w - 1e-9 for p, w in zip(result.shares, wanted, strict=True))
    reachable = max(alpha * even, 0.5 * even + 0.5 * attempts)
    assert result.cost <= min(even, reachable) * (1 + 1e-3)


def test_a_replay_of_the_same_commits_draws_the_same_assignments() -> None:
    """Bit for bit, the words of `why` included."""
    commits = play(Pace(clusters(30), seed=3), 600, lambda a, dice: dice.random() < 0.6, lag=64)
    again = Pace(clusters(30), seed=3)
    drawn: list[Assignment] = [again.assign(index) for index in range(64)]
    for done in commits:
        again.fold(done)
        drawn.append(again.assign(len(drawn)))
    assert [c.assignment for c in commits] == drawn[: len(commits)]


def test_another_seed_draws_others() -> None:
    """Ties and faces are seeded."""
    left, right = Pace(clusters(30), seed=1), Pace(clusters(30), seed=2)
    assert [left.assign(i).cluster for i in range(20)] != [right.assign(i).cluster for i in range(20)]


def test_every_domain_gets_its_share_when_all_succeed() -> None:
    """Twenty domains, four hundred rows: within two rows of twenty each."""
    counts = rows(play(Pace(clusters(20), seed=1), 400, lambda a, dice: True))
    assert set(counts.values()) <= {18, 19, 20, 21, 22}


def test_a_hopeless_cluster_is_fused_and_probed_and_comes_back() -> None:
    """It costs little while it fails; when it heals, it is found."""
    controller = Pace(clusters(20), seed=1)
    done = play(controller, 4_000, lambda a, dice: a.domain != "d7" or a.index >= 2_000)
    tries = [c.index for c in done if c.assignment.domain == "d7"]
    assert 1 <= sum(1_000 <= index < 2_000 for index in tries) <= 10  # even attempts would be fifty
    assert sum(index >= 2_000 for index in tries) >= 50
    assert controller.fused == 0


def test_hard_clusters_keep_their_floor() -> None:
    """A third of the clusters accepts a fifth: it still gets at least half of its share."""
    chance = {f"d{k}": 0.2 if k % 3 == 0 else 0.9 for k in range(30)}
    counts = rows(play(Pace(clusters(30), seed=1, alpha=0.5), 6_000, lambda a, dice: dice.random() < chance[a.domain]))
    hard = sum(n for domain, n in counts.items() if chance[domain] < 0.5)
    assert hard / sum(counts.values()) >= 0.15


def test_an_abandoned_episode_says_nothing_about_its_cluster() -> None:
    """Only what was pending is given back."""
    controller = Pace(clusters(3), seed=1)
    before = [controller.ledger.acceptance(number) for number in range(3)]
    for index in range(30):
        controller.fold(abandoned(controller.assign(index)))
    assert [controller.ledger.acceptance(number) for number in range(3)] == before
    assert all(account.pending == 0 for account in controller.ledger.accounts)


def test_a_duplicate_lowers_novelty_and_not_acceptance() -> None:
    """The cluster did its work; there was only nothing new."""
    controller = Pace(clusters(1), seed=1)
    controller.fold(commit(controller.assign(0), accepted=True))
    rate = controller.ledger.acceptance(0)
    for index in range(1, 20):
        controller.fold(commit(controller.assign(index), accepted=False, reason="set.duplicate: of row 0"))
    account = controller.ledger.accounts[0]
    assert account.won == account.tried
    assert controller.ledger.acceptance(0) < 0.5 * rate


def test_nothing_breaks_when_everything_fails() -> None:
    """All clusters fused: they are asked in turn, for as long as the run lasts."""
    done = play(Pace(clusters(5), seed=1), 1_000, lambda a, dice: False)
    assert len(Counter(c.assignment.domain for c in done[-200:])) == 5


def test_one_cluster_is_enough() -> None:
    """There is nothing to steer between, and modes still are."""
    done = play(Pace(clusters(1), seed=1), 260, lambda a, dice: True)
    assert min(Counter(c.assignment.mode for c in done).values()) >= 15


@pytest.mark.parametrize("part", ["pending", "price", "mode", "goals", "decay", "learn"])
def test_every_part_can_be_turned_off(part: str) -> None:
    """An ablation plays like any other policy."""
    controller = Pace(clusters(10), seed=1, switches=Switches(**{part: False}))
    assert len(rows(play(controller, 300, lambda a, dice: dice.random() < 0.7))) == 10


def test_the_row_says_why_it_was_drawn() -> None:
    """Policy, its own cell with what it was owed, the five clusters that were owed most."""
    why = play(Pace(clusters(20), seed=1), 50, lambda a, dice: True)[-1].assignment.why
    assert why.startswith("pace-2: most due; cell d")
    assert why.partition("most due: ")[2].count("/") == 5
    assert "goals" in why


def test_domains_with_weight_zero_are_never_drawn() -> None:
    """And twice the weight is twice the rows."""
    target = Target(temper=0.0, domains={"d0": 0.0, "d1": 2.0})
    counts = rows(play(Pace(clusters(5), seed=1, target=target), 1_000, lambda a, dice: True))
    assert counts["d0"] == 0
    assert counts["d1"] == pytest.approx(2 * counts["d2"], abs=6)


def test_without_clusters_there_is_nothing_to_draw() -> None:
    """One line, before anything starts."""
    with pytest.raises(ConfigError, match="no tools to make clusters from"):
        Pace([], seed=1)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.lists(st.sampled_from(["ok", "bad", "twice", "gone"]), min_size=1, max_size=150))
def test_no_history_leaves_anything_pending(n: int, history: list[str]) -> None:
    """Whatever happens, expectations are taken back, and rows counted are rows made."""
    controller = Pace(clusters(n), seed=5)
    made = 0
    for index, what in enumerate(history):
        drawn = controller.assign(index)
        reason = "set.duplicate: of row 0" if what == "twice" else "outcome.state"
        controller.fold(abandoned(drawn) if what == "gone" else commit(drawn, accepted=what == "ok", reason=reason))
        made += what == "ok"
    assert sum(account.pending for account in controller.ledger.accounts) == 0
    assert controller.rows == pytest.approx(made, abs=1e-6)
