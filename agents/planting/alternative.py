"""Legitimate alternatives in what the assistant does: another road to the same outcome, really taken on the world."""

from __future__ import annotations

from random import Random

import msgspec

from ...sandbox.facts import is_identifier, leaf_values
from ...sandbox.tools import JsonObject, JsonValue, ToolSpec
from ..paths import decode
from ..said import says
from ..stage import Stage
from .fault import Fault, Skip
from .line import Line, answers, arguments, called, failed, goals, new_call, places, reply_of, set_arguments
from .playing import filled, leaves_before, specs_of, state_after


def singles(line: Line) -> list[tuple[int, JsonObject]]:
    """Calls that are alone in their message, answered without an error, with the next message."""
    found = [(at, call) for at, call in called(line) if len(line["messages"][at]["tool_calls"]) == 1]
    return [(at, call) for at, call in found if not failed(line, call)]


def _independent(line: Line, stage: Stage) -> list[int]:
    """Places of calls whose neighbour, two messages on, needs nothing of theirs; both only look."""
    reads = {spec.name for spec in specs_of(line, stage) if spec.read_only}
    alone = dict(singles(line))
    found: list[int] = []
    for at, call in alone.items():
        after = alone.get(at + 2)
        if after is None or not {call["function"]["name"], after["function"]["name"]} <= reads:
            continue
        before = "\n".join(m["content"] for m in line["messages"][:at] if m["role"] != "assistant").lower()
        values = [leaf for key, leaf in leaf_values(arguments(after)) if is_identifier(key.rpartition(".")[2])]
        if all(str(value).lower() in before for value in values) and call["function"] != after["function"]:
            found.append(at)
    return found


async def _reorder(line: Line, dice: Random, stage: Stage) -> None:
    spots = _independent(line, stage)
    if not spots:
        raise Skip
    at = dice.choice(spots)
    messages = line["messages"]
    messages[at : at + 4] = [*messages[at + 2 : at + 4], *messages[at : at + 2]]


async def _merge(line: Line, dice: Random, stage: Stage) -> None:
    spots = _independent(line, stage)
    if not spots:
        raise Skip
    at = dice.choice(spots)
    messages = line["messages"]
    messages[at]["tool_calls"] = [*messages[at]["tool_calls"], *messages[at + 2]["tool_calls"]]
    messages[at : at + 4] = [messages[at], messages[at + 1], messages[at + 3]]


async def _split(line: Line, dice: Random, _: Stage) -> None:
    spots = [at for at in places(line, "assistant") if len(line["messages"][at].get("tool_calls", ())) > 1]
    if not spots:
        raise Skip
    at = dice.choice(spots)
    message = line["messages"][at]
    apart: list[JsonObject] = []
    for call in message["tool_calls"]:
        apart += [{"role": "assistant", "content": "", "tool_calls": [call]}, reply_of(line, call)]
    line["messages"][at : at + 1 + len(message["tool_calls"])] = apart


async def _read_again(line: Line, dice: Random, stage: Stage) -> None:
    reads = {spec.name for spec in specs_of(line, stage) if spec.read_only}
    again = [(at, call) for at, call in singles(line) if call["function"]["name"] in reads]
    if not again:
        raise Skip
    at, call = dice.choice(again)
    line["messages"][at + 2 : at + 2] = new_call(line, call["function"]["name"], arguments(call))


async def _look_around(line: Line, dice: Random, stage: Stage) -> None:
    """An extra read with what is known."""
    calls = list(called(line))
    if not calls:
        raise Skip
    at = dice.choice(calls)[0]
    known = leaves_before(line, at)
    reads = [spec for spec in specs_of(line, stage) if spec.read_only]
    made = {call["function"]["name"] for _, call in calls}
    for spec in dice.sample(reads, len(reads)):
        given = filled(spec, known, dice)
        if spec.name not in made and given is not None:
            line["messages"][at:at] = new_call(line, spec.name, given)
            return
    raise Skip


async def _other_tool(line: Line, dice: Random, stage: Stage, *, lists: bool) -> None:
    """A read is replaced by another tool's that brings up the same; with `lists`, by one that lists or searches."""
    reads = [spec for spec in specs_of(line, stage) if spec.read_only]
    names = {spec.name for spec in reads}
    facts = [decode(fact["value"]) for goal in goals(line) for fact in goal["facts"]]
    items = {str(item) for fact in facts if isinstance(fact, list) for item in fact}  # each is to be looked at itself
    fitting = [(at, call) for at, call in singles(line) if call["function"]["name"] in names]
    spots = [(at, call) for at, call in fitting if not items & set(map(str, arguments(call).values()))]
    for at, call in dice.sample(spots, len(spots)):
        needed = _needed_later(line, at, str(reply_of(line, call)["content"]))
        for spec in reads:
            listing = spec.name.startswith(("list_", "search_", "find_"))
            if spec.name == call["function"]["name"] or listing != lists or not needed:
                continue
            given = await _brings_up(line, at, spec, needed, dice, stage)
            if given is not None:
                line["messages"][at : at + 2] = new_call(line, spec.name, given)
                return
    raise Skip


def _needed_later(line: Line, at: int, reply: str) -> list[JsonValue]:
    """What the rest of the row takes from a reply: facts to be told and identifiers for later calls."""
    before = "\n".join(m["content"] for m in line["messages"][:at] if m["role"] != "assistant").lower()
    values = [decode(expected["value"]) for expected in line["blueprint"]["expected"]]
    later = [arguments(call) for index, call in called(line) if index > at]
    values += [leaf for given in later for _, leaf in leaf_values(given)]
    told = " ".join(line["messages"][n]["content"] for n in answers(line) if n > at)
    values += [leaf for _, leaf in leaf_values(decode(reply)) if isinstance(leaf, str) and leaf in told]
    return [value for value in values if says(reply, value) and str(value).lower() not in before]


async def _brings_up(
    line: Line, at: int, spec: ToolSpec, needed: list[JsonValue], dice: Random, stage: Stage
) -> JsonObject | None:
    """Arguments with which a tool brings up all that is needed; None when it does not."""
    given = filled(spec, leaves_before(line, at) | _told(line, at), dice)
    if given is None:
        return None
    world = await state_after(line, stage, at)
    try:
        reply = await world.call(spec.name, given)
    finally:
        await world.aclose()
    return given if not reply.is_error and all(says(reply.content, value) for value in needed) else None


def _told(line: Line, at: int) -> dict[str, list[JsonValue]]:
    """{parameter: values} that the replaced call took."""
    return {
        name: [value] for index, call in called(line) if index == at for name, value in arguments(call).items() if value
    }


async def _list_instead(line: Line, dice: Random, stage: Stage) -> None:
    await _other_tool(line, dice, stage, lists=True)


async def _tool_with_same_effect(line: Line, dice: Random, stage: Stage) -> None:
    await _other_tool(line, dice, stage, lists=False)


async def _read_back(line: Line, dice: Random, stage: Stage) -> None:
    """After a write the assistant looks at what it wrote."""
    writes = {spec.name for spec in specs_of(line, stage) if not spec.read_only}
    gets = [spec for spec in specs_of(line, stage) if spec.read_only and spec.name.startswith("get_")]
    for at, call in singles(line):
        if call["function"]["name"] not in writes:
            continue
        known = leaves_before(line, at + 2)
        for spec in dice.sample(gets, len(gets)):
            given = filled(spec, known, dice)
            if given:
                line["messages"][at + 2 : at + 2] = new_call(line, spec.name, given)
                return
    raise Skip


async def _other_spacing(line: Line, _: Random, __: Stage) -> None:
    """The same arguments, written in another order and with spaces."""
    calls = [call for _, call in called(line) if len(arguments(call)) > 0]
    if not calls:
        raise Skip
    for call in calls:
        turned = dict(reversed(arguments(call).items()))
        call["function"]["arguments"] = msgspec.json.format(msgspec.json.encode(turned), indent=1).decode()


async def _say_default(line: Line, dice: Random, stage: Stage) -> None:
    """An optional argument is given with its default."""
    by_name = {spec.name: spec for spec in specs_of(line, stage)}
    options = [
        (call, name, schema["default"])
        for _, call in called(line)
        for name, schema in (by_name[call["function"]["name"]].input_schema.get("properties") or {}).items()
        if schema.get("default") is not None and name not in arguments(call)
    ]
    if not options:
        raise Skip
    call, name, value = dice.choice(options)
    set_arguments(call, arguments(call) | {name: value})


async def _think_aloud(line: Line, dice: Random, _: Stage) -> None:
    """A few words stand beside a call."""
    calls = list(called(line))
    if not calls:
        raise Skip
    words = ("Let me look that up.", "One moment, I am checking.", "I will take care of it right away.")
    line["messages"][dice.choice(calls)[0]]["content"] = dice.choice(words)


ROADS: tuple[Fault, ...] = (
    Fault("reads in another order", (), live=_reorder, played=True),
    Fault("calls merged into one message", (), live=_merge, played=True),
    Fault("parallel calls one after the other", (), live=_split, played=True),
    Fault("the same read once more", (), live=_read_again, played=True),
    Fault("an extra read", (), live=_look_around, played=True),
    Fault("a list or search instead of a look-up", (), live=_list_instead, played=True),
    Fault("another tool with the same effect", (), live=_tool_with_same_effect, played=True),
    Fault("a write is read back", (), live=_read_back, played=True),
    Fault("arguments in another order, with spaces", (), live=_other_spacing, played=True),
    Fault("a default that is said", (), live=_say_default, played=True),
    Fault("words beside a call", (), live=_think_aloud, played=True),
)
