"""When to try again, and when to stop trying: the one retry layer between an agent and an endpoint.

Written here and not taken from a library because the decision needs more than an exception's type: what the server
asked for (Retry-After), whether the endpoint ever answered (then it is an outage, otherwise a wrong setting), and a
second, smaller allowance for answers that are serving faults. The wait itself is done by the caller, who gives back
the endpoint's slot meanwhile.
"""

from __future__ import annotations

import random

import msgspec

from .trouble import Trouble


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a request is."""

    attempts: int = 8
    """Most times that one request is sent, the first time included."""
    first: float = 0.5
    """Seconds before the second attempt; doubled before each further one."""
    cap: float = 8.0
    """Most seconds between two attempts, unless the server asks for more."""
    longest_after: float = 60.0
    """Most seconds that a server's Retry-After is followed for."""
    budget: float = 90.0
    """Seconds after the first attempt after which none begins."""
    trial: float = 20.0
    """The same as long as the endpoint never answered: a wrong address must not cost a quarter of an hour."""
    faulty: int = 2
    """Most times that a request is sent when the answers are serving faults (leaked markup, nothing at all)."""


class Retries:
    """The attempts of one request."""

    def __init__(self, policy: RetryPolicy, dice: random.Random) -> None:
        self._policy = policy
        self._dice = dice
        self._failed = 0
        self._faulty = 0

    def delay(self, trouble: Trouble, elapsed: float, *, proven: bool) -> float | None:
        """Seconds to wait before the next attempt, or None when there is none.

        `elapsed`: seconds since the first attempt. `proven`: the endpoint has answered before, to anybody.
        """
        policy = self._policy
        if trouble.remedy not in ("wait", "ease", "once"):
            return None
        self._failed += 1
        self._faulty += trouble.remedy == "once"
        if self._failed >= policy.attempts or self._faulty >= policy.faulty:
            return None
        if trouble.remedy == "once":
            return 0.0
        wait = self._jittered(trouble.after)
        left = (policy.budget if proven else policy.trial) - elapsed
        if trouble.after is not None and left > policy.first:  # asked for more than there is: one attempt at the end
            return min(wait, left)
        return wait if wait <= left else None

    def _jittered(self, after: float | None) -> float:
        """Half to all of the exponential step, on top of what the server asked for: not all come back at once."""
        policy = self._policy
        step = min(policy.cap, policy.first * 2.0 ** (self._failed - 1)) * self._dice.uniform(0.5, 1.0)
        return step if after is None else min(after, policy.longest_after) + step * 0.5
