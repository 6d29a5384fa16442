"""What the judge looks at: a finished conversation laid out as exchanges, beside its own re-execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from ..runtime.blueprint import Blueprint
from ..runtime.chat import AssistantMessage, ChatMessage, ToolCall, ToolDefinition, ToolMessage, UserMessage
from ..runtime.presentation import Face
from ..sandbox.tools import JsonObject, Snapshot, ToolReply, ToolSpec, World
from .presentation.undoing import Keys, own_call
from .raising import raised
from .talk import Talk, decode_arguments
from .toolsim import answer

PLAIN = Face()
"""Nothing stands behind the names but what they say."""


class Exchange(msgspec.Struct, frozen=True):
    """One tool call with what it was answered then and what it is answered again."""

    position: int
    """Index in the transcript of the assistant message that made the call."""
    turn: int
    """How many user messages stand before it."""
    call: ToolCall
    arguments: JsonObject | None
    """None where the model wrote something that is no JSON object."""
    recorded: str | None
    """The reply in the transcript; None when there is none."""
    again: ToolReply
    """The reply of the re-execution, in order, on a fresh world."""
    spec: ToolSpec | None
    """None for a tool that does not exist or was not given."""

    @property
    def ok(self) -> bool:
        """True when the call was answered without an error."""
        return not self.again.is_error

    @property
    def own(self) -> str:
        """The tool's own name: a row may call its tools otherwise than the plan."""
        return self.spec.name if self.spec else self.call.function.name


@dataclass(frozen=True)
class Evidence:
    """Everything the gates may use. The verdict is a pure function of this."""

    talk: Talk
    """The conversation with the tools that were given, under the names of their services."""
    blueprint: Blueprint
    exchanges: tuple[Exchange, ...]
    specs: Mapping[str, ToolSpec]
    """Every tool of the row's services, by name."""
    before: dict[str, Snapshot]
    """The initial state."""
    expected: dict[str, Snapshot]
    """The changes that the blueprint's own run made."""
    changed: dict[str, Snapshot]
    """The changes that this conversation made."""
    volatile: frozenset[str]
    """Keys and labels that may differ between two equal runs."""
    shown: tuple[ChatMessage, ...] = ()
    """The messages as they stand in the row."""
    face: Face = PLAIN
    """What stands behind their names."""

    @property
    def transcript(self) -> tuple[ChatMessage, ...]:
        """Every message, in order."""
        return self.talk.transcript

    @cached_property
    def users(self) -> tuple[str, ...]:
        """What the user said, in order."""
        return tuple(text for _, text in self.talk.users)

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """What the assistant told the user, in order."""
        return tuple(text for _, text in self.talk.answers)

    @cached_property
    def raised(self) -> tuple[int, ...]:
        """Per goal the number (from 1) of the user message that raises it; 0 when none does."""
        return raised(self.blueprint.plan, self.users)

    def raised_at(self, goal: int) -> int:
        """Index of the message that raises a goal; 0 when none does or there is no such goal."""
        turn = self.raised[goal] if 0 <= goal < len(self.raised) else 0
        return self.talk.users[turn - 1][0] if turn else 0


async def reexecute(
    transcript: tuple[ChatMessage, ...],
    tools: tuple[ToolDefinition, ...],
    specs: Mapping[str, ToolSpec],
    world: World,
    keys: Keys,
) -> tuple[Exchange, ...]:
    """Answer every recorded call again, in order, on a fresh world. Raises as `World.call` does.

    Transcript and tools as they stand in the row; `specs` and the exchanges by what `keys` say that the names mean.
    """
    given = {tool.function.name for tool in tools}
    recorded = {spoken.tool_call_id: spoken.content for spoken in transcript if isinstance(spoken, ToolMessage)}
    exchanges: list[Exchange] = []
    turn = 0
    for position, spoken in enumerate(transcript):
        turn += isinstance(spoken, UserMessage)
        if not isinstance(spoken, AssistantMessage):
            continue
        for call in spoken.calls:
            name, own = call.function.name, own_call(call, keys)
            exchanges.append(
                Exchange(
                    position=position,
                    turn=turn,
                    call=own,
                    arguments=decode_arguments(call),
                    recorded=recorded.get(call.id),
                    again=await answer(world, call, given, keys),
                    spec=specs.get(own.function.name) if name in given else None,
                )
            )
    return tuple(exchanges)
