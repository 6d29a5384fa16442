"""The conversation in OpenAI's form: messages, tool calls, tool definitions.

`train` is set on the messages of a finished row and absent from everything that is sent to a model.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType


class FunctionCall(msgspec.Struct, frozen=True):
    """The function half of a tool call."""

    name: str
    arguments: str
    """JSON text of an object, exactly as the model wrote it."""


class ToolCall(msgspec.Struct, frozen=True):
    """One callable asked for by the assistant."""

    id: str
    """Unique within the row."""
    function: FunctionCall
    type: Literal["function"] = "function"


class SystemMessage(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """Instructions that the assistant (or a role-playing model) sees first."""

    content: str
    train: float | UnsetType = UNSET
    """Weight of this message in a loss: 0 is context, 1 is target."""


class UserMessage(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """What the user says."""

    content: str
    train: float | UnsetType = UNSET


class AssistantMessage(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """What the assistant says, or which tools it calls, or both."""

    content: str
    """Empty when the message only calls tools."""
    reasoning: str | UnsetType = UNSET
    """Reasoning text as the server returned it; absent when there was none."""
    tool_calls: tuple[ToolCall, ...] | UnsetType = UNSET
    """At least one call, or absent."""
    train: float | UnsetType = UNSET

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, empty when there are none."""
        return self.tool_calls or ()


class ToolMessage(msgspec.Struct, frozen=True, tag_field="role", tag="tool"):
    """What a tool answered."""

    tool_call_id: str
    name: str
    content: str
    train: float | UnsetType = UNSET


ChatMessage: TypeAlias = SystemMessage | UserMessage | AssistantMessage | ToolMessage


class FunctionSpec(msgspec.Struct, frozen=True):
    """A tool as the model sees it."""

    name: str
    description: str
    parameters: msgspec.Raw
    """JSON Schema of the arguments, encoded."""


class ToolDefinition(msgspec.Struct, frozen=True):
    """One entry of a request's `tools` list."""

    function: FunctionSpec
    type: Literal["function"] = "function"
