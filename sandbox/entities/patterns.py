"""Texts that match a regular expression of the simple kind that schemas use: literals, classes, groups, repeats."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from .schemas import Unsatisfiable

MOST_REPEATS = 8
"""What `*`, `+` and `{n,}` are held to beyond their least."""
MAX_LENGTH = 256
_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_CLASSES = {"d": _DIGITS, "w": _LOWER + _LOWER.upper() + _DIGITS + "_", "s": " "}
_PRINTABLE = "".join(map(chr, range(32, 127)))


def matching(pattern: str, rng: Random) -> str:
    """A text that matches as a whole. Raises Unsatisfiable on anything but the simple kind (look-around, references).

    What is meant to match in part is matched as a whole too, which satisfies it.
    """
    text = _Writer(pattern, rng).alternatives()
    if len(text) > MAX_LENGTH:
        raise Unsatisfiable(f"pattern {pattern[:60]!r} asks for a very long text")
    return text


class _Writer:
    """Reads the pattern once from left to right and writes as it goes."""

    def __init__(self, pattern: str, rng: Random) -> None:
        self._pattern = pattern
        self._rng = rng
        self._at = 0

    def alternatives(self, *, nested: bool = False) -> str:
        """One of the branches up to the end, or to the bracket that closes this group."""
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if self._peek() != (")" if nested else ""):
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} has unbalanced brackets")
        return self._rng.choice(branches)

    def _sequence(self) -> str:
        return "".join(self._repeated())

    def _repeated(self) -> Iterator[str]:
        while self._peek() not in ("", "|", ")"):
            start = self._at
            piece = self._atom()
            least, most = self._repeats()
            after = self._at
            for turn in range(self._rng.randint(least, most)):
                if turn:  # written anew, so that `[a-z]+` is not one letter many times
                    self._at = start
                    piece = self._atom()
                yield piece
            self._at = after

    def _atom(self) -> str:
        mark = self._next()
        if mark in "^$":
            return ""
        if mark == "(":
            return self._group()
        if mark == "[":
            return self._rng.choice(self._choices())
        if mark == "\\":
            return self._escape()
        return self._rng.choice(_LOWER) if mark == "." else mark

    def _group(self) -> str:
        if self._peek() == "?":
            self._at += 1
            if self._next() != ":":
                raise Unsatisfiable(f"pattern {self._pattern[:60]!r} looks around or names a group")
        text = self.alternatives(nested=True)
        self._at += 1
        return text

    def _escape(self) -> str:
        mark = self._next()
        if mark in "bB":
            return ""
        if mark in _CLASSES:
            return self._rng.choice(_CLASSES[mark])
        if mark.isalnum():
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} uses \\{mark}")
        return mark

    def _choices(self) -> str:
        allowed, self._at = _class_at(self._pattern, self._at)
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
        return least, most

    def _peek(self, ahead: int = 0) -> str:
        return self._pattern[self._at + ahead : self._at + ahead + 1]

    def _next(self) -> str:
        mark = self._peek()
        if not mark:
            raise Unsatisfiable(f"pattern {self._pattern[:60]!r} ends early")
        self._at += 1
        return mark


@lru_cache(maxsize=4096)  # a repeated class is read once, not once per letter
def _class_at(pattern: str, at: int) -> tuple[str, int]:
    """The letters that the class behind the bracket at `at` allows, and where it ends. Raises Unsatisfiable."""
    start = at
    negated = pattern[at : at + 1] == "^"
    at += negated
    found = ""
    while (mark := pattern[at : at + 1]) != "]":
        at += 1
        if not mark:
            raise Unsatisfiable(f"pattern {pattern[:60]!r} ends early")
        if mark == "\\":
            escaped = pattern[at : at + 1]
            at += 1
            found += _CLASSES.get(escaped, escaped)
        elif pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("]", ""):
            found += "".join(map(chr, range(ord(mark), min(ord(pattern[at + 1]), ord(mark) + 256) + 1)))
            at += 2
        else:
            found += mark
    if negated:  # `[^/]+` is meant for names: letters and digits where they are allowed
        found = "".join(c for c in _LOWER + _DIGITS if c not in found) or "".join(set(_PRINTABLE) - set(found))
    allowed = "".join(sorted(found)) if negated else found
    if not allowed:
        raise Unsatisfiable(f"pattern {pattern[:60]!r} has an empty class at {start}")
    return allowed, at + 1
