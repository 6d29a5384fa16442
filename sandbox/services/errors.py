"""How a tool refuses: a code for programs, a sentence for the reader."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..tools import ToolReply

ErrorCode: TypeAlias = Literal["invalid_argument", "not_found", "conflict", "forbidden", "unknown_tool"]
"""`conflict` is a clash with the present state, `forbidden` a rule that no other argument order would meet."""


class ToolError(Exception):
    """Raised by a tool before it wrote anything; becomes an error reply, never leaves the world."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: ErrorCode = code
        self.message = message


def error_reply(code: ErrorCode, message: str) -> ToolReply:
    """The refusal as JSON text: `{"error": {"code": …, "message": …}}`."""
    text = msgspec.json.encode({"error": {"code": code, "message": message}})
    return ToolReply(text.decode(), is_error=True)


def unknown_tool(name: str) -> ToolReply:
    """The refusal of a name that no tool has. It tells nothing of the tools there are."""
    shown = name[:64].encode("ascii", "backslashreplace").decode()
    return error_reply("unknown_tool", f"there is no tool {shown}")
