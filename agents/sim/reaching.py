"""Identifiers that nobody tells: the calls of a plan that lead to one, and what tells it from its neighbours."""

from __future__ import annotations

import msgspec

from ...runtime.blueprint import Produced, Source
from ...sandbox.facts import Param
from ...sandbox.tools import JsonObject, JsonValue
from .sketch import Sketch, Unfit
from .world import Planned


def reach(sketch: Sketch, param: Param, tool: Planned, anchor: JsonObject, depth: int) -> Source:
    """Where a tool's identifier comes from: `depth - 1` producers deep, the first one told by the user."""
    feeds = [f for f in sketch.order.feeds if f.consumer == tool.name and f.param == param.name]
    sketch.dice.shuffle(feeds)
    for feed in feeds if depth > 1 else ():
        producer = sketch.order.tools[feed.producer]
        mark = len(sketch.steps), dict(sketch.goals[-1].facts)
        try:
            return through(sketch, feed.path, producer, param, anchor, depth)
        except Unfit:
            del sketch.steps[mark[0] :]
            sketch.goals[-1].facts = mark[1]
    if depth > 1:
        raise Unfit(f"nothing produces {param.name}")
    value = sketch.records.joined(anchor).get(param.name)
    return sketch.goals[-1].tell(param.label, sketch.pointer(param, tool, value) if value is None else value)


def through(sketch: Sketch, path: str, producer: Planned, param: Param, anchor: JsonObject, depth: int) -> Source:
    """A call of the producer whose reply holds the identifier at `path`. Raises Unfit."""
    about = sketch.records.joined(anchor)
    fixed: dict[str, Source] = {}
    given: JsonObject = {}
    left = depth - 1
    for need in producer.tool.required:
        if about.get(need.name) is None:
            raise Unfit(f"{need.name} does not hang together with the rest")
        given[need.name] = about[need.name]
        if left > 1 and need.kind == "identifier":
            pointed = sketch.records.pointed(need.name, about[need.name])
            fixed[need.name] = reach(sketch, need, producer, pointed or about, left)
            left = 1
        else:
            fixed[need.name] = sketch.goals[-1].tell(need.label, about[need.name])
    if left > 1:
        raise Unfit("the chain ends too early")
    where = _discriminator(sketch, path, producer, param, anchor, given) if "*" in path else ""
    return Produced(sketch.step(producer, anchor, fixed=fixed), path, where)


def _discriminator(
    sketch: Sketch, path: str, producer: Planned, param: Param, anchor: JsonObject, given: JsonObject
) -> str:
    """What tells the wanted list entry from its peers; told to the user as a fact. Empty when it has no peers."""
    peers = sketch.records.peers(anchor, given)
    if len(peers) <= 1:
        return ""
    prefix = path.rsplit(".", 1)[0]
    beside = [leaf for leaf in producer.leaves if leaf.path.rsplit(".", 1)[0] == prefix and leaf.name != param.name]
    sketch.dice.shuffle(beside)
    for leaf in beside:
        value = anchor.get(leaf.name)
        if isinstance(value, str | int | float) and sum(p.get(leaf.name) == value for p in peers) == 1:
            sketch.goals[-1].tell(leaf.label, value)
            return _json({leaf.name: value})
    raise Unfit("nothing tells it from its peers")


def clashes(sketch: Sketch, goal: int) -> bool:
    """True when a goal tells a value for what another of its calls takes from a reply."""
    told = sketch.goals[goal].facts
    return any(
        isinstance(argument.source, Produced)
        and next(p.label for p in sketch.order.tools[step.tool].tool.params if p.name == argument.name) in told
        for step in sketch.steps
        if step.goal == goal
        for argument in step.arguments
    )


def _json(value: JsonValue) -> str:
    return msgspec.json.encode(value).decode()
