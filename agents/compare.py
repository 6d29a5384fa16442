"""When two states or two replies are the same: comparators by the kind of field."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..sandbox.facts import kind_of, normalise, snake
from ..sandbox.tools import JsonObject, JsonValue, Snapshot
from .paths import decode

_STAMP = re.compile(r"(^|_)(created|updated|modified|changed|placed|opened|closed|resolved|logged|\w+ed)_(at|on|time)$")


def same_reply(recorded: str, again: str, volatile: Iterable[str]) -> bool:
    """True when two replies are equal but for the values of volatile keys and labelled lines."""
    if recorded == again:
        return True
    names = frozenset(volatile)
    return bool(names) and _masked(decode(recorded), names) == _masked(decode(again), names)


def _masked(value: JsonValue, volatile: frozenset[str]) -> JsonValue:
    if isinstance(value, dict):
        return {key: "*" if key in volatile else _masked(inner, volatile) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, volatile) for inner in value]
    if isinstance(value, str):
        labels = "|".join(re.escape(name) for name in sorted(volatile))
        return re.sub(rf"(?m)^(\s*(?:{labels})\s*[:=]\s*).*$", r"\1*", value)
    return value


def same_changes(before: dict[str, Snapshot], expected: dict[str, Snapshot], changed: dict[str, Snapshot]) -> str:
    """Empty when both sets of changes come to the same; else `reason: where`.

    Records that stood there before are compared under their key. New records have server-issued keys, so they are
    matched one to one by their other fields.
    """
    for service in sorted(expected.keys() | changed.keys()):
        tables_then, tables_now = expected.get(service, {}), changed.get(service, {})
        for table in sorted(tables_then.keys() | tables_now.keys()):
            old = before.get(service, {}).get(table, {})
            difference = _same_table(old, tables_then.get(table, {}), tables_now.get(table, {}))
            if difference:
                return f"{difference} in {service}.{table}"
    return ""


def _same_table(old: JsonObject, expected: JsonObject, changed: JsonObject) -> str:
    for key in sorted(expected.keys() & old.keys()):
        if key not in changed:
            return f"unchanged: {key}"
        if not same_record(expected[key], changed[key]):
            return f"differs: {key}"
    for key in sorted(changed.keys() & old.keys()):
        if key not in expected:
            return f"extra_change: {key}"
    wanted = [(key, record) for key, record in expected.items() if key not in old]
    made = [(key, record) for key, record in changed.items() if key not in old]
    for key, record in wanted:
        match = next((k for k, other in made if _counterpart(key, record, k, other)), None)
        if match is None:
            return f"not_created: like {key}"
        made = [(k, other) for k, other in made if k != match]
    return f"extra_record: {made[0][0]}" if made else ""


def _counterpart(key: str, record: JsonValue, other_key: str, other: JsonValue) -> bool:
    """A new record may have been issued another key; a new text (a file) stands under the key that was asked for."""
    return (key == other_key or isinstance(record, dict)) and same_record(record, other, issued={key: other_key})


def same_record(expected: JsonValue, actual: JsonValue, issued: dict[str, str] | None = None, name: str = "") -> bool:
    """Field by field: server-issued ids by their counterpart, time stamps and free text by kind, the rest by value."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            same_record(expected[key], actual[key], issued, key) for key in expected
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            same_record(a, b, issued, name) for a, b in zip(expected, actual, strict=True)
        )
    if isinstance(expected, str) and isinstance(actual, str):
        if (issued or {}).get(expected) == actual or _STAMP.search(snake(name)):
            return True
        if kind_of(name, {"type": "string"}) == "free text" and _in_words(expected) and _in_words(actual):
            return True
        return expected == actual or normalise(expected) == normalise(actual)
    return (type(expected) is type(actual) and bool(expected == actual)) or _same_number(expected, actual)


def _in_words(text: str) -> bool:
    """True for a text that someone worded; a single word under the name of a text is a code."""
    return len(text.split()) > 1


def _same_number(a: JsonValue, b: JsonValue) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b))
    return numbers and abs(a - b) < 0.005
