"""What the simulated assistant says to the user: results, questions, refusals, plans."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol

from ...sandbox.facts import label_of, leaf_values, normalise, snake
from ...sandbox.tools import JsonObject, JsonValue
from ..paths import decode
from .speech import say_value, unquote
from .words import overlap

PRODUCT = re.compile(r"(\d+) times (\d+)")
SHARE = re.compile(r"(\d+) percent of (\d+)")
REMIND = re.compile(r"remind me which (.+?) I (?:gave|told) you", re.IGNORECASE)
MANY = 5
"""List entries told before the rest is only counted."""


class Voice(Protocol):
    """Whoever puts into words what the assistant has to say: this module for English, and the other tongues."""

    def join(self, sentences: Sequence[str], dice: Random) -> str:
        """The final answer out of one sentence per wish."""
        ...

    def each(self, value: str, sentence: str) -> str:
        """What came out for one item of several."""
        ...

    def without_tools(self, intent: str, facts: Mapping[str, str]) -> str | None:
        """The answer to a wish that needs no tool; None when it needs one."""
        ...

    def result(self, hear: Sequence[str], reply: str, dice: Random, head: str = "") -> str:
        """What came out of a call, with everything the user wanted to hear; `head` begins it."""
        ...

    def question(self, labels: Sequence[str], dice: Random) -> str:
        """A question for missing values."""
        ...

    def which(self, entries: Sequence[JsonObject], dice: Random) -> str:
        """A question about entries that all fit."""
        ...

    def doubt(self, label: str, value: str, dice: Random) -> str:
        """A question about a value that cannot be found."""
        ...

    def stuck(self, labels: Sequence[str]) -> str:
        """That a wish cannot go on without something nobody supplies."""
        ...

    def failure(self, reply: str, dice: Random) -> str:
        """That a wish failed for good, and why."""
        ...

    def meanwhile(self, hear: Sequence[str], reply: str, dice: Random) -> str:
        """That somebody else was quicker, with what a second look showed."""
        ...

    def off_topic(self, intent: str, dice: Random) -> str:
        """That a wish has nothing to do with the work at hand."""
        ...

    def unable(self, intent: str, dice: Random) -> str:
        """That no tool at hand can do it."""
        ...

    def forbidden(self, intent: str, dice: Random) -> str:
        """That a rule forbids it."""
        ...

    def plan(self, steps: Sequence[str], dice: Random) -> str:
        """A short numbered plan."""
        ...


def join(sentences: Sequence[str], dice: Random) -> str:
    """The final answer out of one sentence per wish."""
    if not sentences:
        return dice.choice(("You are welcome. Tell me when there is anything else.", "Glad to help."))
    return " ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def without_tools(intent: str, facts: Mapping[str, str]) -> str | None:
    """The answer to a wish that needs no tool; None when it needs one."""
    if match := PRODUCT.search(intent):
        a, b = int(match[1]), int(match[2])
        return f"{a} times {b} is {a * b}."
    if match := SHARE.search(intent):
        share = int(match[1]) * int(match[2]) / 100
        return f"{match[1]} percent of {match[2]} is {share:g}."
    if match := REMIND.search(intent):
        label = max(facts, key=lambda known: overlap(known, match[1]), default="")
        return f"You gave me the {label} {unquote(facts[label])}." if label else "You have not told me that yet."
    return None


def each(value: str, sentence: str) -> str:
    """What came out for one item of several."""
    begun = sentence if sentence.startswith("I ") else f"{sentence[:1].lower()}{sentence[1:]}"
    return f"For {value}: {begun}"


def result(hear: Sequence[str], reply: str, dice: Random, head: str = "") -> str:
    """What came out of a call, with everything the user wanted to hear; `head` begins it."""
    if not isinstance(decode(reply), dict | list):
        return _text_result(str(reply), hear, dice)
    said = facts_of(hear, reply)
    listed = _listed(reply)
    head = head or dice.choice(("Here is what I have:", "This is done:", "All right:", "Here you go:", "I have it:"))
    facts = [f"the {label} is {value}" for label, value in said.items()]
    told = f"{head} {' and '.join(facts)}." if facts else "" if listed else dice.choice(("That is done.", "Done."))
    return f"{told} {listed}".strip()


def facts_of(hear: Sequence[str], reply: str) -> dict[str, str]:
    """`{label: value}` of what the user wanted to hear, in words, with an identifier or a status beside."""
    decoded = decode(reply)
    leaves = [(path, leaf) for path, leaf in leaf_values(decoded) if leaf not in (None, "")]
    single = [(path, leaf) for path, leaf in leaves if not any(part.isdigit() for part in path.split("."))]
    said: dict[str, str] = {}
    for label in hear:
        if label.startswith("first line"):
            said.setdefault(label, _first_line(leaves, reply))
            continue
        path, leaf = max(single or leaves, key=lambda entry: _likeness(label, entry[0]), default=("", None))
        if path:
            said.setdefault(label, say_value(leaf))
    for path, leaf in single:
        key = snake(path.split(".")[-1])
        if len(said) < 2 and (key.endswith("_id") or "status" in key or "total" in key):
            said.setdefault(key.replace("_id", " number").replace("_", " "), say_value(leaf))
    return said


def _first_line(leaves: Sequence[tuple[str, JsonValue]], reply: str) -> str:
    texts = [leaf for _, leaf in leaves if isinstance(leaf, str)]
    return next(
        (line.strip()[:120] for text in (reply, *texts) for line in text.splitlines() if len(line.strip()) >= 3), ""
    )


def _text_result(reply: str, hear: Sequence[str], dice: Random) -> str:
    line = next((line.strip() for line in reply.splitlines() if len(line.strip()) >= 3), "")[:120]
    head = dice.choice(("Here is what came back:", "Done. It says:", "I have it:", "This is what I found:"))
    rest = len([text for text in reply.splitlines() if text.strip()]) - 1
    more = f" and {rest} more lines" if rest > 0 and not hear else ""
    return f"{head} {say_value(line)}{more}." if line else "That is done."


def _likeness(label: str, path: str) -> float:
    key = snake(path.rsplit(".", maxsplit=1)[-1]).replace("_", " ")
    whole = snake(path).replace(".", " ").replace("_", " ")
    return max(overlap(label, key), overlap(label, whole))


def _listed(reply: str) -> str:
    """The first list of objects in a reply, a few of its entries told."""
    spoken = entries_of(reply)
    if spoken is None:
        return ""
    more = f" and {len(spoken) - MANY} more" if len(spoken) > MANY else ""
    return f"I found {len(spoken)}: {'; '.join(spoken[:MANY])}{more}." if spoken else "There are none on the list."


def entries_of(reply: str) -> list[str] | None:
    """The entries of a reply's first list, in words; None where it has no list."""
    decoded = decode(reply)
    values = decoded.values() if isinstance(decoded, dict) else [decoded]
    entries = next((value for value in values if isinstance(value, list)), None)
    if entries is None:
        return None
    return [
        " / ".join(say_value(leaf) for _, leaf in list(leaf_values(entry))[:3] if leaf not in (None, ""))
        for entry in entries
    ]


def holds(reply: str, label: str, value: str) -> bool:
    """True when the value a condition speaks of stands in the reply under that label."""
    leaves = list(leaf_values(decode(reply)))
    path, leaf = max(leaves, key=lambda entry: _likeness(label, entry[0]), default=("", None))
    return bool(path) and normalise(say_value(leaf)) == normalise(value)


def question(labels: Sequence[str], dice: Random) -> str:
    """A question for missing values."""
    listed = " and the ".join(labels)
    forms = (
        "Could you tell me the {}?",
        "Before I can do that: what is the {}?",
        "I need one more thing from you. What is the {}?",
    )
    return dice.choice(forms).format(listed)


def which(entries: Sequence[JsonObject], dice: Random) -> str:
    """A question about entries that all fit: what tells them apart, a few of them told."""
    differing = [k for k in entries[0] if len({str(e.get(k)) for e in entries}) > 1]
    keys = [k for k in differing if not snake(k).endswith("_id")] or differing
    labels = [label_of(key.rsplit(".", maxsplit=1)[-1], {}) for key in keys][:3]
    spoken = [" / ".join(say_value(entry[k]) for k in keys[:3] if entry.get(k) is not None) for entry in entries[:MANY]]
    more = f" and {len(entries) - MANY} more" if len(entries) > MANY else ""
    head = dice.choice(("I found several that fit", "There are several that fit", "More than one fits"))
    ask = dice.choice(("Which one do you mean?", "Which one should I take?"))
    by = f" The {', the '.join(labels)} would tell me." if labels else ""
    return f"{head}: {'; '.join(spoken)}{more}.{by} {ask}"


def doubt(label: str, value: str, dice: Random) -> str:
    """A question about a value that cannot be found."""
    forms = ("I cannot find {}. Could you check the {}?", "There is nothing under {}. Is that the right {}?")
    return dice.choice(forms).format(value, label)


def stuck(labels: Sequence[str]) -> str:
    """That a wish cannot go on without something nobody supplies."""
    return f"I cannot go on without the {' and the '.join(labels)}."


def failure(reply: str, dice: Random) -> str:
    """That a wish failed for good, and why."""
    head = dice.choice(("That did not work", "I could not do that", "Unfortunately this failed"))
    return f"{head}: {why(reply)}."


def why(reply: str) -> str:
    """The reason in an error reply."""
    decoded = decode(reply)
    error = decoded.get("error") if isinstance(decoded, dict) else None
    said = error.get("message") if isinstance(error, dict) else error or reply.strip().splitlines()[0]
    return str(said)[:200].rstrip(".")


def meanwhile(hear: Sequence[str], reply: str, dice: Random) -> str:
    """That somebody else was quicker, with what a second look showed."""
    lead = dice.choice(("It was changed in the meantime.", "Somebody else was quicker."))
    return f"{lead} {result(hear, reply, dice, 'I looked again:')}"


def off_topic(intent: str, dice: Random) -> str:
    """That a wish has nothing to do with the work at hand."""
    forms = (
        "I am afraid I cannot {} here. Let us stay with what I can look after for you.",
        "That is not something I can help with, I cannot {}. Tell me when there is more to do",
        "I would rather leave that to others: I cannot {} from here.",
    )
    return dice.choice(forms).format(intent).rstrip(".") + "."


def unable(intent: str, dice: Random) -> str:
    """That no tool at hand can do it."""
    forms = (
        "I cannot {}: none of the tools I have can do that.",
        "I am not able to {}; there is no tool for it here.",
        "Sorry, I cannot {} with what I have at hand.",
    )
    return dice.choice(forms).format(intent)


def forbidden(intent: str, dice: Random) -> str:
    """That a rule forbids it."""
    forms = (
        "I am not allowed to {}. I can pass your request on to a colleague.",
        "I cannot {}: that is against the rules I work under.",
        "Sorry, I am not permitted to {}; a colleague will have to look at it.",
    )
    return dice.choice(forms).format(intent)


def plan(steps: Sequence[str], dice: Random) -> str:
    """A short numbered plan."""
    head = dice.choice(("Here is my plan:", "This is how I will go about it:", "My plan:"))
    lines = ["look up what is needed", *steps] if len(steps) == 1 else list(steps)
    lines.append("tell you what came out")
    return "\n".join([head, *(f"{number}. {line}" for number, line in enumerate(lines, 1))])
