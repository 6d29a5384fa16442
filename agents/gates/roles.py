"""Gates on roles: nobody speaks for the other side, and instructions stay where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...runtime.chat import AssistantMessage, SystemMessage, UserMessage
from ..talk import Talk
from .problem import Problem, TalkGate

ECHO = 40
"""Characters from which a message that repeats the other side's word for word is no accident."""
QUOTED = 80
"""Characters of the instructions in a row that are a leak."""
INSTRUCTIONS = (
    "[[stop]]",
    "## goal ",
    "you want to hear:",
    "(only if asked)",
    "(a slip:",
    "(at first;",
    "you play a user",
    "you want:",
)
"""What stands in a user agent's instructions and in nobody's mouth."""
_AS_USER = re.compile(r"(?m)^\W{0,3}(?:human\s*:|user\s*:\s*(?:\S+\s+){3})")
_AS_ASSISTANT = re.compile(r"(?m)^\W{0,3}(?:assistant|ai|bot)\s*:")
_OFFERS = (
    "how can i help you",
    "how may i help you",
    "how can i assist",
    "how may i assist",
    "anything else i can help",
    "anything else i can do for you",
    "i've looked that up for you",
    "let me look that up for you",
)


def assistant_stays_itself(talk: Talk) -> Iterator[Problem]:
    """The assistant does not write the user's lines."""
    asked = {text.lower() for _, text in talk.users if len(text) >= ECHO}
    for position, text in talk.said:
        if not isinstance(talk.transcript[position], AssistantMessage):
            continue
        if ":" in text and _AS_USER.search(text):
            yield Problem("roles.assistant_as_user", "a line of the user in the assistant's message", position)
        elif text in asked:
            yield Problem("roles.assistant_as_user", "the assistant repeats the user word for word", position)


def user_stays_itself(talk: Talk) -> Iterator[Problem]:
    """The user does not write the assistant's lines."""
    told = {text.lower() for _, text in talk.answers if len(text) >= ECHO}
    for position, text in talk.said:
        if not isinstance(talk.transcript[position], UserMessage):
            continue
        if (":" in text and _AS_ASSISTANT.search(text)) or any(offer in text for offer in _OFFERS):
            yield Problem("roles.user_as_assistant", "the user speaks like an assistant", position)
        elif text in told:
            yield Problem("roles.user_as_assistant", "the user repeats the assistant word for word", position)


def instructions_stay_hidden(talk: Talk) -> Iterator[Problem]:
    """Nobody reads out instructions: the user agent's own, or a row of the assistant's."""
    for literal in INSTRUCTIONS:
        if literal in talk.speech:
            at = next(position for position, text in talk.said if literal in text)
            yield Problem("roles.leaks_instructions", literal, at)
    system = next((spoken.content.lower() for spoken in talk.transcript[:1] if isinstance(spoken, SystemMessage)), "")
    pieces = {system[start : start + QUOTED] for start in range(0, len(system) - QUOTED, QUOTED // 2)}
    for piece in sorted(piece for piece in pieces if piece in talk.speech):
        at = next((position for position, text in talk.said if piece in text), 0)
        yield Problem("roles.leaks_instructions", "the system message is read out", at)
        return


ROLES: tuple[TalkGate, ...] = (assistant_stays_itself, user_stays_itself, instructions_stay_hidden)
