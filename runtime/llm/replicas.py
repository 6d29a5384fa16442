"""The addresses that serve one model: which of them gets a request."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from ..bus import Clock
from ..model import ModelRequest
from .limiter import Limiter

REMEMBERED = 65_536
"""Conversations whose address is remembered."""
SICK = 3
"""Failures in a row after which an address only gets what nobody else can take."""
REST_NS = 5 * 10**9
"""How long it then rests; after that one conversation at a time tries it again, as long a time apart."""


class Replica:
    """One address."""

    def __init__(self, base_url: str, maximum: int, clock: Clock) -> None:
        self.base_url = base_url
        self.url = f"{base_url}/chat/completions"
        self.limiter = Limiter(maximum, clock)
        self.assigned = 0
        """Requests that were given to it and are not over, waiting ones included."""
        self.failures = 0
        """In a row."""
        self._rests_until = 0

    def sick(self, now: int) -> bool:
        """Whether it failed too often and still rests."""
        if self.failures < SICK:
            self._rests_until = 0
            return False
        if self._rests_until == 0:
            self.rest(now)
        return now < self._rests_until

    def rest(self, now: int) -> None:
        """Take nothing for a while, where it failed too often."""
        self._rests_until = now + REST_NS


class Replicas:
    """Least-loaded choice with prefix affinity.

    A conversation stays where it began, because that server's cache holds its beginning; it moves when its server has
    failed several times in a row. A server that comes back is found by the conversations that try it now and then. What
    identifies a conversation is how it begins: the first two messages of a request, which no later turn changes. So
    nothing has to be told to the model that is not in the request.
    """

    def __init__(self, base_urls: Sequence[str], maximum: int, clock: Clock) -> None:
        """`maximum`: most requests in flight, per address."""
        self._clock = clock
        self.all = tuple(Replica(url, maximum, clock) for url in base_urls)
        self._homes: OrderedDict[bytes, Replica] = OrderedDict()

    def choose(self, request: ModelRequest) -> Replica:
        """The address for this request, now."""
        if len(self.all) == 1:
            return self.all[0]
        key = beginning(request)
        home = self._homes.get(key)
        now = self._clock()
        if home is None or home.sick(now):
            home = min(self.all, key=lambda replica: (replica.sick(now), replica.assigned))
            self._homes[key] = home
            if len(self._homes) > REMEMBERED:
                self._homes.popitem(last=False)
        self._homes.move_to_end(key)
        if home.failures >= SICK:  # this conversation tries it: the others wait for what comes of it
            home.rest(now)
        return home


def beginning(request: ModelRequest) -> bytes:
    """16 bytes that the requests of one conversation share."""
    encoded = msgspec.msgpack.encode(request.messages[:2])
    return hashlib.blake2b(encoded, digest_size=16).digest()
