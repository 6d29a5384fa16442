"""The counters of the served model: requests, bytes, faults, and how well requests extend earlier ones."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

import msgspec

REMEMBERED = 100_000
"""Requests whose hashes are kept for the prefix rate, the most recent ones: some 15 MB."""


class Report(msgspec.Struct, frozen=True):
    """What `GET /stats` answers."""

    requests: int
    """Chat completion requests that arrived, resends included."""
    in_flight: int
    max_concurrency: int
    """Most requests in flight at one time."""
    peak_rate: int
    """Most requests that arrived within one second of the server's clock."""
    bytes_in: int
    """Bytes of request bodies."""
    bytes_out: int
    """Bytes of reply bodies, faulty ones included as far as they were sent in one piece."""
    streamed: int
    """Requests for a stream."""
    refused: int
    """Requests answered with 400, 401, 404 or 413 because the client was wrong."""
    follow_ups: int
    """Requests that carry an earlier answer, so that there is something to extend."""
    prefix_extension_rate: float | None
    """Share of the follow-ups whose encoded messages extend the request before; None before the first."""
    faults: dict[str, int]
    """{kind: how often it was sent}"""


class PrefixWatch:
    """Notices whether a conversation's requests extend each other, in bounded memory.

    It keeps a hash of every request's messages, with the number of conversations that stand there. A follow-up is an
    extension when one of its prefixes is a request that nobody continued yet, or when it repeats a request whole. A
    client that rewrites history misses, although its requests still share their beginning.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._standing: OrderedDict[int, int] = OrderedDict()
        """{hash of a request's messages: conversations that stand there}"""
        self._remembered = remembered
        self.follow_ups = 0
        self.extensions = 0

    def saw(self, messages: Sequence[bytes], *, follow_up: bool) -> None:
        """Take note of a request. `follow_up`: it carries an earlier answer of the model."""
        prefixes: list[int] = []
        before = 0
        for encoded in messages:
            before = hash((before, encoded))
            prefixes.append(before)
        whole = prefixes[-1]
        if not follow_up:
            self._stand(whole, self._standing.get(whole, 0) + 1)
            return
        self.follow_ups += 1
        if whole in self._standing:
            self.extensions += 1
            self._standing.move_to_end(whole)
            return
        for prefix in reversed(prefixes[:-1]):
            if standing := self._standing.get(prefix, 0):
                self.extensions += 1
                self._standing[prefix] = standing - 1
                break
        self._stand(whole, 1)

    def _stand(self, whole: int, conversations: int) -> None:
        self._standing[whole] = conversations
        self._standing.move_to_end(whole)
        if len(self._standing) > self._remembered:
            self._standing.popitem(last=False)


class Stats:
    """Counts. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.requests = 0
        self.in_flight = 0
        self.max_concurrency = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.streamed = 0
        self.refused = 0
        self.faults: Counter[str] = Counter()
        self.prefixes = PrefixWatch()
        self._second = -1
        self._rate = 0
        self._peak_rate = 0

    def begin(self) -> int:
        """A request arrived; returns its number, from 0."""
        number = self.requests
        self.requests += 1
        self.in_flight += 1
        self.max_concurrency = max(self.max_concurrency, self.in_flight)
        second = int(self._clock())
        self._rate = self._rate + 1 if second == self._second else 1
        self._second = second
        self._peak_rate = max(self._peak_rate, self._rate)
        return number

    def end(self) -> None:
        """A request was answered, or its client has gone."""
        self.in_flight -= 1

    def report(self) -> Report:
        """The counters as they stand."""
        watched = self.prefixes
        return Report(
            requests=self.requests,
            in_flight=self.in_flight,
            max_concurrency=self.max_concurrency,
            peak_rate=self._peak_rate,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            streamed=self.streamed,
            refused=self.refused,
            follow_ups=watched.follow_ups,
            prefix_extension_rate=watched.extensions / watched.follow_ups if watched.follow_ups else None,
            faults=dict(sorted((+self.faults).items())),
        )
