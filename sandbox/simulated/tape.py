"""Recorded calls of simulated tools: the same call on the same state is answered as it was answered before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from ..tools import JsonObject, Snapshot
from .proposal import Proposal


class Recording(msgspec.Struct, frozen=True):
    """One call that was answered and accepted."""

    key: str
    """Hash of tool, arguments and state, 32 hex digits."""
    proposal: Proposal


class Tape:
    """Recordings by key. Bounded: the oldest go first."""

    def __init__(self, recordings: Iterable[Recording] = (), *, capacity: int = 65_536) -> None:
        self._proposals = {recording.key: recording.proposal for recording in recordings}
        self._capacity = capacity

    def get(self, key: str) -> Proposal | None:
        """What was answered, None when nothing was."""
        return self._proposals.get(key)

    def keep(self, key: str, proposal: Proposal) -> Proposal:
        """Remember an answer; the first one given stays, so that two worlds in one state agree."""
        kept = self._proposals.setdefault(key, proposal)
        while len(self._proposals) > self._capacity:
            del self._proposals[next(iter(self._proposals))]
        return kept

    def recordings(self) -> tuple[Recording, ...]:
        """Everything, the oldest first, to be written to a file."""
        return tuple(Recording(key, proposal) for key, proposal in self._proposals.items())


def call_key(version: str, tool: str, state: Snapshot, arguments: JsonObject) -> str:
    """The key of a call."""
    text = msgspec.json.encode([version, tool, state, arguments], order="sorted")
    return hashlib.sha256(text).hexdigest()[:32]
