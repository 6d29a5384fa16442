"""The way back: a presented conversation under the names by which its services know their tools.

Gates, statistics and re-execution look at a row in this form, so that a name means the same in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, ToolCall, ToolDefinition, ToolMessage
from ...runtime.presentation import Face

_replace = msgspec.structs.replace


class Keys:
    """What the names of a row stand for."""

    def __init__(self, face: Face) -> None:
        self._keys: Mapping[str, str] = face.owns()
        self._hidden = frozenset(shown.key for shown in face.names)
        """Names that the row does not show, because it shows another for the tool."""

    def of(self, name: str) -> str:
        """The key of a tool by its name in the row; what is no name of the row never becomes one of a tool."""
        key = self._keys.get(name)
        if key is not None:
            return key
        return f"{name}?" if name in self._hidden else name


def own_tools(tools: Sequence[ToolDefinition], keys: Keys) -> tuple[ToolDefinition, ...]:
    """The list with every tool under its key."""
    return tuple(_replace(tool, function=_replace(tool.function, name=keys.of(tool.function.name))) for tool in tools)


def own_messages(messages: Sequence[ChatMessage], keys: Keys) -> tuple[ChatMessage, ...]:
    """The messages with every call and reply under the tool's key; nothing that was said changes."""
    return tuple(_own(message, keys) for message in messages)


def own_call(call: ToolCall, keys: Keys) -> ToolCall:
    """A call under its tool's key."""
    return _replace(call, function=_replace(call.function, name=keys.of(call.function.name)))


def _own(message: ChatMessage, keys: Keys) -> ChatMessage:
    if isinstance(message, AssistantMessage) and message.calls:
        return _replace(message, tool_calls=tuple(own_call(call, keys) for call in message.calls))
    if isinstance(message, ToolMessage):
        return _replace(message, name=keys.of(message.name))
    return message
