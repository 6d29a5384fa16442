"""Function names for operations: the catalogue's own where it can be used and read, else verb and entity."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import count

from ...sandbox.entities.verbs import VERBS, Hints, Verb, left_out, read_verb
from ...sandbox.entities.words import plural, singular, tokens
from .facts import ToolFacts

LONGEST = 64
"""Characters that models' interfaces allow."""
_ODD = re.compile(r"[^a-zA-Z0-9_-]+")
_PLAIN: Mapping[Verb, str] = {
    "create": "create",
    "get": "get",
    "list": "list",
    "update": "update",
    "delete": "delete",
    "transition": "update",
    "compute": "check",
}


def function_names(facts: Sequence[ToolFacts]) -> list[str]:
    """One name per tool, `^[a-zA-Z0-9_-]{1,64}$`, unique among them, in their order."""
    taken: set[str] = set()
    names: list[str] = []
    for tool in facts:
        name = next((name for name in _choices(tool) if name.lower() not in taken), "")
        name = name or _numbered(_choices(tool)[0], taken)
        taken.add(name.lower())
        names.append(name)
    return names


def _choices(tool: ToolFacts) -> list[str]:
    """Names from best to worst."""
    own = _ODD.sub("_", tool.record.name).strip("_-")
    spoken = [own] if 0 < len(own) <= LONGEST and (tool.record.method is None or _reads_well(own, tool)) else []
    if tool.record.method is None:
        return [*spoken, _ODD.sub("_", own)[: LONGEST - 9] or "tool"]
    return [*spoken, *_spelled(tool)]


def _reads_well(name: str, tool: ToolFacts) -> bool:
    """True when the entity store would read the verb and the noun that were found here."""
    words = tokens(name)
    reading = read_verb(words, "", Hints())
    if reading is None or left_out(words) is not None or len(name) > 48:
        return False
    looks = {"get", "list"}
    same = reading.verb == tool.subject.verb or {reading.verb, tool.subject.verb} <= looks
    head = tokens(tool.entity[-1])[-1:]
    return same and bool(head) and singular(head[0]) in {singular(word) for word in words}


def _spelled(tool: ToolFacts) -> list[str]:
    """Verb and entity, with more and more of the collections above it."""
    subject = tool.subject
    word = subject.word if VERBS.get(subject.word) == subject.verb and subject.word not in ("post", "put") else ""
    verb = word or _PLAIN[subject.verb]
    found: list[str] = []
    for length in range(1, min(4, len(subject.entity)) + 1):
        words = [word for part in subject.entity[-length:] for word in tokens(part) if word.isascii()]
        if subject.verb == "list" and words:
            words = [*words[:-1], plural(words[-1])]
        if words:
            found.append("_".join((verb, *words))[:LONGEST].strip("_"))
    told = [need.path for need in tool.needs if "." not in need.path and need.path.isascii()]
    if found and told:
        found.insert(1, "_".join((found[0], "by", *tokens(told[-1])))[:LONGEST].strip("_"))
    return found or [f"{verb}_{_digest(tool.record.name)}"]


def _numbered(name: str, taken: Collection[str]) -> str:
    """`list_orders_2` where two tools do the same by all that their names could say."""
    numbered = (f"{name[: LONGEST - 5]}_{number}" for number in count(2))
    return next(name for name in numbered if name.lower() not in taken)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
