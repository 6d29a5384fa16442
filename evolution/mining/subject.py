"""What a tool does to what: its verb and its entity, read from its HTTP path, its dotted name, or its words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ...sandbox.entities.catalogue import COPIES
from ...sandbox.entities.verbs import READS, VERBS, Hints, Reading, Verb, read_verb
from ...sandbox.entities.words import FILLERS, PREPOSITIONS, is_plural, singular, tokens
from ..catalogs.record import ToolRecord
from .paths import PathReading, collections_of, read_path

By: TypeAlias = Literal["path", "dots", "name", "description"]
_DOTTED = re.compile(r"[./]")
_LOCATIONS = ("project", "location", "organization", "folder", "billing account", "global", "region", "zone")
"""Collections that only say where others lie."""
MOST_NOUNS = 4
_MAKES = frozenset("create add register insert new".split())
_QUALIFIERS = frozenset("by for from in on of with to using via".split())


class Subject(msgspec.Struct, frozen=True):
    """A tool's verb and entity."""

    verb: Verb
    word: str
    """The word that said so; the HTTP method where no word did."""
    entity: tuple[str, ...]
    """The collections that qualify what the tool is about, outermost first, in the singular; never empty."""
    scopes: tuple[tuple[str, int], ...]
    """Path parameters with the length of the entity they name: `("repo", 1)`."""
    item: bool
    """True when the path says that the tool is about one entry."""
    plural: bool
    """True when the entity stands in the plural."""
    by: By

    @property
    def head(self) -> str:
        """The last collection."""
        return self.entity[-1]


def read_subjects(tools: Sequence[ToolRecord]) -> list[Subject | None]:
    """One subject per tool of a service, in order; None where nothing says what a tool does."""
    shared = _shared_beginnings(tools)
    paths = {tool.path for tool in tools if tool.method and tool.path}
    telling = len(paths) > max(1, len(tools) // 4)
    collections = collections_of(paths)
    return [_subject(tool, shared, collections, telling=telling) for tool in tools]


def _subject(tool: ToolRecord, shared: frozenset[str], collections: frozenset[str], *, telling: bool) -> Subject | None:
    words = tokens(tool.name)
    if len(words) > 2 and words[0] in shared and words[1:] and words[0] not in VERBS:
        words = words[1:]
    reading = read_verb(words, tool.description, _hints(tool))
    if telling and tool.method and tool.path:
        path = read_path(tool.path, collections)
        if path.entity:
            return _by_path(tool, path, reading)
    parts = [part for part in _DOTTED.split(tool.name) if part]
    if len(parts) > 1 and tool.method and reading is not None:
        return _by_dots(tool, parts, reading)
    return _by_words(tool, words, reading) if reading is not None else None


def _hints(tool: ToolRecord) -> Hints:
    notes = tool.annotations
    return Hints(notes.get("readOnlyHint"), notes.get("destructiveHint"))


def _by_path(tool: ToolRecord, path: PathReading, reading: Reading | None) -> Subject:
    spoken = reading if reading and reading.position >= 0 else None
    verb, word = _rest_verb(tool.method or "", path, spoken, _gives_list(tool))
    return Subject(verb, word, path.entity, path.scopes, path.item, path.plural, "path")


def _rest_verb(method: str, path: PathReading, spoken: Reading | None, listed: bool) -> tuple[Verb, str]:
    """The verb by method and path; the name's verb where method and path leave it open."""
    action = tokens(path.action)[0] if path.action else ""
    done = VERBS.get(action)
    if method in ("GET", "HEAD"):
        if done in READS:
            return ("list" if done == "list" else done), action
        if path.item and not path.action:
            return "get", "get"
        return ("list", "list") if path.plural or listed else ("get", "get")
    if method == "DELETE":
        return "delete", "delete"
    if done is not None:
        # Behind one entry a word such as `deploy` or `sign` is done to the entry, and makes no new one.
        return ("update" if done == "create" and path.item and action not in COPIES else done), action
    if spoken and spoken.word in _MAKES and spoken.position == 0 and path.item:
        return "create", spoken.word  # under a name that the caller chooses
    if spoken and spoken.word not in ("post", "put", "patch"):
        fits = spoken.verb in ("update", "transition", "create", "delete") or method == "POST"
        asks = spoken.verb in READS and (spoken.position == 0 or spoken.verb == "list")
        if method == "POST" and (asks or (fits and spoken.verb not in READS and (path.item or spoken.position == 0))):
            return spoken.verb, spoken.word
        if method in ("PUT", "PATCH") and spoken.verb in ("transition", "create") and not path.item:
            return spoken.verb, spoken.word
    if method == "POST":
        return ("update", "update") if path.item else ("create", "create")
    return "update", "update"


def _by_dots(tool: ToolRecord, parts: list[str], reading: Reading) -> Subject:
    """`projects.locations.instances.get`: collections, then the method."""
    words = tokens(parts[-1])
    spoken = read_verb(words, "", Hints()) or reading
    chain = tuple(" ".join((*w[:-1], singular(w[-1]))) for part in parts[:-1] if (w := tokens(part)))
    while len(chain) > 1 and chain[0] in _LOCATIONS:
        chain = chain[1:]
    verb = spoken.verb
    if tool.method == "GET" and verb not in READS:
        verb = "get"
    last = tokens(parts[-2]) if len(parts) > 1 else ()
    if not chain:
        return _by_words(tool, tokens(tool.name), reading)
    return Subject(
        verb, spoken.word, chain, (), verb not in ("create", "list"), bool(last) and is_plural(last[-1]), "dots"
    )


def _by_words(tool: ToolRecord, words: tuple[str, ...], reading: Reading) -> Subject:
    """The nouns behind the verb, else before it, else of the description."""
    phrase = _phrase(words, reading.position) or _described(tool.description) or (tokens(tool.name)[-1:] or ("item",))
    entity = " ".join((*phrase[:-1], singular(phrase[-1])))
    by: By = "name" if reading.position >= 0 else "description"
    return Subject(reading.verb, reading.word, (entity,), (), False, is_plural(phrase[-1]), by)


def _phrase(words: tuple[str, ...], position: int) -> tuple[str, ...]:
    """The nouns of a name; what stands behind a preposition only qualifies them."""
    for part in (words[position + 1 :], words[: max(position, 0)]):
        kept: list[str] = []
        for word in part:
            if word in _QUALIFIERS and kept:
                break
            if word not in PREPOSITIONS and word not in FILLERS and not word.isdigit():
                kept.append(word)
        if kept:
            return tuple(kept[-MOST_NOUNS:])
    return ()


def _described(description: str) -> tuple[str, ...]:
    for word in tokens(description[:200])[:12]:
        known = word in VERBS or word.removesuffix("s") in VERBS or word.removesuffix("es") in VERBS
        if not known and word not in PREPOSITIONS and word not in FILLERS and len(word) > 2:
            return (word,)
    return ()


def _gives_list(tool: ToolRecord) -> bool:
    """True when the reply is a list, or an object whose one list is named like many."""
    schema = tool.output_schema or {}
    if schema.get("type") == "array":
        return True
    parts = schema.get("properties") or {}
    lists = [name for name, part in parts.items() if isinstance(part, dict) and part.get("type") == "array"]
    return len(lists) == 1 and len(parts) <= 6


def _shared_beginnings(tools: Sequence[ToolRecord]) -> frozenset[str]:
    """First words of half of the names, three at least, that are no verbs: they name the service."""
    firsts = Counter(words[0] for tool in tools if len(words := tokens(tool.name)) > 2)
    least = max(3, len(tools) // 2)
    return frozenset(word for word, count in firsts.items() if count >= least and word not in VERBS)
