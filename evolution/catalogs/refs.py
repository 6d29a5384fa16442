"""Schemas made self-contained: references followed, `allOf` folded, what is circular or endless cut, size bounded.

Where a schema is written and how deep it is used decide what becomes of it, and each such pair is worked out once per
document. So the work is bounded by the document's size whatever its references say, tools share the parts, and a
catalogue of a hundred thousand operations stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ...sandbox.tools import JsonObject, JsonValue
from .decode import Malformed
from .keywords import copy_counts, copy_scalar, type_of
from .texts import FIELD, plain

Resolve: TypeAlias = Callable[[str], JsonValue]
"""What a `$ref` stands for. Raises Malformed: `external_ref`, `broken_ref`."""

DEPTH = 4
"""Objects inside each other whose fields are kept; the next one is an object of which nothing is said."""
MOST_NODES = (1, 12, 40, 120, 400)
"""Schemas that one object may hold, itself included, by the levels that are left below it."""
MOST_ALTERNATIVES = 4
"""Alternatives of an `anyOf` that are kept, the first ones."""
_MOST_READ = 50
"""Alternatives that are looked at."""
_MOST_HOPS = 60
"""References, parts and lists followed one inside the other before the rest is left open."""

_HOLDERS = frozenset(("properties", "items", "additionalProperties", "allOf", "anyOf", "oneOf"))
"""Keywords with schemas in them."""

_Sized: TypeAlias = tuple[JsonObject, int]
"""A finished schema and the number of schemas in it."""


class Expander:
    """Expands the schemas of one document, for one direction; finished schemas are shared and must not be changed."""

    def __init__(self, resolve: Resolve, *, hidden: str = "") -> None:
        """`hidden` is the mark of fields that do not go this way: `readOnly` for input, `writeOnly` for output."""
        self._resolve = resolve
        self._hidden = hidden
        self._done: dict[tuple[str, int], _Sized] = {}
        self._inline: dict[
            tuple[int, int], tuple[JsonObject, _Sized]
        ] = {}  # holds the node, so that its id stays its own
        self._flat: dict[str, JsonObject] = {}
        self._active: set[tuple[str, int]] = set()
        self._hops = 0
        self.failed: dict[str, str] = {}
        """{reference that could not be followed: reason}"""
        self.pruned = 0
        """Objects of which fields were left out."""

    def expand(self, node: JsonValue, depth: int = DEPTH) -> JsonObject:
        """The schema without references; `{}` where anything goes."""
        return self._sized(node, depth)[0]

    def flatten(self, node: JsonValue) -> JsonObject:
        """The schema with its outermost references followed and `allOf` folded in; its fields are as they were."""
        if not isinstance(node, dict) or self._hops > _MOST_HOPS:
            return {}
        reference = node.get("$ref")
        if isinstance(reference, str):
            target = self._flattened(reference)
            own = {key: value for key, value in node.items() if key != "$ref" and value is not None}
            return self.flatten({**target, **own}) if "allOf" in own else {**target, **own} if own else target
        parts = node.get("allOf")
        if not isinstance(parts, list):
            return node
        folded: JsonObject = {key: value for key, value in node.items() if key != "allOf"}
        self._hops += 1
        for part in parts:
            folded = _folded(folded, self.flatten(part))
        self._hops -= 1
        return folded

    def _flattened(self, reference: str) -> JsonObject:
        if reference not in self._flat:
            self._flat[reference] = {}  # met again before it is finished: a circle, which says nothing
            self._hops += 1
            try:
                self._flat[reference] = self.flatten(self._resolve(reference))
            except Malformed as problem:
                self.failed[reference] = problem.reason
            self._hops -= 1
        return self._flat[reference]

    def _sized(self, node: JsonValue, depth: int) -> _Sized:
        if not isinstance(node, dict) or not node or self._hops > _MOST_HOPS:
            return {}, 1
        reference = node.get("$ref")
        if isinstance(reference, str) and "allOf" not in node:
            found = self._referred(reference, depth)
            return _described(found, node) if len(node) > 1 else found
        if not node.keys() & _HOLDERS:
            return self._plain(node, depth)
        key = id(node), depth
        if key not in self._inline:
            self._inline[key] = node, self._plain(self.flatten(node), depth)
        return self._inline[key][1]

    def _referred(self, reference: str, depth: int) -> _Sized:
        key = reference, depth
        if key in self._active:
            return {}, 1
        if key not in self._done:
            self._active.add(key)
            self._done[key] = self._plain(self._flattened(reference), depth)
            self._active.discard(key)
        return self._done[key]

    def _plain(self, node: JsonObject, depth: int) -> _Sized:
        """A schema without reference and `allOf` at its top."""
        self._hops += 1
        alternatives = node.get("anyOf") or node.get("oneOf")
        if isinstance(alternatives, list):
            found = self._alternatives(node, alternatives, depth)
        else:
            kind, nullable = type_of(node)
            found = self._typed(node, kind, depth)
            if nullable:
                found = _nullable(found)
        self._hops -= 1
        return found

    def _typed(self, node: JsonObject, kind: str, depth: int) -> _Sized:
        into: JsonObject = {"type": kind} if kind else {}
        if text := plain(node.get("description") or node.get("title"), FIELD):
            into["description"] = text
        if kind == "object":
            return into, 1 + self._fields(node, depth, into)
        if kind == "array":
            items, size = self._sized(_items(node), depth)
            if items:
                into["items"] = items
            copy_counts(node, "array", into)
            return into, 1 + size
        copy_scalar(node, kind, into)
        return into, 1

    def _fields(self, node: JsonObject, depth: int, into: JsonObject) -> int:
        """Fields and what is said of further ones, into an object's schema; how many schemas that took."""
        if depth <= 0:
            return 0
        left = MOST_NODES[depth] - 1
        kept, spent = self._kept(_properties(node), required_of(node), depth, left)
        if kept:
            into["properties"] = kept
            needed = [name for name in required_of(node) if name in kept]
            if needed:
                into["required"] = needed
        others = node.get("additionalProperties")
        if isinstance(others, dict) and others and spent < left:
            values, size = self._sized(others, min(depth - 1, 1))
            if values:
                into["additionalProperties"] = values
            return spent + size
        if others is False and len(kept) == len(_properties(node)):
            into["additionalProperties"] = False
        return spent

    def _kept(self, fields: Mapping[str, JsonValue], required: list[str], depth: int, left: int) -> _Fields:
        """The required fields, then others in their order, each as deep as the room allows; in the document's order."""
        visible = {name: node for name, node in fields.items() if not self._is_hidden(node)}
        order = [name for name in required if name in visible]
        order += [name for name in visible if name not in required]
        found: dict[str, JsonObject] = {}
        spent = 0
        for place, name in enumerate(order):
            must = place < len(required) and name in required
            # What comes later wants room too: a required field takes what there is, another its share.
            room = left - spent if must else min(left - spent, max(3, left // 3))
            schema, size = self._fitted(visible[name], depth - 1, room)
            if size > left - spent and not must:
                continue
            if spent > left * 2:  # even required fields end somewhere
                break
            found[name] = schema
            spent += size
        if len(found) < len(visible):
            self.pruned += 1
        return {name: found[name] for name in visible if name in found}, spent

    def _fitted(self, node: JsonValue, depth: int, room: int) -> _Sized:
        """The schema as deep as fits."""
        schema, size = self._sized(node, depth)
        while size > room and depth > 0:
            depth -= 1
            schema, size = self._sized(node, depth)
        return schema, size

    def _is_hidden(self, node: JsonValue) -> bool:
        return bool(self._hidden) and isinstance(node, dict) and node.get(self._hidden) is True

    def _alternatives(self, node: JsonObject, alternatives: list[JsonValue], depth: int) -> _Sized:
        """One that says something: that one. Several: `anyOf`, since two that were cut may both hold."""
        own = {key: value for key, value in node.items() if key not in ("anyOf", "oneOf")}
        # Looked at flat, expanded by reference: what is inside would otherwise be worked out again at every use.
        looks = [(part, self.flatten(part)) for part in alternatives[:_MOST_READ]]
        nullable = any(_is_null(flat) for _, flat in looks)
        saying = [(part, flat) for part, flat in looks if flat and not _is_null(flat)]
        if len(saying) == 1 and "properties" not in own:
            only = _described(self._sized(saying[0][0], depth), own)
            return _nullable(only) if nullable or own.get("nullable") is True else only
        if not saying or isinstance(own.get("properties"), dict):
            return self._plain(own, depth)
        parts: list[JsonObject] = []
        spent = 1
        for part, _ in saying[:MOST_ALTERNATIVES]:
            schema, size = self._fitted(part, depth, MOST_NODES[max(depth, 0)] - spent)
            if schema not in parts:
                parts.append(schema)
                spent += size
        if len(parts) == 1:
            return _described((parts[0], spent), own)
        if {} in parts:
            return _described(({}, 1), own)
        if nullable:
            parts.append({"type": "null"})
        return _described(({"anyOf": parts}, spent), own)


_Fields: TypeAlias = tuple[dict[str, JsonObject], int]
"""Finished fields by name, and the number of schemas in them."""


def telling(schema: JsonObject) -> JsonObject | None:
    """The schema of a reply; None when all it says is that there is an object."""
    says = schema.keys() - {"description"}
    return schema if says and (says != {"type"} or "object" not in schema["type"]) else None


def required_of(node: JsonObject) -> list[str]:
    """Names of required fields: the list, or the older switch inside each field."""
    names = node.get("required")
    listed = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    switched = [
        name for name, part in _properties(node).items() if isinstance(part, dict) and part.get("required") is True
    ]
    return list(dict.fromkeys([*listed, *switched]))


def _properties(node: JsonObject) -> Mapping[str, JsonValue]:
    fields = node.get("properties")
    return fields if isinstance(fields, dict) else {}


def _items(node: JsonObject) -> JsonValue:
    items = node.get("items")
    return items[0] if isinstance(items, list) and items else items


def _is_null(part: JsonObject) -> bool:
    """`null`, or the empty object that may be null with which OpenAPI 3.0 says it."""
    return part.get("type") == "null" or (part.get("nullable") is True and not part.keys() - {"type", "nullable"})


def _folded(one: JsonObject, other: JsonObject) -> JsonObject:
    """Both at once, as `allOf` means it; where they differ, the first."""
    both = {**other, **one}
    if "properties" in one and "properties" in other:
        both["properties"] = {**_properties(other), **_properties(one)}
    if "required" in one and "required" in other:
        both["required"] = [*required_of(one), *required_of(other)]
    return both


def _nullable(found: _Sized) -> _Sized:
    """The schema, allowing null too; a copy."""
    schema, size = found
    kind = schema.get("type")
    if not isinstance(kind, str) or kind == "null":
        return found
    schema = {**schema, "type": [kind, "null"]}
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema, size


def _described(found: _Sized, node: JsonObject) -> _Sized:
    """The schema with what is said beside a reference to it."""
    text = plain(node.get("description"), FIELD)
    schema, size = found
    if text and schema.get("description") != text:
        schema = {**schema, "description": text}
    return schema, size
