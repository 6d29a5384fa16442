"""Legitimate alternatives: slips that a tool refuses and the assistant puts right, really refused by the world."""

from __future__ import annotations

from random import Random

from ...sandbox.facts import is_identifier
from ...sandbox.tools import JsonObject
from ..stage import Stage
from .alternative import singles
from .fault import Fault, Skip
from .line import Line, arguments, new_call, schema_of
from .playing import specs_of, state_after


async def _wrong_tool(line: Line, dice: Random, stage: Stage) -> None:
    """A call to the wrong tool with an identifier that was told fails; then comes the right one."""
    for at, call in _shuffled(line, dice):
        told = [value for key, value in arguments(call).items() if is_identifier(key) and isinstance(value, str)]
        for spec in specs_of(line, stage):
            required: list[str] = list(spec.input_schema.get("required") or ())
            if (
                spec.name == call["function"]["name"]
                or len(required) != 1
                or not told
                or not is_identifier(required[0])
            ):
                continue
            world = await state_after(line, stage, at)
            try:
                reply = await world.call(spec.name, {required[0]: told[0]})
            finally:
                await world.aclose()
            if reply.is_error and '"not_found"' in reply.content:
                line["messages"][at:at] = new_call(line, spec.name, {required[0]: told[0]})
                return
    raise Skip


async def _mistype(line: Line, dice: Random, stage: Stage) -> None:
    """Two neighbours of an identifier change places, the tool refuses, and the assistant gives it as it was told."""
    for at, call in _shuffled(line, dice):
        given = arguments(call)
        for name, value in given.items():
            if isinstance(value, str) and is_identifier(name) and (typed := _neighbours_swapped(value, dice)):
                await _refused_before(line, stage, at, call["function"]["name"], given | {name: typed})
                return
    raise Skip


async def _forget_argument(line: Line, dice: Random, stage: Stage) -> None:
    """A required argument is left out, the tool refuses, and the assistant calls again with it."""
    for at, call in _shuffled(line, dice):
        given, schema = arguments(call), schema_of(line, call["function"]["name"])
        required = [name for name in schema.get("required") or () if name in given]
        if required:
            left_out = dice.choice(required)
            rest = {name: value for name, value in given.items() if name != left_out}
            await _refused_before(line, stage, at, call["function"]["name"], rest)
            return
    raise Skip


def _shuffled(line: Line, dice: Random) -> list[tuple[int, Line]]:
    found = singles(line)
    return dice.sample(found, len(found))


def _neighbours_swapped(value: str, dice: Random) -> str:
    """The value with two different neighbours of its second half exchanged; empty where all are alike."""
    spots = [n for n in range(len(value) // 2, len(value) - 1) if value[n] != value[n + 1]]
    if not spots:
        return ""
    spot = dice.choice(spots)
    return value[:spot] + value[spot + 1] + value[spot] + value[spot + 2 :]


async def _refused_before(line: Line, stage: Stage, at: int, tool: str, given: JsonObject) -> None:
    """Put a call before another. Raises Skip where the world does not refuse it."""
    world = await state_after(line, stage, at)
    try:
        reply = await world.call(tool, given)
    finally:
        await world.aclose()
    if not reply.is_error:
        raise Skip
    line["messages"][at:at] = new_call(line, tool, given)


MENDED: tuple[Fault, ...] = (
    Fault("a call of a wrong tool, then of the right one", (), live=_wrong_tool, played=True),
    Fault("a mistyped identifier, refused and put right", (), live=_mistype, played=True),
    Fault("a forgotten argument, refused and put right", (), live=_forget_argument, played=True),
)
