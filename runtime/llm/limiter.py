"""How many requests may be in flight to one endpoint: additive increase, multiplicative decrease."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from ..bus import Clock

MEMORY = 32
"""Answers that the share of overload is taken over."""
HARMED = 0.7
"""A cut after which fewer than this share of the answers a second is left did not relieve anybody."""
HIGHEST = 0.9
"""Share of overload that always counts."""
OVERLOADED = 0.25
"""The share that halves the limit: ten refusals in a row, or one answer of three for a while."""


class LimiterStatistics(msgspec.Struct, frozen=True):
    """A limiter at one moment."""

    limit: int
    """Requests that may be in flight now."""
    maximum: int
    in_flight: int
    waiting: int
    highest: int
    """Most that were in flight at one time."""
    cuts: int
    """How often the limit was halved."""
    busy_s: float = 0.0
    """Seconds that slots were held, summed over slots; those that are held now up to now."""


class Limiter:
    """A semaphore whose size follows what the endpoint can take.

    Overload (429, 503, 529, timeouts) halves the limit, but once per round trip: requests that were sent before the
    last cut tell nothing new. As many answers as the limit is high raise it by one.

    Overload is a share of the answers, not one of them: an endpoint that fails now and then at random would otherwise
    be throttled to a few requests, while repeating a tenth of them costs a tenth.

    An endpoint may also refuse a third of everything, however little is sent. Then half as many requests get half as
    many answers, where an overloaded one would answer as many as before. So when a cut cost answers and refusals go on
    as they did, it is taken back, and from then on only a larger share counts, until refusals have become rare.
    """

    def __init__(self, maximum: int, clock: Clock) -> None:
        """Begins at `maximum`, which is never exceeded; never falls below 1."""
        self._maximum = self._limit = maximum
        self._clock = clock
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._in_flight = self._highest = self._good = self._cuts = 0
        self._share = 0.0  # of overload among the last answers, a moving average
        self._cut_at = -1
        self._counts = OVERLOADED  # the share that halves the limit now
        self._answers = 0  # since the last cut, to requests sent after it
        self._first = self._last = 0  # when the first and the last of them came
        self._before = 0.0  # answers per ns before the last cut
        self._busy = 0  # ns that slots were held, up to the last look
        self._looked = 0

    async def acquire(self) -> int:
        """Wait for a slot; the time at which it was given, for `congested`. First come, first served."""
        if self._in_flight < self._limit and not self._waiters:
            self._take()
            return self._clock()
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # the slot came in the moment of cancellation
                self.release()
            raise
        return self._clock()

    def release(self) -> None:
        """Give the slot back."""
        self._look()
        self._in_flight -= 1
        self._wake()

    def succeeded(self, sent: int | None = None) -> None:
        """An answer came, to a request that was `sent` at that time."""
        self._share -= self._share / MEMORY
        if self._share < OVERLOADED / 2:
            self._counts = OVERLOADED
        if sent is None or sent > self._cut_at:
            self._last = self._clock()
            self._first = self._first if self._answers else self._last
            self._answers += 1
        self._good += 1
        if self._good >= self._limit and self._limit < self._maximum:
            self._limit += 1
            self._good = 0
            self._wake()

    def congested(self, sent: int) -> None:
        """The endpoint has too much to do, says the answer to a request that was `sent` at that time."""
        if sent <= self._cut_at:
            return
        self._share += (1.0 - self._share) / MEMORY
        if self._share < self._counts:
            return
        pace = (self._answers - 1) / (self._last - self._first) if self._last > self._first else 0.0
        if pace < HARMED * self._before:
            self._limit = min(self._maximum, 2 * self._limit)
            self._counts = min(HIGHEST, self._share + OVERLOADED)
            self._before = 0.0
            self._wake()
        else:
            self._limit = max(1, self._limit // 2)
            self._before = pace
            self._share = 0.0
            self._cuts += 1
        self._cut_at = self._clock()
        self._good = self._answers = 0

    def statistics(self) -> LimiterStatistics:
        """The limiter as it stands."""
        self._look()
        waiting = sum(not waiter.done() for waiter in self._waiters)
        busy = self._busy / 1e9
        return LimiterStatistics(self._limit, self._maximum, self._in_flight, waiting, self._highest, self._cuts, busy)

    def _look(self) -> None:
        """Count the time for which the slots were held."""
        now = self._clock()
        self._busy += (now - self._looked) * self._in_flight
        self._looked = now

    def _take(self) -> None:
        self._look()
        self._in_flight += 1
        self._highest = max(self._highest, self._in_flight)

    def _wake(self) -> None:
        while self._waiters and self._in_flight < self._limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._take()
                waiter.set_result(None)
