"""The simulated reader of finished rows: votes by what it can see in the text, as a stand-in for a judging model.

It looks whether every value that the user asked to hear by name was told, and whether an answer was cut short. That is
little: it is there so that judging can be tried, not so that it means anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import msgspec

from ...runtime.chat import ChatMessage
from .speech import read

_SPOKEN = re.compile(r"(?m)^\[(user|assistant)\] ")
_REFUSAL = re.compile(r"\b(cannot|not able|not allowed|not permitted|failed|could not|did not work)\b", re.IGNORECASE)
CARELESS = 0.02
"""How often it takes a good row for a bad one or the other way round, times `mistakes`."""


def vote(messages: Sequence[ChatMessage], dice: Random, mistakes: float) -> str:
    """The vote on the conversation in the last message, as JSON text."""
    _, *parts = _SPOKEN.split(messages[-1].content)
    said = [(who, text.split("\n[", 1)[0]) for who, text in zip(parts[::2], parts[1::2], strict=True)]
    told = " ".join(text for who, text in said if who == "assistant").lower()
    wanted = [label for who, text in said if who == "user" for label in _heard(text)]
    missing = [label for label in wanted if label.lower() not in told]
    good = not missing or bool(_REFUSAL.search(told))
    if dice.random() < CARELESS * mistakes:
        good = not good
    reason = "" if good else f"The user is not told the {missing[0] if missing else 'whole of it'}."
    points = {"asked_for": good, "true": True, "sensible": True, "natural": True, "reason": reason}
    return msgspec.json.encode(points).decode()


def _heard(text: str) -> list[str]:
    """What a user's message wants to be told, by label."""
    wishes, _, loose = read(text)
    return [label for labels in (loose, *(wish.hear for wish in wishes)) for label in labels]
