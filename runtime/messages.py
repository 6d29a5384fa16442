"""The messages of the bus: one tagged union, one in flight per episode.

Draft ─► Speak ─► Respond ─► Act ─► Respond … ─► Speak … ─► Judge ─► Outcome
blueprint  user   assistant  toolsim                        verifier  committer
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .assignment import Assignment, Counterfactual
from .blueprint import Blueprint
from .chat import ChatMessage, ToolDefinition
from .presentation import Face
from .row import Row

Role: TypeAlias = Literal["blueprint", "user", "assistant", "toolsim", "verifier"]
ROLES: tuple[Role, ...] = ("blueprint", "user", "assistant", "toolsim", "verifier")


class ModelCall(msgspec.Struct, frozen=True):
    """The account of one answered model request."""

    role: Role
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    model: str = ""
    """The name that the server gave."""


class Draft(msgspec.Struct, frozen=True, tag=True):
    """To the blueprint agent: draft and prove a plan for this assignment."""

    id: str
    assignment: Assignment
    attempt: int = 0
    """How often an infrastructure fault already restarted this episode."""


class Episode(msgspec.Struct, frozen=True):
    """Everything that is known of a running episode. A new one is made for every change."""

    id: str
    assignment: Assignment
    attempt: int
    blueprint: Blueprint
    tools: tuple[ToolDefinition, ...]
    """What the assistant is given, in a stable order."""
    transcript: tuple[ChatMessage, ...]
    """The visible conversation so far, the system message first when there is one."""
    model_calls: tuple[ModelCall, ...]
    rows: tuple[Row, ...] = ()
    """What the plays of this episode so far ended with, in order; their number is the number of this play."""
    twin: Blueprint | None = None
    """The blueprint with one thing changed, to be played last; None without a contrast pair."""
    counterfactual: Counterfactual | None = None
    """What is changed in the twin."""
    face: Face = Face()
    """How it is presented: what stands behind the names in `tools`."""


class Speak(msgspec.Struct, frozen=True, tag=True):
    """To the user agent: say the next thing, or stop."""

    episode: Episode


class Respond(msgspec.Struct, frozen=True, tag=True):
    """To the assistant agent: answer or call tools."""

    episode: Episode


class Act(msgspec.Struct, frozen=True, tag=True):
    """To the tool-sim agent: answer the calls of the last message, all of them."""

    episode: Episode


class Judge(msgspec.Struct, frozen=True, tag=True):
    """To the verifier: the conversation is over."""

    episode: Episode


class Outcome(msgspec.Struct, frozen=True, tag=True):
    """To the committer: the episode is over and its token is gone."""

    index: int
    id: str
    status: Literal["completed", "abandoned"]
    row: Row | None
    """The trajectory with its verdict when completed; None when abandoned."""
    reason: str = ""
    """Why it was abandoned: `infrastructure.…` or `deadline`."""
    others: tuple[Row, ...] = ()
    """The other plays of the same blueprint, whatever became of them."""
    twin: Row | None = None
    """The second row of a contrast pair."""


Message: TypeAlias = Draft | Speak | Respond | Act | Judge | Outcome
"""Closed: the bus routes by type and `match` is exhaustive."""
