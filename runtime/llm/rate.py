"""How many requests and tokens a minute an endpoint may be asked for: what providers bound besides concurrency."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from ..bus import Clock

MINUTE_NS = 60 * 10**9
BURST = 0.1
"""Of a minute's allowance that may be used at once: enough to fill the slots, too little to be refused for it."""
GUESS = 500
"""Tokens that a request is reckoned with until the first answers tell."""
FOLLOWING = 0.1
"""Weight of the newest answer in the usual number of tokens."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds per minute, over all addresses of a model; None for none."""

    requests: float | None = None
    tokens: float | None = None
    """Prompt and completion tokens, as the server counts them."""


class Pace:
    """Spaces requests so that neither bound is exceeded. First come, first served.

    Each bound is a schedule (the generic cell rate algorithm): every request moves the time from which the next one is
    in time, by its share of a minute. Tokens are known when an answer comes: a request is reckoned with the usual
    number, and the schedule is put right by the difference.
    """

    def __init__(self, rate: Rate, clock: Clock, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._usual = float(GUESS)
        self._next_request = 0.0  # ns, when the schedules stand on the clock
        self._next_token = 0.0

    async def wait(self) -> float:
        """Return when one more request is in time; the tokens that it is reckoned with, for `answered`."""
        now, reckoned = self._clock(), self._usual
        wait = 0.0
        if self._rate.requests is not None:
            self._next_request = max(self._next_request, now - BURST * MINUTE_NS)
            wait = max(wait, self._next_request - now)
            self._next_request += MINUTE_NS / self._rate.requests
        if self._rate.tokens is not None:
            self._next_token = max(self._next_token, now - BURST * MINUTE_NS)
            wait = max(wait, self._next_token - now)
            self._next_token += reckoned * MINUTE_NS / self._rate.tokens
        if wait > 0:
            await self._sleep(wait / 1e9)
        return reckoned

    def answered(self, tokens: int, reckoned: float) -> None:
        """The answer to a request took so many tokens."""
        if self._rate.tokens is not None:
            self._next_token += (tokens - reckoned) * MINUTE_NS / self._rate.tokens
        self._usual += FOLLOWING * (tokens - self._usual)
