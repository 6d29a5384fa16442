"""Reasoning on the way out: kept, dropped, or one sample per user turn with the reasoning of that turn alone.

Chat templates drop the reasoning of earlier turns. A whole conversation with all of it would train on texts that the
model never sees in use; `split` makes each turn a sample of its own, as it looks when it is played.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

import msgspec
from msgspec import UNSET

from ..chat import AssistantMessage, ChatMessage, UserMessage
from .sample import Sample

Reasoning: TypeAlias = Literal["keep", "drop", "split"]
REASONING: tuple[Reasoning, ...] = get_args(Reasoning)

_replace = msgspec.structs.replace


def cut(sample: Sample, how: Reasoning) -> Iterator[Sample]:
    """The samples that one conversation becomes: itself, or one for each user turn that the assistant answered."""
    match how:
        case "keep":
            yield sample
        case "drop":
            yield _replace(sample, messages=tuple(map(_silent, sample.messages)))
        case "split":
            yield from _turns(sample)


def _turns(sample: Sample) -> Iterator[Sample]:
    """Ids get `#1`, `#2`, …; what came before the turn is context: weight 0, no reasoning."""
    messages = sample.messages
    begins = [n for n, said in enumerate(messages) if isinstance(said, UserMessage)]
    begins = [n for n in begins if not n or not isinstance(messages[n - 1], UserMessage)]  # two in a row are one turn
    for number, begin in enumerate(begins, start=1):
        end = begins[number] if number < len(begins) else len(messages)
        turn = messages[begin:end]
        if any(isinstance(said, AssistantMessage) for said in turn):
            before = tuple(_context(said) for said in messages[:begin])
            yield _replace(sample, id=f"{sample.id}#{number}", messages=before + turn)


def _context(said: ChatMessage) -> ChatMessage:
    silent = _silent(said)
    return silent if silent.train is UNSET else _replace(silent, train=0.0)


def _silent(said: ChatMessage) -> ChatMessage:
    return _replace(said, reasoning=UNSET) if isinstance(said, AssistantMessage) and said.reasoning else said
