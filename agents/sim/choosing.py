"""How the simulated assistant takes an identifier from what it saw: the one that fits, another page, or a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from ...sandbox.facts import Param
from ...sandbox.tools import JsonObject, JsonValue
from ..paths import decode
from .reading import Done, found

TRIES = 3
"""How often the same call is made while its error may pass."""


class Call(msgspec.Struct, frozen=True):
    """A call the assistant wants to make."""

    tool: str
    arguments: JsonObject


class Several(msgspec.Struct, frozen=True):
    """Entries that fit what the user told equally well."""

    entries: list[JsonObject]
    hits: int
    """How many of the things that the user told stand beside each of them."""


class One(msgspec.Struct, frozen=True):
    """The value that fits."""

    value: JsonValue


Choice: TypeAlias = One | Several | Call


def choose(param: Param, facts: Mapping[str, str], done: Sequence[Done]) -> Choice | None:
    """The value for an identifier out of the replies so far, by what the user told; None when no reply holds one.

    A list with more pages is read on while nothing in it stands out.
    """
    ranked = found(param, facts, done)
    if not ranked:
        return None
    best = ranked[0]
    rivals = [entry for entry in ranked if entry.hits == best.hits and entry.call.tool == best.call.tool]
    values = list(dict.fromkeys(entry.value for entry in rivals))
    if (len(values) > 1 or not best.hits) and (page := next_page(best.call.tool, done)) is not None:
        return page
    if len(values) > 1:
        entries = [next(entry.beside for entry in rivals if entry.value == value) for value in values]
        return Several(entries, best.hits)
    return One(best.value)


def next_page(tool: str, done: Sequence[Done]) -> Call | None:
    """The call for the page after the last one that a list tool gave; None on the last page, and where it fails."""
    last = next((call for call in reversed(done) if call.tool == tool and not call.failed), None)
    reply = decode(last.reply) if last else None
    cursor = reply.get("next_cursor") if isinstance(reply, dict) else None
    if last is None or not isinstance(cursor, str):
        return None
    wanted = last.arguments | {"cursor": cursor}
    return Call(tool, wanted) if again(tool, wanted, done) else None


def again(tool: str, arguments: JsonObject, done: Sequence[Done]) -> bool:
    """False for a call that was answered already, or that failed too often or for good."""
    same = [call for call in done if call.tool == tool and call.arguments == arguments]
    return len(same) < TRIES and all(call.passing for call in same)
