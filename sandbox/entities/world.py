"""One episode's entity world: calls looked up in the verb table and played on its own entries."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import jsonschema_rs
import msgspec

from ...runtime.errors import EnvironmentFault
from ..services.errors import ToolError, error_reply, unknown_tool
from ..services.families import iso
from ..tools import JsonObject, JsonValue, Snapshot, ToolReply
from .arguments import check_arguments
from .catalogue import COPIES, NEW_KEYS, STATUS, Catalogue, Entity
from .entries import Entries
from .keys import aliases, table_name
from .plays import Play, Pointer
from .schemas import Fits, Unsatisfiable
from .searching import matching_entries
from .shapes import Row, Shape, Source, normal
from .state import NOW, ONLY, InitialState
from .values import value_for
from .wording import in_words

_BODIES = frozenset("properties data fields updates patch input body settings options attributes values".split())
"""Parameters whose object holds an entry's fields."""
_NEW_ONLY = frozenset("create add new make insert register copy fork duplicate clone".split())
"""Verbs that refuse a key which is taken; `write`, `save`, `put` replace what stands there."""
_AGAIN = frozenset("refresh reload sync restart retry reset clear trigger play mark like start connect".split())
"""Transitions that may be done twice."""


class CompiledTool(msgspec.Struct, frozen=True):
    """A tool ready to be called."""

    play: Play
    takes: jsonschema_rs.Validator
    gives: jsonschema_rs.Validator
    shape: Shape
    statuses: Fits
    """Whether the entity's status field may hold a value."""


class EntityWorld:
    """Owns the entries of one episode. Initial ones are shared between worlds and never mutated."""

    def __init__(
        self, service: str, catalogue: Catalogue, tools: Mapping[str, CompiledTool], initial: InitialState, seed: int
    ) -> None:
        self._service = service
        self._catalogue = catalogue
        self._tools = tools
        self._initial = initial
        self._seed = seed
        self._tables: dict[str, Entries] = {}
        self._writes = 0

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool; every refusal is an error reply.

        Raises:
            EnvironmentFault: `output_schema`: no reply could be made that satisfies the tool's schema.
        """
        return self.call_nowait(name, arguments)

    def call_nowait(self, name: str, arguments: JsonObject) -> ToolReply:
        """`call` without the need to wait."""
        tool = self._tools.get(name)
        if tool is None:
            return unknown_tool(name)
        try:
            check_arguments(tool.takes, arguments)
            given = {key: value for key, value in arguments.items() if value is not None}
            for pointer in tool.play.pointers:
                if pointer.param in given:
                    self._check(pointer, given[pointer.param])
            source = self._play(tool, given)
        except ToolError as refusal:
            return error_reply(refusal.code, refusal.message)
        return ToolReply(msgspec.json.encode(self._reply(tool, source)).decode())

    async def snapshot(self) -> dict[str, Snapshot]:
        """The present state under the service's name, deep-copied to JSON values."""
        return {self._service: self.tables()}

    def tables(self) -> Snapshot:
        """The present state: `{table: {key: record}}`, deep-copied to JSON values."""
        state = {table_name(entity): dict(self.entries(entity).items()) for entity in self._catalogue.entities}
        return msgspec.json.decode(msgspec.json.encode(state), type=dict[str, dict[str, Any]])

    async def aclose(self) -> None:
        """Nothing to end: a world is only memory."""

    def entries(self, entity: str) -> Entries:
        """The entries of an entity; opened at the first look."""
        table = self._tables.get(entity)
        if table is None:
            table = self._tables[entity] = Entries(self._initial.table(entity))
        return table

    def key_name(self, entity: str) -> str:
        """The field that holds the entity's keys."""
        return self._catalogue.entities[entity].key.name

    def key_value(self, entity: str, key: str) -> JsonValue:
        """A key as arguments have it: a number where keys are numbers."""
        kind = self._catalogue.entities[entity]
        return key if kind.alone else kind.key.value(key)

    def _play(self, tool: CompiledTool, given: JsonObject) -> Source:
        """Do what the verb says, and give what the reply is made of. Raises ToolError before the first write."""
        play = tool.play
        match play.verb:
            case "compute":
                return self._computed(play, given)
            case "list":
                found = matching_entries(self._catalogue.entities[play.entity], self.entries(play.entity), given)
                return self._listing(play, found, given)
            case "create":
                return self._create(play, given)
            case "get":
                found = self._found(play, given)
                if play.own and play.own.many:
                    return self._listing(play, found, given)
                return self._one(play, *found[0], {})
            case "update":
                return self._update(play, given)
            case "delete":
                return self._delete(play, given)
            case "transition":
                return self._transition(tool, given)

    def _check(self, pointer: Pointer, value: JsonValue) -> None:
        """Every entry that is pointed at must stand there. Raises ToolError `not_found`."""
        for one in value if isinstance(value, list) else (value,):
            if self.entries(pointer.entity).get(text_key(one)) is None:
                raise ToolError("not_found", f"{pointer.param}: there is no {pointer.entity} {shown(one)}")

    def _found(self, play: Play, given: JsonObject) -> list[tuple[str, JsonObject]]:
        """The entries that a call is about, at least one. Raises ToolError `not_found`."""
        table = self.entries(play.entity)
        if play.own is None or play.own.param not in given:
            first = next(iter(table.items()), None)
            if first is None:
                raise ToolError("not_found", f"there is no {play.entity}")
            return [first]
        value = given[play.own.param]
        wanted = value if isinstance(value, list) else [value]
        found: list[tuple[str, JsonObject]] = []
        for one in wanted:
            record = table.get(text_key(one))
            if record is None:
                raise ToolError("not_found", f"{play.own.param}: there is no {play.entity} {shown(one)}")
            for param in self._elsewhere(play, record, given):
                raise ToolError(
                    "not_found", f"{play.own.param}: there is no {play.entity} {shown(one)} in this {param}"
                )
            found.append((text_key(one), record))
        if not found:
            raise ToolError("invalid_argument", f"{play.own.param}: names no {play.entity}")
        return found

    def _elsewhere(self, play: Play, record: JsonObject, given: JsonObject) -> list[str]:
        """Parameters that look for an entry where it is not: a chart is found on its own sheet only."""
        return [
            pointer.param
            for pointer in play.pointers
            if not pointer.many and pointer.param in given and pointer.param in record
            if text_key(record[pointer.param]) != text_key(given[pointer.param])
        ]

    def _create(self, play: Play, given: JsonObject) -> Source:
        bodies: Sequence[JsonObject] = [given]
        if play.bulk:
            bodies = [body for body in given.get(play.bulk, ()) if isinstance(body, dict)]
        entity = self._catalogue.entities[play.entity]
        keys = [self._new_key(play, entity, body) for body in bodies]
        made: list[tuple[str, JsonObject]] = []
        for key, body in zip(keys, bodies, strict=True):
            table = self.entries(entity.name)
            issued = key or self._issue(entity, table)
            blank = self._original(play, given) | self._blank(entity, issued, play)
            made.append((issued, self._write(play, issued, blank, body)))
        return self._listing(play, made, given) if play.bulk else self._one(play, *made[0], given)

    def _original(self, play: Play, given: JsonObject) -> JsonObject:
        """The record that a copy starts from; empty for everything that is no copy."""
        copied = (p for p in play.pointers if p.entity == play.entity and p.param in given)
        source = next(copied, None) if play.word in COPIES else None
        return (self.entries(play.entity).get(text_key(given[source.param])) or {}) if source else {}

    def _moved(self, play: Play, key: str, given: JsonObject) -> str:
        """The key under which the entry stands afterwards. Raises ToolError `conflict` when it is taken."""
        name = next((name for name in NEW_KEYS if isinstance(given.get(name), str)), "")
        if play.word not in ("move", "rename") or not name or self.key_name(play.entity) == name:
            return key
        if given[name] != key and self.entries(play.entity).get(given[name]) is not None:
            raise ToolError("conflict", f"{name}: there is already a {play.entity} {shown(given[name])}")
        return str(given[name])

    def _update(self, play: Play, given: JsonObject) -> Source:
        found = self._found(play, given)
        key, record = found[0]
        target = self._moved(play, key, given) if len(found) == 1 else key
        if target != key:
            self.entries(play.entity).drop(key)
            moved = {**record, self.key_name(play.entity): target}
            self._put(play.entity, target, moved)
            return self._one(play, target, moved, given)
        changed = [(key, self._write(play, key, record, given)) for key, record in found]
        return self._one(play, *changed[0], given)

    def _new_key(self, play: Play, entity: Entity, body: JsonObject) -> str:
        """The key that the arguments give to the new entry; empty when one has to be issued. Raises ToolError."""
        name = play.own.param if play.own else entity.key.name if play.bulk else ""
        if entity.alone:
            return ONLY
        if body.get(name) is None or isinstance(body[name], dict | list):
            return ""
        key = text_key(body[name])
        if play.word in _NEW_ONLY and self.entries(entity.name).get(key) is not None:
            raise ToolError("conflict", f"{name}: there is already a {entity.name} {shown(key)}")
        return key

    def _issue(self, entity: Entity, table: Entries) -> str:
        table.issued += 1
        try:
            return entity.key.issue(lambda turn: self._dice(f"{entity.name}/issue/{table.issued}/{turn}"), table.ever)
        except Unsatisfiable as problem:
            raise ToolError("conflict", str(problem)) from None

    def _blank(self, entity: Entity, key: str, play: Play) -> JsonObject:
        """A new record before the arguments are put in."""
        record: JsonObject = {} if entity.alone else {entity.key.name: entity.key.value(key)}
        for field in entity.fields:
            if normal(field.name) in ("createdat", "created"):
                record[field.name] = self._now()
            elif normal(field.name) in STATUS:
                rng = self._dice(f"{entity.name}/{key}/{field.name}")
                record[field.name] = play.status or value_for(field.schema, field.root, field.name, rng)
        return record

    def _write(self, play: Play, key: str, record: JsonObject, given: JsonObject) -> JsonObject:
        """Put the arguments that describe the entry into a copy of its record, under the entity's own field names."""
        entity = self._catalogue.entities[play.entity]
        if play.within:
            told = {name: value for name, value in given.items() if play.own is None or name != play.own.param}
            return self._put(entity.name, key, {**record, f"last_{play.tool}": told})
        names = {normal(field.name): field.name for field in entity.fields}
        changed = dict(record)
        for name, value in given.items():
            if play.own is not None and name == play.own.param:
                continue
            inside = value if isinstance(value, dict) and normal(name) in _BODIES else {name: value}
            for inner, part in inside.items():
                if normal(inner) != normal(entity.key.name):
                    changed[names.get(normal(inner), inner)] = part
        return self._put(entity.name, key, changed)

    def _transition(self, tool: CompiledTool, given: JsonObject) -> Source:
        play, entity = tool.play, self._catalogue.entities[tool.play.entity]
        status = next((f.name for f in entity.fields if normal(f.name) in STATUS), STATUS[0])
        found = self._found(play, given)
        fits = tool.statuses(play.status)
        for key, record in found:
            if fits and record.get(status) == play.status and play.word not in _AGAIN:
                raise ToolError("conflict", f"{entity.name} {shown(key)} is already {play.status}")
        made: list[tuple[str, JsonObject]] = []
        for key, record in found:
            # A status that the server's own list of statuses does not have is kept beside it.
            self._put(entity.name, key, {**record, (status if fits else "last_action"): play.status})
            made.append((key, self.entries(entity.name).get(key) or {}))
        return self._listing(play, made, given) if play.own and play.own.many else self._one(play, *made[0], given)

    def _delete(self, play: Play, given: JsonObject) -> Source:
        found = self._found(play, given)
        self._writes += 1
        for key, _ in found:
            self.entries(play.entity).drop(key)
        key, record = found[0]
        gone = ", ".join(key for key, _ in found)
        view = {**_view(record), **_view(given), "deleted": True}
        return Source(view, self._fields(f"{play.entity}/{key}"), lambda: f"{play.entity} {gone} was deleted")

    def _put(self, entity: str, key: str, record: JsonObject) -> JsonObject:
        self._writes += 1
        self.entries(entity).put(key, record)
        return record

    def _one(self, play: Play, key: str, record: JsonObject, given: JsonObject) -> Source:
        """A reply about one entry. What was just said comes first where the record has no such field."""

        def related(noun: str) -> Sequence[Row] | None:
            return self._related(play.entity, key, noun)

        view = {**_view(given), **self._shown(play.entity, key, record)}
        if play.within:
            view["result"] = "done"
        return Source(view, self._fields(f"{play.entity}/{key}"), lambda: in_words(record), None, related)

    def _listing(self, play: Play, found: Sequence[tuple[str, JsonObject]], given: JsonObject) -> Source:
        rows = [Row(key, self._shown(play.entity, key, record)) for key, record in found]
        total = len(rows)
        counts = dict.fromkeys(("total", "count", "totalcount", "totalresults", "totalitems"), total)
        view = {**_view(given), **counts, "hasmore": False, "truncated": False}

        def text() -> str:
            return "\n".join(in_words(record) for _, record in found) or f"no {play.entity} was found"

        return Source(view, self._fields(play.entity), text, rows)

    def _computed(self, play: Play, given: JsonObject) -> Source:
        asked = msgspec.json.encode(given, order="sorted").decode()
        dice = self._fields(f"{play.tool}/{asked}")
        return Source(_view(given), dice, lambda: in_words({}, dice(play.tool)), generous=True)

    def _related(self, entity: str, key: str, noun: str) -> Sequence[Row] | None:
        """Entries of the noun's entity that point at this one, all of them where this one has no key.

        None when there is no such entity, or when its entries do not point at this one's.
        """
        other = next((kind for name, kind in self._catalogue.entities.items() if normal(name) == noun), None)
        field = next((f.name for f in other.fields if f.entity == entity), "") if other else ""
        alone = self._catalogue.entities[entity].alone
        if other is None or not (field or alone):
            return None
        return [
            Row(k, self._shown(other.name, k, record))
            for k, record in self.entries(other.name).items()
            if alone or text_key(record.get(field)) == key
        ]

    def _shown(self, entity: str, key: str, record: JsonObject) -> dict[str, JsonValue]:
        """A record as replies see it: its key also under the other names that replies have for it."""
        view = _view(record)
        kind = self._catalogue.entities[entity]
        if not kind.alone:
            for name in aliases(entity, kind.key.name):
                view.setdefault(name, kind.key.value(key))
        return view

    def _reply(self, tool: CompiledTool, source: Source) -> JsonValue:
        """The reply, held against its schema. Raises EnvironmentFault."""
        try:
            reply = tool.shape.fill(source)
            if tool.gives.is_valid(reply):
                return reply
            # Known values that fit one by one but not together: leave them out.
            for turn in range(3):
                drawn = value_for(tool.play.output, tool.play.output, "", source.rng(f"reply/{turn}"))
                if tool.gives.is_valid(drawn):
                    return drawn
        except Unsatisfiable as problem:
            raise EnvironmentFault("output_schema", f"{self._service}: tool {tool.play.tool}: {problem}") from None
        raise EnvironmentFault(
            "output_schema", f"{self._service}: tool {tool.play.tool}: no reply satisfies its schema"
        )

    def _now(self) -> str:
        return iso(NOW + timedelta(minutes=1 + self._writes))

    def _dice(self, part: str) -> Random:
        return Random(zlib.crc32(f"{self._service}/{self._seed}/{part}".encode()))

    def _fields(self, base: str) -> Callable[[str], Random]:
        return lambda name: self._dice(f"{base}/{name}")


def text_key(value: JsonValue) -> str:
    """A key as tables have it: a number as its digits, `7.0` as `7`."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def shown(value: JsonValue) -> str:
    """A key as error messages show it."""
    return text_key(value)[:80]


def _view(record: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {normal(name): value for name, value in record.items()}
