"""The words of a tool's name: how it splits into tokens, and how nouns change between one and many."""

from __future__ import annotations

import re
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_KEPT = frozenset(
    """news settings preferences statistics stats status address process access series analysis basis business class
    bus gas alias canvas""".split()
)
"""End like a plural and are none."""

PREPOSITIONS = frozenset(
    "associated related to in into for from of on by with at as via using between within and or".split()
)
"""What follows one of these qualifies a noun: `add_comment_to_ticket` is about a comment."""

FILLERS = frozenset(
    "a an the all any new current multiple batch bulk many single specific given detail details info information tool "
    "tools api mcp my this that its full raw data available latest recent advanced existing one more".split()
)
"""Say nothing about what a tool is about."""

KEY_SUFFIXES = frozenset(
    "id ids uid uids uuid uuids guid key keys number code sku hash sha path paths name names slug ref email url "
    "identifier".split()
)
"""The last word of a parameter that names one entry; what stands before it is the entry's entity."""


@lru_cache(maxsize=65_536)
def tokens(name: str) -> tuple[str, ...]:
    """`getOrderById`, `get-order_by.id` as `get order by id`, lower case, in any script."""
    return tuple(word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name)))


def normal(name: str) -> str:
    """A field's name as compared between schemas: `orderId`, `order_id` and `order-id` are `orderid`."""
    return "".join(tokens(name))


def singular(word: str) -> str:
    """One of many: `entities` is `entity`, `boxes` is `box`, `status` stays."""
    if word in _KEPT or len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def plural(phrase: str) -> str:
    """Many of one: `purchase order` is `purchase orders`; words without Latin letters stay as they are."""
    if not phrase or not phrase[-1].isascii() or not phrase[-1].isalpha():
        return phrase
    if phrase.rpartition(" ")[2] in ("series", "news", "settings", "preferences", "statistics", "stats"):
        return phrase
    if phrase.endswith("y") and phrase[-2:-1] not in "aeiou":
        return phrase[:-1] + "ies"
    return phrase + ("es" if phrase.endswith(("s", "x", "ch", "sh", "z")) else "s")


def is_plural(word: str) -> bool:
    """True when the word names many."""
    return singular(word) != word


def stem(param: str) -> str:
    """The entity that a parameter points at, by its name alone: `parentTaskId` is `task`; empty for a bare `id`."""
    words = tokens(param)
    while words and words[-1] in KEY_SUFFIXES:
        words = words[:-1]
    kept = [word for word in words if word not in FILLERS and word not in ROLES]
    return singular(kept[-1]) if kept else ""


ROLES = frozenset("parent child source target destination from to old new start end base first last".split())
"""Say what part an entry plays in a call, not what it is."""
