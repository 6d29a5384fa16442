"""How a tool is played: the verb, the entity and the parameter that names an entry, read from the tool's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ..tools import JsonObject, JsonValue, ToolSpec
from .schemas import Endless, Unsatisfiable, compiled, flat, properties, required, types_of
from .verbs import READS, VERBS, Hints, Reading, Reason, Verb, left_out, read_verb, status_after
from .words import FILLERS, PREPOSITIONS, is_plural, singular, stem, tokens

_IDS = frozenset("id ids uid uids uuid uuids guid sku path paths filepath identifier".split())
_NAMES = frozenset("name names slug key number code hash branch revision email file filename title".split())
_MOVED = frozenset("source from source_path old_path old_name oldPath oldName src".split())
_SETS = frozenset("set change switch toggle configure".split())
_NO_POINTER = frozenset(
    """output destination dest save download new target page phone country language currency zip postal locale api
    access session client request correlation trace tracking model chat thread""".split()
)
"""A parameter with one of these words points at nothing in the store: it says where to put, how to show, who asks."""


class Unplayable(msgspec.Struct, frozen=True):
    """A tool that is left out, and why."""

    tool: str
    reason: Reason
    detail: str
    """The word or the part of the schema that decided it."""


class Pointer(msgspec.Struct, frozen=True):
    """A parameter whose value must name an entry that stands in the store."""

    param: str
    entity: str
    many: bool
    """True when it takes a list of such values."""


class Play(msgspec.Struct, frozen=True):
    """How a tool is played."""

    tool: str
    verb: Verb
    entity: str
    """What the tool is about, one of them, in words: `purchase order`."""
    own: Pointer | None
    """The parameter that names the entry the call is about; None for lists, look-ups and what has one entry only."""
    pointers: tuple[Pointer, ...]
    """Parameters that name entries of other entities."""
    bulk: str = ""
    """The parameter that holds a list of entries to create; empty when one is created from the arguments."""
    status: str = ""
    """What the entry's status is after a transition."""
    output: JsonObject = {}
    """JSON Schema of the reply."""
    inferred: bool = False
    """True when the tool declares no output and the schema above is made up here."""
    within: bool = False
    """True when a call changes something inside the entry: its arguments are not the entry's own fields."""
    word: str = ""
    """The verb's own word: `fork` for a create."""
    evidence: str = ""
    """What said so."""

    @property
    def read_only(self) -> bool:
        """True when a call never changes the store."""
        return self.verb in READS

    @property
    def alone(self) -> bool:
        """True when the entity has one entry, which needs no name: settings, a session."""
        return self.own is None and self.verb in ("get", "update", "transition")


def read_play(spec: ToolSpec, hints: Hints, shared: frozenset[str]) -> Play | Unplayable:
    """How a tool is played by what it says of itself, entities not yet matched with those of other tools.

    `shared` are words that begin most names of the listing (`git_`): they tell tools from other servers' tools only.
    """
    try:
        _check_schemas(spec)
        declared = properties(flat(spec.input_schema, spec.input_schema))
    except Unsatisfiable as problem:
        reason: Reason = "endless_schema" if isinstance(problem, Endless) else "bad_schema"
        return Unplayable(spec.name, reason, str(problem))
    name = tokens(spec.name)
    if len(name) > 1 and name[0] in shared:
        name = name[1:]
    if found := left_out(name):
        return Unplayable(spec.name, *found)
    reading = read_verb(name, spec.description, hints)
    if reading is None:
        return Unplayable(spec.name, "no_verb", "neither the name nor the description says what it does")
    return _Reader(spec, reading, name, declared).play()


def _check_schemas(spec: ToolSpec) -> None:
    compiled(spec.input_schema)
    if "object" not in types_of(flat(spec.input_schema, spec.input_schema)):
        raise Unsatisfiable("the arguments are not an object")
    if spec.output_schema is not None:
        compiled(spec.output_schema)


class _Reader:
    """Puts verb, nouns and parameters of one tool together."""

    def __init__(self, spec: ToolSpec, reading: Reading, name: tuple[str, ...], declared: Mapping[str, object]) -> None:
        self._spec = spec
        self._reading = reading
        self._declared = {key: _flat_or_empty(part, spec.input_schema) for key, part in declared.items()}
        self._needed = frozenset(required(flat(spec.input_schema, spec.input_schema)))
        phrase = _phrase(name, reading) or _described(spec.description) or ("item",)
        self._many = is_plural(phrase[-1])
        self._entity = " ".join((*phrase[:-1], singular(phrase[-1])))
        self._nouns = frozenset(singular(word) for word in phrase)

    def play(self) -> Play | Unplayable:
        verb = self._reading.verb
        own = self._own() if verb in ("get", "update", "delete", "transition") else None
        match verb:
            case "get":
                return self._get(own)
            case "create":
                return self._create()
            case "list" | "compute":
                return self._made(verb, None)
            case "delete" if own is None:
                return Unplayable(self._spec.name, "no_identifier", "it deletes, and no parameter says what")
            case "transition" if own is None and self._told():
                return self._made("create", None, status=status_after(self._reading.word))
            case _:
                status = status_after(self._reading.word) if verb == "transition" else ""
                return self._made(verb, own, status=status)

    def _get(self, own: Pointer | None) -> Play:
        head = singular(self._entity.rpartition(" ")[2])
        listed = self._many and (own is None or (own.entity != self._entity and stem(own.param) != head))
        if listed and not (own and own.many):
            return self._made("list", None)
        if own is None and self._told():
            return self._made("compute", None)
        return self._made("get", own)

    def _create(self) -> Play:
        lists = [
            key for key, part in self._declared.items() if key in self._needed and _holds_objects(part, self._spec)
        ]
        bulk = next((key for key in lists if singular(tokens(key)[-1]) in self._nouns), "")
        if not bulk and len(lists) == len(self._needed) == 1:
            bulk = lists[0]
        return self._made("create", None, bulk=bulk)

    def _made(self, verb: Verb, own: Pointer | None, *, bulk: str = "", status: str = "") -> Play:
        return Play(
            tool=self._spec.name,
            verb=verb,
            entity=own.entity if own else self._entity,
            own=own,
            pointers=tuple(pointer for pointer in self._pointers() if self._stands(pointer, verb, own)),
            bulk=bulk,
            status=status,
            output=self._spec.output_schema or {},
            inferred=self._spec.output_schema is None,
            word=self._reading.word,
            evidence=self._reading.evidence,
        )

    def _stands(self, pointer: Pointer, verb: Verb, own: Pointer | None) -> bool:
        """False for the entry itself, and for the new value of what has one entry only."""
        return pointer.param != own.param if own else verb != "update" or bool(stem(pointer.param))

    def _told(self) -> bool:
        """True when a required parameter carries something else than the name of an entry."""
        pointing = {pointer.param for pointer in self._pointers()}
        return any(name not in pointing for name in self._needed)

    def _own(self) -> Pointer | None:
        found: list[tuple[float, Pointer]] = []
        for name, part in self._declared.items():
            score, entity = self._claim(name)
            score += 0.4 * (name in self._needed)
            if score >= 1 and _names_entries(part, self._spec):
                found.append((score, Pointer(name, entity, "array" in types_of(part))))
        found.sort(key=lambda claim: -claim[0])
        if found and self._reading.word in _SETS and not self._declared.keys() - {found[0][1].param}:
            return None  # `set_mode(mode)`: the one parameter is the new value, not a key
        if len(found) > 1 and tokens(found[0][1].param) == ("path",) and found[1][0] >= 2.5:
            return found[1][1]  # a name beside a path: the path is what holds the named entry
        return found[0][1] if found else None

    def _claim(self, name: str) -> tuple[float, str]:
        """How much a parameter looks like the name of the entry that the call is about, and of which entity."""
        words = tokens(name)
        if not words or _NO_POINTER & set(words):
            return 0, ""
        last, before = words[-1], stem(name)
        whole = singular(words[-1]) if len(words) == 1 else ""
        if whole and whole in self._nouns and whole not in _IDS:
            return 5, self._wide(whole)
        if last in _IDS and before:
            return (4, self._wide(before)) if before in self._nouns else (1 if name in self._needed else 0, before)
        if last in _IDS:
            return 3, self._entity
        if self._reading.word in ("move", "rename") and name in _MOVED and name in self._needed:
            return 2.5, self._entity
        if last in _NAMES and name in self._needed and (not before or before in self._nouns):
            return 2.5, self._wide(before) if before else self._entity
        return 0, ""

    def _wide(self, noun: str) -> str:
        """The whole phrase where the noun is its head: `role assignment` for `assignment`."""
        return self._entity if self._entity.rpartition(" ")[2] == noun else noun

    def _pointers(self) -> Iterable[Pointer]:
        for name, part in self._declared.items():
            words = tokens(name)
            if self._reading.verb == "list" and words in (("path",), ("paths",)):
                continue  # where to look, not what: a directory that no tool of the list may know
            if words and words[-1] in _IDS and not _NO_POINTER & set(words) and _names_entries(part, self._spec):
                bare = words[-1] if words[-1] in ("path", "paths", "filepath", "sku") else self._entity
                yield Pointer(name, stem(name) or bare, "array" in types_of(part))


def _flat_or_empty(part: object, root: JsonObject) -> JsonObject:
    try:
        return flat(part, root)
    except Unsatisfiable:
        return {}


def _names_entries(part: JsonObject, spec: ToolSpec) -> bool:
    """True for a text, a whole number, or a list of such."""
    branches = [part, *(_flat_or_empty(b, spec.input_schema) for b in part.get("anyOf") or part.get("oneOf") or ())]
    kinds = {kind for branch in branches for kind in types_of(branch)}
    if "array" in kinds:
        items: JsonValue = next((branch.get("items") for branch in branches if "items" in branch), {})
        kinds = set(types_of(_flat_or_empty(items, spec.input_schema))) or {"string"}
    return bool(kinds & {"string", "integer", "number"}) or not kinds


def _holds_objects(part: JsonObject, spec: ToolSpec) -> bool:
    return "array" in types_of(part) and "object" in types_of(_flat_or_empty(part.get("items"), spec.input_schema))


def _phrase(name: tuple[str, ...], reading: Reading) -> tuple[str, ...]:
    """The nouns of a name: behind the verb up to a preposition, else before the verb; at most two."""
    behind, before = name[reading.position + 1 :], name[: max(reading.position, 0)]
    for part in (behind, before):
        kept: list[str] = []
        for word in part:
            if word in PREPOSITIONS and kept:
                break
            if word not in PREPOSITIONS and word not in FILLERS and not word.isdigit():
                kept.append(word)
        if kept:
            return tuple(kept[-2:])
    return ()


def _described(description: str) -> tuple[str, ...]:
    """The first noun that a description may mean."""
    for word in tokens(description[:200])[:12]:
        known = word in VERBS or word.removesuffix("s") in VERBS or word.removesuffix("es") in VERBS
        if not known and word not in PREPOSITIONS and word not in FILLERS and len(word) > 2:
            return (word,)
    return ()
