"""Records put into words, for output schemas that wrap one text."""

from __future__ import annotations

from random import Random

from ..tools import JsonObject, JsonValue
from .texts import text_for
from .words import tokens


def in_words(record: JsonObject, rng: Random | None = None) -> str:
    """`order id: 7, status: open`; for nothing known, a sentence drawn from the seed."""
    if not record:
        return text_for("note", "", rng or Random(0))
    return ", ".join(f"{' '.join(tokens(name))}: {_said(value)}" for name, value in record.items() if value is not None)


def _said(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_said(inner) for inner in value) or "none"
    if isinstance(value, dict):
        return in_words(value) if value else "none"
    return str(value)
