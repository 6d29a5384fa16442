"""The shelf: conversations and tools in compressed pieces that a page unpacks when somebody looks at them.

A row goes in without its list of tools, which is by far its largest part and repeats from row to row: the list becomes
numbers, and every distinct tool is kept once.
"""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from ...runtime.chat import ToolDefinition
from ...runtime.row import Row

ROWS: Final = 64
"""Rows of a piece: one is unpacked in a few milliseconds, and compresses nearly as well as ten times as many."""
TOOLS: Final = 256
"""Tools of a piece."""
_LEVEL: Final = 6


class Tools:
    """Every distinct tool, numbered as it was first seen."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}  # {tool as JSON: number}
        self._texts: list[bytes] = []
        self._encoder = msgspec.json.Encoder()

    def __len__(self) -> int:
        return len(self._texts)

    def number(self, tool: ToolDefinition) -> int:
        """The number of a tool."""
        text = self._encoder.encode(tool)
        known = self._numbers.setdefault(text, len(self._texts))
        if known == len(self._texts):
            self._texts.append(text)
        return known

    def piece(self, number: int) -> bytes:
        """Piece `number` as JSON: a list of up to `TOOLS` tools."""
        return b"[" + b",".join(self._texts[number * TOOLS : (number + 1) * TOOLS]) + b"]"

    @property
    def pieces(self) -> int:
        """How many pieces there are."""
        return -(-len(self._texts) // TOOLS)


def shelved(row: Row, tools: Tools) -> bytes:
    """The row as one line of JSON, with numbers in place of its tools."""
    return msgspec.json.encode(msgspec.structs.asdict(row) | {"tools": [tools.number(tool) for tool in row.tools]})


def packed(data: bytes) -> bytes:
    """Compressed as browsers unpack it: the zlib form, `deflate` in their words."""
    return zlib.compress(data, _LEVEL)
