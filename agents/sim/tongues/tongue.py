"""A tongue: plans put into a language, a user's sentences in it, and what such sentences mean in English.

The simulated assistant thinks in English: what a user says in another language is read back by the same phrases that it
was made of, as a person reads a form. A sentence that none of them fits stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random

import msgspec

from ....runtime.blueprint import Argument, Goal, Plan, Step, Told
from ....runtime.presentation import LANGUAGES, NAMES, Language
from ....sandbox.tools import JsonValue
from ..speech import CHANGE, CORRECTION, say_value
from .phrases import Phrases, phrases_of

_replace = msgspec.structs.replace
_LOOP = re.compile(r"(?P<wish>.+), for each of these")
_BRANCH = re.compile(
    r"(?P<wish>.+?); if the (?P<label>.+?) is (?P<value>.+?), (?P<then>.+); otherwise, just tell me the (?P=label)"
)
_REMIND = re.compile(r"remind me which (?P<label>.+) I gave you")
_TIMES = re.compile(r"work out what (?P<a>\d+) times (?P<b>\d+) is")
_PERCENT = re.compile(r"work out how much (?P<a>\d+) percent of (?P<b>\d+) is")
_ENGLISH = {
    "loop": (_LOOP, "{wish}, for each of these"),
    "branch": (_BRANCH, "{wish}; if the {label} is {value}, {then}; otherwise, just tell me the {label}"),
    "remind": (_REMIND, "remind me which {label} I gave you"),
    "times": (_TIMES, "work out what {a} times {b} is"),
    "percent": (_PERCENT, "work out how much {a} percent of {b} is"),
}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_END = re.compile(r"(?<=[.!?])\s+|\n+")
_HOLE = re.compile(r"\\\{(\w+)\\\}")
_LEADS = (
    "hello_plain",
    "hello_polite",
    "hello_chatty",
    "next_plain",
    "next_polite",
    "next_chatty",
    "together",
    "aside",
)
REMARKS = ("correct", "change", "unknown", "revise")
ASK: Mapping[str, str] = {"terse": "ask_short", "careless": "ask_short", "polite": "ask_polite"}
LEAD: Mapping[str, str] = {"polite": "polite", "chatty": "chatty"}


class Tongue:
    """One language other than English."""

    def __init__(self, language: Language) -> None:
        self.language = language
        said: Phrases = phrases_of(language)
        self.forms = said.forms
        self._wishes, self._labels = said.wishes, said.labels
        self._english = {text.lower(): wish for wish, text in said.wishes.items()}
        self._names = {text.lower(): label for label, text in said.labels.items()}
        asks = [form for key in ("ask_short", "ask_plain", "ask_polite") for form in said.forms[key]]
        self._asks = [_pattern(form) for form in asks]
        self._facts = [_pattern(form) for form in said.forms["fact"]]
        self._hears = [_pattern(form) for form in (*said.forms["hear"], *said.forms["hear_polite"])]
        self._composed = {key: _pattern(said.forms[key][0]) for key in _ENGLISH}
        small = [part for key in (*_LEADS, *REMARKS) for form in said.forms[key] for part in _END.split(form)]
        self._small = {_bare(part) for part in small}
        self._list = re.compile(rf",? {re.escape(said.forms['and'][0])} |, ")

        stems = (said.forms[key][0].partition("{")[0].lower() for key in ("remind", "times", "percent"))
        self._telling = (*self._english, *stems)

    def stands_in(self, text: str) -> bool:
        """True when a text holds a wish in this language."""
        lower = text.lower()
        return any(wish in lower for wish in self._telling)

    # into the language

    def wish(self, english: str) -> str | None:
        """A wish in this language; None where there are no words for it."""
        if english in self._wishes:
            return self._wishes[english]
        for key, (pattern, _) in _ENGLISH.items():
            if match := pattern.fullmatch(english):
                parts: dict[str, str] = {}
                for name, text in match.groupdict().items():
                    put = {"wish": self.wish, "then": self.wish, "label": self.label}.get(name)
                    said = put(text) if put else text
                    if said is None:
                        return None
                    parts[name] = said
                return self.forms[key][0].format(**parts)
        return None

    def label(self, english: str) -> str | None:
        """What a value is called in this language; a plural by its singular. None where there are no words for it."""
        for known in (english, english.removesuffix("s"), english.removesuffix("es")):
            if known in self._labels:
                return self._labels[known]
        return None

    def plan(self, plan: Plan) -> Plan | None:
        """A plan whose wishes and labels are in this language; None where some have no words in it."""
        try:
            goals = tuple(self._goal(goal) for goal in plan.goals)
            return _replace(plan, goals=goals, steps=tuple(self._step(step) for step in plan.steps))
        except LookupError:
            return None

    def _goal(self, goal: Goal) -> Goal:
        facts = tuple(_replace(fact, label=_known(self.label(fact.label))) for fact in goal.facts)
        reports = tuple(_replace(report, label=_known(self.label(report.label))) for report in goal.reports)
        return _replace(goal, intent=_known(self.wish(goal.intent)), facts=facts, reports=reports)

    def _step(self, step: Step) -> Step:
        return _replace(step, arguments=tuple(self._argument(argument) for argument in step.arguments))

    def _argument(self, argument: Argument) -> Argument:
        source = argument.source
        if not isinstance(source, Told):
            return argument
        return _replace(argument, source=_replace(source, label=_known(self.label(source.label))))

    # what a user says

    def say_value(self, value: JsonValue) -> str:
        """A value in a sentence."""
        if isinstance(value, bool):
            return self.forms["yes" if value else "no"][0]
        if isinstance(value, list) and len(value) > 1:
            spoken = [self.say_value(item) for item in value]
            return f"{', '.join(spoken[:-1])} {self.forms['and'][0]} {spoken[-1]}"
        return say_value(value)

    def say_wish(self, wish: str, style: str, dice: Random, lead: str = "") -> str:
        """A sentence that asks for something."""
        key = ASK.get(style, "ask_plain")
        personal = self.personal(wish)
        forms = self.forms["ask_plain" if personal and key == "ask_short" else key]
        sentence = (forms[0] if personal else dice.choice(forms)).format(wish=wish)
        if style != "careless":
            sentence = _capital(sentence)
        return f"{lead} {sentence}".strip()

    def personal(self, wish: str) -> bool:
        """True for what nobody would say to want to do: to be told something."""
        english = self.english_wish(wish) or ""
        return english.startswith(("tell me", "remind me", "say ", "guess ")) or english in _IDLE

    def say_fact(self, label: str, value: JsonValue, style: str, dice: Random) -> str:
        """A sentence that tells a fact."""
        forms = self.forms["fact"]
        form = dice.choice(forms) if style in ("plain", "chatty", "roundabout") else forms[0]
        sentence = form.format(label=label, value=self.say_value(value))
        return sentence if style == "careless" else _capital(sentence)

    def say_hear(self, labels: Sequence[str], style: str, dice: Random) -> str:
        """A sentence that says what the user wants to be told."""
        forms = self.forms["hear_polite" if style == "polite" else "hear"]
        return dice.choice(forms).format(labels=self.join(labels))

    def lead(self, kind: str, style: str, dice: Random) -> str:
        """Words that begin a message: `hello` or `next` in a style, `together`, `revise`, `aside`; often none."""
        if kind in ("hello", "next"):
            if style in ("terse", "careless") or (kind == "hello" and style == "roundabout"):
                return ""
            kind = f"{kind}_{LEAD.get(style, 'plain')}"
        return dice.choice(self.forms[kind])

    def join(self, parts: Sequence[str]) -> str:
        """`a, b und c`."""
        return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {self.forms['and'][0]} {parts[-1]}"

    # back into English

    def english_wish(self, wish: str) -> str | None:
        """What a wish in this language means; None where it is none."""
        known = self._english.get(wish.lower())
        if known is not None:
            return known
        for key, pattern in self._composed.items():
            if match := pattern.fullmatch(wish):
                parts: dict[str, str] = {}
                for name, text in match.groupdict().items():
                    put = {"wish": self.english_wish, "then": self.english_wish, "label": self.english_label}.get(name)
                    said = put(text) if put else text
                    if said is None:
                        return None
                    parts[name] = said
                return _ENGLISH[key][1].format(**parts)
        return None

    def english_label(self, label: str) -> str | None:
        """What a label in this language means; None where it is none."""
        return self._names.get(label.lower())

    def english(self, text: str) -> str:
        """A user's message in English, sentence by sentence."""
        kept: list[str] = []

        def keep(match: re.Match[str]) -> str:
            kept.append(match.group(0))
            return f"\x00{len(kept) - 1}\x00"

        said = [self._sentence(sentence.strip()) for sentence in _END.split(_QUOTED.sub(keep, text))]
        return re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], " ".join(part for part in said if part))

    def _sentence(self, sentence: str) -> str:
        bare = _bare(sentence)
        if not bare or bare in self._small:
            return self._remark(bare)
        for pattern in self._hears:
            if (match := pattern.fullmatch(sentence)) and (labels := self._listed(match["labels"])):
                return f"Tell me the {' and the '.join(labels)}."
        for pattern in self._facts:
            if (match := pattern.fullmatch(sentence)) and (label := self.english_label(match["label"])):
                return f"{_capital(label)}: {self._value(match['value'])}."
        for pattern in self._asks:
            if (match := pattern.fullmatch(sentence)) and (wish := self.english_wish(match["wish"])):
                return f"Please {wish}."
        return sentence

    def _remark(self, bare: str) -> str:
        if bare == _bare(self.forms["change"][0]):
            return CHANGE
        return CORRECTION if bare == _bare(self.forms["correct"][0]) else ""

    def _listed(self, text: str) -> list[str]:
        """English labels of a list; nothing when one of them is none."""
        found = [self.english_label(part) for part in self._list.split(text)]
        return [label for label in found if label] if all(found) else []

    def _value(self, text: str) -> str:
        for word in ("yes", "no"):
            if text.lower() == self.forms[word][0]:
                return word
        return text.replace(f" {self.forms['and'][0]} ", " and ") if ", " in text or "\x00" in text else text

    def english_question(self, text: str) -> str:
        """What the assistant's own question asks for: labels and codes in English."""
        lower = text.lower()
        labels = [label for name, label in self._names.items() if _stands(name, lower)]
        which = "which one " if any(form in text for form in self.forms["which"]) else ""
        return f"{which}{text.rstrip('?').strip()} {' and the '.join(labels)}?"


_HELD = {"a": r"\d+", "b": r"\d+", "label": ".+?"}
"""What a placeholder holds where that is not just anything."""
_IDLE = frozenset(("write a short poem about the rain", "recommend a film for tonight"))


def _stands(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))


def _known(text: str | None) -> str:
    """Raises LookupError for what has no words."""
    if text is None:
        raise LookupError
    return text


def _pattern(form: str) -> re.Pattern[str]:
    """A form as what it is read by."""
    seen: set[str] = set()

    def hole(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return rf"(?P<{name}>{_HELD.get(name, '.+')})"

    return re.compile(_HOLE.sub(hole, re.escape(form)), re.IGNORECASE)


def _bare(text: str) -> str:
    return text.strip(" .!?¡¿,:").lower()


def _capital(text: str) -> str:
    """With a capital at the beginning, behind an opening sign too; codes and quotes stay."""
    place = 1 if text[:1] in "¿¡" else 0
    return text[:place] + text[place : place + 1].upper() + text[place + 1 :]


@lru_cache
def tongue(language: Language) -> Tongue:
    """The tongue of a language other than English."""
    return Tongue(language)


def named(name: str) -> Tongue | None:
    """The tongue of a language by its English name; None for English and what is not known."""
    found = next((code for code in LANGUAGES if NAMES[code] == name and code != "en"), None)
    return tongue(found) if found else None


@lru_cache(maxsize=4_096)
def spoken_in(text: str) -> Tongue | None:
    """The tongue that a user's message wishes something in; None for English and whatever is not known."""
    others = (tongue(language) for language in LANGUAGES if language != "en")
    return next((one for one in others if one.stands_in(text)), None)
