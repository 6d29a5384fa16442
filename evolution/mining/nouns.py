"""Which collection of a service a noun means: one name may stand in several places, and then the place decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from .subject import Subject

Entity: TypeAlias = tuple[str, ...]
"""A collection with those above it, outermost first: `("repo", "issue", "comment")`."""


class Nouns:
    """The collections of one service."""

    def __init__(self, subjects: Iterable[Subject | None]) -> None:
        known: dict[Entity, None] = {}
        items: dict[Entity, None] = {}
        for subject in subjects:
            if subject is None:
                continue
            known[subject.entity] = None
            if subject.by == "path":
                for _, length in subject.scopes:
                    known[subject.entity[:length]] = None
                    items[subject.entity[:length]] = None
            else:
                items[subject.entity] = None
        self._items = _by_head(items)
        self._known = _by_head(known)
        self._with_entries = frozenset(items)
        self._tails: dict[str, list[str]] = {}
        for head in self._known:
            self._tails.setdefault(head.rpartition(" ")[2], []).append(head)
        self._found: dict[tuple[str, Entity], Entity | None] = {}
        self._same = {entity: self._root_of(entity) for entity in known}

    def canonical(self, entity: Entity) -> Entity:
        """The collection whose entries are meant: `/users/{id}/orders` shows those of `/orders`."""
        return self._same.get(entity, entity)

    def meant(self, stem: Sequence[str], near: Entity) -> Entity | None:
        """The collection that a field's stem means where it stands near another; None when that is not clear."""
        phrase = " ".join(stem)
        key = (phrase, near)
        if key not in self._found:
            self._found[key] = self._meant(phrase, near)
        return self._found[key]

    def _meant(self, phrase: str, near: Entity) -> Entity | None:
        head = self._head(phrase)
        if head is None:
            return None
        places = self._items.get(head) or self._known[head]
        found = _nearest(places, near)
        return self.canonical(found) if found else None

    def _head(self, phrase: str) -> str | None:
        """The phrase itself where it is a collection; else the one collection that it shortens or qualifies."""
        if phrase in self._known:
            return phrase
        longer = [head for head in self._tails.get(phrase, ()) if head != phrase]
        if len(longer) == 1:
            return longer[0]
        if not longer and " " in phrase:
            rest = phrase.split(" ", 1)[1]
            return rest if rest in self._known else None
        return None

    def _root_of(self, entity: Entity) -> Entity:
        """A collection without entries of its own shows those of the one of the same name that has some."""
        if entity in self._with_entries:
            return entity
        places = self._items.get(entity[-1], ())
        return (_nearest(places, entity) if places else None) or entity


def _by_head(entities: Iterable[Entity]) -> dict[str, list[Entity]]:
    found: dict[str, list[Entity]] = {}
    for entity in entities:
        found.setdefault(entity[-1], []).append(entity)
    return found


def _nearest(places: Sequence[Entity], near: Entity) -> Entity | None:
    """The one place; else the one that shares the longest way with `near`; else the outermost, if it is one alone."""
    if len(places) == 1:
        return places[0]
    shared = [_common(place, near) for place in places]
    best = max(shared)
    if best > 0 and shared.count(best) == 1:
        return places[shared.index(best)]
    if best > 0:
        places = [place for place, common in zip(places, shared, strict=True) if common == best]
    least = min(len(place) for place in places)
    outer = [place for place in places if len(place) == least]
    return outer[0] if len(outer) == 1 and (least == 1 or best > 0) else None


def _common(one: Entity, other: Entity) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
