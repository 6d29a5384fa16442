"""The ledger: what is known of every cluster's yield, as decayed counts, and the fuse that takes hopeless ones out.

A cluster whose acceptance is surely too low is fused: it is only probed, at growing distances counted in commits. One
accepted probe puts it on trial, where it may have only a few episodes in flight until it has shown what it can do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

DECAY: Final = 0.97
"""Weight that a cluster's evidence keeps per completed episode of that cluster: about the last 33 count."""
PRIOR: Final = 4.0
"""Episodes that the pooled record is worth beside a cluster's own, at least."""
STRONGEST: Final = 200.0
"""The same, at most: where clusters do not differ by more than chance."""
LOWEST: Final = 0.12
"""Acceptance below which a cluster is fused; a third of the pooled one where that is lower."""
SOME: Final = 8
"""Clusters with a record needed to say how much they differ."""
EVIDENCE: Final = 8.0
"""Decayed episodes needed before a fuse blows."""
TRIAL: Final = 5.0
"""Decayed episodes after which a trial ends badly."""
PASSED: Final = 1.9
"""Decayed accepted episodes with which it ends well."""
_Z95 = 1.6448536269514722

State = Literal["sound", "fused", "trial"]


class Result(msgspec.Struct, frozen=True):
    """What a completed episode says about its cluster."""

    accepted: bool
    """The verdict, duplicates counted as accepted: the cluster did its work."""
    fresh: bool
    """It was accepted and is no (near) duplicate: only then it counts as a row."""
    cost: float
    """In any unit; only ratios matter."""


class Account:
    """One cluster's account."""

    __slots__ = ("backoff", "cost", "fresh", "next_probe", "pending", "spent", "state", "tried", "won", "yielded")

    def __init__(self) -> None:
        self.pending = 0
        self.tried = 0.0  # decayed completions
        self.won = 0.0  # decayed accepted ones
        self.yielded = 0.0  # decayed accepted ones, decayed by accepted ones
        self.fresh = 0.0  # those of them that were new
        self.cost = 0.0  # decayed cost
        self.spent = 0.0  # decayed completions that had one
        self.state: State = "sound"
        self.backoff = 0
        self.next_probe = 0  # in commits


class Ledger:
    """The accounts of all clusters."""

    def __init__(self, clusters: int, *, decay: float = DECAY) -> None:
        """`decay`: see DECAY; 1 never forgets."""
        self._decay = decay
        self.accounts = [Account() for _ in range(clusters)]
        self.pooled = Account()
        """All clusters together, with a decay as much slower as there are more of them."""
        self._pooled_decay = 1 - (1 - decay) / max(1, clusters) ** 0.5
        self._strength = PRIOR
        self.commits = 0
        """Completed and abandoned episodes."""
        self._shortest = max(32, clusters // 2)
        self._longest = max(256, 2 * clusters)

    def settle(self, number: int, result: Result | None) -> State:
        """An episode of a cluster has ended; None when it was abandoned, which says nothing. Returns the new state."""
        account = self.accounts[number]
        account.pending -= 1
        self.commits += 1
        if result is None:
            return account.state
        self._note(account, result, self._decay)
        self._note(self.pooled, result, self._pooled_decay)
        self._judge(account, result)
        return account.state

    def acceptance(self, number: int) -> float:
        """Expected fresh rows per episode of a cluster: its own record beside the pooled one."""
        account, rate = self.accounts[number], self.rate()
        novelty = (account.fresh + PRIOR) / (account.yielded + PRIOR)
        return (account.won + self._strength * rate) / (account.tried + self._strength) * novelty

    def rate(self) -> float:
        """The pooled acceptance."""
        return (self.pooled.won + 1.0) / (self.pooled.tried + 2.0)

    def hope(self, number: int) -> float:
        """Factor on a cluster's wanted share: below 1 where it seems to accept less than a third of the usual.

        Until a fuse may blow, a hopeless cluster would otherwise eat many times its share of the attempts.
        """
        account = self.accounts[number]
        own = (account.won + PRIOR * self.rate()) / (account.tried + PRIOR)
        return min(1.0, (3 * own / self.rate()) ** 2)

    def cost(self, number: int) -> float:
        """Expected cost of one fresh row of a cluster, in episodes of average cost."""
        account, pooled = self.accounts[number], self.pooled
        mean = pooled.cost / pooled.spent if pooled.spent > 0 else 0.0
        relative = (account.cost / mean + PRIOR) / (account.spent + PRIOR) if mean > 0 else 1.0
        return relative / self.acceptance(number)

    def calibrate(self, numbers: Iterable[int]) -> None:
        """Learn how much these clusters differ, beyond chance: that says how far a short record is to be believed.

        Pricing differences that are only luck would narrow the data for nothing. By moments of the beta-binomial.
        """
        records = [(a.won / a.tried, a.tried) for n in numbers if (a := self.accounts[n]).tried >= 1]
        if len(records) < SOME:
            return
        mean = math.fsum(rate for rate, _ in records) / len(records)
        chance = mean * (1 - mean)
        seen = math.fsum((rate - mean) ** 2 for rate, _ in records) / (len(records) - 1)
        luck = chance * math.fsum(1 / tried for _, tried in records) / len(records)
        real = seen - luck
        self._strength = min(STRONGEST, max(PRIOR, chance / real - 1)) if real > 0 else STRONGEST

    def novelty(self) -> float:
        """Share of the accepted episodes of late that were new."""
        return (self.pooled.fresh + PRIOR) / (self.pooled.yielded + PRIOR)

    def room(self, number: int, usual: float) -> int:
        """Most episodes that a cluster may have in flight, so that a lucky one is not trusted too far.

        `usual`: episodes that its share of those in flight comes to.
        """
        account = self.accounts[number]
        if account.state == "fused":
            return 1
        return 2 + int(2 * account.won) + (0 if account.state == "trial" else math.ceil(usual))

    def _note(self, account: Account, result: Result, decay: float) -> None:
        account.tried = decay * account.tried + 1
        account.won = decay * account.won + result.accepted
        if result.accepted:
            account.yielded = decay * account.yielded + 1
            account.fresh = decay * account.fresh + result.fresh
        if result.cost > 0:
            account.spent = decay * account.spent + 1
            account.cost = decay * account.cost + result.cost

    def _judge(self, account: Account, result: Result) -> None:
        """Blow the fuse, go on trial, or pass it."""
        tried, won = account.tried, account.won
        if account.state == "fused":
            if result.accepted:
                account.state = "trial"
                # The probe that let it in was chosen for its luck, and what was before is no longer true.
                account.tried = account.won = 0.0
            else:
                self._schedule(account)
        elif account.state == "trial":
            if won >= PASSED:
                account.state, account.backoff = "sound", 0
            elif tried >= TRIAL:
                account.state = "fused"
                self._schedule(account)
        elif tried >= EVIDENCE and upper(won, tried) < min(LOWEST, self.rate() / 3):
            account.state = "fused"
            self._schedule(account)

    def _schedule(self, account: Account) -> None:
        account.next_probe = self.commits + min(self._longest, self._shortest << min(account.backoff, 20))
        account.backoff += 1


def upper(won: float, tried: float) -> float:
    """Upper 95 % bound of an acceptance (Wilson's interval, one-sided)."""
    if tried <= 0:
        return 1.0
    share, square = min(1.0, won / tried), _Z95 * _Z95
    centre = share + square / (2 * tried)
    width = _Z95 * math.sqrt(share * (1 - share) / tried + square / (4 * tried * tried))
    return (centre + width) / (1 + square / tried)
