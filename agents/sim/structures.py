"""The structures a plan can be asked for, one function per reasoning mode; each adds its goal or goals to a sketch."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from ...runtime.blueprint import Condition, GoalKind, Produced, Report, Source, Told
from ...sandbox.facts import Leaf, snake
from .reaching import clashes, reach
from .sketch import OpenGoal, Sketch, Unfit
from .speech import say_value
from .words import ToolIndex
from .world import Planned

STARTS = 4
"""Records tried for one tool before the next one."""


def filler(sketch: Sketch) -> None:
    """A plain goal: one call, everything told."""
    direct(sketch, sketch.pick(read_only=True if sketch.dice.random() < 0.6 else None))


def direct(sketch: Sketch, tool: Planned, *, together: bool = False) -> int:
    """A goal of one call of this tool, everything told. Returns the step's index."""
    sketch.goal(tool.intent, together=together)
    step = sketch.step(tool, sketch.anchor(tool), parallel=together)
    sketch.report(tool, step)
    return step


def react(sketch: Sketch) -> None:
    """A look-up, then the act."""
    _chain(sketch, 2)


def chain(sketch: Sketch) -> None:
    """Two look-ups, then the act."""
    _chain(sketch, 3)


def _chain(sketch: Sketch, depth: int) -> None:
    """The first tool, in random order, that some record can be reached for at this depth."""
    for tool in sketch.all_pointed():
        for _ in range(STARTS):
            mark = len(sketch.goals), len(sketch.steps)
            try:
                _chain_to(sketch, tool, depth)
            except Unfit:
                del sketch.goals[mark[0] :]
                del sketch.steps[mark[1] :]
            else:
                return
    raise Unfit("nothing can be reached that way")


def _chain_to(sketch: Sketch, tool: Planned, depth: int) -> None:
    pointers = [param for param in tool.ids if param.name.endswith("_id")]
    if not pointers:
        raise Unfit("people know such a value, they do not look it up")
    first = pointers[0]
    sketch.goal(tool.intent)
    anchor = sketch.anchor(tool, first)
    if anchor.get(first.name) is None:
        raise Unfit("the record does not say")
    step = sketch.step(tool, anchor, fixed={first.name: reach(sketch, first, tool, anchor, depth)})
    made = [step.tool for step in sketch.steps if step.goal == len(sketch.goals) - 1]
    wanted = msgspec.json.encode(anchor[first.name]).decode()
    if len(set(made)) < len(made) or any(fact.value == wanted for fact in sketch.goals[-1].facts.values()):
        raise Unfit("it goes in a circle")
    if clashes(sketch, len(sketch.goals) - 1):
        raise Unfit("what the user tells would be taken for what is to be looked up")
    sketch.report(tool, step)


def parallel(sketch: Sketch) -> None:
    """Two reads that have nothing to do with each other, raised together."""
    first = sketch.pick(read_only=True)
    direct(sketch, first)
    second = sketch.pick(read_only=True)
    if second.name == first.name:
        raise Unfit("twice the same")
    direct(sketch, second, together=True)


def branch(sketch: Sketch) -> None:
    """A read whose status decides whether something is changed."""
    sketch.only_look(read_only=False)
    reader = sketch.pick(read_only=True, pointed=True)
    state = state_of(sketch, reader)
    key = reader.ids[0]
    writers = [
        tool for tool in sketch.order.speakable if not tool.read_only and key.name in {param.name for param in tool.ids}
    ]
    anchor = sketch.anchor(reader)
    if not writers or anchor.get(state.name) is None:
        raise Unfit("nothing to decide")
    writer = sketch.dice.choice(writers)
    others = [value for value in state.schema["enum"] if value not in (anchor[state.name], None)]
    taken = sketch.dice.random() < 0.65 or not others
    value = anchor[state.name] if taken else sketch.dice.choice(others)
    intent = (
        f"{reader.intent}; if the {state.label} is {say_value(value)}, {writer.intent}; "
        f"otherwise, just tell me the {state.label}"
    )
    sketch.goal(intent)
    read = sketch.step(reader, anchor)
    told = sketch.goals[-1].tell(key.label, anchor[key.name])
    text = msgspec.json.encode(value).decode()
    sketch.step(writer, anchor, fixed={key.name: told}, condition=Condition(read, state.path, text))
    sketch.goals[-1].reports.append(Report(read, state.path, state.label))


def state_of(sketch: Sketch, reader: Planned) -> Leaf:
    """A status in a read's reply. Raises Unfit when there is none."""
    states = [
        leaf for leaf in reader.leaves if leaf.kind == "enum" and "*" not in leaf.path and leaf.schema.get("enum")
    ]
    if not states:
        raise Unfit("no status to look at")
    return sketch.dice.choice(states)


def loop(sketch: Sketch) -> None:
    """One tool, three or four times."""
    tool = sketch.pick(read_only=True if sketch.dice.random() < 0.75 else None, pointed=True)
    key = tool.ids[0]
    found = [record[key.name] for record in sketch.records.anchors(key, tool.service, tool.name)]
    values = list(dict.fromkeys(value for value in found if isinstance(value, str)))[: sketch.dice.choice((3, 3, 4))]
    if len(values) < 3:
        raise Unfit("not enough to go through")
    goal = sketch.goal(f"{tool.intent}, for each of these")
    label = key.label + ("es" if key.label.endswith("s") else "s")
    goal.tell(label, values)
    anchor = sketch.anchor(tool)
    steps = [sketch.step(tool, anchor, fixed={key.name: Told(label, item)}) for item in range(len(values))]
    sketch.report_each(tool, steps)


def clarify(sketch: Sketch) -> None:
    """The user leaves something out."""
    tool = sketch.pick()
    needed = [param.label for param in tool.tool.required]
    if not needed:
        raise Unfit("nothing to leave out")
    direct(sketch, tool)
    goal = sketch.goals[-1]
    label = sketch.dice.choice(needed)
    if label not in goal.facts or would_be_found(sketch, tool, label) or given_away(goal, label):
        raise Unfit("nobody would have to ask")
    goal.facts[label] = msgspec.structs.replace(goal.facts[label], reveal="asked")


def would_be_found(sketch: Sketch, tool: Planned, label: str) -> bool:
    """True when a helpful assistant would look the value up instead of asking."""
    param = next(param for param in tool.tool.required if param.label == label)
    return any(feed.consumer == tool.name and feed.param == param.name for feed in sketch.order.feeds)


def given_away(goal: OpenGoal, label: str) -> bool:
    """True when what a fact says stands in the wish or in another fact, too."""
    value = say_value(msgspec.json.decode(goal.facts[label].value)).strip('"').lower()
    others = [
        text for other, fact in goal.facts.items() if other != label for text in (other, fact.value, fact.at_first)
    ]
    heard = [report.label for report in goal.reports]
    return any(value in text.lower() for text in (goal.intent, *others, *heard))


def recover(sketch: Sketch) -> None:
    """The user gets an identifier wrong."""
    tool = sketch.pick(read_only=True if sketch.dice.random() < 0.6 else None, pointed=True)
    key = tool.ids[0]
    anchor = sketch.anchor(tool)
    value = anchor.get(key.name)
    if not isinstance(value, str):
        raise Unfit("nothing to get wrong")
    goal = sketch.goal(tool.intent)
    told: Source = goal.tell(key.label, value, slip=_slip(sketch, value))
    sketch.report(tool, sketch.step(tool, anchor, fixed={key.name: told}))


def _slip(sketch: Sketch, value: str) -> str:
    """The value with one character that a person could get wrong."""
    stem, dot, ending = value.partition(".") if "/" in value else (value, "", "")
    if "@" in value:  # the host stays a reserved one
        stem, dot, ending = value.partition("@")
    spots = [match.start() for match in re.finditer(r"[0-9A-Za-z]", stem)][-2 if stem.startswith("+") else -4 :]
    for _ in range(8):
        spot = sketch.dice.choice(spots)
        old = stem[spot]
        letters = "0123456789" if old.isdigit() else "abcdefghkmnprstuvwxyz"
        new = sketch.dice.choice(letters.upper() if old.isupper() else letters)
        wrong = stem[:spot] + new + stem[spot + 1 :] + dot + ending
        if not sketch.records.holds(wrong):
            return wrong
    raise Unfit("every slip hits something")


def verify(sketch: Sketch) -> None:
    """A change, read back."""
    tool = sketch.pick(read_only=False)
    fields = {param.name for param in tool.tool.params} | {leaf.name for leaf in tool.leaves}
    own = next((leaf.name for leaf in tool.leaves if leaf.kind == "identifier"), "")  # a reply begins with its own
    readers = [
        reader
        for reader in sketch.order.tools.values()
        if reader.read_only
        and reader.ids
        and snake(reader.name).split("_")[0] in ("get", "read", "show")
        and {param.name for param in reader.tool.required} <= fields
        and own in ("", reader.ids[0].name)
    ]
    if not readers:
        raise Unfit("nothing to read it back with")
    step = direct(sketch, tool)
    taken = {argument.name: argument.source for argument in sketch.steps[step].arguments}
    reader = sketch.dice.choice(readers)
    fixed = {param.name: taken.get(param.name) or _made(tool, step, param.name) for param in reader.ids}
    sketch.step(reader, {}, fixed=fixed)


def _made(tool: Planned, step: int, key: str) -> Source:
    path = next((leaf.path for leaf in tool.leaves if leaf.name == key and "*" not in leaf.path), None)
    if path is None:
        raise Unfit(f"{key} is not in the reply")
    return Produced(step, path)


def plan(sketch: Sketch) -> None:
    """A goal of two calls, or one where nothing chains; the assistant is told to plan first."""
    if sketch.order.feeds and sketch.dice.random() < 0.8:
        react(sketch)
    else:
        filler(sketch)


def no_tool_needed(sketch: Sketch) -> None:
    """A question that the conversation or plain arithmetic answers."""
    told = [fact for goal in sketch.goals for fact in goal.facts.values() if not fact.slip and not fact.at_first]
    values = {label: {fact.value for fact in told if fact.label == label} for label in {fact.label for fact in told}}
    texts = [
        fact
        for fact in told
        if isinstance(msgspec.json.decode(fact.value), str) and len(fact.value) < 40 and len(values[fact.label]) == 1
    ]
    if texts and sketch.dice.random() < 0.5:
        fact = sketch.dice.choice(texts)
        sketch.goal(
            f"remind me which {fact.label} I gave you",
            kind="no_tool_needed",
            answer=str(msgspec.json.decode(fact.value)),
        )
        return
    a, b = sketch.dice.randint(6, 48), sketch.dice.randint(11, 99)
    if sketch.dice.random() < 0.5:
        sketch.goal(f"work out what {a} times {b} is", kind="no_tool_needed", answer=str(a * b))
    else:
        a = 5 * (a // 5 + 1)
        b = 20 * b
        sketch.goal(f"work out how much {a} percent of {b} is", kind="no_tool_needed", answer=f"{a * b / 100:g}")


def no_capable_tool(sketch: Sketch) -> None:
    """Something whose tool is not there."""
    tool = sketch.pick()
    if any(step.tool == tool.name for step in sketch.steps) or len(sketch.order.tools) < 2:
        raise Unfit("that tool is in use")
    rest = ToolIndex([other.tool for name, other in sketch.order.tools.items() if name != tool.name])
    if rest.choose(tool.intent) is not None:
        raise Unfit("another tool sounds as if it could do that")
    _refused(sketch, tool, "no_capable_tool")
    sketch.withheld.append(tool.name)


def forbidden(sketch: Sketch) -> None:
    """Something that the rules forbid."""
    tool = sketch.pick(read_only=False) if any(not t.read_only for t in sketch.order.speakable) else sketch.pick()
    if any(step.tool == tool.name for step in sketch.steps):
        raise Unfit("that tool is in use")
    _refused(sketch, tool, "forbidden")
    sketch.policy = f"Do not {tool.intent}, whoever asks; say that it is not allowed."
    sketch.barred.append(tool.name)


def _refused(sketch: Sketch, tool: Planned, kind: GoalKind) -> None:
    """A goal with its facts, but without a step."""
    goal = sketch.goal(tool.intent, kind=kind)
    anchor = sketch.anchor(tool)
    for param in tool.tool.required:
        value = sketch.value(param, tool, anchor)
        if value is not None:
            goal.tell(param.label, value)


STRUCTURES: dict[str, Callable[[Sketch], None]] = {
    "direct": filler,
    "react": react,
    "chain": chain,
    "parallel": parallel,
    "branch": branch,
    "loop": loop,
    "clarify": clarify,
    "recover": recover,
    "verify": verify,
    "plan": plan,
    "no_tool_needed": no_tool_needed,
    "no_capable_tool": no_capable_tool,
    "forbidden": forbidden,
}
