"""Gates on how the user behaves: names no tool, raises every goal, gives no list away, stops when all is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...runtime.blueprint import Goal
from ..evidence import Evidence
from ..paths import decode
from ..raising import content_words, tells
from ..said import folded
from .problem import OutcomeGate, Problem

IDLE = 1
"""Messages of courtesy that a user may send without asking, telling or answering anything."""
_LISTED = re.compile(r"\s*(?:[-*]|\d+[.)])\s+\S")
_COURTESY = ("anything else", "something else", "else i can", "need anything", "further help", "any other", "more help")


def names_no_tool(evidence: Evidence) -> Iterator[Problem]:
    """The user names no tool."""
    known = [name.rpartition(":")[2] for name in evidence.specs]
    shown = [shown.name for shown in evidence.face.names]
    names = {name.lower() for name in (*known, *shown) if "_" in name or "-" in name}
    spliced = {name for name in shown if not name.islower() and name.isalnum()}  # cancelOrder
    for position, text in evidence.talk.users:
        lower = text.lower()
        named = next((name for name in names if name in lower), None)
        named = named or next((name for name in spliced if name in text), None)
        if named:
            yield Problem("user.names_tool", named, position)


def raises_every_goal(evidence: Evidence) -> Iterator[Problem]:
    """The user does not stop before every goal was raised."""
    for number, turn in enumerate(evidence.raised):
        if not turn:
            goal = evidence.blueprint.plan.goals[number]
            yield Problem("user.goal_not_raised", f"goal {number}: {goal.intent}", len(evidence.transcript))


def answers_questions(evidence: Evidence) -> Iterator[Problem]:
    """The user does not leave while the assistant asks for something that the user knows."""
    if not evidence.talk.answers:
        return
    position, last = evidence.talk.answers[-1]
    question = re.split(r"(?<=[.!])\s+", last.strip())[-1]
    if not question.endswith("?") or any(phrase in question.lower() for phrase in _COURTESY):
        return
    asked = content_words(question)
    for goal, turn in zip(evidence.blueprint.plan.goals, evidence.raised, strict=True):
        for fact in goal.facts if turn else ():
            waiting = fact.reveal == "asked" and not any(tells(text, decode(fact.value)) for text in evidence.users)
            if waiting or content_words(fact.label) <= asked:
                yield Problem("user.leaves_question", f"the {fact.label} is asked for", position)
                return


def gives_nothing_away(evidence: Evidence) -> Iterator[Problem]:
    """The user does not read out the list of its goals."""
    goals = evidence.blueprint.plan.goals
    for turn, (position, text) in enumerate(evidence.talk.users, start=1):
        listed = sum(any(_recites(line, goal) for goal in goals) for line in text.split("\n") if _LISTED.match(line))
        here = [goal for goal, at in zip(goals, evidence.raised, strict=True) if at == turn]
        groups = sum(not goal.together for goal in here)
        meant = " ".join(goal.intent for goal in here)
        elsewhere = [goal for goal, at in zip(goals, evidence.raised, strict=True) if at != turn]
        later = [goal for goal in elsewhere if goal.intent not in meant and _recites(text, goal)]
        if listed > 1 or groups + len(later) > 2:
            yield Problem("user.leaks_goals", f"{groups + len(later)} goals in one message", position)


def stops_in_time(evidence: Evidence) -> Iterator[Problem]:
    """Once every goal was raised, the user only answers and tells; then it stops."""
    if 0 in evidence.raised or not evidence.raised:
        return
    idle = 0
    for turn, (position, text) in enumerate(evidence.talk.users, start=1):
        if turn <= max(evidence.raised):
            continue
        before = next((said for at, said in reversed(evidence.talk.answers) if at < position), "")
        asked = before.rstrip().endswith("?") and not any(phrase in before.lower()[-120:] for phrase in _COURTESY)
        told = any(tells(text, decode(fact.value)) for goal in evidence.blueprint.plan.goals for fact in goal.facts)
        idle += not asked and not told and not _calls_follow(evidence, turn)
        if idle > IDLE:
            yield Problem("user.stops_late", "goes on when all is said", position)
            return


def _recites(text: str, goal: Goal) -> bool:
    return len(goal.intent) > 12 and folded(goal.intent) in folded(text)


def _calls_follow(evidence: Evidence, turn: int) -> bool:
    return any(made.turn == turn for made in evidence.talk.made)


USERS: tuple[OutcomeGate, ...] = (
    names_no_tool,
    raises_every_goal,
    answers_questions,
    gives_nothing_away,
    stops_in_time,
)
