"""A conversation as the statistics see it, whoever made it: who said what, which calls, what came back.

Our rows and foreign data become this first, so that one set of rules measures both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

import msgspec

from ..runtime.chat import AssistantMessage, ToolMessage, UserMessage
from ..runtime.row import Row
from ..sandbox.tools import JsonValue

Arguments: TypeAlias = Mapping[str, JsonValue]


class Call(msgspec.Struct, frozen=True):
    """One tool call with its reply."""

    tool: str
    arguments: Arguments
    """Empty where the model wrote no JSON object."""
    reply: str
    position: int
    """Number of the assistant message that made it. Calls of one message do not see each other's replies."""
    turn: int
    """How many user messages stand before it, from 1."""
    ok: bool
    """False when the reply is an error."""


class Said(msgspec.Struct, frozen=True):
    """A text of the user or the assistant."""

    text: str
    position: int
    """Comparable with `Call.position`."""
    turn: int


class Conversation(msgspec.Struct, frozen=True, dict=True):
    """One trajectory without its origin."""

    users: tuple[Said, ...]
    answers: tuple[Said, ...]
    """What the assistant told the user in messages without calls."""
    calls: tuple[Call, ...]
    offered: int = 0
    """Tools that the assistant was given; 0 when not known."""
    remarks: tuple[Said, ...] = ()
    """What the assistant wrote beside its calls."""
    conditions: frozenset[int] = frozenset()
    """Numbers of the calls that a branch was decided on; only known where there is a plan."""

    @cached_property
    def told(self) -> dict[int, str]:
        """`{turn: everything the user had said by then}`, lower case."""
        texts: dict[int, str] = {}
        so_far = ""
        for said in self.users:
            so_far = f"{so_far} {said.text}"
            texts[said.turn] = " ".join(so_far.lower().split())
        return texts


class Builder:
    """Puts a conversation together from messages in order; calls wait for their replies."""

    def __init__(self, offered: int = 0) -> None:
        self._offered = offered
        self._users: list[Said] = []
        self._answers: list[Said] = []
        self._remarks: list[Said] = []
        self._calls: list[Call] = []
        self._open: dict[str, int] = {}  # {call id: number of the call}
        self._position = 0

    def user(self, text: str) -> None:
        """The user says something."""
        self._position += 1
        self._users.append(Said(text, self._position, len(self._users) + 1))

    def assistant(self, text: str, calls: list[tuple[str, str, JsonValue]]) -> None:
        """The assistant says something, or calls tools: `(call id, tool, arguments as text or object)`."""
        self._position += 1
        if text:
            (self._remarks if calls else self._answers).append(Said(text, self._position, len(self._users)))
        for call_id, tool, arguments in calls:
            self._open[call_id] = len(self._calls)
            self._calls.append(Call(tool, as_object(arguments), "", self._position, len(self._users), ok=True))

    def tool(self, call_id: str, reply: str, *, failed: bool | None = None) -> None:
        """A tool answers. An unknown call id is answered to the oldest call without a reply."""
        number = self._open.pop(call_id, None)
        if number is None and self._open:
            number = self._open.pop(next(iter(self._open)))
        if number is not None:
            ok = not (looks_like_error(reply) if failed is None else failed)
            self._calls[number] = msgspec.structs.replace(self._calls[number], reply=reply, ok=ok)

    def build(self, conditions: frozenset[int] = frozenset()) -> Conversation:
        """The conversation."""
        return Conversation(
            tuple(self._users),
            tuple(self._answers),
            tuple(self._calls),
            self._offered,
            tuple(self._remarks),
            conditions,
        )


def of_row(row: Row) -> Conversation:
    """The conversation of one of our rows, with the calls that its plan's branches were decided on."""
    builder = Builder(len(row.tools))
    owns = row.face.owns()
    for message in row.messages:
        match message:
            case UserMessage():
                builder.user(message.content)
            case AssistantMessage():
                calls = [
                    (call.id, owns.get(call.function.name, call.function.name), call.function.arguments)
                    for call in message.calls
                ]
                builder.assistant(message.content, calls)
            case ToolMessage():
                builder.tool(message.tool_call_id, message.content)
            case _:
                pass
    built = builder.build()
    return msgspec.structs.replace(built, conditions=_conditions(row, built))


def _conditions(row: Row, built: Conversation) -> frozenset[int]:
    """For every condition of the plan, the first good call of its tool that is not taken yet."""
    if row.blueprint is None:
        return frozenset()
    steps = row.blueprint.plan.steps
    taken: set[int] = set()
    for tool in [steps[step.condition.step].tool for step in steps if step.condition]:
        free = (n for n, call in enumerate(built.calls) if call.tool == tool and call.ok and n not in taken)
        taken.update([number] if (number := next(free, None)) is not None else [])
    return frozenset(taken)


def as_object(value: JsonValue) -> Arguments:
    """A JSON object from itself or its text; empty where it is neither."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError):
            return {}
    return value if isinstance(value, dict) else {}


def looks_like_error(reply: str) -> bool:
    """A guess from the text: a JSON object with an `error`, or a text that begins with one."""
    head = reply.lstrip()[:64].lower()
    if head.startswith("{"):
        decoded = as_object(reply)
        return bool(decoded.get("error")) or bool(decoded.get("is_error"))
    return head.startswith(("error", "traceback", "exception", "tool execution failed", "failed to"))
