"""What every policy does alike: the parts of an assignment that are not steered, and what a commit says."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from random import Random

import msgspec

from ..runtime.assignment import Assignment, BusinessCluster, Mode
from ..runtime.chat import AssistantMessage
from ..runtime.errors import ConfigError
from ..runtime.row import Row
from ..runtime.seed import derive
from ..runtime.tally import Commit
from .ledger import Result
from .personas import PERSONAS, STYLES

DUPLICATE = "set.duplicate"
"""The committer's reason for a conversation that was accepted before."""


class Choice(msgspec.Struct, frozen=True):
    """The steered part of an assignment."""

    cluster: BusinessCluster
    mode: Mode
    goals: int
    why: str


def assignment(index: int, choice: Choice, dice: Random, run_seed: int) -> Assignment:
    """The assignment with a persona, a style and a seed of its own."""
    cluster = choice.cluster
    return Assignment(
        index=index,
        cluster=cluster.id,
        domain=cluster.domain,
        sector=cluster.sector,
        mode=choice.mode,
        goals=choice.goals,
        persona=dice.choice(PERSONAS),
        style=dice.choice(STYLES),
        seed=derive(run_seed, "episode", index),
        why=choice.why,
    )


def check_clusters(clusters: Sequence[BusinessCluster]) -> tuple[BusinessCluster, ...]:
    """The clusters. Raises ConfigError when there is none."""
    if not clusters:
        raise ConfigError("no tools to make clusters from: give --services or --mcp")
    return tuple(clusters)


def carried(cluster: BusinessCluster, wanted: Container[Mode]) -> tuple[Mode, ...]:
    """The modes that a cluster can carry, out of those that are wanted."""
    modes: tuple[Mode, ...] = cluster.modes
    return tuple(mode for mode in modes if mode in wanted)


class Novelty:
    """Remembers what the accepted rows called: the same calls with the same arguments are a near duplicate.

    Rows without calls are told apart by the committer, which compares whole conversations.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def result(self, commit: Commit) -> Result | None:
        """What a commit says about its cluster; None for an abandoned one. Call once per commit."""
        row = commit.row
        if row is None:
            return None
        measured = row.measurements
        cost = float(measured.prompt_tokens + measured.completion_tokens)
        duplicate = any(reason.startswith(DUPLICATE) for reason in commit.reasons)
        return Result(commit.accepted or duplicate, commit.accepted and self._is_new(commit, row), cost)

    def _is_new(self, commit: Commit, row: Row) -> bool:
        parts, owns = [commit.assignment.cluster], row.face.owns()
        for message in row.messages:
            if isinstance(message, AssistantMessage):
                for call in message.calls:
                    parts += (owns.get(call.function.name, call.function.name), call.function.arguments)
        if len(parts) == 1:
            return True
        key = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
        if key in self._seen:
            return False
        self._seen.add(key)
        return True
