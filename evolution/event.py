"""The event: everything that the statistics keep of one accepted trajectory, a few labels and numbers."""

from __future__ import annotations

import hashlib

import msgspec

from ..runtime.row import Row
from .complexity import complexity
from .conversation import Conversation, of_row
from .flow import Flow, flow_of
from .labels import primary, structural_flags
from .signature import raw_signature, relevant_signature


class Event(msgspec.Struct, frozen=True):
    """One trajectory as the statistics see it."""

    sector: str
    """Empty where nothing is known."""
    domain: str
    cluster: str
    """For foreign data: the set of tools that it was made with."""
    mode: str
    """One of the twelve labels."""
    flags: tuple[str, ...]
    """Every label that applies; what RME-set counts."""
    signature: str
    """Shape of the calls that the outcome hangs on."""
    raw_signature: str
    """Shape of all calls."""
    complexity: float
    """Cumulative Action Complexity."""
    depth: int
    """Calls on the longest chain of values."""
    calls: int
    user_turns: int
    tokens: int | None
    """Prompt and completion tokens; None where they were not recorded."""
    tools: tuple[str, ...]
    """In the order of the calls."""
    arguments: tuple[tuple[str, str], ...]
    """`(tool, hash of its arguments)` per call."""
    face: str = ""
    """How the same task was presented: persona, style, language, names and the like; empty for foreign data."""
    simulated: bool = False
    """The simulated model played a role."""


class Place(msgspec.Struct, frozen=True):
    """Where a conversation stands in the tree of labels."""

    sector: str = ""
    domain: str = ""
    cluster: str = ""


def event_of_row(row: Row, *, structural: bool = False) -> Event:
    """The event of one of our rows; `structural`: labelled as foreign data is, for a fair comparison."""
    conversation = of_row(row)
    flow = flow_of(conversation)
    flags = structural_flags(conversation, flow) if structural else row.measurements.flags or (row.measurements.mode,)
    asked = row.assignment
    event = _event(conversation, flow, flags, Place(asked.sector, asked.domain, asked.cluster))
    return msgspec.structs.replace(
        event,
        mode=primary(flags),
        tokens=row.measurements.prompt_tokens + row.measurements.completion_tokens,
        face="|".join(
            (asked.persona, asked.style, row.face.language, row.face.naming, row.face.system, row.face.replies)
        ),
        simulated=row.simulated,
    )


def event_of(conversation: Conversation, place: Place) -> Event:
    """The event of a conversation of any origin, labelled from its structure."""
    flow = flow_of(conversation)
    return _event(conversation, flow, structural_flags(conversation, flow), place)


def _event(conversation: Conversation, flow: Flow, flags: tuple[str, ...], place: Place) -> Event:
    calls = conversation.calls
    return Event(
        sector=place.sector,
        domain=place.domain,
        cluster=place.cluster,
        mode=primary(flags),
        flags=tuple(sorted(flags)),
        signature=relevant_signature(conversation, flow),
        raw_signature=raw_signature(conversation, flow),
        complexity=complexity(conversation, flow, flags),
        depth=flow.depth,
        calls=len(calls),
        user_turns=len(conversation.users),
        tokens=None,
        tools=tuple(call.tool for call in calls),
        arguments=tuple((call.tool, _hash(msgspec.json.encode(call.arguments, order="sorted"))) for call in calls),
    )


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
