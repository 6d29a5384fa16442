"""Texts that match a regular expression of the simple kind that schemas use: literals, classes, groups, repeats."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import TypeAlias

from .schemas import Unsatisfiable

MOST_REPEATS = 8
"""What `*`, `+` and `{n,}` are held to beyond their least."""
LONGEST = 24
"""What `{n,m}` is held to beyond its least: `{1,512}` is a limit, not a wish."""
MAX_LENGTH = 256
_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_CLASSES = {
    "d": _DIGITS,
    "w": _LOWER + _LOWER.upper() + _DIGITS + "_",
    "s": " ",
    "D": _LOWER,
    "S": _LOWER + _DIGITS,
    "W": " -",
}
"""What a class gives; of the negated ones, the plain part."""
_CATEGORIES = {"L": _LOWER, "N": _DIGITS, "Z": " "}
"""The same for Unicode's categories, by their first letter."""
_PRINTABLE = "".join(map(chr, range(32, 127)))


_Piece: TypeAlias = "str | tuple[_Sequence, ...]"
"""Letters to choose one of, or the branches of a group."""
_Sequence: TypeAlias = "tuple[tuple[_Piece, int, int], ...]"
"""Pieces with their least and most repeats."""


def matching(pattern: str, rng: Random) -> str:
    """A text that matches as a whole. Raises Unsatisfiable on anything but the simple kind (look-around, references).

    What is meant to match in part is matched as a whole too, which satisfies it.
    """
    text = "".join(_written(_branches(pattern), rng))
    if len(text) > MAX_LENGTH:
        raise Unsatisfiable(f"pattern {pattern[:60]!r} asks for a very long text")
    return text


def _written(branches: tuple[_Sequence, ...], rng: Random) -> list[str]:
    found: list[str] = []
    for piece, least, most in branches[0] if len(branches) == 1 else rng.choice(branches):
        for _ in range(least if least == most else rng.randint(least, most)):
            if not isinstance(piece, str):
                found += _written(piece, rng)
            else:
                found.append(piece if len(piece) < 2 else rng.choice(piece))
    return found


@lru_cache(maxsize=4096)
def _branches(pattern: str) -> tuple[_Sequence, ...]:
    """The pattern taken apart, once for all texts. Raises Unsatisfiable."""
    return _Parser(pattern).alternatives()


class _Parser:
    """Reads the pattern once from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def alternatives(self, *, nested: bool = False) -> tuple[_Sequence, ...]:
        """The branches up to the end, or to the bracket that closes this group."""
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if self._peek() != (")" if nested else ""):
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} has unbalanced brackets")
        return tuple(branches)

    def _sequence(self) -> _Sequence:
        found: list[tuple[_Piece, int, int]] = []
        while self._peek() not in ("", "|", ")"):
            piece = self._atom()
            found.append((piece, *self._repeats()))
        return tuple(found)

    def _atom(self) -> _Piece:
        mark = self._next()
        if mark in "^$":
            return ""
        if mark == "(":
            return self._group()
        if mark == "[":
            return self._choices()
        if mark == "\\":
            return self._escape()
        return _LOWER if mark == "." else mark

    def _group(self) -> _Piece:
        if self._peek() == "?":
            self._at += 1
            if self._next() != ":":
                raise Unsatisfiable(f"pattern {self._pattern[:60]!r} looks around or names a group")
        branches = self.alternatives(nested=True)
        self._at += 1
        return branches

    def _escape(self) -> str:
        mark = self._next()
        if mark in "bB":
            return ""
        if mark in _CLASSES:
            return _CLASSES[mark]
        if mark in "pP" and self._peek() == "{":
            return self._category(mark)
        if mark.isalnum():
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} uses \\{mark}")
        return mark

    def _category(self, mark: str) -> str:
        """Plain letters of a Unicode category, or of all but one: `\\p{L}`, `\\P{C}`."""
        name, _, _ = self._pattern[self._at + 1 :].partition("}")
        self._at += len(name) + 2
        found = _CATEGORIES.get(name[:1]) if mark == "p" else _LOWER if name[:1] not in ("L", "N") else None
        if found is None:
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} uses \\{mark}{{{name}}}")
        return found

    def _choices(self) -> str:
        negated = self._peek() == "^"
        self._at += negated
        found = ""
        while (mark := self._next()) != "]":
            if mark == "\\":
                escaped = self._next()
                found += _CLASSES.get(escaped, escaped)
            elif self._peek() == "-" and self._peek(1) not in ("]", ""):
                self._at += 1
                found += "".join(map(chr, range(ord(mark), min(ord(self._next()), ord(mark) + 256) + 1)))
            else:
                found += mark
        if negated:  # `[^/]+` is meant for names: letters and digits where they are allowed
            plain = "".join(c for c in _LOWER + _DIGITS if c not in found)
            found = plain or "".join(c for c in _PRINTABLE if c not in found)
        allowed = found
        if not allowed:
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} has an empty class")
        return allowed

    def _repeats(self) -> tuple[int, int]:
        bounds = {"?": (0, 1), "*": (0, MOST_REPEATS), "+": (1, MOST_REPEATS)}.get(self._peek())
        if bounds:
            self._at += 1
        elif self._peek() == "{" and self._peek(1).isdigit():
            inside, _, _ = self._pattern[self._at + 1 :].partition("}")
            self._at += len(inside) + 2
            low, comma, high = inside.partition(",")
            try:
                least = int(low)
                bounds = (least, int(high) if high else least + MOST_REPEATS * bool(comma))
            except ValueError:
                raise Unsatisfiable(f"pattern {self._pattern[:60]!r} has an odd repeat") from None
        if bounds and self._peek() == "?":  # lazy: matches the same texts
            self._at += 1
        least, most = bounds or (1, 1)
        if least > MAX_LENGTH or most < least:
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} asks for a very long text")
        return least, min(most, least + LONGEST)

    def _peek(self, ahead: int = 0) -> str:
        return self._pattern[self._at + ahead : self._at + ahead + 1]

    def _next(self) -> str:
        mark = self._peek()
        if not mark:
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} ends early")
        self._at += 1
        return mark
