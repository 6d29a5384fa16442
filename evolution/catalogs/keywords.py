"""The keywords of a schema that say something about one value, kept only where they are sound.

Public descriptions hold limits that are texts, types nobody knows, choices of another type and regular expressions of
other languages. What is not sound is left out, so that every schema compiles and can be satisfied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import jsonschema_rs

from ...sandbox.tools import JsonObject, JsonValue

TYPES: Mapping[str, str] = {
    **{name: name for name in ("string", "integer", "number", "boolean", "object", "array", "null")},
    **dict.fromkeys(("int", "int32", "int64", "long", "short", "int16"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("bool", "booleans"), "boolean"),
    **dict.fromkeys(
        ("str", "text", "file", "binary", "byte", "date", "date-time", "datetime", "uuid", "char"), "string"
    ),
    **dict.fromkeys(("dict", "map", "hash"), "object"),
    **dict.fromkeys(("list", "tuple", "set"), "array"),
}
"""{type as written, lower case: type of JSON Schema}"""
MAX_CHOICES = 100
"""Values of an `enum` that are kept, the first ones."""
MAX_PATTERN = 200
"""Characters of a regular expression that is kept."""

_CHECKS: Mapping[str, Callable[[JsonValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
_COUNTS = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}
_LONG_COUNT = 10_000
"""A least length beyond this is no limit that a value of an example could meet."""


def type_of(node: JsonObject) -> tuple[str, bool]:
    """The type, empty when nothing tells, and whether null is allowed too."""
    written = node.get("type")
    nullable = node.get("nullable") is True or node.get("x-nullable") is True
    if isinstance(written, list):
        names = [TYPES.get(name.lower(), "") for name in written if isinstance(name, str)]
        nullable = nullable or "null" in names
        written = next((name for name in names if name and name != "null"), "null" if names == ["null"] else "")
    kind = TYPES.get(written.lower(), "") if isinstance(written, str) else ""
    return kind or _guessed(node), nullable


def _guessed(node: JsonObject) -> str:
    if isinstance(node.get("properties"), dict):
        return "object"
    if "items" in node:
        return "array"
    choices = node.get("enum")
    if isinstance(choices, list) and choices:
        return next((kind for kind, fits in _CHECKS.items() if all(map(fits, choices))), "")
    return "object" if isinstance(node.get("additionalProperties"), dict) else ""


def copy_scalar(node: JsonObject, kind: str, into: JsonObject) -> None:
    """Copy what a schema says about a text, a number or a truth value, or about any value (`kind` empty)."""
    _copy_choices(node, kind, into)
    if isinstance(text := node.get("format"), str) and text and kind:
        into["format"] = text
    if "default" in node and _fitting(node["default"], kind) is not None:
        into["default"] = _fitting(node["default"], kind)
    if kind == "string":
        pattern = node.get("pattern")
        if isinstance(pattern, str) and linear(pattern):
            into["pattern"] = pattern
        copy_counts(node, kind, into)
    elif kind in ("integer", "number"):
        _copy_limits(node, into)


def _copy_choices(node: JsonObject, kind: str, into: JsonObject) -> None:
    choices = node.get("enum", [node["const"]] if "const" in node else None)
    if not isinstance(choices, list):
        return
    kept = [found for choice in choices[: 2 * MAX_CHOICES] if (found := _fitting(choice, kind)) is not None]
    unique = list({(type(value), value): value for value in kept}.values())[:MAX_CHOICES]
    if unique:
        into["enum"] = unique


def _fitting(value: JsonValue, kind: str) -> JsonValue:
    """The value in the type it should have, else None: discovery documents write every default as a text."""
    if not kind:
        return value if isinstance(value, str | int | float) else None
    check = _CHECKS.get(kind)
    if check is None:
        return None
    if check(value):
        return value
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
        if kind in ("integer", "number") and value.lstrip("-").isdecimal() and value.isascii() and len(value) < 20:
            return int(value)
    return None


def copy_counts(node: JsonObject, kind: str, into: JsonObject) -> None:
    """Copy the least and the greatest length of a text or a list."""
    low, high = _COUNTS[kind]
    least, most = (_count(node.get(word)) for word in (low, high))
    if least is not None and most is not None and least > most:
        return
    if least is not None and 0 < least <= _LONG_COUNT:
        into[low] = least
    if most is not None and (most > 0 or least == 0):
        into[high] = most


def _count(value: JsonValue) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _copy_limits(node: JsonObject, into: JsonObject) -> None:
    """Bounds of a number; the older form of `exclusiveMinimum` is a switch, and Google writes numbers as texts."""
    limits: dict[str, float] = {}
    for word, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        bound, beyond = _number(node.get(word)), node.get(exclusive)
        if bound is not None:
            limits[exclusive if beyond is True else word] = bound
        elif (strict := _number(beyond)) is not None:
            limits[exclusive] = strict
    low = max((limits[word] for word in ("minimum", "exclusiveMinimum") if word in limits), default=float("-inf"))
    high = min((limits[word] for word in ("maximum", "exclusiveMaximum") if word in limits), default=float("inf"))
    if low < high or (low == high and not any(word.startswith("exclusive") for word in limits)):
        into.update(limits)
    step = _number(node.get("multipleOf"))
    if step is not None and step > 0:
        into["multipleOf"] = step


def _number(value: JsonValue) -> int | float | None:
    if isinstance(value, str):
        return int(value) if value.lstrip("-").isdecimal() and value.isascii() and len(value) < 20 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < float("inf") else None


@lru_cache(maxsize=20_000)
def linear(pattern: str) -> bool:
    """True when an engine without backtracking can run the expression, so that no text makes it hang."""
    if len(pattern) > MAX_PATTERN:
        return False
    try:
        jsonschema_rs.Draft202012Validator(
            {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(size_limit=1_000_000)
        )
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True
