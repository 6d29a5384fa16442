"""verl's multi-turn form: `messages` and `tools` as nested objects, with `enable_thinking` beside them."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import Raw, UnsetType

from ..chat import AssistantMessage
from .form import encode, text_about
from .sample import Sample, about_with
from .trl import ObjectMessage, ReadRecord, sample_of, with_objects


class _Record(msgspec.Struct, frozen=True):
    id: str
    data_source: str
    messages: tuple[ObjectMessage, ...]
    tools: Raw
    enable_thinking: bool
    metadata: str | UnsetType = msgspec.UNSET


_READS = msgspec.json.Decoder(ReadRecord)


class Verl:
    """See the module."""

    name: ClassVar[str] = "verl"
    losses: ClassVar[tuple[str, ...]] = ("weights of messages", "calls whose arguments are no JSON object")
    masks: ClassVar[bool] = False

    def encode(self, sample: Sample) -> bytes:
        """See Format."""
        thinks = any(isinstance(said, AssistantMessage) and said.reasoning for said in sample.messages)
        about = text_about(about_with(sample, ids=False))
        messages = tuple(map(with_objects, sample.messages))
        return encode(_Record(sample.id, "tdscaling", messages, sample.tools, thinks, about))

    def decode(self, record: bytes) -> Sample:
        """See Format."""
        return sample_of(_READS.decode(record))
