"""Codes: tokens formed like the identifiers of a conversation's world, and whether they stood there before.

A code is a few letters, a sign or none, and a run of letters and digits: `ORD-20420`, `evt_h9hol`, `STK402844`. Its
shape is prefix, sign and length. Only what is shaped like an identifier that a tool took or returned is a code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import chain

from ..sandbox.facts import is_identifier, leaf_values
from ..sandbox.tools import JsonObject
from .paths import decode
from .said import folded

Shape = tuple[str, str, int]
"""Prefix in lower case, sign, length of the rest."""

_CODE = re.compile(
    r"(?<![\w@.+-])#?([A-Za-z]{1,6})([-_./]?)(?=[A-Za-z0-9-]*\d)([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)(?![\w@-])"
)
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"(?<![\w.:/-])\d[\d,]*(?:\.\d+)?(?![\w:/-])")


class Codes:
    """The codes of one conversation."""

    def __init__(
        self, stood_before: Callable[[str, int], bool], replies: Iterable[str], taken: Iterable[JsonObject]
    ) -> None:
        """`stood_before`: whether a folded form stood before a message; `replies`: what tools answered; `taken`: the
        arguments of all calls."""
        self._stood_before = stood_before
        self._sources = (replies, taken)

    @cached_property
    def shapes(self) -> frozenset[Shape]:
        """Shapes of the identifiers that tools took or returned."""
        return frozenset(_shapes(*self._sources))

    def invented(self, text: str, position: int) -> list[str]:
        """The codes in a text that stood in no message of somebody else before the position."""
        found = ((m, m.group().lstrip("#")) for m in _tokens(text))
        # Shapes are dear: most tokens stood before, whatever they are.
        unknown = [(m, code) for m, code in found if not self._stood_before(folded(code), position)]
        return [code for m, code in unknown if _shape(m) in self.shapes]


@lru_cache(maxsize=512)
def _tokens(text: str) -> tuple[re.Match[str], ...]:
    """All that is formed like a code. Words without a digit are passed over before the dear pattern is tried."""
    pieces = (piece for piece in text.split() if not piece.isalpha() and _DIGIT.search(piece))
    return tuple(found for piece in pieces for found in _CODE.finditer(piece))


def lookable(text: str) -> list[str]:
    """What in a text can be looked up: tokens formed like codes, and numbers of two digits or more."""
    codes = [m.group().lstrip("#") for m in _tokens(text)]
    return codes + [m.group() for m in _NUMBER.finditer(text) if sum(map(str.isdigit, m.group())) > 1]


def _shapes(replies: Iterable[str], taken: Iterable[JsonObject]) -> Iterator[Shape]:
    answered = (decode(reply) for reply in replies if reply[:1] in "{[")
    for value in chain(answered, taken):
        for path, leaf in leaf_values(value):
            yield from _shape_of(path, leaf)


def _shape_of(path: str, leaf: object) -> Iterator[Shape]:
    keys = [key for key in path.split(".") if not key.isdigit()]
    if isinstance(leaf, str) and len(leaf) < 40 and keys and _identifies(keys[-1]):
        match = _CODE.fullmatch(leaf)
        if match:
            yield _shape(match)


@lru_cache(maxsize=4_096)
def _identifies(key: str) -> bool:
    return is_identifier(key)


def _shape(match: re.Match[str]) -> Shape:
    return match[1].lower(), match[2], len(match[3])
