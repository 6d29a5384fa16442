"""What tells two runs apart, in words: the difference of their identities."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from ..runtime.errors import InputError

MOST = 4
"""Differences that are named."""


def difference(before: bytes, now: Mapping[str, JsonValue]) -> str:
    """`setting old -> new, …`; empty when both would make the same rows.

    Raises:
        InputError: `before` is not the text of an identity.
    """
    try:
        old: object = json.loads(before)
    except ValueError as error:
        raise InputError(f"identity.json: not JSON: {error}") from None
    if not isinstance(old, dict):
        raise InputError("identity.json: not an object")
    then = cast("dict[str, JsonValue]", old)
    if all(then.get(name) == now.get(name) for name in ("digest", "seed")):
        return ""
    found = list(_differences(then, now, ""))
    more = f", and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(found[:MOST]) + more


def _differences(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], prefix: str) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if one == other or (name == "digest" and not prefix):
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other, "" if name == "settings" else f"{prefix}{name}.")
        else:
            yield f"{prefix}{name} {_short(one)} -> {_short(other)}"


def _short(value: JsonValue) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
