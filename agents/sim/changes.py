"""The perturbations that a plan can be asked for, one function each; it changes a sketch or adds goals to it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ...runtime.blueprint import Condition, Disturbance, Produced, Report, Source
from ...sandbox.facts import Param, is_once, snake
from ...sandbox.tools import JsonObject, JsonValue
from .reaching import through
from .sketch import OpenGoal, Sketch, Unfit
from .speech import say_value
from .structures import clarify, direct, filler, given_away, no_capable_tool, state_of, would_be_found
from .world import Feed, Planned

OFF_TOPIC = (
    "tell me a joke",
    "recommend a film for tonight",
    "guess who will win the match on Saturday",
    "write a short poem about the rain",
    "explain how sourdough bread is baked",
    "say what you think of the new mayor",
    "name a good book for a long train ride",
    "tell me what the weather on Mars is like",
)
AGAIN = frozenset("change edit move rename reschedule reassign set update assign correct adjust".split())
"""Verbs of what can be done twice."""
PAGE_SIZES = (2, 3)
FURTHEST_PAGE = 3


def tool_error(sketch: Sketch) -> None:
    """A tool that fails once or twice, or one that stays out of order."""
    if sketch.dice.random() < 0.3:
        _blocked(sketch, "error")
        return
    if not sketch.steps:
        filler(sketch)
    step = sketch.dice.choice([step for step in sketch.steps if step.condition is None])
    sketch.disturbances.append(Disturbance("error", step.tool, times=sketch.dice.choice((1, 1, 2))))


def permission_denied(sketch: Sketch) -> None:
    """A tool that the assistant may not use."""
    _blocked(sketch, "denied")


def _blocked(sketch: Sketch, kind: str) -> None:
    """A goal whose only call is refused for good."""
    tool = sketch.pick(read_only=False if sketch.dice.random() < 0.85 else None)
    if any(step.tool == tool.name for step in sketch.steps):
        raise Unfit("that tool has to work")
    sketch.goal(tool.intent, kind="blocked")
    step = sketch.step(tool, sketch.anchor(tool))
    sketch.steps[step] = msgspec.structs.replace(sketch.steps[step], fails=True)
    sketch.disturbances.append(Disturbance("denied" if kind == "denied" else "error", tool.name))
    sketch.barred.append(tool.name)


def missing_parameter(sketch: Sketch) -> None:
    """A fact of a plain goal that the user leaves out, or a goal more with such a fact."""
    open_goals = [number for number, goal in enumerate(sketch.goals) if _plain(sketch, number, goal)]
    sketch.dice.shuffle(open_goals)
    for number in open_goals:
        step = next(step for step in sketch.steps if step.goal == number)
        if _leave_out(sketch, sketch.goals[number], sketch.order.tools[step.tool]):
            return
    clarify(sketch)


def _plain(sketch: Sketch, number: int, goal: OpenGoal) -> bool:
    """True for a goal of one unconditional step whose facts are all right and told."""
    steps = [step for step in sketch.steps if step.goal == number]
    told = all(fact.reveal == "upfront" and not fact.slip for fact in goal.facts.values())
    return goal.kind == "act" and len(steps) == 1 and steps[0].condition is None and told and not goal.revises


def _leave_out(sketch: Sketch, goal: OpenGoal, tool: Planned) -> str:
    """Make one fact that nobody can look up wait for a question; its label, empty when there is none."""
    told = [param.label for param in tool.tool.required if param.label in goal.facts]
    labels = [label for label in told if not would_be_found(sketch, tool, label) and not given_away(goal, label)]
    if not labels:
        return ""
    label = sketch.dice.choice(labels)
    goal.facts[label] = msgspec.structs.replace(goal.facts[label], reveal="asked")
    return label


def changed_mind(sketch: Sketch) -> None:
    """A user who wants it otherwise, before anything was done or afterwards."""
    if sketch.dice.random() < 0.5:
        _before(sketch)
    else:
        _afterwards(sketch)


def _before(sketch: Sketch) -> None:
    """One fact is asked for, and with the answer another one is taken back."""
    tool = sketch.pick()
    direct(sketch, tool)
    goal = sketch.goals[-1]
    left_out = _leave_out(sketch, goal, tool)
    params = [p for p in tool.tool.params if p.label in goal.facts and p.label != left_out]
    if not left_out or not params:
        raise Unfit("nothing to ask for or to take back")
    param = sketch.dice.choice(params)
    fact = goal.facts[param.label]
    other = _otherwise(sketch, tool, param, msgspec.json.decode(fact.value))
    goal.facts[param.label] = msgspec.structs.replace(fact, at_first=_json(other))
    if given_away(goal, left_out):
        raise Unfit("it is said before it is asked for")


def _afterwards(sketch: Sketch) -> None:
    """The same again with one thing changed, right after the first was done."""
    tool = sketch.pick(read_only=True if sketch.dice.random() < 0.4 else None)
    verbs = set(snake(tool.name).split("_"))
    if not tool.read_only and not verbs & AGAIN:
        raise Unfit("that cannot be done twice")
    direct(sketch, tool)
    first = sketch.goals[-1]
    params = {p.name: p for p in tool.tool.params if p.label in first.facts}
    free = [p for p in params.values() if (p.kind == "identifier") == (tool.read_only and bool(tool.ids))]
    if not free:
        raise Unfit("nothing to want otherwise")
    changed = sketch.dice.choice(free)
    goal = sketch.goal(tool.intent, revises=True)
    fixed: dict[str, Source] = {}
    for name, param in params.items():
        value = msgspec.json.decode(first.facts[param.label].value)
        fixed[name] = goal.tell(param.label, _otherwise(sketch, tool, param, value) if param == changed else value)
    sketch.report(tool, sketch.step(tool, {}, fixed=fixed))


def _otherwise(sketch: Sketch, tool: Planned, param: Param, value: JsonValue) -> JsonValue:
    """Another value for a parameter. Raises Unfit when none comes up."""
    for _ in range(6):
        anchor = sketch.anchor(tool) if param.kind == "identifier" else {}
        other = sketch.value(param, tool, anchor)
        if other is not None and other != value:
            return other
    raise Unfit(f"no other value for {param.name}")


def irrelevant_request(sketch: Sketch) -> None:
    """A passing question that has nothing to do with the tools."""
    sketch.goal(sketch.dice.choice(OFF_TOPIC), kind="off_topic")


def capable_tool_withheld(sketch: Sketch) -> None:
    """A wish whose tool is taken away."""
    no_capable_tool(sketch)


def ambiguous_entity(sketch: Sketch) -> None:
    """Entries of a list that fit what the user tells, and a fact that tells them apart when asked for."""
    sketch.try_often(_ambiguous)


def _ambiguous(sketch: Sketch) -> None:
    feed, producer, consumer = _listing(sketch)
    if not producer.tool.required:
        raise Unfit("the user would tell nothing that fits several")
    goal = sketch.goal(consumer.intent)
    anchor = sketch.anchor(consumer)
    source = through(sketch, feed.path, producer, _param(consumer, feed), anchor, 2)
    apart = _apart(goal, source)
    if apart == "":
        raise Unfit("there is only one")
    goal.facts[apart] = msgspec.structs.replace(goal.facts[apart], reveal="asked")
    sketch.report(consumer, sketch.step(consumer, anchor, fixed={feed.param: source}))


def _listing(sketch: Sketch, *, paged: bool = False) -> tuple[Feed, Planned, Planned]:
    """A list whose entries another tool that the user can ask for needs."""
    able = {tool.name: tool for tool in sketch.order.speakable if tool.name not in (*sketch.withheld, *sketch.barred)}
    feeds = [
        feed
        for feed in sketch.order.feeds
        if "*" in feed.path
        and feed.consumer in able
        and not sketch.asked(able[feed.consumer].intent)
        and feed.param == (able[feed.consumer].ids or [_NOBODY])[0].name
        and (not paged or _takes_pages(sketch.order.tools[feed.producer]))
    ]
    if not feeds:
        raise Unfit("no such list")
    feed = sketch.dice.choice(feeds)
    return feed, sketch.order.tools[feed.producer], able[feed.consumer]


_NOBODY = Param("", "", "text", required=False, schema={})


def _param(tool: Planned, feed: Feed) -> Param:
    return next(param for param in tool.ids if param.name == feed.param)


def _apart(goal: OpenGoal, source: Source) -> str:
    """The label of the fact that chooses the list entry; empty when nothing has to."""
    if not isinstance(source, Produced) or not source.where:
        return ""
    chosen = {_json(value) for value in msgspec.json.decode(source.where).values()}
    return next((label for label, fact in goal.facts.items() if fact.value in chosen), "")


def _takes_pages(tool: Planned) -> bool:
    return {"limit", "cursor"} <= {param.name for param in tool.tool.params}


def long_paged_list(sketch: Sketch) -> None:
    """An entry that stands on a later page of a list."""
    sketch.try_often(_paged)


def _paged(sketch: Sketch) -> None:
    feed, producer, consumer = _listing(sketch, paged=True)
    if any(step.tool == producer.name for step in sketch.steps):
        raise Unfit("that list is in use")
    goal = sketch.goal(consumer.intent)
    anchor = sketch.anchor(consumer)
    begun = len(sketch.steps)
    source = through(sketch, feed.path, producer, _param(consumer, feed), anchor, 2)
    if not isinstance(source, Produced) or len(sketch.steps) != begun + 1 or not _apart(goal, source):
        raise Unfit("one page is enough")
    size = sketch.dice.choice(PAGE_SIZES)
    given = {name: value for name, value in sketch.told_of(sketch.steps[-1]).items() if name in anchor}
    peers = sketch.records.peers(anchor, given)
    if sketch.dice.random() < 0.5:
        peers.reverse()  # nothing says in which order the list comes: the dry run will show
    pages = next((n for n, peer in enumerate(peers) if peer is anchor), 0) // size
    if not 1 <= pages < FURTHEST_PAGE:
        raise Unfit("it stands on another page")
    first = sketch.steps[-1]
    fixed: dict[str, Source] = {argument.name: argument.source for argument in first.arguments}
    for page in range(pages):
        sketch.step(producer, anchor, fixed=fixed | {"cursor": Produced(begun + page, "next_cursor")})
    sketch.disturbances.append(Disturbance("pages", producer.name, times=size))
    sketch.barred.append(producer.name)
    last = msgspec.structs.replace(source, step=begun + pages)
    sketch.report(consumer, sketch.step(consumer, anchor, fixed={feed.param: last}))


def stale_read(sketch: Sketch) -> None:
    """A state that somebody else changes after it was read, so that the change the user wants is refused."""
    sketch.only_look(read_only=False)
    sketch.try_often(_stale)


def _stale(sketch: Sketch) -> None:
    reader = sketch.pick(read_only=True, pointed=True)
    state = state_of(sketch, reader)
    key = reader.ids[0]
    writers = [tool for tool in sketch.order.speakable if _only_once(tool, key) and tool.name not in sketch.barred]
    anchor = _under_way(sketch, reader)
    if not writers or not isinstance(anchor.get(state.name), str):
        raise Unfit("nothing that somebody else could do")
    if any(step.tool == reader.name for step in sketch.steps):
        raise Unfit("somebody else would act too early")
    writer = sketch.dice.choice(writers)
    value = say_value(anchor[state.name])
    goal = sketch.goal(
        f"{reader.intent}; if the {state.label} is {value}, {writer.intent}; otherwise, just tell me the {state.label}",
        kind="blocked",
    )
    read = sketch.step(reader, anchor)
    told: dict[str, Source] = {key.name: goal.tell(key.label, anchor[key.name])}
    condition = Condition(read, state.path, _json(anchor[state.name]))
    write = sketch.step(writer, anchor, fixed=told, condition=condition)
    sketch.steps[write] = msgspec.structs.replace(sketch.steps[write], fails=True)
    again = sketch.step(reader, anchor, fixed={a.name: a.source for a in sketch.steps[read].arguments})
    arguments = _json(sketch.told_of(sketch.steps[write]))
    sketch.disturbances.append(Disturbance("meddling", reader.name, other=writer.name, arguments=arguments))
    sketch.barred += [reader.name, writer.name]
    goal.reports.append(Report(again, state.path, state.label))


def _only_once(tool: Planned, key: Param) -> bool:
    return not tool.read_only and is_once(tool.name) and key.name in {param.name for param in tool.ids}


def _under_way(sketch: Sketch, reader: Planned) -> JsonObject:
    """A record that can still be changed, where there is one."""
    found = sketch.records.anchors(reader.ids[0], reader.service, reader.name)
    return next((record for record in found if sketch.is_under_way(record)), found[0] if found else {})


def _json(value: JsonValue) -> str:
    return msgspec.json.encode(value).decode()


EARLY = frozenset({"ambiguous_entity", "long_paged_list", "stale_read", "permission_denied"})
"""Those that may come before what the mode asks for."""
CHANGES: dict[str, Callable[[Sketch], None]] = {
    "tool_error": tool_error,
    "missing_parameter": missing_parameter,
    "changed_mind": changed_mind,
    "irrelevant_request": irrelevant_request,
    "capable_tool_withheld": capable_tool_withheld,
    "permission_denied": permission_denied,
    "ambiguous_entity": ambiguous_entity,
    "long_paged_list": long_paged_list,
    "stale_read": stale_read,
}
