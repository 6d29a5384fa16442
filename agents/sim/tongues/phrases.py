"""The tables of phrases, read once per language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec

from ....runtime.presentation import Language


class Phrases(msgspec.Struct, frozen=True):
    """What one language has words for."""

    wishes: Mapping[str, str]
    """`{English wish: the same as an infinitive}`."""
    labels: Mapping[str, str]
    """`{English label: the same without an article}`."""
    forms: Mapping[str, tuple[str, ...]]
    """Ways of putting things by kind, with placeholders in braces."""


@lru_cache
def phrases_of(language: Language) -> Phrases:
    """The phrases of a language other than English."""
    forms = {
        key.removeprefix(f"{language}."): tuple(part.strip() for part in text.split("¦"))
        for key, _, text in (line.partition(" = ") for line in _lines("sentences.txt"))
        if key.startswith(f"{language}.")
    }
    return Phrases(_column("wishes.txt", language), _column("labels.txt", language), forms)


def _column(table: str, language: Language) -> dict[str, str]:
    rows = ([cell.strip() for cell in line.split(" | ")] for line in _lines(table))
    place = next(rows).index(language)
    return {row[0]: row[place] for row in rows}


def _lines(table: str) -> Iterator[str]:
    text = (files(__name__.rpartition(".")[0]) / table).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
