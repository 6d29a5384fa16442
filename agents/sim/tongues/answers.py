"""What the simulated assistant says to users who do not write English: the same as `sim/answers.py`, by the phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from ....sandbox.facts import label_of, snake
from ....sandbox.tools import JsonObject
from .. import answers
from ..speech import say_value, unquote
from ..words import overlap
from .tongue import Tongue


class AnswersIn:
    """The answers in one language. Wishes and labels come in English; what has no words stays as it is."""

    def __init__(self, tongue: Tongue) -> None:
        self._tongue = tongue
        self._forms = tongue.forms

    def join(self, sentences: Sequence[str], dice: Random) -> str:
        """The final answer out of one sentence per wish."""
        return " ".join(sentences) if sentences else self._any("welcome", dice)

    def each(self, value: str, sentence: str) -> str:
        """What came out for one item of several."""
        return f"{self._any('each').format(value=value)} {sentence}"

    def without_tools(self, intent: str, facts: Mapping[str, str]) -> str | None:
        """The answer to a wish that needs no tool; None when it needs one."""
        if match := answers.PRODUCT.search(intent):
            a, b = int(match[1]), int(match[2])
            return self._any("product").format(a=a, b=b, c=a * b)
        if match := answers.SHARE.search(intent):
            share = int(match[1]) * int(match[2]) / 100
            return self._any("share").format(a=match[1], b=match[2], c=f"{share:g}")
        if match := answers.REMIND.search(intent):
            label = max(facts, key=lambda known: overlap(known, match[1]), default="")
            said = self._any("reminded").format(label=self._label(label), value=unquote(facts[label])) if label else ""
            return said[:1].upper() + said[1:] or self._any("untold")
        return None

    def result(self, hear: Sequence[str], reply: str, dice: Random, head: str = "") -> str:
        """What came out of a call, with everything the user wanted to hear; `head` begins it."""
        told = answers.facts_of(hear, reply)
        facts = ", ".join(self._fact(label, value) for label, value in told.items())
        listed = self._listed(reply)
        begun = head or self._any("head", dice)
        first = f"{begun} {facts[:1].upper()}{facts[1:]}." if facts else "" if listed else self._any("done", dice)
        return f"{first} {listed}".strip()

    def _listed(self, reply: str) -> str:
        entries = answers.entries_of(reply)
        if entries is None:
            return ""
        if not entries:
            return self._any("none")
        return self._any("found").format(n=len(entries), list=self._some(entries))

    def _some(self, entries: Sequence[str]) -> str:
        more = len(entries) - answers.MANY
        rest = " " + self._any("more").format(n=more) if more > 0 else ""
        return "; ".join(entries[: answers.MANY]) + rest

    def question(self, labels: Sequence[str], dice: Random) -> str:
        """A question for missing values."""
        return self._any("question", dice).format(labels=self._labels(labels))

    def which(self, entries: Sequence[JsonObject], dice: Random) -> str:
        """A question about entries that all fit: what tells them apart, a few of them told."""
        keys = [k for k in entries[0] if not snake(k).endswith("_id") and len({str(e.get(k)) for e in entries}) > 1]
        labels = [label_of(key.rsplit(".", maxsplit=1)[-1], {}) for key in keys][:3]
        spoken = [" / ".join(say_value(e[k]) for k in keys[:3] if e.get(k) is not None) for e in entries]
        by = " " + self._any("by").format(labels=self._labels(labels)) if labels else ""
        return f"{self._any('several', dice).format(list=self._some(spoken))}{by} {self._any('which', dice)}"

    def doubt(self, label: str, value: str, dice: Random) -> str:
        """A question about a value that cannot be found."""
        return self._any("doubt", dice).format(label=self._label(label), value=value)

    def stuck(self, labels: Sequence[str]) -> str:
        """That a wish cannot go on without something nobody supplies."""
        return self._any("stuck").format(labels=self._labels(labels))

    def failure(self, reply: str, dice: Random) -> str:
        """That a wish failed for good, and why."""
        return self._any("failure", dice).format(why=answers.why(reply))

    def meanwhile(self, hear: Sequence[str], reply: str, dice: Random) -> str:
        """That somebody else was quicker, with what a second look showed."""
        return f"{self._any('meanwhile', dice)} {self.result(hear, reply, dice, self._any('again'))}"

    def off_topic(self, intent: str, dice: Random) -> str:
        """That a wish has nothing to do with the work at hand."""
        return self._any("off_topic", dice).format(wish=self._wish(intent))

    def unable(self, intent: str, dice: Random) -> str:
        """That no tool at hand can do it."""
        return self._any("unable", dice).format(wish=self._wish(intent))

    def forbidden(self, intent: str, dice: Random) -> str:
        """That a rule forbids it."""
        return self._any("forbidden", dice).format(wish=self._wish(intent))

    def plan(self, steps: Sequence[str], dice: Random) -> str:
        """A short numbered plan."""
        lines = [
            *([self._any("plan_look")] if len(steps) == 1 else []),
            *map(self._wish, steps),
            self._any("plan_tell"),
        ]
        return "\n".join([self._any("plan", dice), *(f"{number}. {line}" for number, line in enumerate(lines, 1))])

    def _any(self, key: str, dice: Random | None = None) -> str:
        return dice.choice(self._forms[key]) if dice else self._forms[key][0]

    def _label(self, english: str) -> str:
        return self._tongue.label(english) or english

    def _labels(self, english: Sequence[str]) -> str:
        return self._tongue.join([self._label(label) for label in english])

    def _wish(self, english: str) -> str:
        return self._tongue.wish(english) or english

    def _fact(self, label: str, said: str) -> str:
        value = self._forms[said][0] if said in ("yes", "no") else said
        return self._forms["fact"][0].format(label=self._label(label), value=value).removesuffix(".")
