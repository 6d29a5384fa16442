"""Legitimate alternatives in what is said: other words, dates, numbers, and more clarification."""

from __future__ import annotations

import re
from datetime import datetime
from random import Random

from ..paths import decode
from .fault import Fault, Skip
from .line import Line, answers, called, goals, places

_MOMENT = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}):00Z)?\b")
_NUMBER = re.compile(r"(?<![\w./:-])(\d{4,}|\d+\.\d+|\d)(?![\w/:-]|\.\d)")
_SMALL = "zero one two three four five six seven eight nine".split()


def _dates(line: Line, dice: Random) -> None:
    """Dates in answers are written as people write them."""
    changed = False
    for at in answers(line):
        text = line["messages"][at]["content"]
        line["messages"][at]["content"] = _MOMENT.sub(lambda found: _in_words(found, dice), text)
        changed |= line["messages"][at]["content"] != text
    if not changed:
        raise Skip


def _in_words(found: re.Match[str], dice: Random) -> str:
    day = datetime.fromisoformat(found[1])
    month = f"{day:%B}" if dice.random() < 0.5 else f"{day:%b}"
    forms = (
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day:%d.%m.%Y}",
        f"{day:%m/%d/%Y}",
        f"{month} {day.day}{_ending(day.day)}, {day.year}",
    )
    if not found[2]:
        return dice.choice(forms)
    clock = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    half = f"{clock.hour % 12 or 12}:{clock:%M} {'am' if clock.hour < 12 else 'pm'}"
    return f"{dice.choice(forms)} at {dice.choice((found[2], half, half.upper()))}"


def _ending(day: int) -> str:
    return "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _numbers(line: Line, dice: Random) -> None:
    """Numbers in answers with separators, with two decimals, small ones as words."""
    del dice
    changed = False
    for at in answers(line):
        text = line["messages"][at]["content"]
        pieces = text.split('"')  # what stands in quotes is a name
        pieces[::2] = [_NUMBER.sub(_other_number, piece) for piece in pieces[::2]]
        line["messages"][at]["content"] = '"'.join(pieces)
        changed |= line["messages"][at]["content"] != text
    if not changed:
        raise Skip


def _other_number(found: re.Match[str]) -> str:
    text = found[1]
    if "." in text:
        return f"{float(text):,.2f}" if len(text.partition(".")[2]) <= 2 else text
    return _SMALL[int(text)] if len(text) == 1 else f"{int(text):,}"


def _answers_reworded(line: Line, dice: Random) -> None:
    """The sentences of the answers are put otherwise, their values kept."""
    heads = ("Here is what I have: ", "This is done: ", "All right: ", "Here you go: ", "I have it: ")
    changed = False
    for at in answers(line):
        text = line["messages"][at]["content"]
        for head in heads:
            text = text.replace(head, dice.choice(("Certainly. ", "I checked, and ", "It turns out that ", "")))
        text = re.sub(r"\bthe ([a-z ]+?) is ([^\s.]\S*?)(?= and |\.(?:\s|$))", r"\2 is the \1", text)
        text = text.replace("I found ", "There are ").replace("Sorry, I cannot", "I am afraid I cannot")
        changed |= text != line["messages"][at]["content"]
        line["messages"][at]["content"] = text
    if not changed:
        raise Skip


def _marked_up(line: Line, dice: Random) -> None:
    """Values in answers stand in bold, in a table-like list or with typographic quotes."""
    del dice
    for at in answers(line):
        text = line["messages"][at]["content"]
        text = re.sub(r"\bis (\d[\d.,]*\d|\d)\b", r"is **\1**", text)
        line["messages"][at]["content"] = re.sub(r'"([^"]+)"', "\u201c\\1\u201d", text)


def _user_reworded(line: Line, dice: Random) -> None:
    """The user asks in other words: other openers, other ways to tell a fact and to ask for a value."""
    openers = re.compile(
        r"\b(?:could you please|would you please|can you|could you|please|I'd like you to|I need you to|I want you to|"
        r"I would be grateful if you could) "
    )
    changed = False
    for at in places(line, "user"):
        text = line["messages"][at]["content"]
        text = openers.sub(lambda _: dice.choice(("it would be great if you could ", "kindly ", "help me to ")), text)
        text = re.sub(
            r"(?:Tell me|Let me know|I would like to hear) the ",
            dice.choice(("What is the ", "I wonder about the ")),
            text,
        )
        text = re.sub(r"For the ([a-z ]+), take ", r"As \1 you can use ", text)
        text = re.sub(r"\bThe ([a-z ]+) (?:is|are) (?=\S)", r"My \1 would be ", text)
        changed |= text != line["messages"][at]["content"]
        line["messages"][at]["content"] = text
    if not changed:
        raise Skip


def _confirm_first(line: Line, dice: Random) -> None:
    """Before its first call of a turn the assistant asks whether to go ahead, and the user says yes."""
    spots = [at for at, _ in called(line) if line["messages"][at - 1]["role"] == "user"]
    if not spots:
        raise Skip
    at = dice.choice(spots)
    question = dice.choice(
        ("Shall I go ahead with that?", "Do you want me to do this now?", "Is that all I need to know?")
    )
    yes = dice.choice(("Yes, please.", "Go ahead.", "Yes."))
    line["messages"][at:at] = [{"role": "assistant", "content": question}, {"role": "user", "content": yes}]


def _asked_first(line: Line, dice: Random) -> None:
    """The user leaves out a fact; the assistant asks, and is told."""
    spots = [
        (at, fact, sentence)
        for goal in goals(line)
        for fact in goal["facts"]
        if fact["reveal"] == "upfront" and not fact["slip"] and not fact.get("at_first")
        for at in places(line, "user")
        for sentence in _sentences(line["messages"][at]["content"], fact)
        if any(index == at + 1 for index, _ in called(line))
    ]
    if not spots:
        raise Skip
    at, fact, sentence = dice.choice(spots)
    line["messages"][at]["content"] = line["messages"][at]["content"].replace(sentence, "", 1).strip()
    question = {"role": "assistant", "content": f"Gladly. What is the {fact['label']}?"}
    line["messages"][at + 1 : at + 1] = [question, {"role": "user", "content": sentence.strip()}]


def _sentences(text: str, fact: dict[str, str]) -> list[str]:
    """The sentence of a message that tells a fact."""
    value = decode(fact["value"])
    if not isinstance(value, str) or len(value) < 4 or not re.fullmatch(r"[\w@.+#/-]+", value):
        return []
    label = re.escape(fact["label"])
    return re.findall(rf"(?i)(?:for the {label}, take|the {label} is|{label}:) {re.escape(value)}\.(?=\s|$)", text)


def _thanks(line: Line, dice: Random) -> None:
    """A word of thanks, and one of courtesy."""
    said = dice.choice(("Thank you, that is all.", "Thanks a lot!", "Perfect, thanks."))
    line["messages"] += [
        {"role": "user", "content": said},
        {"role": "assistant", "content": dice.choice(("You are welcome.", "Glad I could help.", "Any time."))},
    ]


def _offer_more(line: Line, dice: Random) -> None:
    """The last answer asks whether there is anything else."""
    question = dice.choice(("Is there anything else I can do for you?", "Do you need anything else?"))
    line["messages"][answers(line)[-1]]["content"] += f" {question}"


def _plan_first(line: Line, dice: Random) -> None:
    """The assistant says what it is going to do, with its first call."""
    del dice
    calls = list(called(line))
    if not calls or line["messages"][calls[0][0]]["content"]:
        raise Skip
    line["messages"][calls[0][0]]["content"] = "My plan:\n1. look up what is needed\n2. tell you what came out"


WORDS: tuple[Fault, ...] = (
    Fault("dates in another form", (), _dates),
    Fault("numbers in another form", (), _numbers),
    Fault("answers in other words", (), _answers_reworded),
    Fault("answers with markup and typographic quotes", (), _marked_up),
    Fault("the user in other words", (), _user_reworded),
    Fault("a confirmation before acting", (), _confirm_first),
    Fault("a fact told only when asked", (), _asked_first),
    Fault("thanks at the end", (), _thanks),
    Fault("an offer of more help", (), _offer_more),
    Fault("a plan said first", (), _plan_first),
)
