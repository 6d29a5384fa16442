"""What happened between us and a model's endpoint, counted: requests, repetitions, deviations, times, tokens."""

from __future__ import annotations

import math
from collections import Counter

import msgspec

from ..telemetry import LogHistogram, Percentiles
from .limiter import LimiterStatistics
from .stream import TokenTimes

LOOK_EVERY = 128
"""Answers after which the usual latency is looked at again."""
SHORTEST = 10.0
"""Seconds that every request is given."""


class EndpointStatistics(msgspec.Struct, frozen=True):
    """One model's endpoint over a run so far; part of `endpoints.json`."""

    requests: int
    """HTTP requests sent, repetitions included."""
    answered: int
    """Replies handed to an agent."""
    tokens: dict[str, int]
    """`prompt` and `completion`, as the servers counted them in these replies."""
    served: dict[str, int]
    """{model name that the servers gave: replies}"""
    troubles: dict[str, int]
    """{reason: requests that failed for it}"""
    deviations: dict[str, int]
    """{name: replies in which it was repaired}"""
    adaptations: dict[str, int]
    """{what was learnt of the endpoint: times}"""
    resent: int
    """Requests sent again for free, because a kept connection was dead; not in `requests`."""
    latency_ms: Percentiles
    """Of answered requests, without waiting for a slot."""
    first_token_ms: Percentiles
    """Only with streaming, as the next."""
    between_tokens_ms: Percentiles
    replicas: dict[str, LimiterStatistics]
    """{base URL: its limiter}"""


class Ledger:
    """The counters of one model."""

    def __init__(self) -> None:
        self.requests = 0
        self.answered = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.served: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.deviations: Counter[str] = Counter()
        self.adaptations: Counter[str] = Counter()
        self.latency = LogHistogram()
        self.times = TokenTimes()
        self._usual = math.inf
        self._looked = 0

    def usual(self, most: float) -> float:
        """Seconds of silence after which a first attempt is taken for lost, at most `most`.

        Without streaming an answer that stalls looks like one that is still being written. What took ten times as
        long as nine of ten others is asked for again, and then given all the time there is.
        """
        if self.answered >= self._looked + LOOK_EVERY:
            self._looked = self.answered
            self._usual = max(SHORTEST, 10 * self.latency.percentiles().p90 / 1000)
        return min(most, self._usual)

    def statistics(self, resent: int, replicas: dict[str, LimiterStatistics]) -> EndpointStatistics:
        """The counts as they stand."""
        return EndpointStatistics(
            requests=self.requests,
            answered=self.answered,
            tokens={"prompt": self.prompt_tokens, "completion": self.completion_tokens},
            served=dict(self.served.most_common()),
            troubles=dict(self.troubles.most_common()),
            deviations=dict(self.deviations.most_common()),
            adaptations=dict(self.adaptations),
            resent=resent,
            latency_ms=self.latency.percentiles(),
            first_token_ms=self.times.first.percentiles(),
            between_tokens_ms=self.times.between.percentiles(),
            replicas=replicas,
        )
