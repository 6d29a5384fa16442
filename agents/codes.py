"""Codes: tokens formed like the identifiers of a conversation's world, and whether they stood there before.

A code is a few letters, a sign or none, and a run of letters and digits: `ORD-20420`, `evt_h9hol`, `STK402844`. Its
shape is prefix, sign and length. Only what is shaped like an identifier that a tool took or returned is a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from ..runtime.chat import AssistantMessage, ChatMessage
from ..sandbox.facts import is_identifier, leaf_values
from ..sandbox.tools import JsonObject
from .paths import decode
from .said import folded, stands_in

Shape = tuple[str, str, int]
"""Prefix in lower case, sign, length of the rest."""

_CODE = re.compile(
    r"(?<![\w@.+-])#?([A-Za-z]{1,6})([-_./]?)(?=[A-Za-z0-9-]*\d)([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)(?![\w@-])"
)
_NUMBER = re.compile(r"(?<![\w.:/-])\d[\d,]*(?:\.\d+)?(?![\w:/-])")


class Codes:
    """The codes of one conversation."""

    def __init__(
        self, transcript: tuple[ChatMessage, ...], replies: Iterable[str], taken: Iterable[JsonObject]
    ) -> None:
        """`replies`: what tools answered; `taken`: the arguments of all calls."""
        self._transcript = transcript
        self.shapes = frozenset(_shapes(replies, taken))
        """Shapes of the identifiers that tools took or returned."""

    def within(self, text: str) -> list[str]:
        """The codes in a text, in order."""
        return [m.group().lstrip("#") for m in _CODE.finditer(text) if _shape(m) in self.shapes]

    def known(self, code: str, position: int) -> bool:
        """True when a code stood in a message before this position that the assistant did not write."""
        return stood_before(self._transcript, folded(code), position)

    def values(self, text: str) -> list[str]:
        """The codes and the numbers of two digits or more in a text: what can be looked up."""
        numbers = [m.group() for m in _NUMBER.finditer(text) if sum(map(str.isdigit, m.group())) > 1]
        return self.within(text) + numbers


def stood_before(transcript: tuple[ChatMessage, ...], form: str, position: int) -> bool:
    """True when a folded form stands in what others than the assistant said before a position."""
    return any(
        stands_in(folded(spoken.content), form)
        for spoken in transcript[:position]
        if not isinstance(spoken, AssistantMessage)
    )


def _shapes(replies: Iterable[str], taken: Iterable[JsonObject]) -> Iterator[Shape]:
    answered = (decode(reply) for reply in replies if reply[:1] in "{[")
    for value in chain(answered, taken):
        for path, leaf in leaf_values(value):
            yield from _shape_of(path, leaf)


def _shape_of(path: str, leaf: object) -> Iterator[Shape]:
    keys = [key for key in path.split(".") if not key.isdigit()]
    if isinstance(leaf, str) and len(leaf) < 40 and keys and is_identifier(keys[-1]):
        match = _CODE.fullmatch(leaf)
        if match:
            yield _shape(match)


def _shape(match: re.Match[str]) -> Shape:
    return match[1].lower(), match[2], len(match[3])
