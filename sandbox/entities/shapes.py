"""Replies in the shape of an output schema: filled from records where names agree, drawn from the seed else.

A shape is compiled once per tool; filling it is what a call pays for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Protocol

from ..tools import JsonObject, JsonValue
from .schemas import Unsatisfiable, fits, flat, properties, required, types_of
from .values import value_for
from .words import normal as _normal
from .words import singular

normal = lru_cache(maxsize=65_536)(_normal)
"""`words.normal`, remembered: field names are few and looked at in every call."""
MAX_DEPTH = 4
SHAPES = 512
"""Compiled shapes that are remembered."""
MOST_OPTIONAL = 60
_WRAPPERS = frozenset("data result results item record response output entry object value body payload".split())
_TEXTS = frozenset("result content text message output response data answer summary details".split())
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a reply sees it."""

    key: str
    view: Mapping[str, JsonValue]
    """Values by normal name."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a reply is filled from."""

    view: Mapping[str, JsonValue]
    """Values by normal name, of the record or the arguments that the call is about."""
    rng: Callable[[str], Random]
    """The generator for a field that nothing is known of, by the field's normal name."""
    text: Callable[[], str]
    """The reply in words, for schemas that wrap a text."""
    rows: Sequence[Row] | None = None
    """The records of a list; None when the reply is about one."""
    related: Callable[[str], Sequence[Row] | None] = lambda _noun: None
    """Records of the named entity that belong to the one shown; None when there is no such entity."""
    generous: bool = False
    """Fill optional fields that nothing is known of."""


_shapes: dict[tuple[int, frozenset[str]], tuple[JsonObject, Shape]] = {}  # {(id of the schema, own): (schema, …)}


class Shape(Protocol):
    """A compiled part of an output schema."""

    def fill(self, source: Source) -> JsonValue:
        """The value. Raises Unsatisfiable."""
        ...


@dataclass(slots=True)
class Leaf:
    """A scalar, or whatever is not looked into."""

    name: str
    schema: JsonObject
    root: JsonObject
    fits: Callable[[JsonValue], bool]
    worded: bool
    """True for a plain text whose name says that it is the whole reply."""

    def fill(self, source: Source) -> JsonValue:
        """The known value if it fits, else a drawn one."""
        known = source.view.get(self.name, _MISSING)
        if known is not _MISSING and self.fits(known):
            return known
        if self.worded:
            return source.text()
        return value_for(self.schema, self.root, self.name, source.rng(self.name))

    def fill_row(self, row: Row, source: Source) -> JsonValue:
        """The value that stands for a whole record: its key, else what the record holds under this name."""
        return row.key if self.fits(row.key) else self.fill(_of_row(row, source))


@dataclass(slots=True)
class Part:
    """A property of an object."""

    name: str
    normal: str
    needed: bool
    shape: Shape


@dataclass(slots=True)
class Object:
    """An object with declared properties."""

    parts: tuple[Part, ...]
    own: frozenset[str]
    """Normal names of nested objects that are the record itself, and no other entity."""

    def fill(self, source: Source) -> JsonValue:
        """Required properties, and optional ones that are known."""
        made: JsonObject = {}
        for part in self.parts:
            inner = source
            if isinstance(part.shape, Object):
                if part.normal in source.view and isinstance(source.view[part.normal], dict):
                    inner = _within(source, source.view[part.normal])
                elif part.normal not in self.own and part.normal not in _WRAPPERS:
                    inner = _within(source, {})
            elif not part.needed and not source.generous and part.normal not in source.view and not _rows(part.shape):
                continue
            try:
                made[part.name] = part.shape.fill(inner)
            except Unsatisfiable:
                if part.needed:
                    raise
        return made


@dataclass(slots=True)
class Rows:
    """A list, or a mapping by key, that may hold the records of a reply."""

    name: str
    schema: JsonObject
    root: JsonObject
    item: Shape
    mapping: bool
    fits: Callable[[JsonValue], bool]
    most: int
    slot: bool = field(default=False)
    """True for the one list of the schema that takes the reply's rows."""

    def fill(self, source: Source) -> JsonValue:
        """The rows; else the known value; else records that belong to the one shown; else a drawn list."""
        rows = source.rows if self.slot else None
        if rows is None:
            known = source.view.get(self.name, _MISSING)
            if known is not _MISSING and self.fits(known):
                return known
            rows = source.related(singular(self.name))
        if rows is None:
            return value_for(self.schema, self.root, self.name, source.rng(self.name))
        filled = [self._one(row, source) for row in rows[: self.most]]
        return dict(zip([row.key for row in rows], filled, strict=False)) if self.mapping else filled

    def _one(self, row: Row, source: Source) -> JsonValue:
        if isinstance(self.item, Leaf) and not self.mapping:
            return self.item.fill_row(row, source)
        return self.item.fill(_of_row(row, source))


def shape_of(schema: JsonObject, own: frozenset[str]) -> Shape:
    """The shape of an output schema whose reply is about an entity of these normal names. Raises Unsatisfiable.

    The latest `SHAPES` are remembered by the identity of their schemas, as `schemas.compiled` does. A shape holds no
    state of a call.
    """
    at = (id(schema), own)
    found = _shapes.get(at)
    if found is None:
        while len(_shapes) >= SHAPES:
            del _shapes[next(iter(_shapes))]
        found = _shapes[at] = (schema, _new_shape(schema, own))
    return found[1]


def _new_shape(schema: JsonObject, own: frozenset[str]) -> Shape:
    shape = _compile(schema, schema, "", own, 0)
    slot = _slot(shape, own)
    if slot is not None:
        slot.slot = True
    return shape


def _compile(schema: JsonValue, root: JsonObject, name: str, own: frozenset[str], depth: int) -> Shape:
    part = flat(schema, root)
    for branch in part.get("anyOf") or part.get("oneOf") or ():
        inner = flat(branch, root)
        if set(types_of(inner)) & {"object", "array"} and "properties" not in part:
            part = inner
            break
    kinds = types_of(part)
    if depth < MAX_DEPTH and "object" in kinds and (properties(part) or not isinstance(_extra(part), dict)):
        return _object(part, root, own, depth)
    if depth < MAX_DEPTH and "object" in kinds:
        item = _compile(_extra(part), root, name, own, depth + 1)
        return Rows(normal(name), part, root, item, True, fits(part, root), int(part.get("maxProperties", 50)))
    if depth < MAX_DEPTH and "array" in kinds and isinstance(part.get("items"), dict):
        item = _compile(part["items"], root, singular(name), own, depth + 1)
        return Rows(normal(name), part, root, item, False, fits(part, root), int(part.get("maxItems", 50)))
    plain = kinds == ("string",) and not {"enum", "const", "pattern", "format"} & part.keys()
    return Leaf(normal(name), part, root, fits(part, root), plain and normal(name) in _TEXTS)


def _object(part: JsonObject, root: JsonObject, own: frozenset[str], depth: int) -> Shape:
    needed = set(required(part))
    parts: list[Part] = []
    spare = MOST_OPTIONAL
    for name, inner in properties(part).items():
        if name in needed or spare > 0:
            spare -= name not in needed
            parts.append(Part(name, normal(name), name in needed, _compile(inner, root, name, own, depth + 1)))
    declared = properties(part)
    for name in needed - declared.keys():
        extra = _extra(part)
        inner = extra if isinstance(extra, dict) else {}
        parts.append(Part(name, normal(name), True, _compile(inner, root, name, own, depth + 1)))
    return Object(tuple(parts), own)


def _extra(part: JsonObject) -> JsonValue:
    return part.get("additionalProperties")


def _slot(shape: Shape, own: frozenset[str]) -> Rows | None:
    """The list that takes the rows: one named after the entity, else the first of objects, else the first."""
    found: list[tuple[int, Rows]] = []
    waiting: deque[Shape] = deque([shape])
    while waiting:
        here = waiting.popleft()
        if isinstance(here, Rows):
            rank = 0 if singular(here.name) in own else 1 if isinstance(here.item, Object) else 2
            found.append((rank, here))
        elif isinstance(here, Object):
            waiting.extend(part.shape for part in here.parts)
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _rows(shape: Shape) -> bool:
    return isinstance(shape, Rows) and shape.slot


def _of_row(row: Row, source: Source) -> Source:
    def seeded(name: str) -> Random:
        return source.rng(f"{row.key}/{name}")

    return Source(row.view, seeded, source.text, None, source.related, source.generous)


def _within(source: Source, values: JsonObject) -> Source:
    view = {normal(name): value for name, value in values.items()}
    return Source(view, source.rng, source.text, None, lambda _noun: None, source.generous)
