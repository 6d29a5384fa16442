"""The events of a journal: one JSON line each, in the order in which they became durable.

    assigned ─► finished ──► committed
           └──► abandoned ─┘

An episode whose events stop after `assigned` was in flight when the run ended; one that stops after `finished` is
surplus: a resume uses it. After a resume an index may finish a second time; before its commit the last event counts.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ..row import Row


class Assigned(msgspec.Struct, frozen=True, tag_field="event", tag="assigned"):
    """An episode was admitted. Not waited for: it becomes durable with whatever is written next."""

    index: int
    id: str


class Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished", omit_defaults=True):
    """An episode ended with a row. Written as soon as it did, whatever its place in the order."""

    index: int
    id: str
    row: Row
    """The verifier's row: before uniqueness, which is decided at commit."""
    others: tuple[Row, ...] = ()
    """The other plays of the same blueprint."""
    twin: Row | None = None
    """The second row of a contrast pair."""


class Abandoned(msgspec.Struct, frozen=True, tag_field="event", tag="abandoned"):
    """An episode ended without a row."""

    index: int
    id: str
    reason: str
    """`infrastructure.…`, `deadline`, `cancelled` or `bug.…`."""


class Committed(msgspec.Struct, frozen=True, tag_field="event", tag="committed", omit_defaults=True):
    """An outcome was taken in index order: it is counted, and the controller knows it."""

    index: int
    id: str
    accepted: bool
    late: tuple[str, ...] = ()
    """Reasons that were found at commit: the row that finished does not have them."""
    twin: bool = False
    """Whether the second row of a contrast pair was accepted, too."""


Event: TypeAlias = Assigned | Finished | Abandoned | Committed
"""One line of the journal."""

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """The line, with its end."""
    return _ENCODER.encode(event) + b"\n"


def decode_event(line: bytes) -> Event:
    """Read one line. Raises msgspec.DecodeError or msgspec.ValidationError when it is none."""
    return _DECODER.decode(line)
