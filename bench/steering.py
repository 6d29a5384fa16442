"""Benchmark of the policies on a simulated world: what each keeps diverse, and at what cost.

Everything here is simulated: clusters are numbers, an episode is a few draws. The world follows docs/diversity.md: 500
domains, 12 modes, 25 domains that reject 95 %, a tenth of the (domain, mode) cells impossible, an asked mode comes out
35-95 % of the time. The controllers are the real ones, behind the protocol of the committer, with its fixed lag.

    python bench/steering.py                 # four mean acceptances x policies, 3 seeds
    python bench/steering.py --full          # 10 seeds, delay and drift sweeps, ablations
    python bench/steering.py --cpu           # CPU per pick and per commit, at 500 and 30,000 clusters
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random
from statistics import fmean, median, stdev

import msgspec

from tdscaling.evolution.baselines import Inverse, Prior
from tdscaling.evolution.estimators import plug_in
from tdscaling.evolution.pace import Pace, Switches
from tdscaling.evolution.sampler import UniformSampler
from tdscaling.evolution.shares import priced
from tdscaling.evolution.target import Target
from tdscaling.runtime.assignment import MODES, Assignment, BusinessCluster, Mode
from tdscaling.runtime.blueprint import Blueprint, Goal, Plan, WorldRef
from tdscaling.runtime.committer import Commit, Controller
from tdscaling.runtime.row import Measurements, Provenance, Row, Scores, Verdict

WORLD_MODES: tuple[Mode, ...] = MODES[:12]
BAD = 0.05
SPREAD = 12.0
"""Beta parameters' sum: acceptances of a mean of .55 have a standard deviation of .14."""


@dataclass
class World:
    """What happens to an episode."""

    domains: int = 500
    bad: int = 25
    mean: float = 0.84
    seed: int = 0
    acceptance: list[float] = field(init=False)
    popularity: list[float] = field(init=False)
    feasible: list[list[bool]] = field(init=False)
    compliance: list[float] = field(init=False)
    habit: list[float] = field(init=False)
    clusters: list[BusinessCluster] = field(init=False)

    def __post_init__(self) -> None:
        """Draw the world."""
        dice = Random(f"world {self.seed}")
        a, b = self.mean * SPREAD, (1 - self.mean) * SPREAD
        self.acceptance = [min(0.99, max(0.16, dice.betavariate(a, b))) for _ in range(self.domains)]
        for number in dice.sample(range(self.domains), self.bad):
            self.acceptance[number] = BAD
        self.popularity = [1 / (rank + 1) for rank in range(self.domains)]
        dice.shuffle(self.popularity)
        self.feasible = [[dice.random() >= 0.1 for _ in WORLD_MODES] for _ in range(self.domains)]
        for row in self.feasible:
            row[0] = True
        self.compliance = [dice.uniform(0.35, 0.95) for _ in WORLD_MODES]
        self.habit = [1 / (rank + 1) ** 1.5 for rank in range(len(WORLD_MODES))]
        self.clusters = [
            BusinessCluster(f"{n:016x}", (), (), (), (), f"d{n}", f"s{n % 20}", (), (), WORLD_MODES, "")
            for n in range(self.domains)
        ]

    def leads(self, domain: int, asked: int) -> list[float]:
        """Chances of the realised modes, in the order of WORLD_MODES."""
        free = [h * f for h, f in zip(self.habit, self.feasible[domain], strict=True)]
        total = sum(free)
        keep = self.compliance[asked] if self.feasible[domain][asked] else 0.0
        return [(1 - keep) * h / total + keep * (m == asked) for m, h in enumerate(free)]

    def play(self, domain: int, asked: int, dice: Random) -> tuple[bool, int]:
        """Accepted or not, and the realised mode."""
        accepted = dice.random() < self.acceptance[domain]
        if self.feasible[domain][asked] and dice.random() < self.compliance[asked]:
            return accepted, asked
        free = [h * f for h, f in zip(self.habit, self.feasible[domain], strict=True)]
        return accepted, dice.choices(range(len(WORLD_MODES)), free)[0]


EMPTY = Measurements("direct", (), 1, 1, 0, 0, 0, 0, 1, 900, 100, ())
PLAN = Blueprint(Plan((Goal(""), Goal("")), ()), WorldRef((), 0), (), (), (), (), "{}")
ORIGIN = Provenance("", "", "", "", "", "")


def commit_of(drawn: Assignment, accepted: bool, mode: Mode) -> Commit:
    """The smallest row that says what came out."""
    reasons = () if accepted else ("outcome.state",)
    verdict = Verdict(accepted, reasons, Scores())
    measured = msgspec.structs.replace(EMPTY, mode=mode)
    row = Row("", (), (), drawn, PLAN, verdict, measured, ORIGIN, simulated=True)
    return Commit(drawn.index, "", drawn, row, reasons)


class Policies:
    """Makes controllers by name; `pace:-pending` is an ablation, `pace:0.8` a budget."""

    @staticmethod
    def make(name: str, world: World, seed: int) -> Controller:
        """A fresh controller for a world."""
        kind, _, option = name.partition(":")
        clusters = world.clusters
        if kind == "uniform":
            return UniformSampler(clusters, seed=seed)
        if kind == "prior":
            factors = {c.domain: p for c, p in zip(clusters, world.popularity, strict=True)}
            return Prior(clusters, seed=seed, target=Target(temper=0.0, domains=factors))
        if kind == "inverse":
            return Inverse(clusters, seed=seed)
        switches = Switches(**{option[1:]: False}) if option.startswith("-") else Switches()
        alpha = float(option) if option and not option.startswith("-") else 0.9
        return Pace(clusters, seed=seed, alpha=alpha, switches=switches)


@dataclass(frozen=True)
class Setting:
    """One simulated run."""

    policy: str
    mean: float = 0.84
    seed: int = 0
    lag: int = 1000
    attempts: int = 20_000
    drift: bool = False
    domains: int = 500


@dataclass(frozen=True)
class Result:
    """What a run came to. Entropies in bits, over accepted rows."""

    domain_bits: float
    mode_bits: float
    joint_bits: float
    cells: float
    """Share of the feasible cells with a row."""
    cost: float
    """Attempts per accepted row."""
    frontier_bits: float
    """Largest domain entropy that any shares have at this cost, acceptances known."""
    hardest: float
    """Share of the rows in the hardest third of the playable domains."""
    effective: float
    """2 to the domain entropy over the playable ones, divided by their number."""
    rejecting: float
    """Share of attempts in the rejecting domains."""
    healed: float
    """With drift: accepted rows of healed domains in the last half, over their even share."""
    seconds: float
    """CPU of the controller alone, per attempt."""


def run(setting: Setting) -> Result:
    """Play a setting with the committer's fixed lag."""
    world = World(domains=setting.domains, bad=setting.domains // 20, mean=setting.mean, seed=setting.seed)
    before = list(world.acceptance)
    numbers = {cluster.id: n for n, cluster in enumerate(world.clusters)}
    dice = Random(f"play {setting.seed}")
    controller = Policies.make(setting.policy, world, setting.seed)
    open_: deque[Assignment] = deque()
    rows: Counter[tuple[int, int]] = Counter()
    late: Counter[int] = Counter()
    tries: Counter[int] = Counter()
    cpu = time.thread_time()
    for index in range(setting.lag):
        open_.append(controller.assign(index))
    cpu = time.thread_time() - cpu
    for index in range(setting.attempts):
        if setting.drift and index == setting.attempts // 2:
            _drift(world, before)
        drawn = open_.popleft()
        domain = numbers[drawn.cluster]
        accepted, mode = world.play(domain, WORLD_MODES.index(drawn.mode), dice)
        tries[domain] += 1
        if accepted:
            rows[domain, mode] += 1
            late[domain] += index >= setting.attempts // 2
        commit = commit_of(drawn, accepted, WORLD_MODES[mode])
        started = time.thread_time()
        controller.fold(commit)
        open_.append(controller.assign(index + setting.lag))
        cpu += time.thread_time() - started
    return _measure(world, before, rows, late, tries, cpu / (setting.attempts + setting.lag))


def _drift(world: World, before: Sequence[float]) -> None:
    """The bad domains heal, and as many good ones go bad."""
    bad = [n for n, a in enumerate(before) if a == BAD]
    good = [n for n, a in enumerate(before) if a != BAD][: len(bad)]
    for number in bad:
        world.acceptance[number] = world.mean
    for number in good:
        world.acceptance[number] = BAD


def _measure(
    world: World,
    before: Sequence[float],
    rows: Counter[tuple[int, int]],
    late: Counter[int],
    tries: Counter[int],
    seconds: float,
) -> Result:
    by_domain: Counter[int] = Counter()
    by_mode: Counter[int] = Counter()
    for (domain, mode), n in rows.items():
        by_domain[domain] += n
        by_mode[mode] += n
    accepted, attempts = sum(rows.values()), sum(tries.values())
    playable = sorted((n for n, a in enumerate(before) if a != BAD), key=lambda n: before[n])
    third = playable[: len(playable) // 3]
    inside = sum(by_domain[n] for n in playable)
    bad = [n for n, a in enumerate(before) if a == BAD]
    feasible = sum(map(sum, world.feasible))
    share = sum(late[n] for n in bad) / max(1, sum(late.values()))
    return Result(
        plug_in(by_domain.values()),
        plug_in(by_mode.values()),
        plug_in(rows.values()),
        len(rows) / feasible,
        attempts / max(1, accepted),
        frontier(before, attempts / max(1, accepted)),
        sum(by_domain[n] for n in third) / max(1, inside),
        2 ** plug_in(by_domain[n] for n in playable) / len(playable),
        sum(tries[n] for n in bad) / attempts,
        share / (len(bad) / len(before)) if bad else 0.0,
        seconds,
    )


def frontier(acceptance: Sequence[float], cost: float) -> float:
    """The largest domain entropy at a mean cost per accepted row: Gibbs shares with known acceptances, in bits."""
    costs = [1 / a for a in acceptance]
    even = fmean(costs)
    return _bits(priced([1.0] * len(costs), costs, alpha=min(1.0, cost / even), floor=0.0).shares)


def cells_bound(world: World, cost: float, attempts: int) -> float:
    """Feasible cells with a row when every cell's number of rows were Poisson at the best fixed plan.

    Domains get their Gibbs shares at this cost; within a domain, Frank-Wolfe finds the best shares of asked modes. A
    plan that reacts to what came out can do better than that.
    """
    costs = [1 / a for a in world.acceptance]
    shares = priced([1.0] * len(costs), costs, alpha=min(1.0, cost / fmean(costs)), floor=0.0).shares
    rows, hit = attempts / cost, 0.0
    for domain, share in enumerate(shares):
        leads = [world.leads(domain, asked) for asked in range(len(WORLD_MODES))]
        rates = [fmean(column) * share * rows for column in zip(*leads, strict=True)]
        for step in range(60):
            slopes = [math.exp(-rate) if ok else 0.0 for rate, ok in zip(rates, world.feasible[domain], strict=True)]
            best = max(leads, key=lambda lead: sum(s * c for s, c in zip(slopes, lead, strict=True)))
            part = 2 / (step + 3)
            rates = [(1 - part) * r + part * c * share * rows for r, c in zip(rates, best, strict=True)]
        hit += sum(1 - math.exp(-rate) for rate, ok in zip(rates, world.feasible[domain], strict=True) if ok)
    return hit / sum(map(sum, world.feasible))


def _bits(shares: Iterable[float]) -> float:
    return -math.fsum(p * math.log2(p) for p in shares if p > 0)


def tables(settings: Sequence[Setting], workers: int) -> dict[Setting, list[Result]]:
    """`{setting with seed 0: its results over the seeds}`."""
    found: dict[Setting, list[Result]] = {}
    with ProcessPoolExecutor(workers) as pool:
        for setting, result in zip(settings, pool.map(run, settings), strict=True):
            found.setdefault(replace(setting, seed=0), []).append(result)
    return found


COLUMNS: dict[str, Callable[[Result], float]] = {
    "DE": lambda r: r.domain_bits,
    "below frontier": lambda r: r.frontier_bits - r.domain_bits,
    "RME-12": lambda r: r.mode_bits,
    "joint": lambda r: r.joint_bits,
    "cells": lambda r: r.cells,
    "cost": lambda r: r.cost,
    "rejecting": lambda r: r.rejecting,
    "hardest third": lambda r: r.hardest,
    "effective": lambda r: r.effective,
    "healed": lambda r: r.healed,
    "us/attempt": lambda r: 1e6 * r.seconds,
}


def show(title: str, found: dict[Setting, list[Result]], label: Callable[[Setting], str]) -> None:
    """A Markdown table of medians with ranges."""
    print(f"\n### {title} (simulated; median, range over seeds)\n")
    print(f"| | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for setting, results in found.items():
        cells = []
        for column in COLUMNS.values():
            values = [column(result) for result in results]
            spread = f" [{min(values):.3f}, {max(values):.3f}]" if len(values) > 1 else ""
            cells.append(f"{median(values):.3f}{spread}")
        print(f"| {label(setting)} | {' | '.join(cells)} |", flush=True)


def paired(found: dict[Setting, list[Result]], mean: float, left: str, right: str) -> None:
    """The mean difference in joint cells, with a 95 % t interval over seeds."""
    a, b = found[Setting(left, mean)], found[Setting(right, mean)]
    differences = [x.cells - y.cells for x, y in zip(a, b, strict=True)]
    if len(differences) < 2:
        return
    t = {3: 4.303, 5: 2.776, 10: 2.262, 20: 2.093}.get(len(differences), 2.0)
    half = t * stdev(differences) / len(differences) ** 0.5
    cost = fmean(x.cost for x in a) / fmean(x.cost for x in b)
    print(  # both spent the same number of attempts
        f"mean {mean}: cells {left} - {right}: {fmean(differences):+.4f} [{fmean(differences) - half:+.4f}, "
        f"{fmean(differences) + half:+.4f}], at {cost:.3f} times the cost per row"
    )


MEANS = (0.84, 0.70, 0.55, 0.45)
POLICIES = ("pace", "pace:1.0", "uniform", "inverse", "prior")
ABLATIONS = ("pace", "pace:-pending", "pace:-price", "pace:-mode", "pace:-decay", "pace:-learn")


def cpu() -> None:
    """CPU per pick and per commit."""
    for domains in (500, 30_000):
        world = World(domains=domains, bad=domains // 20)
        for name in ("pace", "uniform", "inverse", "prior"):
            controller = Policies.make(name, world, 0)
            dice = Random(1)
            open_ = deque(controller.assign(index) for index in range(512))
            picks, folds = [], []
            for index in range(512, 20_512):
                drawn = open_.popleft()
                commit = commit_of(drawn, dice.random() < 0.8, drawn.mode)
                one = time.thread_time()
                controller.fold(commit)
                two = time.thread_time()
                open_.append(controller.assign(index))
                three = time.thread_time()
                folds.append(two - one)
                picks.append(three - two)
            print(
                f"{domains} clusters, {name}: pick {1e6 * fmean(picks):.1f} us (median {1e6 * median(picks):.1f}), "
                f"commit {1e6 * fmean(folds):.1f} us (median {1e6 * median(folds):.1f}, "
                f"longest {1e3 * max(folds):.1f} ms)",
                flush=True,
            )


def main() -> None:
    """Run what the flags ask for and print tables."""
    parser = argparse.ArgumentParser(description="Compare steering policies on a simulated world.")
    parser.add_argument("--full", action="store_true", help="10 seeds, delay and drift sweeps, ablations")
    parser.add_argument("--cpu", action="store_true", help="CPU per pick and per commit only")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    if given.cpu:
        cpu()
        return
    seeds = given.seeds or (10 if given.full else 3)
    runs = [Setting(policy, mean, seed) for mean in MEANS for policy in POLICIES for seed in range(seeds)]
    found = tables(runs, given.workers)
    show("Policies by mean acceptance", found, lambda s: f"{s.mean:.2f} {s.policy}")
    for mean in MEANS:
        paired(found, mean, "pace", "uniform")
        paired(found, mean, "pace:1.0", "uniform")
    if given.full:
        for mean in MEANS:
            cost = fmean(r.cost for r in found[Setting("pace", mean)])
            bounds = [cells_bound(World(mean=mean, seed=seed), cost, 20_000) for seed in range(3)]
            print(
                f"mean {mean}: cells of the best fixed plan with Poisson rows at the cost of pace: {fmean(bounds):.3f}"
            )
        delays = [Setting("pace", lag=lag, seed=seed) for lag in (1, 100, 1000, 5000) for seed in range(seeds)]
        show("Delay", tables(delays, given.workers), lambda s: f"{s.lag} in flight")
        drifts = [Setting(p, seed=n, drift=True) for p in ("pace", "pace:-decay", "uniform") for n in range(seeds)]
        show("Drift at half time", tables(drifts, given.workers), lambda s: s.policy)
        parts = [Setting(policy, seed=seed) for policy in ABLATIONS for seed in range(seeds)]
        show("Ablations", tables(parts, given.workers), lambda s: s.policy)


if __name__ == "__main__":
    main()
