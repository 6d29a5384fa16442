"""A row as plain JSON that can be changed, as a stranger would hand it in: without verdict, under another id."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import TypeAlias

import msgspec

from ...runtime.row import Row
from ...sandbox.tools import JsonObject, JsonValue

Line: TypeAlias = JsonObject
"""`{id, messages, tools, blueprint}`, everything in it may be changed."""


def line_of(row: Row) -> Line:
    """The part of a row that is judged, decoded."""
    return {
        "id": row.id,
        "messages": msgspec.json.decode(msgspec.json.encode(row.messages)),
        "tools": msgspec.json.decode(msgspec.json.encode(row.tools)),
        "blueprint": msgspec.json.decode(msgspec.json.encode(row.blueprint)),
    }


def stranger(line: Line, dice: Random) -> Line:
    """A copy under a fresh id, its calls renamed, without training weights."""
    fresh = copy.deepcopy(line)
    fresh["id"] = f"{dice.getrandbits(64):016x}"
    prefix = f"{dice.getrandbits(32):08x}"
    names: dict[str, str] = {}
    for message in fresh["messages"]:
        message.pop("train", None)
        for call in message.get("tool_calls", ()):
            call["id"] = names.setdefault(call["id"], f"{prefix}{len(names)}")
        if message["role"] == "tool":
            message["tool_call_id"] = names.get(message["tool_call_id"], message["tool_call_id"])
    return fresh


def places(line: Line, role: str) -> list[int]:
    """Indices of what one role said, in order."""
    return [index for index, message in enumerate(line["messages"]) if message["role"] == role]


def answers(line: Line) -> list[int]:
    """Indices of what the assistant told the user."""
    return [n for n in places(line, "assistant") if not line["messages"][n].get("tool_calls")]


def called(line: Line) -> Iterator[tuple[int, JsonObject]]:
    """Index of the message and the call itself, for every call."""
    for index in places(line, "assistant"):
        for call in line["messages"][index].get("tool_calls", ()):
            yield index, call


def arguments(call: JsonObject) -> JsonObject:
    """A call's arguments, decoded; none where they are no JSON object: an accepted row may hold such a slip, mended."""
    try:
        decoded: JsonValue = msgspec.json.decode(call["function"]["arguments"])
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def set_arguments(call: JsonObject, value: JsonValue) -> None:
    """Write a call's arguments."""
    call["function"]["arguments"] = msgspec.json.encode(value).decode()


def reply_of(line: Line, call: JsonObject) -> JsonObject:
    """The tool message that answers a call. Raises LookupError when there is none."""
    for message in line["messages"]:
        if message["role"] == "tool" and message["tool_call_id"] == call["id"]:
            found: JsonObject = message
            return found
    raise LookupError(f"no reply to {call['id']}")


def failed(line: Line, call: JsonObject) -> bool:
    """True when a call was answered with an error, in the form of the built-in services."""
    return str(reply_of(line, call)["content"]).startswith('{"error"')


def new_call(line: Line, tool: str, given: JsonObject, *, text: str = "") -> list[JsonObject]:
    """An assistant message with one call, and the tool message that a re-execution fills."""
    identity = f"new_{sum(1 for _ in called(line))}_{len(line['messages'])}"
    function = {"name": tool, "arguments": msgspec.json.encode(given).decode()}
    return [
        {
            "role": "assistant",
            "content": text,
            "tool_calls": [{"id": identity, "function": function, "type": "function"}],
        },
        {"role": "tool", "tool_call_id": identity, "name": tool, "content": ""},
    ]


def goals(line: Line) -> list[JsonObject]:
    """The plan's goals."""
    found: list[JsonObject] = line["blueprint"]["plan"]["goals"]
    return found


def schema_of(line: Line, tool: str) -> JsonObject:
    """The input schema of a given tool. Raises LookupError when it was not given."""
    for entry in line["tools"]:
        if entry["function"]["name"] == tool:
            found: JsonObject = entry["function"]["parameters"]
            return found
    raise LookupError(f"{tool} is not among the tools")
