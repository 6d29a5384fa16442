"""What happened between us and a model's endpoint, counted: requests, repetitions, deviations, times, tokens."""

from __future__ import annotations

from collections import Counter

import msgspec

from ..telemetry import LogHistogram, Percentiles
from .limiter import LimiterStatistics
from .stream import TokenTimes


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
