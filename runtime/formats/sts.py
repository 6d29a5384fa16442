"""STS, the session format of the Hugging Face Hub's trace viewer: a header line, then one line per message.

A record is several lines. A folder gets one file per conversation, which is what the viewer opens; a single file holds
the sessions one after another.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from .form import about_of, encode, text_about
from .openai import ReadMessage, WireMessage, ours, wire
from .sample import Sample, about_with, restored

HEADER = b'{"type":"session"'


class _Session(msgspec.Struct, frozen=True, tag_field="type", tag="session"):
    harness: str
    id: str
    tools: Raw = Raw(b"[]")
    metadata: str | UnsetType | None = UNSET


class _Said(msgspec.Struct, frozen=True, tag_field="type", tag="message"):
    message: WireMessage


class _Heard(msgspec.Struct, frozen=True, tag_field="type", tag="message"):
    message: ReadMessage


_SESSIONS = msgspec.json.Decoder(_Session)
_MESSAGES = msgspec.json.Decoder(_Heard)


class Sts:
    """See the module."""

    name: ClassVar[str] = "sts"
    losses: ClassVar[tuple[str, ...]] = ("weights other than 0 and 1 become 1",)
    masks: ClassVar[bool] = True

    def encode(self, sample: Sample) -> bytes:
        """See Format. The lines of one session, joined by line ends."""
        header = _Session("tdscaling", sample.id, sample.tools, text_about(about_with(sample, ids=False)))
        return b"\n".join([encode(header), *(encode(_Said(wire(said))) for said in sample.messages)])

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        lines = [line for line in record.split(b"\n") if line.strip()]
        header = _SESSIONS.decode(lines[0] if lines else b"")
        messages = ours(tuple(_MESSAGES.decode(line).message for line in lines[1:]))
        return restored(Sample(header.id, messages, header.tools, about_of(header.metadata)))
