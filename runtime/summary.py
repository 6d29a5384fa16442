"""A run in figures: at one moment, for whoever watches it, and at its end, for `summary.json`."""

from __future__ import annotations

from typing import Protocol

import msgspec

from .messages import Role
from .outlook import Outlook
from .profile.record import ProfileSummary
from .tally import Judged, Modes
from .telemetry import StageReport


class Meter(Protocol):
    """Counts model requests. Read only, here."""

    @property
    def calls(self) -> int:
        """Requests answered."""
        ...

    @property
    def prompt_tokens(self) -> int:
        """Sum over the answered requests."""
        ...

    @property
    def completion_tokens(self) -> int:
        """Sum over the answered requests."""
        ...


class Tokens(msgspec.Struct, frozen=True):
    """Tokens as the servers counted them."""

    prompt: int
    completion: int


class Statistics(msgspec.Struct, frozen=True):
    """A run at one moment, for whoever watches it."""

    accepted: int
    rejected: int
    abandoned: int
    committed: int
    """Sum of the three above."""
    in_flight: int
    """Episodes admitted whose outcome is not there yet."""
    waiting: int
    """Outcomes that wait for one with a lower index."""
    queued: dict[Role, int]
    """Messages that wait for a worker."""
    restarts: int
    model_calls: int
    tokens: Tokens
    funnel: dict[str, dict[str, int]]
    """`{stage: {reason: n}}` of what was rejected and abandoned."""
    modes: Modes
    outlook: Outlook = Outlook()
    """What the steering sees."""


class Summary(msgspec.Struct, frozen=True):
    """What a run came to: `summary.json`."""

    accepted: int
    """Rows committed; a file has them all, who follows the journal may still be behind."""
    rejected: int
    abandoned: int
    """Episodes lost to infrastructure, deadlines or cancellation."""
    surplus: int
    """Episodes that finished but were not committed when the run ended: a resume uses them."""
    attempts: int
    """Episodes committed: accepted, rejected and abandoned."""
    funnel: dict[str, dict[str, int]]
    """`{stage: {reason: n}}`; a rejected row counts once for each of its reasons."""
    model_calls: int
    """Requests answered, whatever became of the episode."""
    tokens: Tokens
    wall_s: float
    cpu_s: float
    """CPU time of this process over the run."""
    stages: dict[Role, StageReport]
    modes: Modes
    """Of the accepted rows."""
    interrupted: bool
    """A stop was requested before the run was over."""
    judged: Judged = Judged()
    """With --judge-model: agreement of its majorities with the rules."""
    resumed: int = 0
    """Of the attempts, those that earlier sessions of this run committed. Requests, tokens and times are this one's."""
    outlook: Outlook = Outlook()
    """What the steering saw at the end: diversity, cost, alarms that stand."""
    profile: ProfileSummary | None = None
    """Where the time went; None without a profile."""
