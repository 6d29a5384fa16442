"""Schemas made short enough to stand in every cluster that uses the tool: descriptions cut, what lies deep left open.

The descriptions of a large catalogue make up half of its schemas, and a few schemas most of the rest. What is left out
is optional, or nothing is said of it any more; fields that may name an entry stay longest. Arguments and replies of the
short schema fit the long one as far as it is still described, and whatever is derived from the short one holds for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .record import Service, ToolRecord

INPUT = (200, 6000)
"""Characters of a description in an input schema, and bytes of the schema."""
OUTPUT = (90, 4000)
"""The same of a reply's schema, whose fields are read more by programs than by models."""
LEVELS = (4, 3, 2, 1)
"""Objects inside each other that stay, tried one after the other until the schema is short enough."""
WIDTHS = (40, 24, 12)
"""Optional properties of one object that stay, when depth alone does not do it."""
MOST_CHOICES = 40
"""Values of an `enum` that stay, the first ones."""
_KEY = re.compile(r"(?i)(id|ids|key|name|arn|number|code|email|url|slug|uuid|guid|sid)$")
"""Names of fields that may name an entry: what tools hand each other."""
_REMARKS = frozenset(("examples", "example", "externalDocs", "xml", "$comment", "title"))
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")


def trimmed(service: Service) -> Service:
    """The service with short schemas. Nothing else of it changes."""
    return msgspec.structs.replace(service, tools=tuple(map(_trimmed_tool, service.tools)))


def _trimmed_tool(tool: ToolRecord) -> ToolRecord:
    output = tool.output_schema
    return msgspec.structs.replace(
        tool,
        input_schema=shortened(tool.input_schema, *INPUT),
        output_schema=None if output is None else shortened(output, *OUTPUT),
    )


def shortened(schema: JsonObject, text: int, most: int) -> JsonObject:
    """The schema with descriptions of at most `text` characters, in about `most` bytes of JSON if that can be."""
    found = _Cut(text).copy(schema, LEVELS[0] + 1)
    for cut in (*(_Cut(text, level) for level in LEVELS), *(_Cut(text, 1, width) for width in WIDTHS)):
        if len(msgspec.json.encode(found)) <= most:
            break
        found = cut.copy(found, cut.levels)
    return _without_unused(found)


class _Cut:
    """One way to copy a schema."""

    def __init__(self, text: int, levels: int = 12, width: int = 1_000) -> None:
        self._text = text
        self.levels = levels
        self._width = width

    def copy(self, schema: JsonObject, left: int) -> JsonObject:
        """The schema with `left` more objects inside each other."""
        needed = set(_required(schema)) if "properties" in schema else set[str]()
        made: JsonObject = {}
        for key, value in schema.items():
            if key in _REMARKS or key.startswith("x-"):
                continue
            if key == "description":
                if isinstance(value, str) and value:
                    made[key] = _first(value, self._text)
            elif key == "properties" and isinstance(value, dict):
                if left > 0 or not schema.get("type"):
                    made[key] = self._properties(value, needed, left - 1)
            elif key == "required" and left <= 0 and schema.get("type"):
                continue  # of an object of which nothing is said any more
            else:
                made[key] = self._inner(key, value, left)
        return made

    def _properties(self, properties: JsonObject, needed: set[str], left: int) -> JsonObject:
        """The required ones, and the first of the others; objects too deep to describe are left open or out."""
        kept: JsonObject = {}
        spare = self._width
        for name, part in properties.items():
            if name not in needed:
                spare -= not _KEY.search(name)
                if spare < 0:
                    continue
                if left <= 0 and _is_deep(part):
                    if keys := _keys(part):
                        kept[name] = keys
                    continue
            kept[name] = self.copy(part, left) if isinstance(part, dict) else part
        return kept

    def _inner(self, key: str, value: JsonValue, left: int) -> JsonValue:
        if key == "enum" and isinstance(value, list):
            return value[:MOST_CHOICES]
        if key in _LISTS and isinstance(value, list):
            return [self.copy(part, left) if isinstance(part, dict) else part for part in value]
        if key in ("$defs", "definitions") and isinstance(value, dict):
            return {name: self.copy(part, left) if isinstance(part, dict) else part for name, part in value.items()}
        if key in ("items", "additionalProperties", "not", "if", "then", "else") and isinstance(value, dict):
            return self.copy(value, left)
        return value


def _required(schema: JsonObject) -> Iterable[str]:
    """Names that an object or one of its alternatives requires."""
    yield from (name for name in schema.get("required") or () if isinstance(name, str))
    for key in _LISTS:
        for part in schema.get(key) or ():
            if isinstance(part, dict):
                yield from _required(part)


def _is_deep(part: JsonValue) -> bool:
    """True for objects, and lists of them, that have properties."""
    if not isinstance(part, dict):
        return False
    return bool(part.get("properties")) or any(_is_deep(part.get(key)) for key in ("items", "additionalProperties"))


def _keys(part: JsonValue) -> JsonObject:
    """An object, or a list of them, with nothing but the fields that name entries; empty without such fields."""
    if not isinstance(part, dict):
        return {}
    if keys := _keys(part.get("items")):
        return {"type": "array", "items": keys}
    fields = part.get("properties") or {}
    named = {
        name: {"type": field["type"]}
        for name, field in fields.items()
        if _KEY.search(name) and isinstance(field, dict) and field.get("type") in ("string", "integer")
    }
    return {"type": "object", "properties": named} if named else {}


def _first(text: str, most: int) -> str:
    """The beginning of a text: whole sentences where one fits, else words."""
    if len(text) <= most:
        return text
    head = text[:most]
    end = max(head.rfind(". "), head.rfind("; "))
    return head[: end + 1] if end > most // 3 else f"{head.rpartition(' ')[0] or head}…"


def _without_unused(schema: JsonObject) -> JsonObject:
    """Without definitions when nothing points at them any more."""
    kept = {key: value for key, value in schema.items() if key not in ("$defs", "definitions")}
    return schema if b'"$ref"' in msgspec.json.encode(kept) else kept
