"""Playing a changed row: its calls run on the world it names, so that its replies are real again."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import msgspec

from ...runtime.blueprint import WorldRef
from ...runtime.chat import FunctionCall, ToolCall
from ...sandbox.facts import leaf_values, params
from ...sandbox.tools import JsonObject, JsonValue, Snapshot, ToolSpec, World
from ...sandbox.world import changes
from ..paths import decode
from ..stage import Stage
from ..toolsim import answer
from .line import Line, called, reply_of


async def replay(line: Line, stage: Stage) -> dict[str, Snapshot]:
    """Answer every call again on a fresh world and write the replies into the row. Returns what the calls changed.

    Raises as `World.call` does, and LookupError for a call that nothing answers.
    """
    reference = world_of(line)
    before = await stage.initial(reference)
    given = {entry["function"]["name"] for entry in line["tools"]}
    world = await stage.open(reference)
    try:
        for _, call in called(line):
            function = FunctionCall(call["function"]["name"], call["function"]["arguments"])
            reply = await answer(world, ToolCall(call["id"], function), given)
            reply_of(line, call)["content"] = reply.content
        return changes(before, msgspec.json.decode(msgspec.json.encode(await world.snapshot())))
    finally:
        await world.aclose()


async def state_after(line: Line, stage: Stage, position: int) -> World:
    """The row's world after the calls that stand before a message; the caller closes it."""
    given = {entry["function"]["name"] for entry in line["tools"]}
    world = await stage.open(world_of(line))
    for index, call in called(line):
        if index < position:
            function = FunctionCall(call["function"]["name"], call["function"]["arguments"])
            await answer(world, ToolCall(call["id"], function), given)
    return world


def world_of(line: Line) -> WorldRef:
    """The initial state that the row's blueprint names."""
    return msgspec.convert(line["blueprint"]["world"], WorldRef)


def specs_of(line: Line, stage: Stage) -> list[ToolSpec]:
    """The tools of the row's world that the row was given."""
    given = {entry["function"]["name"] for entry in line["tools"]}
    services = [reference.rpartition("@")[0] for reference in world_of(line).services]
    return [spec for spec in stage.specs(services) if spec.name in given]


def leaves_before(line: Line, position: int) -> dict[str, list[JsonValue]]:
    """{key: scalars} that tool replies and arguments brought up before a message, the latest first."""
    found: dict[str, list[JsonValue]] = {}
    for message in reversed(line["messages"][:position]):
        values: list[object] = []
        if message["role"] == "tool":
            values.append(decode(message["content"]))
        values += [decode(call["function"]["arguments"]) for call in message.get("tool_calls", ())]
        for path, leaf in (entry for value in values for entry in leaf_values(value)):
            key = path.rpartition(".")[2]
            if leaf not in (None, "") and leaf not in found.setdefault(key, []):
                found[key].append(leaf)
    return found


def filled(spec: ToolSpec, known: dict[str, list[JsonValue]], dice: Random) -> JsonObject | None:
    """Arguments for a tool out of what is known; None where an identifier is missing."""
    given: JsonObject = {}
    for param in params(spec.input_schema):
        if not param.required:
            continue
        value = _value(param.name, param.kind, param.schema, known, dice)
        if value is None:
            return None
        given[param.name] = value
    return given


def _value(name: str, kind: str, schema: JsonObject, known: dict[str, list[JsonValue]], dice: Random) -> JsonValue:
    if kind == "enum":
        options: list[JsonValue] = schema.get("enum") or [schema.get("const")]
        return dice.choice(options)
    if known.get(name):
        return known[name][0]
    match kind:
        case "number":
            return max(1, int(schema.get("minimum") or 1))
        case "boolean":
            return True
        case "text" | "free text":
            return "as agreed"
        case _:
            return None


def first_of(options: Iterable[JsonValue], *, but: JsonValue) -> JsonValue:
    """The first option that is not the given one; None when there is none."""
    return next((option for option in options if option != but), None)
