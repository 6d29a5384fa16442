"""What a run has come to so far: counts over the commits in index order, and when they say that it is over."""

from __future__ import annotations

from collections import Counter

import msgspec

from .assignment import Assignment, Mode
from .errors import EndpointError, EndpointFault, TargetUnreachable, ToolServerError, UserError
from .limits import Limits
from .row import Row


class Commit(msgspec.Struct, frozen=True):
    """One outcome, taken in index order, with everything decided."""

    index: int
    id: str
    assignment: Assignment
    row: Row | None
    """The row with its final verdict, uniqueness included; None when the episode was abandoned."""
    reasons: tuple[str, ...]
    """The verdict's reasons, or the one for which it was abandoned; empty when accepted."""
    others: tuple[Row, ...] = ()
    """The other plays of the same blueprint."""
    twin: Row | None = None
    """The second row of a contrast pair, with its final verdict; it goes where the first one goes when accepted."""

    @property
    def accepted(self) -> bool:
        """Whether it counts towards the target."""
        return self.row is not None and self.row.verdict.accepted


class Modes(msgspec.Struct, frozen=True):
    """Reasoning modes of the accepted rows."""

    asked: dict[Mode, int]
    realised: dict[Mode, int]


class Judged(msgspec.Struct, frozen=True):
    """How a judging model's majority went on the rows that every rule accepts."""

    rows: int = 0
    """Rows that got votes."""
    agreed: int = 0
    """Those whose majority accepted them as the rules did."""

    def with_one(self, *, agreed: bool) -> Judged:
        """The same with one row more."""
        return Judged(self.rows + 1, self.agreed + agreed)


class Tally:
    """Counts commits. Everything here is a function of their order; no clock is read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.accepted = 0
        self.rejected = 0
        self.abandoned = 0
        self._funnel: dict[str, Counter[str]] = {}  # {stage: {reason: n}}
        self.judged = Judged(0, 0)
        self._asked: Counter[Mode] = Counter()
        self._realised: Counter[Mode] = Counter()
        self._barren = 0  # commits since the last accepted row
        self._barren_reasons: Counter[str] = Counter()
        self._broken = 0  # commits since the last one that worlds and servers did not spoil
        self._last_broken = ""

    @property
    def committed(self) -> int:
        """Commits counted."""
        return self.accepted + self.rejected + self.abandoned

    def add(self, commit: Commit) -> None:
        """Count one commit."""
        for reason in commit.reasons:
            stage, code = split_reason(reason) if commit.row is not None else ("abandoned", code_of(reason))
            self._funnel.setdefault(stage, Counter())[code] += 1
        if commit.row is not None and commit.row.verdict.judge.votes:
            self.judged = self.judged.with_one(agreed=commit.row.verdict.judge.accepts)
        if commit.row is None:
            self.abandoned += 1
        elif commit.accepted:
            self.accepted += 1
            self._asked[commit.assignment.mode] += 1
            self._realised[commit.row.measurements.mode] += 1
        else:
            self.rejected += 1
        self._follow_streaks(commit)

    def begin_anew(self) -> None:
        """Forget the streaks: what a run gave up for may have passed when it is resumed."""
        self._barren = self._broken = 0
        self._barren_reasons.clear()

    def over(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.accepted >= self._limits.count or self.failure() is not None

    def failure(self) -> UserError | None:
        """Why the run cannot go on, or None. Reaching the target comes before every reason to give up."""
        limits = self._limits
        if self.accepted >= limits.count:
            return None
        if self._broken >= limits.breaker:
            lost_to_models = self._last_broken.startswith(f"infrastructure.{EndpointFault.PREFIX}")
            kind = EndpointError if lost_to_models else ToolServerError
            return kind(f"stopped after {self._broken} failures in a row, the last: {self._last_broken}")
        if self._barren >= limits.patience:
            return TargetUnreachable(
                f"no accepted row in the last {self._barren} attempts "
                f"({self.accepted} of {limits.count} so far){self._top_reasons()}"
            )
        if limits.attempts is not None and self.committed >= limits.attempts:
            return TargetUnreachable(
                f"{self.accepted} of {limits.count} rows accepted after all {limits.attempts} attempts"
                f"{self._top_reasons()}"
            )
        return None

    def funnel(self) -> dict[str, dict[str, int]]:
        """`{stage: {reason: n}}` over the reasons of all rejected and abandoned commits."""
        return {stage: dict(reasons.most_common()) for stage, reasons in sorted(self._funnel.items())}

    def modes(self) -> Modes:
        """What was asked of the accepted rows and what they show, most frequent first."""
        return Modes(dict(self._asked.most_common()), dict(self._realised.most_common()))

    def _follow_streaks(self, commit: Commit) -> None:
        if commit.accepted:
            self._barren = self._broken = 0
            self._barren_reasons.clear()
            return
        self._barren += 1
        self._barren_reasons.update(map(code_of, commit.reasons))
        if commit.row is None or any(reason.startswith("environment.") for reason in commit.reasons):
            self._broken += 1
            self._last_broken = commit.reasons[0] if commit.reasons else ""
        else:
            self._broken = 0

    def _top_reasons(self) -> str:
        top = ", ".join(f"{reason} x {count}" for reason, count in self._barren_reasons.most_common(3))
        return f"; most frequent since the last accepted row: {top}" if top else ""


def code_of(reason: str) -> str:
    """The countable part of `stage.reason: detail`: `stage.reason`."""
    return reason.partition(":")[0].strip()


def split_reason(reason: str) -> tuple[str, str]:
    """Stage and reason of `stage.reason: detail`; a text without a dot is a stage of its own."""
    stage, _, code = code_of(reason).partition(".")
    return stage, code or stage
