"""The entries of one entity in one world: initial ones that worlds share and never mutate, with a private overlay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..tools import JsonObject


class Entries:
    """Records by key. A record is replaced, never changed in place."""

    __slots__ = ("_initial", "_overlay", "issued")

    def __init__(self, initial: Mapping[str, JsonObject]) -> None:
        self._initial = initial
        self._overlay: dict[str, JsonObject | None] | None = None
        self.issued = 0
        """Keys that were handed out in this world."""

    def get(self, key: str) -> JsonObject | None:
        """The record of a key, None when there is none."""
        if self._overlay is not None and key in self._overlay:
            return self._overlay[key]
        return self._initial.get(key)

    def items(self) -> Iterator[tuple[str, JsonObject]]:
        """Key and record, the initial ones in their order, then new ones in theirs."""
        overlay = self._overlay or {}
        for key in self._initial:
            record = overlay[key] if key in overlay else self._initial[key]
            if record is not None:
                yield key, record
        for key, record in overlay.items():
            if record is not None and key not in self._initial:
                yield key, record

    def put(self, key: str, record: JsonObject) -> None:
        """Add or replace a record."""
        if self._overlay is None:
            self._overlay = {}
        self._overlay[key] = record

    def drop(self, key: str) -> None:
        """Remove a record that is there."""
        if self._overlay is None:
            self._overlay = {}
        self._overlay[key] = None

    def ever(self, key: str) -> bool:
        """True when the key stands or once stood for a record: it must not be issued again."""
        return key in self._initial or (self._overlay is not None and key in self._overlay)
