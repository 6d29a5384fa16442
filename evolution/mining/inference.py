"""The reply of a tool that declares none, inferred from its verb and from what its neighbours say of the entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from ...sandbox.entities.words import plural, tokens
from ...sandbox.tools import JsonObject
from ..catalogs.record import ToolRecord
from .facts import ParamFact
from .fields import read_field
from .nouns import Entity
from .subject import By, Subject

INFERRED = "inferred from the verb and from other tools of the service"
"""Stands as `$comment` in an inferred schema."""
MOST_FIELDS = 12
CONFIDENCE: Mapping[By, float] = {"path": 0.8, "dots": 0.8, "name": 0.7, "description": 0.4}
"""How much an inferred reply is believed, by what the verb was read from."""
_SCALARS = ("string", "integer", "number", "boolean")


class Known(dict[Entity, tuple[str, JsonObject, dict[str, JsonObject]]]):
    """{entity: (name of its key, schema of the key, {field: schema})} as far as any parameter of the service says."""


def known_entities(tools: Sequence[tuple[ToolRecord, Subject, Entity, Sequence[ParamFact]]]) -> Known:
    """What the parameters of a service say of its entities: the key by which they are asked for, and their fields."""
    known = Known()
    for role, kind in product(("own", "scope", "foreign"), ("identifier", "named")):
        for record, _, _, params in tools:
            for param in params:
                plain = param.role == role and param.kind == kind and "." not in param.path and not param.choices
                if plain and param.entity is not None and param.entity not in known:
                    part = record.input_schema["properties"][param.path]
                    known[param.entity] = (_one_name(param.path, many=param.many), _bare(part), {})
    for record, subject, entity, params in tools:
        key = known.get(entity)
        if key is None:
            key = known[entity] = ("_".join((*tokens(entity[-1]), "id")), {"type": "string"}, {})
        if subject.verb in ("create", "update"):
            _gather(key[2], key[0], record, params)
    return known


def inferred_reply(subject: Subject, entity: Entity, known: Known) -> JsonObject | None:
    """The reply's schema; None for a tool that computes something, of which nothing is known."""
    if subject.verb == "compute" or entity not in known:
        return None
    key, schema, fields = known[entity]
    shown: JsonObject = {key: schema}
    if subject.verb == "delete":
        shown["deleted"] = {"type": "boolean", "const": True}
        return {"$comment": INFERRED, "type": "object", "properties": shown, "required": [key, "deleted"]}
    shown.update({name: part for name, part in fields.items() if name != key})
    record: JsonObject = {"type": "object", "properties": shown, "required": [key]}
    if subject.verb != "list":
        return {"$comment": INFERRED, **record}
    name = "_".join(tokens(plural(entity[-1]))) or "items"
    rows: JsonObject = {"type": "array", "items": record}
    total: JsonObject = {"type": "integer", "minimum": 0}
    return {
        "$comment": INFERRED,
        "type": "object",
        "properties": {name: rows, "total": total},
        "required": [name, "total"],
    }


def _gather(into: dict[str, JsonObject], key: str, record: ToolRecord, params: Iterable[ParamFact]) -> None:
    """The scalar parameters that describe an entry."""
    for param in params:
        # What an entry lies in stands in the path; that its reply repeats it is not known.
        plain = param.type in _SCALARS and not param.many and "." not in param.path and param.role != "scope"
        if plain and param.kind in ("identifier", "named", "free") and param.path != key and len(into) < MOST_FIELDS:
            into.setdefault(param.path, _bare(record.input_schema["properties"][param.path]))


def _bare(part: JsonObject) -> JsonObject:
    """The schema of one value, its type and format only: what was accepted once is shown as it is."""
    inner = part.get("items") if part.get("type") == "array" else part
    inner = inner if isinstance(inner, dict) else {}
    kept = {name: inner[name] for name in ("type", "format", "enum") if name in inner}
    return kept if isinstance(kept.get("type"), str) else {"type": "string"}


def _one_name(name: str, *, many: bool) -> str:
    """`message_ids` shows one `message_id`, and `fromChainId` a `chain_id`."""
    field = read_field(name)
    if field.role and field.stem and field.kind == "identifier":
        return "_".join((*field.stem, field.key))
    return name[:-1] if many and name.endswith(("ids", "Ids", "names", "Names", "keys", "Keys")) else name
