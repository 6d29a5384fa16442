"""Which keys of which collections a reply holds, read from its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ...sandbox.entities.verbs import Verb
from ...sandbox.entities.words import normal, singular, tokens
from ...sandbox.tools import JsonObject
from .facts import BARE, OutputFact, type_of
from .fields import read_field, semantic
from .nouns import Entity, Nouns

MAX_DEPTH = 5
"""Objects and lists inside each other that are looked into."""
MOST_LEAVES = 400
"""Leaves of one reply that are looked at, those further out first in schema order."""
_WRAPPERS = frozenset(
    """data result results item items record records entry entries list rows row content contents hits documents object
    objects value values node nodes edge edges collection payload response body output embedded resource resources
    attributes properties member members elements element page summary summaries info details metadata""".split()
)
"""Properties that hold the entries themselves, or a part of the same entry."""

_SUFFIXES = frozenset(
    "detail summary list info view set metadata description item record result entry response data object map".split()
)
"""What a collection's name is followed by where its entries are shown: `PortfolioDetails`."""
NOTHING: Entity = ("",)
"""What a reply is about whose own keys name no entry of the service."""

_Leaf: TypeAlias = tuple[str, str, str, str, tuple[str, ...]]
"""Path, name, JSON type, format, names of the properties it is inside of."""


class Replies:
    """Reads the replies of one service's tools; parts that tools share are read once."""

    def __init__(self, nouns: Nouns, proved: frozenset[tuple[Entity, str]]) -> None:
        self._nouns = nouns
        self._proved = proved
        self._leaves: dict[tuple[int, int], tuple[_Leaf, ...]] = {}
        self._contexts: dict[tuple[Entity, tuple[str, ...]], Entity | None] = {}
        self._alive: list[JsonObject] = []  # schemas whose identities stand in the memory above

    def facts(self, schema: JsonObject | None, entity: Entity, verb: Verb) -> tuple[OutputFact, ...]:
        """The keys and shared types in the reply of a tool about `entity`; of one key the outermost place."""
        if schema is None:
            return ()
        entity = self._about(schema, entity, verb)
        self._alive.append(schema)
        found: dict[tuple[Entity | None, str, str], OutputFact] = {}

        def rank(fact: OutputFact) -> tuple[bool, int]:
            # A list may have an `id` of its own, beside those of its entries.
            return verb == "list" and "*" not in fact.path, fact.depth

        for leaf in self._read(schema, MAX_DEPTH)[:MOST_LEAVES]:
            fact = self._fact(leaf, entity)
            if fact is not None:
                at = (fact.entity, fact.key, normal(fact.name))
                if at not in found or rank(fact) < rank(found[at]):
                    found[at] = fact
        return tuple(found.values())

    def _about(self, schema: JsonObject, entity: Entity, verb: Verb) -> Entity:
        """Whose the reply's own `id` or `name` is: a running operation has its own, a computed answer has none."""
        parts = schema.get("properties") or {}
        if "done" in parts and "response" in parts:
            return self._nouns.meant(("operation",), entity) or NOTHING
        return NOTHING if verb == "compute" else entity

    def _read(self, schema: JsonObject, depth: int) -> tuple[_Leaf, ...]:
        key = (id(schema), depth)
        if key not in self._leaves:
            self._leaves[key] = tuple(self._below(schema, depth))
        return self._leaves[key]

    def _below(self, schema: JsonObject, depth: int) -> Iterator[_Leaf]:
        """Leaves whose names may be keys, paths and chains relative to this schema."""
        if depth == 0:
            return
        if type_of(schema) == "array":
            items = schema.get("items")
            if isinstance(items, dict):
                for path, name, kind, format_, chain in self._read(items, depth - 1):
                    yield f"*.{path}" if path else "*", name, kind, format_, chain
                if type_of(items) in ("string", "integer"):
                    yield "*", "", type_of(items), str(items.get("format") or ""), ()
            return
        for name, part in (schema.get("properties") or {}).items():
            if not isinstance(part, dict):
                continue
            kind = type_of(part)
            if kind in ("object", "array"):
                for path, inner, inner_kind, format_, chain in self._read(part, depth - 1):
                    if inner:
                        yield f"{name}.{path}", inner, inner_kind, format_, (name, *chain)
                    else:  # a list of plain values is named by its property
                        yield f"{name}.{path}", name, inner_kind, format_, chain
            elif kind != "boolean" and read_field(name).kind in ("identifier", "named", "free"):
                yield name, name, kind, str(part.get("format") or ""), ()

    def _fact(self, leaf: _Leaf, entity: Entity) -> OutputFact | None:
        path, name, kind, format_, chain = leaf
        field = read_field(name)
        shared = semantic(name, format_)
        place, key = self._named(name, entity, chain)
        if place is None and shared is None:
            return None
        own = place == entity or (place is None and self._context(entity, chain) == entity)
        depth = path.count(".") - path.count("*.")
        return OutputFact(path, name, kind, place, key or f"~{shared}", own, depth, shared) if field else None

    def _named(self, name: str, entity: Entity, chain: tuple[str, ...]) -> tuple[Entity | None, str]:
        """The collection whose key this is, and which of its keys."""
        field = read_field(name)
        if field.kind not in ("identifier", "named"):
            return None, ""
        context = self._context(entity, chain)
        if field.role not in ("", "new") and (not field.stem or _is_called(context, field.stem)):
            return None, ""  # another entry of the same collection: the parent of a comment, the target of a swap
        if not field.stem or (field.key == "any" and len(field.stem) == 1 and field.stem[0] in BARE):
            return (context, field.key) if context not in (None, NOTHING) and field.key in BARE else (None, "")
        if _is_called(context, field.stem):
            return context, field.key
        *before, last = field.stem
        whose = not before or _is_called(context, tuple(before))
        if field.key == "any" and whose and context is not None and (context, last) in self._proved:
            return context, last  # a `sha`, where the service asks for commits by their sha
        place = self._nouns.meant(field.stem, context or entity)
        if place is None or (field.kind == "named" and (place, field.key) not in self._proved):
            return None, ""
        if field.key == "any" and not _is_called(place, field.stem):
            return None, ""  # a `swap slot` may be no slot, and no word says that this is a key
        return place, field.key

    def _context(self, entity: Entity, chain: tuple[str, ...]) -> Entity | None:
        """What an object inside these properties is, seen from a reply about `entity`; None when nothing says it."""
        at = (entity, chain)
        if at not in self._contexts:
            self._contexts[at] = self._step(self._context(entity, chain[:-1]), chain[-1], entity) if chain else entity
        return self._contexts[at]

    def _step(self, context: Entity | None, name: str, entity: Entity) -> Entity | None:
        words = tokens(name)
        if not words:
            return None
        stem = (*words[:-1], singular(words[-1]))
        phrase = " ".join(stem)
        here = context or entity
        if phrase == here[-1] or phrase == here[-1].rpartition(" ")[2] or here[-1] == words[-1]:
            return here
        if context is not None and (words[-1] in _WRAPPERS and len(words) == 1):
            return context
        found = self._nouns.meant(stem, here)
        while found is None and len(stem) > 1 and stem[-1] in _SUFFIXES:
            stem = stem[:-1]
            found = here if " ".join(stem) == here[-1] else self._nouns.meant(stem, here)
        return found


def _is_called(place: Entity | None, stem: tuple[str, ...]) -> bool:
    """True when the words are the collection's name, or its last word."""
    return place is not None and " ".join(stem) in (place[-1], place[-1].rpartition(" ")[2])
