"""What is known of one tool: its verb and entity, what its parameters point at, and which keys its reply holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

import msgspec

from ...sandbox.entities.catalogue import COPIES
from ...sandbox.entities.shapes import normal
from ...sandbox.entities.verbs import READS
from ...sandbox.tools import JsonObject
from ..catalogs.record import ToolRecord
from .fields import Field, FieldKind, Semantic, read_field, semantic
from .nouns import Entity, Nouns
from .subject import Subject

Role: TypeAlias = Literal["own", "scope", "foreign", "new", "none"]
"""How a parameter points: at the entry the call is about; at one above it; at one of another collection; at the entry
that the call makes (its name is chosen, not looked up); at nothing."""

GENERIC = frozenset(
    """resource item entity target source object record element data info type location region zone language country
    currency status version date time year month day name value""".split()
)
"""Nouns that stand for any entry of whatever collection: a field of such a name points at nothing certain."""
_SETS = frozenset("set change switch toggle configure update edit modify add".split())
BARE = frozenset("any id arn number name slug key ref sku code login username handle path url".split())
PLACES = frozenset("path url".split())
"""Keys of functions only: what an HTTP operation takes as path or URL is a value like others."""
TEXTS = frozenset(
    """message text content body comment description title query prompt note question answer word sentence code input
    output search summary keyword topic term instruction number amount price size value""".split()
)
"""Nouns that are as often a text to be written as a collection to look in."""


class ParamFact(msgspec.Struct, frozen=True):
    """One parameter."""

    path: str
    """Dotted where it stands inside an object: `order.customer_id`."""
    kind: FieldKind
    type: str
    """JSON type of one value; empty when nothing is said."""
    many: bool
    """True when it takes a list."""
    required: bool
    choices: bool
    """True when the values are a closed list: nothing has to be looked up."""
    role: Role
    entity: Entity | None
    """The collection it points at."""
    key: str
    """Which key of the entry: `id`, `arn`, `name`, …, `any`."""
    semantic: Semantic | None
    """The shared type, for joins of services."""
    described: bool

    @property
    def points(self) -> bool:
        """True when the value must be that of an entry that exists."""
        return self.role in ("own", "scope", "foreign") and self.entity is not None


class OutputFact(msgspec.Struct, frozen=True):
    """One key in a reply."""

    path: str
    """Dotted, `*` for list elements."""
    name: str
    type: str
    entity: Entity | None
    """The collection whose entry has this key; None for a semantic type alone."""
    key: str
    own: bool
    """True when the tool is about that collection."""
    depth: int
    """Objects and lists that the value is inside of."""
    semantic: Semantic | None


class ToolFacts(msgspec.Struct, frozen=True):
    """One tool, read."""

    record: ToolRecord
    subject: Subject
    entity: Entity
    """The collection it is about, under the one name it has in its service."""
    params: tuple[ParamFact, ...]
    outputs: tuple[OutputFact, ...]
    output_schema: JsonObject | None
    """Declared or inferred."""
    inferred: bool
    confidence: float
    """Of the reply: 1 when declared."""
    needs: tuple[ParamFact, ...]
    """Those of `params` that are required and point at entries; `needs_of`."""

    @property
    def reads(self) -> bool:
        """True when a call changes nothing."""
        return self.subject.verb in READS


def needs_of(params: Sequence[ParamFact]) -> tuple[ParamFact, ...]:
    """Required parameters that point at entries."""
    return tuple(param for param in params if param.required and param.points and not param.choices)


def param_facts(tool: ToolRecord, subject: Subject, nouns: Nouns) -> tuple[ParamFact, ...]:
    """The parameters in schema order, and those one level down in objects that must be given."""
    return tuple(_Params(tool, subject, nouns).read())


class _Params:
    """Reads the parameters of one tool."""

    def __init__(self, tool: ToolRecord, subject: Subject, nouns: Nouns) -> None:
        self._schema = tool.input_schema
        self._subject = subject
        self._nouns = nouns
        # `{applicationId}` of a path is the argument `ApplicationId` in some catalogues.
        self._scopes = {normal(name): length for name, length in subject.scopes}
        self._google = tool.catalog == "google" or subject.by == "dots"
        self._entity = nouns.canonical(subject.entity)
        self._function = tool.method is None

    def read(self) -> list[ParamFact]:
        needed = set(self._schema.get("required") or ())
        found: list[ParamFact] = []
        for name, part in (self._schema.get("properties") or {}).items():
            if not isinstance(part, dict):
                continue
            found.append(self._fact(name, name, part, required=name in needed, inside=False))
            if name in needed and isinstance(part.get("properties"), dict):
                below = set(part.get("required") or ())
                for inner, piece in part["properties"].items():
                    if isinstance(piece, dict):
                        found.append(self._fact(f"{name}.{inner}", inner, piece, required=inner in below, inside=True))
        return found

    def _fact(self, path: str, name: str, part: JsonObject, *, required: bool, inside: bool) -> ParamFact:
        kind_of = type_of(part)
        many = kind_of == "array"
        if many:
            items = part.get("items")
            kind_of = type_of(items) if isinstance(items, dict) else ""
        field = read_field(name)
        plain = kind_of not in ("object", "boolean")
        role, entity, key = self._pointed(name, inside=inside, required=required) if plain else ("none", None, "")
        return ParamFact(
            path=path,
            kind=field.kind,
            type=kind_of,
            many=many,
            required=required,
            choices=bool(part.get("enum")) or "const" in part,
            role=role,
            entity=entity,
            key=key,
            semantic=semantic(name, str(part.get("format") or "")),
            described=bool(part.get("description")),
        )

    def _pointed(self, name: str, *, inside: bool, required: bool) -> tuple[Role, Entity | None, str]:
        field = read_field(name)
        subject = self._subject
        length = 0 if inside else self._scopes.get(normal(name), 0)
        if length and field.kind in ("identifier", "named", "free") and _fits(field, subject.entity[length - 1]):
            place = self._nouns.canonical(subject.entity[:length])
            own = length == len(subject.entity) and subject.item
            made = own and subject.verb == "create" and subject.word not in COPIES
            return ("new" if made else "own" if own else "scope"), place, scope_key(field, place)
        if field.kind not in ("identifier", "named"):
            return "none", None, ""
        if self._google and required and not inside and name in ("name", "resource", "resourceName", "parent"):
            return self._resource(name)
        if field.key in PLACES and not self._function:
            return "none", None, ""
        if field.kind == "identifier" and not field.stem:
            return self._bare(field.key)
        if field.kind == "named" and field.key != "any" and not field.stem:
            return self._bare_name(field.key)
        return self._meant(field, inside)

    def _meant(self, field: Field, inside: bool) -> tuple[Role, Entity | None, str]:
        """What a name with a stem points at."""
        subject = self._subject
        place = self._nouns.meant(field.stem, self._entity) if field.stem else None
        if place is None:
            return "none", None, ""
        if place == self._entity and not field.role:
            if subject.verb == "create" or inside:
                return "new", place, field.key
            if subject.by == "path" and self._scopes:
                return "none", None, ""  # the path names the entry; a second key in the body is its new value
            if field.kind == "named" and (
                subject.verb in ("list", "compute") or (subject.word in _SETS and field.key == "any")
            ):
                return "none", None, ""  # a search by name names no entry, and `set_mode(mode)` takes the new value
            return "own", place, field.key
        if place[-1] in GENERIC:
            return "none", None, ""
        return "foreign", place, field.key

    def _resource(self, name: str) -> tuple[Role, Entity | None, str]:
        """Full resource names: `name` is the entry's own, `parent` that of the collection above."""
        if name == "parent":
            above = self._subject.entity[:-1]
            return ("scope", self._nouns.canonical(above), "name") if above else ("none", None, "")
        return (
            ("new", self._entity, "name") if self._subject.verb in ("create", "list") else ("own", self._entity, "name")
        )

    def _bare(self, key: str) -> tuple[Role, Entity | None, str]:
        """`id` alone is the entry's own."""
        if self._subject.verb == "create" or (self._subject.by == "path" and self._scopes):
            return "new", self._entity, key
        return "own", self._entity, key

    def _bare_name(self, key: str) -> tuple[Role, Entity | None, str]:
        """`name` alone names the entry where nothing else does."""
        if self._subject.by == "path" or self._subject.verb in ("create", "list", "compute"):
            return "new", self._entity, key
        return "own", self._entity, key


def _fits(field: Field, collection: str) -> bool:
    """False for the key of something else: `/devices/{systemKey}` names a system and no device."""
    if field.key in ("", "any") or not field.stem:
        return True
    whole = "".join(collection.split())
    return any(word in whole or whole in word for word in field.stem)


def scope_key(field: Field, place: Entity) -> str:
    """Which key a parameter of the path is: `{repo}` may be any of a repo, `{device_mac}` of a device is its mac."""
    if field.key not in ("", "any"):
        return field.key
    words = {word for part in place for word in part.split()}
    return "any" if not field.stem or field.stem[-1] in words else field.stem[-1]


def type_of(schema: JsonObject) -> str:
    """The JSON type, null left out; of alternatives the first; empty when nothing is said."""
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((kind for kind in declared if kind != "null"), "")
    if declared is None:
        for branch in schema.get("anyOf") or schema.get("oneOf") or ():
            if isinstance(branch, dict) and branch.get("type") not in (None, "null"):
                return type_of(branch)
        return "object" if "properties" in schema else ""
    return str(declared)


def proved_keys(tools: Sequence[tuple[Subject, tuple[ParamFact, ...]]]) -> frozenset[tuple[Entity, str]]:
    """The keys by which a tool of the service asks for one entry; a name counts as a key only if it is one of them."""
    return frozenset(
        (param.entity, param.key)
        for subject, params in tools
        if subject.verb != "create"
        for param in params
        if param.entity is not None and param.required and param.role in ("own", "scope") and not param.choices
    )


def settled(
    params: Sequence[ParamFact], proved: frozenset[tuple[Entity, str]], shown: Collection[Entity]
) -> tuple[ParamFact, ...]:
    """The parameters, those unsettled that point by a name which nothing proves to be a key.

    `shown` are collections that a function of the service lists: a required name of one of those is looked up there.
    """

    def stands(param: ParamFact) -> bool:
        if param.role != "foreign" or param.kind == "identifier" or param.entity is None:
            return True
        listed = param.required and param.entity in shown and param.entity[-1] not in TEXTS
        return listed or (param.entity, param.key) in proved

    return tuple(p if stands(p) else msgspec.structs.replace(p, role="none", entity=None) for p in params)
