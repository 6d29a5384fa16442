"""The state of a fresh entity world: seeded entries per entity, shared by all worlds of one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random

from ..services.families import LOGICAL_NOW
from ..tools import JsonObject, JsonValue
from .catalogue import Entity, Field
from .schemas import Unsatisfiable
from .values import value_for

ENTRIES = 6
"""Entries of each entity in a fresh world."""
ONLY = "current"
"""The key of an entity's one entry where entries have no keys."""
NOW = LOGICAL_NOW


class _Table(Mapping[str, JsonObject]):
    """Records by key, each made when it is first looked at: most calls are about one of them."""

    def __init__(self, keys: Iterable[str], make: Callable[[str], JsonObject]) -> None:
        self._records: dict[str, JsonObject | None] = dict.fromkeys(keys)
        self._make = make

    def __getitem__(self, key: str) -> JsonObject:
        record = self._records[key]
        if record is None:
            record = self._records[key] = self._make(key)
        return record

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


class InitialState:
    """The entries of one seed; a table is made when it is first looked at."""

    def __init__(self, service: str, entities: Mapping[str, Entity], seed: int) -> None:
        self._service = service
        self._entities = entities
        self._seed = seed
        self._keys: dict[str, list[str]] = {}
        self._tables: dict[str, Mapping[str, JsonObject]] = {}

    def table(self, entity: str) -> Mapping[str, JsonObject]:
        """Records by key, not to be mutated."""
        if entity not in self._tables:
            kind = self._entities[entity]
            self._tables[entity] = _Table(self.keys(entity), lambda key: self._record(kind, key))
        return self._tables[entity]

    def keys(self, entity: str) -> list[str]:
        """The keys alone: records that point at each other need no order in which they are made."""
        if entity not in self._keys:
            kind = self._entities[entity]
            try:
                self._keys[entity] = [ONLY] if kind.alone else kind.key.initial(ENTRIES, self._dice(entity, "keys"))
            except Unsatisfiable:  # no key can be made up: there are no entries, and what needs one is unplayable
                self._keys[entity] = []
        return self._keys[entity]

    def _record(self, kind: Entity, key: str) -> JsonObject:
        record: JsonObject = {} if kind.alone else {kind.key.name: kind.key.value(key)}
        for field in kind.fields:
            try:
                record[field.name] = self._value(kind.name, field, self._dice(kind.name, f"{key}/{field.name}"))
            except Unsatisfiable:
                continue  # a field that nothing can be made up for stays absent
        return record

    def _value(self, entity: str, field: Field, rng: Random) -> JsonValue:
        if field.entity and (keys := self.keys(field.entity)):
            return self._entities[field.entity].key.value(rng.choice(keys))
        name = f"{entity}_name" if field.name == "name" else field.name
        return value_for(field.schema, field.root, name, rng)

    def _dice(self, entity: str, part: str) -> Random:
        return Random(f"{self._service}/{self._seed}/{entity}/{part}")
