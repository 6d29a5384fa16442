"""Gates on the form of a conversation: who speaks when, and which reply belongs to which call."""

from __future__ import annotations

from collections.abc import Iterator

from ...runtime.chat import AssistantMessage, ChatMessage, SystemMessage, ToolMessage, UserMessage
from ..talk import Talk
from .problem import Problem, TalkGate


def linkage(talk: Talk) -> Iterator[Problem]:
    """Every call has an id of its own and is answered, under its name, before anyone else speaks."""
    open_calls: dict[str, str] = {}  # {call id: tool}
    seen: set[str] = set()
    asked_at = 0
    for position, spoken in enumerate(talk.transcript):
        if isinstance(spoken, ToolMessage):
            tool = open_calls.pop(spoken.tool_call_id, None)
            if tool is None:
                yield Problem("structure.stray_reply", f"{spoken.tool_call_id} answers no open call", position)
            elif spoken.name and spoken.name != tool:
                yield Problem("structure.reply_name", f"{spoken.name} answers a call of {tool}", position)
            continue
        if open_calls:
            yield Problem("structure.unanswered_call", next(iter(open_calls)), asked_at)
            open_calls = {}
        if isinstance(spoken, AssistantMessage):
            asked_at = position
            for call in spoken.calls:
                if not call.id:
                    yield Problem("structure.call_without_id", call.function.name, position)
                elif call.id in seen:
                    yield Problem("structure.repeated_call_id", call.id, position)
                seen.add(call.id)
                open_calls[call.id] = call.function.name
    if open_calls:
        yield Problem("structure.unanswered_call", next(iter(open_calls)), asked_at)


def last_word(talk: Talk) -> Iterator[Problem]:
    """A user speaks, and the assistant has the last word."""
    if not talk.transcript:
        yield Problem("structure.no_messages", "nothing was said")
        return
    last = talk.transcript[-1]
    if not isinstance(last, AssistantMessage) or last.calls:
        at = len(talk.transcript) - (not isinstance(last, AssistantMessage))
        yield Problem("structure.last_word", "the assistant does not have the last word", at)
    if not talk.users:
        yield Problem("structure.no_user", "the user never spoke")


def turn_taking(talk: Talk) -> Iterator[Problem]:
    """Instructions come first and once; nobody speaks twice in a row; the user speaks before the assistant does."""
    before: ChatMessage | None = None
    for position, spoken in enumerate(talk.transcript):
        match before, spoken:
            case _, SystemMessage() if position:
                yield Problem("structure.late_instructions", "a system message after the first", position)
            case UserMessage(), UserMessage():
                yield Problem("structure.user_twice", "two user messages in a row", position)
            case AssistantMessage(tool_calls=calls), AssistantMessage() if not calls:
                yield Problem("structure.assistant_twice", "two assistant messages in a row", position)
            case ((None | SystemMessage()), AssistantMessage()):
                yield Problem("structure.assistant_first", "the assistant speaks before the user", position)
            case _:
                pass
        before = spoken


def emptiness(talk: Talk) -> Iterator[Problem]:
    """Every message of user and assistant says or calls something."""
    for position, spoken in enumerate(talk.transcript):
        if isinstance(spoken, UserMessage) and not spoken.content.strip():
            yield Problem("structure.empty_user", "the user says nothing", position)
        if isinstance(spoken, AssistantMessage) and not spoken.calls and not spoken.content.strip():
            yield Problem("structure.empty_answer", "the assistant says nothing and calls nothing", position)


STRUCTURE: tuple[TalkGate, ...] = (linkage, last_word, turn_taking, emptiness)
