"""Secrets by their exact values, kept out of everything that a run writes: rows, journal, logs, reports, crash notes.

What counts as a secret: the values of environment variables whose names say so or that the settings name, and
passwords and query values in addresses. A value that any text may hold is no secret: one shorter than 8 characters, or
shorter than 16 without both letters and digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from .messages import Outcome

SHORTEST = 8
LONG = 16
HIDDEN = "***"
_TELLING = re.compile(
    r"(?i)(key|token|secret|password|passwd|passphrase|credentials?|cookie)s?($|_|\d)|(^|_)(auth|authorization|pat)($|_)"
)


class Redactor:
    """Replaces the values it knows by `***`."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """`values`: the secrets; their forms in JSON and in addresses are known, too."""
        forms = {form for value in values if _is_secret(value) for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._found = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._found_bytes = re.compile(self._found.pattern.encode()) if self._found else None

    def text(self, text: str) -> str:
        """The text without them."""
        return self._found.sub(HIDDEN, text) if self._found else text

    def outcome(self, outcome: Outcome) -> Outcome:
        """The outcome without them, in any text of its rows."""
        if self._found_bytes is None:
            return outcome
        encoded = _ENCODER.encode(outcome)
        if self._found_bytes.search(encoded) is None:
            return outcome
        return _DECODER.decode(self._found_bytes.sub(HIDDEN.encode(), encoded))


NOTHING = Redactor()
"""Hides nothing."""
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Outcome)


def secrets_of(
    environ: Mapping[str, str], *, variables: Iterable[str] = (), addresses: Iterable[str] = ()
) -> Iterator[str]:
    """The secrets in an environment and in addresses. `variables`: names that hold one whatever they are called."""
    named = set(variables)
    for name, value in environ.items():
        if name in named or _TELLING.search(name):
            yield value.strip()
        if "://" in value:
            yield from _in_address(value)
    for address in addresses:
        yield from _in_address(address)


def _in_address(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    if parts.password:
        yield unquote(parts.password)
    yield from (value for _, value in parse_qsl(parts.query))


def _is_secret(value: str) -> bool:
    mixed = any(map(str.isalpha, value)) and any(map(str.isdigit, value))
    return len(value) >= (SHORTEST if mixed else LONG)


def _forms(value: str) -> set[str]:
    """How a value may stand in a text."""
    return {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe="")}
