"""The entities behind a list of tools: what their records hold, how their keys look, who points at whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ..tools import JsonObject, JsonValue, ToolSpec
from .keys import KeyFormat, aliases, key_format, table_name
from .plays import Play, Pointer
from .schemas import Unsatisfiable, flat, properties, required, types_of
from .shapes import normal
from .words import singular, stem, tokens

MOST_FIELDS = 40
"""Fields that one record has at most in the initial state."""
_CONTROL = frozenset(
    """limit offset page cursor size max min sort order verbose format query search q fields filter filters token
    apikey timeout dry dryrun recursive overwrite force confirm pagetoken accesstoken password secret include exclude
    success message ok error errors total count hasmore nextcursor truncated deleted created_count""".split()
)
"""Words of parameters and reply fields that steer or report a call and describe no entry."""
_NAMED = frozenset("name title subject label description text content body summary message".split())
STATUS = ("status", "state")
COPIES = frozenset("copy duplicate clone fork".split())
NEW_KEYS = ("new_name", "newName", "new_path", "newPath", "destination", "to", "target", "new_title", "new_key")
"""Parameters that give an entry another key."""
CONTEXT_TOOLS = 4
"""Tools that take a path before it counts as that of what they all work in."""
FILES = frozenset("file directory folder document workbook spreadsheet presentation image archive".split())
"""Entities that a path names."""
INFERRED = "inferred by the entity store"
"""Stands as `$comment` in output schemas that no server declared."""
_JUDGED = frozenset("validate check verify is has test can".split())
_MEASURED = frozenset(
    """price balance rate count score temperature amount total volume distance duration percentage fee cost index
    value age size weight number average ratio""".split()
)


class Field(msgspec.Struct, frozen=True):
    """One thing that records of an entity hold."""

    name: str
    schema: JsonObject
    root: JsonObject
    """The schema that references in `schema` lead into."""
    entity: str = ""
    """The entity whose key it holds; empty for plain values."""


class Entity(msgspec.Struct, frozen=True):
    """What some of the tools are about."""

    name: str
    key: KeyFormat
    fields: tuple[Field, ...]
    """Without the key."""
    alone: bool
    """True when there is one entry only."""


class Catalogue(msgspec.Struct, frozen=True):
    """Tools matched with each other."""

    plays: Mapping[str, Play]
    entities: Mapping[str, Entity]


def catalogue_of(specs: Sequence[ToolSpec], plays: Iterable[Play]) -> Catalogue:
    """Match the pointers of all tools with the entities of all tools, and gather what each entity's records hold."""
    by_name = {spec.name: spec for spec in specs}
    read = {play.tool: play for play in plays}
    names = _Names(read.values())
    matched = {tool: names.matched(play) for tool, play in read.items()}
    about = dict.fromkeys(play.entity for play in matched.values() if play.verb != "compute")
    pointed = dict.fromkeys(pointer.entity for play in matched.values() for pointer in play.pointers)
    keys = {entity: _key(entity, list(matched.values()), by_name) for entity in {**about, **pointed}}
    owned = {tool: _creating(play, by_name[tool], keys) for tool, play in matched.items()}
    entities: dict[str, Entity] = {}
    for entity, key in keys.items():
        users = [play for play in owned.values() if play.entity == entity and play.verb != "compute"]
        fields = _fields(entity, users, by_name, key)
        alone = bool(users) and all(play.alone for play in users) and entity not in pointed
        entities[entity] = Entity(entity, key, fields, alone)
    return Catalogue({tool: _typed(play, by_name[tool], entities) for tool, play in owned.items()}, entities)


class _Names:
    """Finds the entity that a parameter means among those that tools are about."""

    def __init__(self, plays: Iterable[Play]) -> None:
        plays = list(plays)
        self._known = dict.fromkeys(play.entity for play in plays if play.verb != "compute")
        self._heads: dict[str, str] = {}
        for entity in self._known:
            self._heads.setdefault(entity.rpartition(" ")[2], entity)
        self._homes: dict[str, str] = {}  # {`path` or `paths`: the entity of the first tool that it names alone}
        self._uses: Counter[str] = Counter()
        for play in plays:
            if play.own and tokens(play.own.param) in (("path",), ("paths",)):
                self._homes.setdefault(play.own.param, play.entity)
            self._uses.update({pointer.param for pointer in (play.own, *play.pointers) if pointer})

    def matched(self, play: Play) -> Play:
        """The play with every entity under the one name it has in this catalogue."""
        play = self._at_home(self._headed(play))
        entity = self._meant(play.entity)
        own = play.own and msgspec.structs.replace(play.own, entity=self._meant(play.own.entity))
        pointers = tuple(self._pointer(pointer) for pointer in play.pointers)
        return msgspec.structs.replace(play, entity=own.entity if own else entity, own=own, pointers=pointers)

    def _at_home(self, play: Play) -> Play:
        """A path that many tools take names what they all work in: it is the workbook's, not that of a row in it."""
        own = play.own
        if own is None or own.many or own.param not in self._homes or self._uses[own.param] < CONTEXT_TOOLS:
            return play
        home = self._homes[own.param]
        if play.entity == home:
            return play
        moved = Pointer(own.param, home, many=False)
        if play.verb == "get":
            return msgspec.structs.replace(play, verb="compute", own=None, pointers=(*play.pointers, moved))
        verb = "update" if play.verb == "delete" else play.verb
        return msgspec.structs.replace(play, verb=verb, entity=home, own=moved, within=verb == "update")

    def _headed(self, play: Play) -> Play:
        """`text file` and `media file` are files where `file` has the same key."""
        head = play.entity.rpartition(" ")[2]
        if play.own and head in self._known and head != play.entity and self._homes.get(play.own.param) == head:
            return msgspec.structs.replace(play, entity=head, own=msgspec.structs.replace(play.own, entity=head))
        return play

    def _meant(self, entity: str) -> str:
        return entity if entity in self._known else self._heads.get(entity.rpartition(" ")[2], entity)

    def _pointer(self, pointer: Pointer) -> Pointer:
        meant = self._meant(pointer.entity)
        if meant not in self._known and not stem(pointer.param):
            meant = self._homes.get(pointer.param, meant)
        return msgspec.structs.replace(pointer, entity=meant)


def _key(entity: str, plays: Sequence[Play], specs: Mapping[str, ToolSpec]) -> KeyFormat:
    """The key as most tools name it; without any, as a declared reply names it; else `<entity>_id`."""
    users = [play for play in plays if play.own and play.own.entity == entity and not play.own.many]
    users = users or [play for play in plays if play.own and play.own.entity == entity]
    own = [(play, play.own.param) for play in users if play.own]
    own = own or [(p, pointer.param) for p in plays for pointer in p.pointers if pointer.entity == entity]
    if own:
        name = Counter(param for _, param in own).most_common(1)[0][0]
        play = next(play for play, param in own if param == name)
        root = specs[play.tool].input_schema
        schema = _scalar(properties(flat(root, root)).get(name, {}), root)
        return key_format(entity, singular_name(name) if _many(play, name) else name, schema)
    head = normal(entity.rpartition(" ")[2])
    for play in plays:
        if play.entity == entity:
            for field in _shown(play, specs[play.tool]):
                if normal(field.name) in ("id", f"{head}id", "uuid"):
                    return key_format(entity, field.name, field.schema)
    head = entity.rpartition(" ")[2]
    filed = head in FILES and any("path" in _parameters(play, specs) for play in plays if play.entity == entity)
    return key_format(entity, "path" if filed else "_".join((*tokens(entity), "id")), {"type": "string"})


def _parameters(play: Play, specs: Mapping[str, ToolSpec]) -> Mapping[str, JsonValue]:
    root = specs[play.tool].input_schema
    return properties(flat(root, root))


def singular_name(name: str) -> str:
    """A list parameter's name for one of its values: `message_ids` gives `message_id`."""
    words = tokens(name)
    return "_".join((*words[:-1], singular(words[-1]) if words[-1] != "ids" else "id"))


def _many(play: Play, param: str) -> bool:
    return any(p.param == param and p.many for p in (play.own, *play.pointers) if p)


def _scalar(part: JsonValue, root: JsonObject) -> JsonObject:
    """The schema of one key: null alternatives left out, a list's items in its place, no notes."""
    schema = flat(part, root)
    for branch in schema.get("anyOf") or schema.get("oneOf") or ():
        inner = flat(branch, root)
        if set(types_of(inner)) & {"string", "integer", "number", "array"}:
            schema = inner
            break
    if "array" in types_of(schema):
        schema = flat(schema.get("items", {}), root)
    kept = ("type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "enum", "const")
    found = {key: schema[key] for key in kept if key in schema}
    kinds = [kind for kind in types_of(found) if kind != "null"]
    return {**found, "type": kinds[0] if kinds else "string"}


def _creating(play: Play, spec: ToolSpec, keys: Mapping[str, KeyFormat]) -> Play:
    """A create tool whose arguments hold the new entry's key (a path, a name) says so."""
    if play.verb != "create" or play.bulk:
        return play
    names = properties(flat(spec.input_schema, spec.input_schema))
    key = keys[play.entity].name
    spoken = normal(key) in ("name", "title", "path", "filepath", normal(play.entity), normal(play.entity) + "name")
    if play.word in COPIES and key in names:
        source = Pointer(key, play.entity, many=False)
        target = next((name for name in NEW_KEYS if name in names), "")
        rest = (source, *(other for other in play.pointers if other.param != key))
        own = Pointer(target, play.entity, many=False) if target else None
        return msgspec.structs.replace(play, own=own, pointers=rest)
    choices = (key, *(("new_name", "name", "title") if spoken and key not in names else ()))
    param = next((name for name in choices if name in names), "")
    pointer = next((pointer for pointer in play.pointers if pointer.param == param), None)
    filed = param == "path" and play.entity.rpartition(" ")[2] in FILES
    if not param or (pointer is not None and pointer.entity != play.entity and not filed):
        return play
    rest = tuple(other for other in play.pointers if other.param != param)
    return msgspec.structs.replace(play, own=Pointer(param, play.entity, False), pointers=rest)


def _fields(entity: str, users: Sequence[Play], specs: Mapping[str, ToolSpec], key: KeyFormat) -> tuple[Field, ...]:
    """What records hold: what tools take and what they show, one field per name."""
    found: dict[str, Field] = {}
    own = {normal(key.name), *aliases(entity, key.name)}
    for play in users:
        if play.within:
            continue
        spec = specs[play.tool]
        pointing = {pointer.param: pointer.entity for pointer in play.pointers if not pointer.many}
        for field in (*_shown(play, spec), *_taken(play, spec)):
            if normal(field.name) in own or _controls(field.name) or len(found) >= MOST_FIELDS:
                continue
            if field.name in pointing and pointing[field.name] != play.entity:
                field = msgspec.structs.replace(field, entity=pointing[field.name])
            earlier = found.get(normal(field.name))
            if earlier is None or (not earlier.entity and _strictness(field) > _strictness(earlier)):
                found[normal(field.name)] = field
    text: JsonObject = {"type": "string"}
    if users and not _NAMED & found.keys() and normal(key.name) not in _NAMED:
        found["name"] = Field("name", text, text)
    if any(play.status for play in users) and not found.keys() & set(STATUS):
        status: JsonObject = {"type": "string", "enum": ["active", "pending"]}
        found["status"] = Field("status", {"type": "string"}, status)
    if users and not any("created" in name or "date" in name for name in found):
        stamp: JsonObject = {"type": "string", "format": "date-time"}
        found["createdat"] = Field("created_at", stamp, stamp)
    return tuple(found.values())


def _strictness(field: Field) -> int:
    """Where two tools describe a field, the one with choices, a format or a pattern counts."""
    return ("enum" in field.schema) * 2 + bool({"format", "pattern"} & field.schema.keys())


def _controls(name: str) -> bool:
    words = tokens(name)
    return normal(name) in _CONTROL or bool({"limit", "page", "cursor", "offset", "token", "max"} & set(words[:2]))


def _taken(play: Play, spec: ToolSpec) -> Iterable[Field]:
    """The parameters that describe an entry."""
    if play.verb == "compute":
        return
    root = spec.input_schema
    parts = properties(flat(root, root))
    if play.bulk:
        parts = properties(flat(flat(parts[play.bulk], root).get("items", {}), root))
    elif play.verb in ("get", "delete", "transition"):
        parts = {p.param: parts[p.param] for p in play.pointers}
    pointing = {pointer.param for pointer in play.pointers}
    for name, part in parts.items():
        if play.own is not None and name == play.own.param:
            continue
        for field in _described(name, part, root):
            # Of a list's filters, only choices and pointers are certain to describe entries.
            if play.verb != "list" or name in pointing or "enum" in field.schema:
                yield field


def _shown(play: Play, spec: ToolSpec) -> Iterable[Field]:
    """The fields of one entry in the declared reply, looked for where replies usually have it."""
    root = spec.output_schema
    if root is None:
        return
    own = {normal(play.entity), normal(play.entity.rpartition(" ")[2]), "item", "data", "result", "results", "items"}
    here = flat(root, root)
    for name, part in properties(here).items():
        try:
            inner = flat(part, root)
            if "array" in types_of(inner):
                inner = flat(inner.get("items", {}), root)
        except Unsatisfiable:
            continue
        if normal(singular(name)) in own and properties(inner):
            here = inner
            break
    for name, part in properties(here).items():
        yield from _described(name, part, root)


def _described(name: str, part: JsonValue, root: JsonObject) -> Iterable[Field]:
    """The field if it is a scalar or a list of scalars; nothing for what is deeper."""
    try:
        schema = flat(part, root)
        items = flat(schema.get("items", {}), root) if "array" in types_of(schema) else schema
    except Unsatisfiable:
        return
    if "object" not in types_of(items) and "array" not in types_of(items):
        yield Field(name, schema, root)


def _typed(play: Play, spec: ToolSpec, entities: Mapping[str, Entity]) -> Play:
    """The play with an output schema, inferred where none is declared."""
    if not play.inferred:
        return play
    entity = entities.get(play.entity)
    output = {"$comment": INFERRED, **_inferred(play, entity, spec.input_schema)}
    return msgspec.structs.replace(play, output=output)


def _inferred(play: Play, entity: Entity | None, root: JsonObject) -> JsonObject:
    if play.verb == "compute" or entity is None:
        return _looked_up(play, root)
    record = _record(entity)
    listed = play.verb == "list" or play.bulk or (play.own is not None and play.own.many)
    if play.within:
        done: JsonObject = {"type": "string", "const": "done"}
        shown: JsonObject = {entity.key.name: _told(entity.key.schema), "result": done}
        return {"type": "object", "properties": shown, "required": list(shown)}
    if play.verb == "delete":
        flag: JsonObject = {"type": "boolean", "const": True}
        kept = {entity.key.name: record["properties"][entity.key.name]}
        if play.own and play.own.many:
            kept = {play.own.param: {"type": "array", "items": kept[entity.key.name]}}
        return {"type": "object", "properties": {**kept, "deleted": flag}, "required": [*kept, "deleted"]}
    if listed:
        name = table_name(entity.name)
        total: JsonObject = {"type": "integer", "minimum": 0}
        rows: JsonObject = {"type": "array", "items": record}
        return {"type": "object", "properties": {name: rows, "total": total}, "required": [name, "total"]}
    return record


def _looked_up(play: Play, root: JsonObject) -> JsonObject:
    """What was asked, and one answer named after what the tool is about."""
    asked: JsonObject = {}
    for name, part in properties(flat(root, root)).items():
        kinds = types_of(next((field.schema for field in _described(name, part, root)), {}))
        if name in required(flat(root, root)) and len(kinds) == 1 and kinds[0] in ("string", "integer", "number"):
            asked[name] = {"type": kinds[0]}
    noun = "_".join(tokens(play.entity)) or "result"
    kind = "number" if set(tokens(play.entity)) & _MEASURED else "string"
    answer = {"valid": {"type": "boolean"}} if play.word in _JUDGED else {noun: {"type": kind}}
    return {"type": "object", "properties": {**asked, **answer}, "required": [*asked, *answer]}


def _record(entity: Entity) -> JsonObject:
    shown: JsonObject = {} if entity.alone else {entity.key.name: _told(entity.key.schema)}
    for field in entity.fields:
        if len(shown) >= 16:
            break
        # References and bounds stay behind: what was accepted once is shown as it is.
        kinds = [kind for kind in types_of(field.schema) if kind != "null"]
        shown[field.name] = {"type": kinds[0]} if len(kinds) == 1 else {}
        if isinstance(field.schema.get("description"), str):
            shown[field.name]["description"] = field.schema["description"]
        if "format" in field.schema:
            shown[field.name]["format"] = field.schema["format"]
    return {"type": "object", "properties": shown, "required": [] if entity.alone else [entity.key.name]}


def _told(schema: JsonObject) -> JsonObject:
    return {"type": schema.get("type", "string")}
