"""Which user message raises which goal: read off the words, because a user may put a wish in any way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ..runtime.blueprint import Goal, Plan
from ..sandbox.facts import leaf_values
from .paths import decode
from .said import says

RAISED = 0.34
"""Share of an intent's content words that a message must hold to raise it without telling one of its facts."""
LIKE = 0.6
"""Share of a text's content words that a paraphrase of it holds."""
BESIDE = 0.8
"""The same for a message that raises another goal, with which this one was not to be raised together."""
PHRASE = 3
"""Words from which a text may be told in other words; a name or a code may not."""
_WORD = re.compile(r"[^\W_]+")
_EMPTY = frozenset(
    "a an and any are as at be but by can could do does for from get give had has have he her his how i if in "
    "into is it its just know let like me my need now of off on one or out over please she should so some take "
    "tell than that the their them then there these they this those to too up us want was we what when where "
    "which who will with would you your".split()
)


@lru_cache(maxsize=8_192)
def content_words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, without their endings."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower().replace("_", " ")) if word not in _EMPTY)


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    if len(word) > 5 and word.endswith("ies"):
        return word[:-3] + "y"
    for suffix in ("ing", "ed", "es", "s"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def likeness(goal: Goal, text: str) -> float:
    """How much a message sounds like raising a goal, 0 to 1: words of its intent; telling its facts stands for some."""
    wanted = content_words(goal.intent)
    words = len(wanted & content_words(text)) / len(wanted) if wanted else 0.0
    if words >= RAISED:
        return words
    upfront = [fact for fact in goal.facts if fact.reveal == "upfront"]
    return RAISED if any(says(text, decode(fact.slip or fact.at_first or fact.value)) for fact in upfront) else words


def raised(plan: Plan, users: Sequence[str]) -> tuple[int, ...]:
    """For each goal the number (from 1) of the user message that raises it, 0 when none does.

    Goals come up in their order, each after the one before unless they are raised together or nothing later fits; the
    likeliest message counts, the earliest of equals.
    """
    out: list[int] = []
    last = 0
    for goal in plan.goals:
        number = 0 if goal.together else _likeliest(goal, users, last, RAISED)
        number = number or _likeliest(goal, users, max(0, last - 1), RAISED if goal.together else BESIDE)
        last = number or last
        out.append(number)
    return tuple(out)


def _likeliest(goal: Goal, users: Sequence[str], start: int, least: float) -> int:
    """The number (from 1) of the message from `start` on that raises the goal; 0 when none is like it enough."""
    marks = ((likeness(goal, text), -number) for number, text in enumerate(users[start:], start=start + 1))
    best, number = max(marks, default=(0.0, 0))
    return -number if best >= least else 0


def tells(text: str, value: object) -> bool:
    """True when a user's text tells a value: as it stands, item by item, or most of its words."""
    if isinstance(value, list):
        return all(tells(text, item) for item in value)
    if isinstance(value, dict):
        return all(tells(text, leaf) for _, leaf in leaf_values(value))
    if value is None or says(text, value):
        return True
    if not isinstance(value, str) or len(value.split()) < PHRASE or any(map(str.isdigit, value)):
        return False
    words = content_words(value)
    return bool(words) and len(words & content_words(text)) >= LIKE * len(words)
