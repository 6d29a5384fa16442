"""A tool call written in Python's notation: `grep(file_name='a.txt', pattern='x')`.

Parsed, never evaluated: arguments are literals.
"""

from __future__ import annotations

import ast
from typing import Any

import msgspec

MAX_TEXT = 20_000
"""Characters of one call that are parsed."""


class PyCall(msgspec.Struct, frozen=True):
    """A parsed call."""

    name: str
    positional: tuple[Any, ...]
    """JSON values given without a name."""
    named: dict[str, Any]
    """JSON values by parameter."""

    def arguments(self, parameters: list[str]) -> dict[str, Any]:
        """All arguments by name; `parameters` are the tool's in their order. Those beyond them are `arg0`, `arg1`, …"""
        names = parameters + [f"arg{number}" for number in range(len(self.positional))]
        return {**dict(zip(names, self.positional, strict=False)), **self.named}


def parse_call(text: str) -> PyCall:
    """Read one call.

    Raises:
        ValueError: it is no call of a name with literal arguments.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} characters")
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if not isinstance(node, ast.Call):
            raise ValueError("not a call")  # noqa: TRY004 -- the text is wrong, not a type
        named = {keyword.arg: _value(keyword.value) for keyword in node.keywords if keyword.arg is not None}
        if len(named) != len(node.keywords):
            raise ValueError("arguments are unpacked")
        return PyCall(_name(node.func), tuple(map(_value, node.args)), named)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"not Python: {error}") from None


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            raise ValueError("what is called has no name")


def _value(node: ast.expr) -> Any:  # noqa: ANN401 -- a JSON value
    try:
        # Through JSON: tuples become lists, and what JSON cannot say is refused.
        return msgspec.json.decode(msgspec.json.encode(ast.literal_eval(node)))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"an argument is no literal: {error}") from None
