"""What a tool is said to do where its catalogue says nothing: its verb and what it is about, in words."""

from __future__ import annotations

from ...sandbox.entities.words import singular, tokens
from .facts import ToolFacts


def described(facts: ToolFacts, name: str) -> str:
    """The catalogue's description of a tool, else a line made of verb and entity, or of the name's own words."""
    record = facts.record
    if record.description.strip():
        return record.description
    about = " ".join(dict.fromkeys(word for part in facts.entity for word in part.split()))
    verb = facts.subject.verb
    if not about or verb in ("transition", "compute"):
        said = " ".join(tokens(name))
    elif verb == "list":
        said = f"list {about[: -len(last)]}{_plural(last)}" if (last := about.rpartition(" ")[2]) else ""
    else:
        said = f"{verb} {about}"
    return f"{said[:1].upper()}{said[1:]}."


def _plural(noun: str) -> str:
    """`category` as `categories`; a noun that is none in the singular stays."""
    if singular(noun) != noun:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
