"""Gates on the texts themselves: their characters, their length, and whether they go round in circles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ...runtime.chat import AssistantMessage, ChatMessage, ToolMessage, UserMessage
from ..said import folded
from ..talk import MAX_ARGUMENTS, Talk
from .problem import Problem, TalkGate

MOST_MESSAGES = 200
LONGEST: dict[type[ChatMessage], int] = {UserMessage: 8_000, AssistantMessage: 16_000, ToolMessage: 200_000}
"""Characters of one message, by who speaks."""
SAME_CALL = 3
"""How often one call may be made with one reply and nothing changed in between, less one."""
SAME_TEXT = 3
"""How often one side may say the same, less one."""
PERIODS = (1, 2, 3, 4, 5, 6, 8, 12)
"""Words of the stretches whose repetition is looked for."""
STUCK = 6
"""Repetitions of one stretch in a row that no one writes."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffd\ufffe\uffff]")
_ESCAPED = re.compile(r"\\u00(?:0[0-8bcef]|1[0-9a-f]|7f)", re.IGNORECASE)
_UNFINISHED = re.compile(r"(?:[,(\[{]|\b(?:and|or|the|a|an|of|to|with|is|are|for|but|because|your))\s*$", re.IGNORECASE)


def control_characters(talk: Talk) -> Iterator[Problem]:
    """No text holds control characters, marks that turn the direction of writing, or broken ones."""
    for position, spoken in enumerate(talk.transcript):
        text = spoken.content
        if not (text.isascii() and text.isprintable()) and (found := _CONTROL.search(text)):
            yield Problem("text.control_character", f"U+{ord(found.group()):04X}", position)
            continue
        if "\\u00" in text and isinstance(spoken, ToolMessage) and (found := _ESCAPED.search(text)):
            yield Problem("text.control_character", found.group(), position)
    for made in talk.made:
        arguments = made.call.function.arguments
        if _CONTROL.search(arguments) or ("\\u00" in arguments and _ESCAPED.search(arguments)):
            yield Problem("text.control_character", f"in the arguments of {made.name}", made.position)


def lengths(talk: Talk) -> Iterator[Problem]:
    """Conversation, messages and arguments are of a length that someone reads."""
    if len(talk.transcript) > MOST_MESSAGES:
        yield Problem("length.conversation", f"more than {MOST_MESSAGES} messages", MOST_MESSAGES)
    for position, spoken in enumerate(talk.transcript):
        most = LONGEST.get(type(spoken))
        if most and len(spoken.content) > most:
            yield Problem("length.message", f"{len(spoken.content)} characters, at most {most}", position)
    for made in talk.made:
        if len(made.call.function.arguments) > MAX_ARGUMENTS:
            yield Problem("length.arguments", f"more than {MAX_ARGUMENTS} characters for {made.name}", made.position)


def repeated_calls(talk: Talk) -> Iterator[Problem]:
    """No call is made again and again for the same reply before the user speaks again."""
    run: Counter[tuple[int, str, str, str | None]] = Counter()
    for made in talk.made:
        key = (made.turn, *made.same, made.reply)
        run[key] += 1
        if run[key] == SAME_CALL:
            yield Problem("loops.repeated_call", f"{made.name} is called {SAME_CALL} times for the same", made.position)


def repeated_texts(talk: Talk) -> Iterator[Problem]:
    """Neither side says the same again and again."""
    for views in (talk.users, talk.answers):
        seen: Counter[str] = Counter()
        for position, text in views:
            key = folded(text)
            seen[key] += 1
            if seen[key] == SAME_TEXT:
                yield Problem("loops.repeated_text", f"said {SAME_TEXT} times: {text[:60]}", position)


def stuck(talk: Talk) -> Iterator[Problem]:
    """No message repeats a stretch of words over and over."""
    for position, text in talk.said:
        words = text.split()
        if len(words) >= STUCK and len(set(words)) <= len(words) - STUCK + 1 and _stuck(words):
            yield Problem("loops.stuck", "a stretch of words repeats itself", position)


def _stuck(words: list[str]) -> bool:
    for period in PERIODS:
        same = 0
        for here, there in zip(words, words[period:], strict=False):
            same = same + 1 if here == there else 0
            if same >= period * (STUCK - 1):
                return True
    return False


def cut_off(talk: Talk) -> Iterator[Problem]:
    """No answer ends in the middle of a sentence or of a block of code."""
    for position, text in talk.answers:
        if text.count("```") % 2 or _UNFINISHED.search(text[-40:]):
            yield Problem("text.cut_off", f"ends with: {text[-30:]}", position)


TEXTS: tuple[TalkGate, ...] = (control_characters, lengths, repeated_calls, repeated_texts, stuck, cut_off)
