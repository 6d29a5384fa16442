"""The monitor: stands between the committer and a policy, measures what is committed, and raises alarms.

Four alarms, looked for every 250 commits once there are 500 rows. *collapse*: what is made now is less diverse than the
data set, beyond chance. *coverage*: the last 500 rows reach far fewer domains than 500 rows of the data set would.
*waste*: the last 500 attempts cost a fifth more per row than the budget, or than the run so far where there is none.
*exhaustion*: most of what was accepted of late had been seen before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ..runtime.assignment import Assignment, BusinessCluster
from ..runtime.committer import Commit, Controller
from ..runtime.outlook import Outlook
from .counts import Decayed, Horizons, Window
from .estimators import coverage, expected_distinct, miller_madow
from .event import event_of_row
from .ledger import Result
from .order import Novelty
from .pace import Pace

EVERY: Final = 250
"""Commits between two looks."""
WINDOW: Final = 500
"""Rows, or attempts, that an alarm looks at."""
FEWER_DOMAINS: Final = 0.7
"""Part of the expected number of domains below which coverage is lost."""
DEARER: Final = 1.2
OLD: Final = 0.5
"""Share of known ones among the accepted at which a source is exhausted."""
LEAST_LOSS: Final = 0.1
"""Bits that a collapse is worth an alarm for."""

Warn = Callable[[str, str], None]
"""Takes the name of an alarm and what it saw; called when it goes off, not while it stands."""


def unheard(name: str, what: str) -> None:
    """For who does not listen; the alarms that stand are in the outlook, too."""
    del name, what


class Monitor:
    """A controller that leaves the decisions to another one."""

    def __init__(self, policy: Controller, name: str, clusters: Sequence[BusinessCluster], warn: Warn) -> None:
        self._policy = policy
        self._name = name
        self._clusters = len(clusters)
        self._domain_max = math.log2(max(1, len({cluster.domain for cluster in clusters})))
        self._warn = warn
        self._novelty = Novelty()
        self._domains: Horizons[str] = Horizons()
        self._by_cluster: Horizons[str] = Horizons()
        self._modes: Horizons[str] = Horizons()
        self._signatures: Horizons[str] = Horizons()
        self._ends: Window[str] = Window(WINDOW)
        self._commits = 0
        self._attempts = 0
        self._alarms: dict[str, str] = {}

    def assign(self, index: int) -> Assignment:
        """As the policy decides."""
        return self._policy.assign(index)

    def fold(self, commit: Commit) -> None:
        """Let the policy take the commit, measure it, and look for trouble now and then."""
        self._policy.fold(commit)
        self._commits += 1
        self._note(commit, self._novelty.result(commit))
        if self._commits % EVERY == 0 and self._domains.all.total >= WINDOW:
            self._look()

    def outlook(self) -> Outlook:
        """The run as it stands."""
        rows = self._domains.all.total
        return Outlook(
            policy=self._name,
            rows=rows,
            domain_entropy_bits=self._domains.all.bits,
            domain_max_bits=self._domain_max,
            cluster_entropy_bits=self._by_cluster.all.bits,
            rme12_bits=self._modes.all.bits,
            rme_sig_bits=self._signatures.all.bits,
            signatures=len(self._signatures.all),
            coverage=coverage(self._signatures.all.labels.values()),
            attempts_per_row=self._attempts / rows if rows else 0.0,
            fused=self._policy.fused if isinstance(self._policy, Pace) else 0,
            clusters=self._clusters,
            alarms=dict(self._alarms),
        )

    def _note(self, commit: Commit, result: Result | None) -> None:
        """Count a completed episode, and measure its row when it was accepted."""
        if result is None:
            return
        self._attempts += 1
        self._ends.add("fresh" if result.fresh else "old" if result.accepted else "rejected")
        if commit.accepted and commit.row is not None:
            event = event_of_row(commit.row)
            self._domains.add(event.domain)
            self._by_cluster.add(event.cluster)
            self._modes.add(event.mode)
            self._signatures.add(event.signature)

    def _look(self) -> None:
        """Raise what is new, forget what has passed."""
        seen = {
            "collapse": self._collapse("domain entropy", self._domains) or self._collapse("RME-12", self._modes),
            "coverage": self._coverage(),
            "waste": self._waste(),
            "exhaustion": self._exhaustion(),
        }
        standing = {name: what for name, what in seen.items() if what}
        for name, what in standing.items():
            if name not in self._alarms:
                self._warn(name, what)
        self._alarms = standing

    def _collapse(self, name: str, labels: Horizons[str]) -> str:
        """Both sides corrected for bias, at three standard errors of the newer one."""
        now, error = _corrected(labels.recent)
        whole = miller_madow(labels.all.labels.values())
        loss = whole - now
        return f"{name} of late {now:.2f} bits, of all rows {whole:.2f}" if loss > max(3 * error, LEAST_LOSS) else ""

    def _coverage(self) -> str:
        counts = self._domains.all.labels.values()
        expected, found = expected_distinct(counts, WINDOW), len(self._domains.last.counts)
        return (
            f"{found} domains in the last {WINDOW} rows, {expected:.0f} expected"
            if found < FEWER_DOMAINS * expected
            else ""
        )

    def _waste(self) -> str:
        ends = self._ends.counts
        if ends.total < WINDOW:
            return ""
        pricing = self._policy.pricing if isinstance(self._policy, Pace) else None
        usual = max(self._attempts / self._domains.all.total, pricing.cost if pricing else 0.0)
        cost = ends.total / max(1, ends["fresh"])
        return f"{cost:.2f} attempts per row of late, {usual:.2f} expected" if cost > DEARER * usual else ""

    def _exhaustion(self) -> str:
        old, fresh = self._ends.counts["old"], self._ends.counts["fresh"]
        return f"{old} of {old + fresh} accepted of late were known" if old > OLD * (old + fresh) else ""


def _corrected(recent: Decayed[str]) -> tuple[float, float]:
    """Entropy of a decayed distribution, corrected for bias, with its standard error, in bits."""
    shares: Mapping[str, float] = recent.shares()
    size = 2 * recent.size  # observations that equal weights would need for the same error
    mean = recent.bits
    square = math.fsum(p * math.log2(p) ** 2 for p in shares.values() if p > 0)
    error = math.sqrt(max(0.0, square - mean * mean) / size)
    return mean + (len(shares) - 1) / (2 * size * math.log(2)), error
