"""The finished trajectory: one line of output."""

from __future__ import annotations

import msgspec

from .assignment import Assignment, Counterfactual, Mode, Perturbation
from .blueprint import Blueprint
from .chat import ChatMessage, ToolDefinition
from .presentation import Face


class Scores(msgspec.Struct, frozen=True):
    """Figures between 0 and 1 that describe, but do not gate."""

    conformance: float = 0.0
    """Share of the plan's executed steps that the assistant also called, in any order."""
    efficiency: float = 0.0
    """Planned calls divided by made calls, at most 1."""
    groundedness: float = 0.0
    """Share of the codes and numbers in the assistant's answers that stood before in what others said."""
    complexity: float = 0.0
    """How much had to be done, from 0 for a single call towards 1; see docs/quality.md."""


class Opinion(msgspec.Struct, frozen=True):
    """What a judging model said of a row that every rule accepts. No row without --judge-model has votes."""

    model: str = ""
    accepting: int = 0
    """Votes that found nothing wrong."""
    votes: int = 0
    """Votes that were cast; a reply that was no vote is none."""
    against: str = ""
    """The first reason of a vote against the row."""

    @property
    def accepts(self) -> bool:
        """True for a majority, and where nobody voted."""
        return not self.votes or 2 * self.accepting > self.votes


class Verdict(msgspec.Struct, frozen=True):
    """Accepted, or rejected with named reasons."""

    accepted: bool
    reasons: tuple[str, ...]
    """`stage.reason` or `stage.reason: detail`; empty when accepted."""
    scores: Scores
    judge: Opinion = Opinion()
    """What a judging model said; without votes where none was asked."""


class Measurements(msgspec.Struct, frozen=True):
    """Counts and tokens of a row; no clock value. The definitions are ours, see docs/design.md."""

    mode: Mode
    """The realised reasoning mode, by fixed precedence over `flags`."""
    flags: tuple[str, ...]
    """Every reasoning flag that the action structure shows."""
    user_turns: int
    assistant_turns: int
    tool_calls: int
    tool_errors: int
    distinct_tools: int
    dependent_depth: int
    """Longest chain of calls in which each uses a value that an earlier one returned."""
    model_calls: int
    """Model requests answered for this row, over all roles."""
    prompt_tokens: int
    completion_tokens: int
    finish_reasons: tuple[str, ...]
    """As the server gave them, one per assistant message."""
    perturbation: Perturbation = "none"
    """The assignment's, when it came about in the conversation; else `none`."""


class Provenance(msgspec.Struct, frozen=True):
    """Where a row comes from, enough to make it again."""

    version: str
    run_digest: str
    """sha256 of the semantic configuration, 16 hex digits."""
    model: str
    sampling: str
    """JSON text of the sampling parameters."""
    prompts: str
    """Version and hash of the prompt set."""
    tools: str
    """Licence and source of the tool schemas."""
    served: str = "{}"
    """JSON text `{role: [names that the servers gave]}`; `model` is the name that the assistant was asked for by."""
    evaluation_only: bool = False
    """True where a benchmark's tools were played: such a row is never training data, and exports refuse it."""


class Kin(msgspec.Struct, frozen=True):
    """What ties a row to the other rows of its blueprint."""

    blueprint: str = ""
    """Id that the plays of one blueprint share; a changed blueprint (the second row of a pair) has one of its own."""
    attempt: int = 0
    """Which play of the blueprint this is, from 0."""
    attempts: int = 1
    """How often the blueprint was played."""
    passes: int = 0
    """How many of the plays passed every gate; over `attempts`, the pass rate."""
    pair: str = ""
    """Id of the other row of a contrast pair; empty without one."""
    counterfactual: Counterfactual | None = None
    """What was changed in this row's blueprint; None in the first row of a pair, and without a pair."""


class Row(msgspec.Struct, frozen=True):
    """One trajectory. Every line has these keys, always."""

    id: str
    """Hash of (run digest, seed, index), 16 hex digits."""
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...]
    assignment: Assignment
    blueprint: Blueprint | None
    """None only in a row that was rejected before a plan was proved."""
    verdict: Verdict
    measurements: Measurements
    provenance: Provenance
    simulated: bool
    """True where the simulated model played any role."""
    kin: Kin = Kin()
    face: Face = Face()
    """How it is presented: what stands behind the names of its tools, its language and the like."""
