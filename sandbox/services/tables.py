"""Records of one world: tables whose first state is shared between worlds and never mutated, with a private overlay."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

from .errors import ToolError

Record = TypeVar("Record", bound=msgspec.Struct)


class Table(Generic[Record]):
    """Frozen records by key. The first write makes the overlay; the initial mapping stays as it is."""

    __slots__ = ("_initial", "_noun", "_overlay")

    def __init__(self, noun: str, initial: Mapping[str, Record]) -> None:
        """`noun` names one record in messages: `order`."""
        self._noun = noun
        self._initial = initial
        self._overlay: dict[str, Record | None] | None = None

    def get(self, key: str) -> Record | None:
        """The record of a key, None when there is none."""
        if self._overlay is not None and key in self._overlay:
            return self._overlay[key]
        return self._initial.get(key)

    def need(self, key: str) -> Record:
        """The record of a key. Raises ToolError `not_found`."""
        record = self.get(key)
        if record is None:
            raise ToolError("not_found", f"there is no {self._noun} {key}")
        return record

    def all(self) -> Collection[Record]:
        """Every record, the initial ones in their order, then new ones in theirs."""
        return self.present().values()

    def keys(self) -> Collection[str]:
        """Every key, in the order of `all`."""
        return self.present().keys()

    def put(self, key: str, record: Record) -> Record:
        """Add or replace a record, and give it back."""
        if self._overlay is None:
            self._overlay = {}
        self._overlay[key] = record
        return record

    def drop(self, key: str) -> None:
        """Remove a record. Raises ToolError `not_found`."""
        self.need(key)
        if self._overlay is None:
            self._overlay = {}
        self._overlay[key] = None

    def present(self) -> Mapping[str, Record]:
        """The present state, not to be mutated."""
        if self._overlay is None:
            return self._initial
        merged = {**self._initial, **self._overlay}
        return {key: record for key, record in merged.items() if record is not None}

    def changes(self) -> dict[str, Record | None]:
        """The difference to the initial state: new and changed records by key, None for a removed one."""
        overlay = self._overlay or {}
        return {key: record for key, record in overlay.items() if record != self._initial.get(key)}


class TableView(Protocol):
    """What a world needs of a table, whatever its records are."""

    def present(self) -> Mapping[str, msgspec.Struct]:
        """The present state, not to be mutated."""
        ...

    def changes(self) -> Mapping[str, msgspec.Struct | None]:
        """The difference to the initial state."""
        ...
