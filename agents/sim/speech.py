"""Speech: how the simulated user puts wishes and facts into sentences, and how the simulated assistant reads them."""

from __future__ import annotations

import re
from random import Random

import msgspec

from ...sandbox.tools import JsonValue

OPENERS = {
    "terse": ("", "", "please ", "can you "),
    "plain": ("please ", "could you ", "can you ", "I need you to "),
    "polite": ("could you please ", "would you please ", "I'd like you to ", "I would be grateful if you could "),
    "chatty": ("could you ", "I'd like you to ", "I want you to ", "would you please "),
    "careless": ("pls ", "plz ", "can u ", "coud you ", "i need yuo to ", "cna you "),
    "roundabout": ("could you ", "I'd like you to ", "please ", "I need you to "),
}
GREETINGS = {
    "terse": ("",),
    "plain": ("", "Hello.", "Hi."),
    "polite": ("Good morning.", "Hello there.", "Good afternoon, I hope you can help me."),
    "chatty": (
        "Hi there!",
        "Hey, me again.",
        "Hello! It is one of those days.",
        "Hi! I only have a few minutes between two things.",
        "Hey! I hope this is quick.",
    ),
    "careless": ("", "hi", "hey there", "helo"),
    "roundabout": ("", "So that you know what it is about.", "Here is what I have."),
}
FOLLOW_UPS = {
    "terse": ("Next:", "And:", ""),
    "plain": ("Next,", "Then,", "Also,", "One more thing:"),
    "polite": ("Thank you.", "Thanks, that helps.", "Much appreciated."),
    "chatty": ("Great, thanks!", "Perfect, you are quick!", "Lovely, thanks a lot.", "Okay, that settles that."),
    "careless": ("thx", "ok next:", "and:", "thanks alot"),
    "roundabout": ("Good.", "Thank you.", "Now to something else."),
}
REVISIONS = (
    "Actually, I have changed my mind.",
    "On second thought, I want it otherwise.",
    "I thought about it again.",
)
"""How a user begins who wants what was just done otherwise."""
ASIDES = ("By the way,", "Something else entirely:", "Just out of curiosity,")
"""How a user begins who asks something in passing."""
CORRECTION = "Sorry, I mixed that up."
CHANGE = "And I have changed my mind."
"""What stands before a fact that takes the place of an earlier one."""
TOGETHER = ("At the same time,", "Besides that,", "In the same go,")

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_END = re.compile(r"(?<=[.!?])\s+|\n+")
_OPENER = re.compile(
    r"^(?:(?:hi|hello|hey)\b[^,.!]*,\s*|please\s+|could you\s+|can you\s+|would you\s+|i(?:'d| would) like you to\s+|"
    r"i need you to\s+|i want you to\s+|pls\s+|plz\s+|can u\s+|coud you\s+|"
    r"i need yuo to\s+|cna you\s+|ok next:\s*|"
    r"i would be grateful if you could\s+|next[,:]\s*|then,\s*|and:\s*|also,\s*|"
    r"one more thing:\s*|at the same time,\s*|besides that,\s*|in the same go,\s*|by the way,\s*|"
    r"something else entirely:\s*|just out of curiosity,\s*)+",
    re.IGNORECASE,
)
_LABEL = r"(?P<label>[^\W\d_][\w' /()-]{0,60}?)"
_FACTS = (
    re.compile(rf"^(?:and |by the way, )?(?:the|my|its) {_LABEL} (?:is|are|should be) (?P<value>.+)$", re.IGNORECASE),
    re.compile(rf"^for the {_LABEL}, (?:take|use) (?P<value>.+)$", re.IGNORECASE),
    re.compile(rf"^{_LABEL}: (?P<value>.+)$", re.IGNORECASE),
)
_HEAR = re.compile(
    r"^(?:and )?(?:tell me|let me know|i would like to hear|what i want to know is)(?: the)? (?P<labels>.+)$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"^(?P<first>.+?); if the (?P<label>.+?) is (?P<value>.+?), (?P<then>.+?); otherwise,? (?P<otherwise>.+)$",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:next|ok next|and|one more thing|something else entirely):\s", re.IGNORECASE)
_REMARKS = (CORRECTION, CHANGE, *REVISIONS, "I am afraid I do not know that.", "I cannot tell you more than that.")
_SMALL_TALK = frozenset(
    part.rstrip(".!").lower()
    for group in (*GREETINGS.values(), *FOLLOW_UPS.values(), _REMARKS, ("I do not have that.",))
    for text in group
    for part in _END.split(text)
)


class Wish(msgspec.Struct):
    """One thing that a user asked for."""

    intent: str
    facts: dict[str, str]
    """{label: text of the value, quotes kept}; a later value for a label replaces an earlier one."""
    hear: list[str]
    """Labels of what the user wants to be told."""
    condition: tuple[str, str, str] | None = None
    """(label, value, what to do if it is so)."""


def say_value(value: JsonValue) -> str:
    """A value in a sentence: names and texts in quotes where spaces would blur them, lists with `and`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        spoken = [say_value(item) for item in value]
        return spoken[0] if len(spoken) == 1 else ", ".join(spoken[:-1]) + " and " + spoken[-1]
    if isinstance(value, str):
        clear = value and not re.search(r'[\s",;]|[.!?:]$', value) and value.lower() not in ("and", "is")
        return value if clear else msgspec.json.encode(value).decode()
    return msgspec.json.encode(value).decode()


def say_fact(label: str, value: JsonValue, style: str, dice: Random) -> str:
    """A sentence that tells a fact."""
    spoken = say_value(value)
    if style == "terse":
        return f"{label[:1].upper()}{label[1:]}: {spoken}."
    forms = [
        f"The {label} is {spoken}.",
        f"For the {label}, take {spoken}.",
        f"{label[:1].upper()}{label[1:]}: {spoken}.",
    ]
    if isinstance(value, list) and len(value) > 1:
        forms[0] = f"The {label} are {spoken}."
    spoken = dice.choice(forms)
    return spoken[:1].lower() + spoken[1:] if style == "careless" and spoken[:4] in ("The ", "For ") else spoken


def say_wish(intent: str, style: str, dice: Random, lead: str = "") -> str:
    """A sentence that asks for something."""
    opener = dice.choice(OPENERS[style])
    sentence = f"{opener}{intent}"
    end = "?" if re.match(r"(could|can|would|coud|cna) ", opener) else "."
    if lead.endswith((",", ":")):
        return f"{lead} {sentence}{end}"
    if style == "careless":
        return f"{lead}. {sentence}{end}" if lead else f"{sentence}{end}"
    sentence = sentence[:1].upper() + sentence[1:]
    return f"{lead} {sentence}{end}".strip()


def say_hear(labels: list[str], dice: Random) -> str:
    """A sentence that says what the user wants to be told."""
    listed = " and the ".join(labels)
    return dice.choice((f"Tell me the {listed}.", f"Let me know the {listed}.", f"I would like to hear the {listed}."))


def read(text: str) -> tuple[list[Wish], dict[str, str], list[str]]:
    """A user's message as wishes, with the facts and hear-labels that stand before any wish."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group(0))
        return f"\x00{len(kept) - 1}\x00"

    def restore(part: str) -> str:
        return re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m.group(1))], part)

    wishes: list[Wish] = []
    facts: dict[str, str] = {}
    hear: list[str] = []
    for sentence in _END.split(_QUOTED.sub(keep, text)):
        plain = sentence.strip().rstrip(".!?").strip()
        if not plain or plain.lower() in _SMALL_TALK:
            continue
        if heard := _HEAR.match(plain):
            (wishes[-1].hear if wishes else hear).extend(re.split(r",? and the |, the ", heard["labels"]))
        elif fact := _fact(plain):
            (wishes[-1].facts if wishes else facts)[fact["label"].lower()] = restore(fact["value"])
        else:
            wishes.append(_wish(restore(_OPENER.sub("", plain))))
    return wishes, facts, hear


def _fact(sentence: str) -> re.Match[str] | None:
    if _LEAD.match(sentence):
        return None
    return next((match for pattern in _FACTS if (match := pattern.match(sentence))), None)


def _wish(intent: str) -> Wish:
    if not intent.split(" ", 1)[0].isupper():
        intent = intent[:1].lower() + intent[1:]
    match = _CONDITION.match(intent)
    if match is None:
        return Wish(intent, {}, [])
    return Wish(match["first"], {}, [match["label"]], (match["label"], match["value"].strip('"'), match["then"]))


def read_value(text: str, schema_type: str) -> JsonValue:
    """The text of a value as the JSON type that a parameter wants."""
    if schema_type == "array":
        return [read_value(part, "string") for part in split_list(text)]
    if schema_type in ("integer", "number"):
        try:
            return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
        except ValueError:
            return unquote(text)
    if schema_type == "boolean":
        return text.strip().lower() in ("yes", "true")
    return unquote(text)


def split_list(text: str) -> list[str]:
    """`A, B and C` as its parts; quoted parts stay whole."""
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s,]+', text)
    return [part for part in parts if part != "and"]


def unquote(text: str) -> str:
    """A quoted text without its quotes."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        try:
            return str(msgspec.json.decode(text))
        except msgspec.DecodeError:
            return text[1:-1]
    return text
