"""Gates on what the user tells: its facts, in time, its slips, and nothing that is not the blueprint's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...runtime.blueprint import Blueprint, Fact, Goal, Produced, Told
from ...sandbox.facts import leaf_values
from ..evidence import Evidence
from ..paths import decode
from ..raising import content_words, tells
from ..said import folded, says, spellings, stated
from .problem import OutcomeGate, Problem

_WISH = re.compile(
    r"\b(?:please|could you|can you|would you|will you|i(?:'d| would) like(?: you)? to|i need(?: you)? to|"
    r"i want(?: you)? to|go ahead and)\b"
)
_BY_THE_WAY = content_words(
    "quickly soon asap now today again kindly also everything anything something thing possible moment minute sure "
    "thank thanks hello first time again later help time quick really right away once more still carefully briefly"
)
"""Words that say nothing about what is wished for."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_TOKEN = re.compile(r"\w(?:[\w@.+'/:-]*\w)?")
_ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)")


def hears_every_report(evidence: Evidence) -> Iterator[Problem]:
    """Whatever the user is to hear belongs to a goal that the user raised and asked about.

    The label's words, the value itself or its goal's intent are enough: there are many ways to ask.
    """
    for expected in evidence.blueprint.expected:
        goal = evidence.blueprint.plan.goals[expected.goal]
        reports = [report for report in goal.reports if report.label == expected.label]
        if not reports or not evidence.raised[expected.goal]:
            continue
        wanted = content_words(expected.label)
        words = frozenset[str]().union(*map(content_words, evidence.users))
        if wanted and not wanted & words:
            yield Problem(
                "user.report_not_asked", f"{expected.label} of goal {expected.goal}", len(evidence.transcript)
            )


def tells_its_facts(evidence: Evidence) -> Iterator[Problem]:
    """What a call takes from the user was told by the user before that call, or a tool had brought it up."""
    for goal, fact in _needed(evidence.blueprint):
        start = evidence.raised_at(goal)
        if not start:
            continue
        for _, leaf in leaf_values(decode(fact.value)):
            if tells(evidence.users[evidence.raised[goal] - 1], leaf):
                continue
            used = _first_use(evidence, leaf, start)
            told = any(tells(text, leaf) for position, text in evidence.talk.users if position < used)
            if not told and not _brought_up(evidence, fact, leaf, used):
                yield Problem("user.fact_not_told", f"{fact.label} of goal {goal}", start)
                break


def _brought_up(evidence: Evidence, fact: Fact, leaf: object, before: int) -> bool:
    """True when a tool returned the value in time, and the user did not say it to be something else by no slip."""
    if not any(says(reply, leaf) for position, reply in evidence.talk.replies if position < before):
        return False
    return bool(fact.slip) or not any(True for text in evidence.users for _ in stated(text, fact.label))


def _first_use(evidence: Evidence, leaf: object, start: int) -> int:
    """Index of the first message from `start` on that calls a tool with the value; the end where none does."""
    wanted = str(leaf).lower()
    return next(
        (
            made.position
            for made in evidence.talk.made
            if made.position > start and any(str(value).lower() == wanted for _, value in leaf_values(made.arguments))
        ),
        len(evidence.transcript),
    )


def keeps_what_is_asked_for(evidence: Evidence) -> Iterator[Problem]:
    """A fact that is told only when asked for is not told before the assistant has spoken on its goal."""
    for number, goal in enumerate(evidence.blueprint.plan.goals):
        start, turn = evidence.raised_at(number), evidence.raised[number]
        if not turn:
            continue
        text = evidence.users[turn - 1]
        told = {
            fact.value for other in evidence.blueprint.plan.goals for fact in other.facts if fact.reveal == "upfront"
        }
        for fact in goal.facts:
            value = decode(fact.value)
            strong = isinstance(value, str) and len(value) > 3
            strong = strong and not tells(goal.intent, value)
            if fact.reveal == "asked" and strong and fact.value not in told and tells(text, value):
                yield Problem("user.told_early", f"{fact.label} of goal {number}", start)


def invents_nothing(evidence: Evidence) -> Iterator[Problem]:
    """Codes, addresses, amounts and dates in the user's mouth are the blueprint's, or were heard before."""
    as_they_stand, in_any_way = _values_of(evidence.blueprint), ""
    for position, text in evidence.talk.users:
        for token in (found.group() for found in _TOKEN.finditer(folded(text))):
            if token.isalpha() or not _is_hard(token) or token in as_they_stand:
                continue
            in_any_way = in_any_way or _allowed(evidence.blueprint)
            if token in in_any_way:
                continue
            if not any(token in folded(heard) for at, heard in evidence.talk.answers if at < position):
                yield Problem("user.invents_fact", token, position)


def makes_its_slips(evidence: Evidence) -> Iterator[Problem]:
    """Whatever the blueprint has the user get wrong at first is said wrongly at first."""
    for number, goal in enumerate(evidence.blueprint.plan.goals):
        for fact in goal.facts:
            wrong = fact.slip or fact.at_first
            if wrong and evidence.raised[number]:
                text = evidence.users[evidence.raised[number] - 1]
                if not tells(text, decode(wrong)):
                    yield Problem("user.slip_not_made", f"{fact.label} of goal {number}", evidence.raised_at(number))


def wishes_nothing_else(evidence: Evidence) -> Iterator[Problem]:
    """The user asks for nothing that has no word in common with any goal, any fact or what was said before."""
    plan = evidence.blueprint.plan
    pieces = [plan.policy, *(text for goal in plan.goals for text in (goal.intent, goal.answer))]
    pieces += [report.label for goal in plan.goals for report in goal.reports]
    pieces += [text for goal in plan.goals for fact in goal.facts for text in (fact.label, fact.value)]
    known = frozenset[str]().union(*map(content_words, pieces))
    for position, text in evidence.talk.users:
        for sentence in _SENTENCE.split(text):
            if _WISH.search(sentence.lower()):
                verb, _, rest = _WISH.split(sentence.lower(), maxsplit=1)[-1].strip().partition(" ")
                words = content_words(rest) - _BY_THE_WAY
                alien = not words & known and (len(words) > 1 or not content_words(verb) & known)
                if words and alien and not words & _heard(evidence, position):
                    yield Problem("user.unplanned_wish", sentence, position)


def _heard(evidence: Evidence, position: int) -> frozenset[str]:
    """The content words of all answers before a message."""
    answers = (text for at, text in evidence.talk.answers if at < position)
    return frozenset[str]().union(*map(content_words, answers))


def _needed(blueprint: Blueprint) -> list[tuple[int, Fact]]:
    """The facts that executed steps take from the user, with the number of their goal."""
    out: list[tuple[int, Fact]] = []
    for index in blueprint.executed:
        step = blueprint.plan.steps[index]
        told = {argument.source.label for argument in step.arguments if isinstance(argument.source, Told)}
        chosen = any(isinstance(argument.source, Produced) and argument.source.where for argument in step.arguments)
        goal = blueprint.plan.goals[step.goal]
        needed = [fact for fact in goal.facts if fact.label in told or (chosen and _not_taken(blueprint, goal, fact))]
        out += [(step.goal, fact) for fact in needed if (step.goal, fact) not in out]
    return out


def _not_taken(blueprint: Blueprint, goal: Goal, fact: Fact) -> bool:
    """True for a fact that no step takes as it is: it tells apart what a list holds."""
    number = blueprint.plan.goals.index(goal)
    steps = [step for step in blueprint.plan.steps if step.goal == number]
    sources = [argument.source for step in steps for argument in step.arguments]
    return not any(isinstance(source, Told) and source.label == fact.label for source in sources)


def _is_hard(token: str) -> bool:
    """True for a token that nobody says by the way: a code, an address, an amount, a date."""
    digits = sum(map(str.isdigit, token))
    if not digits:
        return "@" in token
    return not _ORDINAL.fullmatch(token) and (digits > 2 or "@" in token or "." in token or digits < len(token) > 2)


def _values_of(blueprint: Blueprint) -> str:
    """The values of all facts as the blueprint writes them, folded into one text."""
    facts = [fact for goal in blueprint.plan.goals for fact in goal.facts]
    return folded(" \n ".join(text for fact in facts for text in (fact.value, fact.slip, fact.at_first)))


def _allowed(blueprint: Blueprint) -> str:
    """All that the user may have in mind, in every way of writing it, folded into one text."""
    parts: list[str] = [blueprint.plan.policy]
    for goal in blueprint.plan.goals:
        parts += [goal.intent, goal.answer]
        for text in (text for fact in goal.facts for text in (fact.value, fact.slip, fact.at_first) if text):
            for _, leaf in leaf_values(decode(text)):
                parts += spellings(leaf)
    parts += [
        form for step in blueprint.plan.steps if step.condition for form in spellings(decode(step.condition.equals))
    ]
    return folded(" \n ".join(parts))


TELLING: tuple[OutcomeGate, ...] = (
    hears_every_report,
    tells_its_facts,
    keeps_what_is_asked_for,
    makes_its_slips,
    invents_nothing,
    wishes_nothing_else,
)
