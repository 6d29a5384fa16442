"""When an endpoint that used to answer is taken for dead."""

from __future__ import annotations

from ..bus import Clock
from .trouble import Trouble

LEAST = 5
"""Failures in a row without which nothing is concluded: one slow answer and one failure are no outage."""


class Outage:
    """Watches all requests to one model: single requests give up much later, and each episode has several of them.

    Only what a dead server does counts: no connection, a connection that breaks, an error or a broken body in place
    of an answer. A timeout may be a long generation, and who asks for a wait is alive.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        """`seconds` of nothing but failures are the end."""
        self._most = int(seconds * 1e9)
        self._clock = clock
        self._failures = 0
        self._since = 0  # when the first of them came

    def answered(self) -> None:
        """It is alive."""
        self._failures = 0

    def failed(self, trouble: Trouble) -> bool:
        """Count a failure; whether the endpoint is dead."""
        if trouble.reason == "timeout":
            return False
        if trouble.remedy not in ("wait", "ease") or trouble.after is not None:
            self.answered()
            return False
        now = self._clock()
        if self._failures == 0:
            self._since = now
        self._failures += 1
        return self._failures >= LEAST and now - self._since >= self._most
