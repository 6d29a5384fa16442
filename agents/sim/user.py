"""The simulated user: reads its instructions and the conversation so far, and says the next thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, UserMessage
from ..prompts import STOP
from .speech import (
    ASIDES,
    CHANGE,
    CORRECTION,
    FOLLOW_UPS,
    GREETINGS,
    REVISIONS,
    TOGETHER,
    say_fact,
    say_hear,
    say_wish,
)
from .tongues.tongue import Tongue, named
from .words import overlap, stems

_FACT = re.compile(
    r"^- (?P<label>.+?): (?P<value>.+?)(?: \(a slip: once it cannot be found, you notice that it is (?P<true>.+)\))?"
    r"(?: \(at first; with your next message you say that it is (?P<final>.+)\))?(?P<asked> \(only if asked\))?$"
)


class KnownFact(msgspec.Struct, frozen=True):
    """A fact as the instructions give it."""

    label: str
    value: str
    """JSON text of what is said first."""
    true: str
    """JSON text of the right value."""
    asked: bool
    """Told only when asked for."""
    final: str = ""
    """JSON text of what the user takes it back for with the next message; empty when they stay with it."""

    @property
    def slip(self) -> bool:
        """True when the first value is a mistake."""
        return self.value != self.true and not self.final


class KnownGoal(msgspec.Struct, frozen=True):
    """A goal as the instructions give it."""

    intent: str
    hear: list[str]
    facts: list[KnownFact]
    together: bool
    revises: bool
    aside: bool


def say_next(messages: Sequence[ChatMessage], dice: Random) -> str:
    """The user's next message, or the stop sign."""
    instructions = messages[0].content
    goals = read_goals(instructions)
    style = _found(r"Your style is (\w+)", instructions, "plain")
    own = [spoken.content for spoken in messages if isinstance(spoken, AssistantMessage)]
    last = messages[-1].content if own and isinstance(messages[-1], UserMessage) else ""
    raised = goals[: _raised(goals, own)]
    tongue = named(_found(r"you write in (\w+)", instructions, "English"))
    if last.rstrip().endswith("?"):
        return _reply(last, raised, own, style, dice, tongue) if tongue else _answer(last, raised, own, style, dice)
    if len(raised) == len(goals):
        return STOP
    if tongue:
        return _raise_in(tongue, goals[len(raised) :], bool(own), style, dice)
    return _raise(goals[len(raised) :], bool(own), style, dice)


def read_goals(instructions: str) -> list[KnownGoal]:
    """The goals of a user prompt, in order."""
    goals: list[KnownGoal] = []
    for section in re.split(r"(?m)^## Goal \d+", instructions)[1:]:
        head, *lines = section.split("\n")
        facts = [_fact(match) for line in lines if (match := _FACT.match(line))]
        hear = [line.removeprefix("You want to hear: ") for line in lines if line.startswith("You want to hear: ")]
        intent = next(line.removeprefix("You want: ") for line in lines if line.startswith("You want: "))
        goals.append(
            KnownGoal(intent, hear, facts, "together" in head, "changed your mind" in head, "off topic" in head)
        )
    return goals


def _raised(goals: Sequence[KnownGoal], own: Sequence[str]) -> int:
    """How many goals were raised: they come up in their order, so each own message is searched for the next ones."""
    count = 0
    for said in own:
        text = said.lower()
        while count < len(goals) and (spot := text.find(goals[count].intent.lower())) >= 0:
            text = text[spot + len(goals[count].intent) :]
            count += 1
    return count


def _fact(match: re.Match[str]) -> KnownFact:
    true = match["true"] or match["final"] or match["value"]
    return KnownFact(match["label"], match["value"], true, bool(match["asked"]), match["final"] or "")


def _raise(goals: Sequence[KnownGoal], later: bool, style: str, dice: Random) -> str:
    """The message that raises the next goal and those that belong to it."""
    group = [goals[0]]
    for goal in goals[1:]:
        if not goal.together:
            break
        group.append(goal)
    parts: list[str] = []
    for number, goal in enumerate(group):
        lead = dice.choice(TOGETHER if number else _leads(goal, later, style))
        told = [say_fact(f.label, msgspec.json.decode(f.value), style, dice) for f in goal.facts if not f.asked]
        heard = [say_hear(goal.hear, dice)] if goal.hear else []
        if style == "roundabout" and len(group) == 1 and not (goal.revises or goal.aside):
            return " ".join([*([lead] if lead else []), *told, say_wish(goal.intent, style, dice), *heard])
        parts.append(say_wish(goal.intent, style, dice, lead))
        parts += told + heard if dice.random() < 0.7 else heard + told
    return " ".join(parts)


def _raise_in(tongue: Tongue, goals: Sequence[KnownGoal], later: bool, style: str, dice: Random) -> str:
    """The same in another language than English."""
    parts: list[str] = []
    for number, goal in enumerate(goals):
        if number and not goal.together:
            break
        kind = "together" if number else "revise" if goal.revises else "aside" if goal.aside else ""
        lead = tongue.lead(kind or ("next" if later else "hello"), style, dice)
        told = [tongue.say_fact(f.label, msgspec.json.decode(f.value), style, dice) for f in goal.facts if not f.asked]
        heard = [tongue.say_hear(goal.hear, style, dice)] if goal.hear else []
        if style == "roundabout" and not (number or goal.revises or goal.aside or any(g.together for g in goals[1:2])):
            return " ".join([*([lead] if lead else []), *told, tongue.say_wish(goal.intent, style, dice), *heard])
        parts += [tongue.say_wish(goal.intent, style, dice, lead), *told, *heard]
    return " ".join(parts)


def _reply(
    question: str, raised: Sequence[KnownGoal], own: Sequence[str], style: str, dice: Random, tongue: Tongue
) -> str:
    """What the user says to a question in another language than English, as `_answer` does."""
    known = [fact for goal in reversed(raised) for fact in goal.facts]
    asked = question.lower()
    for fact in known:
        if fact.slip and _plain(fact.value) in question:
            right = tongue.say_fact(fact.label, msgspec.json.decode(fact.true), style, dice)
            return f"{tongue.forms['correct'][0]} {right}"
    told: dict[str, KnownFact] = {}
    if any(form in question for form in tongue.forms["which"]):
        told = {fact.label: fact for fact in raised[-1].facts if fact.asked}
    for fact in known:
        if re.search(rf"(?<!\w){re.escape(fact.label.lower())}(?!\w)", asked):
            told.setdefault(fact.label, fact)
    answer = " ".join(tongue.say_fact(f.label, msgspec.json.decode(f.true), style, dice) for f in told.values())
    if not answer or answer in own:
        return dice.choice(tongue.forms["unknown"])
    change = tongue.forms["change"][0]
    changed = [f for f in raised[-1].facts if f.final] if not any(change in said for said in own) else []
    more = [tongue.say_fact(f.label, msgspec.json.decode(f.final), style, dice) for f in changed]
    return " ".join([answer, change, *more]) if more else answer


def _leads(goal: KnownGoal, later: bool, style: str) -> Sequence[str]:
    """How a goal may be introduced."""
    if goal.revises:
        return REVISIONS
    if goal.aside:
        return ASIDES
    return FOLLOW_UPS[style] if later else GREETINGS[style]


def _answer(question: str, raised: Sequence[KnownGoal], own: Sequence[str], style: str, dice: Random) -> str:
    """What the user says to a question: the facts it asks for, corrections first."""
    known = [fact for goal in reversed(raised) for fact in goal.facts]
    asked = stems(question)
    corrected = [fact for fact in known if fact.slip and _plain(fact.value) in question]
    if corrected:
        fact = corrected[0]
        return f"{CORRECTION} " + say_fact(fact.label, msgspec.json.decode(fact.true), style, dice)
    told: dict[str, KnownFact] = {}
    if re.search(r"\bwhich (one|of)\b", question, re.IGNORECASE):
        told = {fact.label: fact for fact in raised[-1].facts if fact.asked}
    for fact in known:
        hit = stems(fact.label) and stems(fact.label) <= asked
        if hit or any(overlap(fact.label, part) >= 0.8 for part in re.split(r" and the |, the | the ", question)):
            told.setdefault(fact.label, fact)
    answer = " ".join(say_fact(f.label, msgspec.json.decode(f.true), style, dice) for f in told.values())
    if answer and answer not in own:
        changed = [f for f in raised[-1].facts if f.final] if not any(CHANGE in said for said in own) else []
        more = [say_fact(f.label, msgspec.json.decode(f.final), style, dice) for f in changed]
        return " ".join([answer, CHANGE, *more]) if more else answer
    return dice.choice(("I am afraid I do not know that.", "I cannot tell you more than that.", "I do not have that."))


def _plain(value: str) -> str:
    return str(msgspec.json.decode(value))


def _found(pattern: str, text: str, default: str) -> str:
    match = re.search(pattern, text)
    return match.group(1) if match else default
