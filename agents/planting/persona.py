"""Faults of the user agent: it names tools, invents, changes or keeps back facts, gives its list away, stops badly."""

from __future__ import annotations

import re
from random import Random

from ..paths import decode
from ..said import folded
from .fault import Fault, Skip
from .line import Line, answers, called, goals, places

_ASKS = re.compile(r"(?:Tell me|Let me know|I would like to hear) the [^.!?]+[.!?]")


def _name_a_tool(line: Line, dice: Random) -> None:
    names = [call["function"]["name"] for _, call in called(line)] or [t["function"]["name"] for t in line["tools"]]
    name = dice.choice([name for name in names if "_" in name] or ["?"])
    if name == "?":
        raise Skip
    line["messages"][dice.choice(places(line, "user"))]["content"] += f" Use {name} for that."


def _invent_a_fact(line: Line, dice: Random) -> None:
    text = dice.choice(
        (
            "My membership number is MEM-77120.",
            "I paid 348.20 for it.",
            "It was on 2019-04-27.",
            "My other address is lee.doe@example.net.",
            "The voucher is XK42-9917.",
        )
    )
    line["messages"][dice.choice(places(line, "user"))]["content"] += f" {text}"


def _change_a_fact(line: Line, dice: Random) -> None:
    """A value is told otherwise than the calls take it."""
    needed = [
        (goal, fact)
        for number, goal in enumerate(goals(line))
        for fact in goal["facts"]
        if any(
            argument["source"].get("label") == fact["label"]
            for index in line["blueprint"]["executed"]
            if (step := line["blueprint"]["plan"]["steps"][index])["goal"] == number
            for argument in step["arguments"]
        )
    ]
    values = [decode(fact["value"]) for _, fact in needed]
    told = [
        str(value)
        for value in values
        for at in places(line, "user")
        if isinstance(value, str | int | float)
        and len(str(value)) > 2
        and str(value) in line["messages"][at]["content"]
    ]
    if not told:
        raise Skip
    value = dice.choice(told)
    wrong = "zzz" if not re.search(r"\d", value) else re.sub(r"\d", lambda d: str((int(d.group()) + 4) % 10), value)
    for place in places(line, "user"):
        message = line["messages"][place]
        message["content"] = message["content"].replace(value, wrong)


def _read_out_goals(line: Line, dice: Random) -> None:
    if len(goals(line)) < 2 or any(goal["together"] for goal in goals(line)):
        raise Skip
    listed = "\n".join(f"{number}. {goal['intent']}" for number, goal in enumerate(goals(line), 1))
    line["messages"][places(line, "user")[0]]["content"] = f"These are my wishes:\n{listed}\n" + (
        line["messages"][places(line, "user")[0]]["content"] if dice.random() < 0.5 else ""
    )


def _stop_after_first(line: Line, _: Random) -> None:
    """The user leaves after the first answer, with goals left."""
    users = places(line, "user")
    if len(users) < 2 or len(goals(line)) < 2:
        raise Skip
    last = goals(line)[-1]["intent"].lower()
    if any(last in line["messages"][at]["content"].lower() for at in users[:-1]):
        raise Skip
    del line["messages"][users[-1] :]


def _leave_a_question(line: Line, _: Random) -> None:
    """The user leaves when asked for something."""
    asked = [at for at in answers(line) if line["messages"][at]["content"].rstrip().endswith("?")]
    if not asked:
        raise Skip
    del line["messages"][asked[-1] + 1 :]


def _go_on(line: Line, dice: Random) -> None:
    for number in range(dice.randint(2, 4)):
        said = ("Thanks a lot.", "That is great.", "Good.", "Nice to talk to you.")[number % 4]
        reply = ("You are welcome.", "Glad to hear it.", "Gladly.", "Likewise.")[number % 4]
        line["messages"] += [{"role": "user", "content": said}, {"role": "assistant", "content": reply}]


def _tell_early(line: Line, _: Random) -> None:
    """What is to be told only when asked for stands in the first message of its goal."""
    for goal in goals(line):
        for fact in goal["facts"]:
            value = decode(fact["value"])
            if fact["reveal"] != "asked" or not isinstance(value, str) or len(value) < 4:
                continue
            for at in reversed(places(line, "user")):
                message = line["messages"][at]
                if folded(goal["intent"]) in folded(message["content"]) and value not in message["content"]:
                    message["content"] += f" The {fact['label']} is {value}."
                    return
    raise Skip


def _wish_something_else(line: Line, dice: Random) -> None:
    text = dice.choice(
        (
            "Could you water the plants while I am away?",
            "Please compose a limerick about elephants.",
            "I want you to tune my piano.",
            "Can you explain quantum gravity?",
        )
    )
    line["messages"][dice.choice(places(line, "user"))]["content"] += f" {text}"


def _ask_for_nothing(line: Line, _: Random) -> None:
    """The user never says what it wants to hear."""
    changed = False
    for at in places(line, "user"):
        message = line["messages"][at]
        stripped = _ASKS.sub("", message["content"])
        changed |= stripped != message["content"]
        message["content"] = stripped
    labels = {e["label"] for e in line["blueprint"]["expected"]}
    said = folded(" ".join(line["messages"][at]["content"] for at in places(line, "user")))
    if not changed or any(word in said for label in labels for word in label.split()):
        raise Skip


def _change_the_wish(line: Line, dice: Random) -> None:
    """A goal's own sentence is replaced by another one, its facts with it."""
    at = dice.choice(places(line, "user"))
    goal = next((g for g in goals(line) if folded(g["intent"]) in folded(line["messages"][at]["content"])), None)
    if goal is None or sum(g["intent"] == goal["intent"] for g in goals(line)) > 1:
        raise Skip
    line["messages"][at]["content"] = dice.choice(("Never mind, it is fine.", "Hm, let me think.", "Good to know."))


def _no_slip(line: Line, _: Random) -> None:
    """What the user should get wrong at first is right at once."""
    for goal in goals(line):
        for fact in goal["facts"]:
            wrong = decode(fact["slip"] or fact.get("at_first", "")) if fact["slip"] or fact.get("at_first") else None
            right = decode(fact["value"])
            if not isinstance(wrong, str) or not isinstance(right, str):
                continue
            for at in reversed(places(line, "user")):
                message = line["messages"][at]
                if wrong in message["content"] and folded(goal["intent"]) in folded(message["content"]):
                    message["content"] = message["content"].replace(wrong, right)
                    return
    raise Skip


PERSONA: tuple[Fault, ...] = (
    Fault("the user names a tool", ("user.names_tool",), _name_a_tool),
    Fault("the user invents a fact", ("user.invents_fact",), _invent_a_fact),
    Fault("the user tells another value", ("user.fact_not_told", "user.invents_fact", "provenance."), _change_a_fact),
    Fault("the user reads out its goals", ("user.leaks_goals",), _read_out_goals),
    Fault("the user stops before the last goal", ("user.goal_not_raised",), _stop_after_first),
    Fault("the user leaves a question open", ("user.leaves_question", "user.goal_not_raised"), _leave_a_question),
    Fault("the user goes on when all is said", ("user.stops_late",), _go_on),
    Fault("the user tells what nobody asked for yet", ("user.told_early",), _tell_early),
    Fault("the user wishes something else", ("user.unplanned_wish",), _wish_something_else),
    Fault("the user never says what it wants to hear", ("user.report_not_asked",), _ask_for_nothing),
    Fault("the user never raises a goal", ("user.", "provenance.invented"), _change_the_wish),
    Fault("the user does not make its slip", ("user.slip_not_made",), _no_slip),
)
