"""The entry: what the list of trajectories knows of a row, and what it is filtered by."""

from __future__ import annotations

import msgspec

from ...runtime.chat import AssistantMessage, UserMessage
from ...runtime.ends import head
from ...runtime.row import Row

OPENING = 110
"""Characters of the user's first words that stand in the list."""


class Entry(msgspec.Struct, frozen=True):
    """One line of the list."""

    id: str
    accepted: bool
    turns: int
    """Messages of the user."""
    calls: int
    opening: str
    """The user's first words, on one line."""
    mode: str
    """The reasoning mode that came about."""
    domain: str
    perturbation: str
    """`none` for an undisturbed episode."""
    language: str
    """That the user writes in, two letters."""
    reasons: tuple[str, ...]
    """`stage.reason` of a rejected row, each once."""
    tools: tuple[str, ...]
    """The tools that were called, each once, in order, as their services call them and not as the row shows them."""


def entry_of(row: Row) -> Entry:
    """The entry of a row."""
    said = next((message.content for message in row.messages if isinstance(message, UserMessage)), "")
    called = (call.function.name for said in row.messages if isinstance(said, AssistantMessage) for call in said.calls)
    own = row.face.owns()
    return Entry(
        id=row.id,
        accepted=row.verdict.accepted,
        turns=row.measurements.user_turns,
        calls=row.measurements.tool_calls,
        opening=" ".join(said[: 4 * OPENING].split())[:OPENING],
        mode=row.measurements.mode,
        domain=row.assignment.domain,
        perturbation=row.assignment.perturbation,
        language=row.face.language,
        reasons=tuple(dict.fromkeys(map(head, row.verdict.reasons))),
        tools=tuple(dict.fromkeys(own.get(name, name) for name in called)),
    )
