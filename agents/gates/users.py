"""Gates on the user: names no tool, tells what it knows and nothing else, gives nothing away, stops in time."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence
from .problem import OutcomeGate, Problem


def names_no_tool(evidence: Evidence) -> Iterator[Problem]:
    """The user names no tool."""
    names = [name for name in evidence.specs if "_" in name]
    for position, text in evidence.talk.users:
        lower = text.lower()
        named = next((name for name in names if name.lower() in lower), None)
        if named:
            yield Problem("user.names_tool", named, position)


USERS: tuple[OutcomeGate, ...] = (names_no_tool,)
