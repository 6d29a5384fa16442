"""Gates on what the assistant tells: no identifier and no address that stood nowhere before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..said import folded
from ..talk import Talk
from .problem import Problem, TalkGate

_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[a-z]{2,}|https?://[^\s)>\]\"']+", re.IGNORECASE)


def no_invented_codes(talk: Talk) -> Iterator[Problem]:
    """Every code that the assistant tells stood in a message of somebody else before."""
    for position, text in talk.answers:
        for code in talk.codes.invented(text, position):
            yield Problem("grounding.invented_code", code, position)


def no_invented_addresses(talk: Talk) -> Iterator[Problem]:
    """Every mail or web address that the assistant tells stood in a message of somebody else before."""
    for position, text in talk.answers:
        if "@" in text or "://" in text:
            for found in _ADDRESS.finditer(text):
                address = folded(found.group().rstrip(".,;:"))
                if not talk.stood_before(address, position):
                    yield Problem("grounding.invented_address", address, position)


GROUNDING: tuple[TalkGate, ...] = (no_invented_codes, no_invented_addresses)
