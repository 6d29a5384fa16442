"""Licences of descriptions: the SPDX name behind a provider's words, and the allow-list of `--licences`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from ...sandbox.tools import JsonValue
from .record import ToolRecord

UNKNOWN = "unknown"
"""The licence of what says nothing about its licence."""

_KNOWN: tuple[tuple[str, str], ...] = (
    (r"\bapache\b(?![\s-]*1)", "Apache-2.0"),
    (r"creative ?commons|\bcc[- ]by\b|\bcc[- ]?0\b|creativecommons", "CC"),
    (r"\bagpl|affero", "AGPL-3.0"),
    (r"\blgpl|lesser general", "LGPL-3.0"),
    (r"\bgpl|gnu general", "GPL"),
    (r"\bbsd\b.{0,3}2|2.clause", "BSD-2-Clause"),
    (r"\bbsd|3.clause", "BSD-3-Clause"),
    (r"\bmpl\b|mozilla public", "MPL-2.0"),
    (r"\beupl\b", "EUPL-1.2"),
    (r"\bisc\b(?=.{0,8}licen|$)", "ISC"),
    (r"\bunlicense\b", "Unlicense"),
    (r"\bodbl\b|open database licen", "ODbL-1.0"),
    (r"\bmit\b", "MIT"),
)
_VERSION = re.compile(r"\d\.\d|v?(?<![\w.])[234](?![\w.])")
_COMMONS = {
    "noncommercial": "NC",
    "non-commercial": "NC",
    "-nc": "NC",
    "noderiv": "ND",
    "-nd": "ND",
    "sharealike": "SA",
}


def licence_of(name: JsonValue, url: JsonValue = None) -> str:
    """The SPDX name that a licence's name or address means; else the name as written, shortened; else `unknown`."""
    written = " ".join(name.split())[:80] if isinstance(name, str) else ""
    address = url[:200].lower() if isinstance(url, str) else ""
    for text in (written.lower(), address):
        if found := spdx_in(text):
            return found
    return written or UNKNOWN


def spdx_in(text: str) -> str:
    """The SPDX name of the licence that a text in lower case speaks of; empty when none is recognised."""
    for pattern, name in _KNOWN:
        if re.search(pattern, text):
            if name == "CC":
                return _commons(text)
            if name == "GPL":
                return "GPL-2.0" if re.search(r"(?<!\d)2", text) else "GPL-3.0"
            return name
    return ""


def _commons(text: str) -> str:
    if re.search(r"\bcc[- ]?0\b|zero", text):
        return "CC0-1.0"
    terms = ["BY"]
    for word, short in (*_COMMONS.items(), ("-sa", "SA")):
        if word in text and short not in terms:
            terms.append(short)
    ordered = [term for term in ("BY", "NC", "SA", "ND") if term in terms]
    version = _VERSION.search(text)
    number = version.group().lstrip("v") if version else "4.0"
    return f"CC-{'-'.join(ordered)}-{number if '.' in number else number + '.0'}"


def licence_filter(allowed: Iterable[str]) -> Callable[[ToolRecord], bool]:
    """Which records an allow-list lets pass: names or patterns (`CC-BY-*`), whatever the case; `unknown` must be named.

    An empty list lets everything pass.
    """
    patterns = tuple(pattern.strip().lower() for pattern in allowed if pattern.strip())
    return lambda record: not patterns or any(fnmatchcase(record.licence.lower(), pattern) for pattern in patterns)
