"""A trajectory as a dialogue for the eye: who said what, what was called, what came back, and what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
from rich.segment import Segment
from rich.text import Text

from ..runtime.blueprint import Blueprint, Fact, Goal
from ..runtime.chat import AssistantMessage, ChatMessage, SystemMessage, ToolCall, ToolMessage, UserMessage
from ..runtime.row import Row
from .safe import one_line, safe

REPLY_LINES = 16
"""Lines of a tool reply that are shown unless all are asked for."""
NOT_WORTH_CUTTING = 3
"""Lines over that are shown all the same."""
REPLY_WIDTH = 160
"""Characters of one of these lines."""
SHORT_ID = 8

COLOURS = {"system": "magenta", "user": "green", "assistant": "cyan", "tool": "yellow"}


def render(row: Row, *, full: bool) -> RenderableType:
    """The whole trajectory; with `full`, tool replies are not cut."""
    parts: list[RenderableType] = [_header(row)]
    if row.blueprint is not None:
        parts.append(Margin(Text("\n").join(_plan(row.blueprint)), "│ ", "dim"))
    for message in row.messages:
        parts += [Text(), *_turn(message, full=full)]
    parts += [Text(), _verdict(row)]
    return Group(*parts)


def line_of(row: Row, position: int) -> Text:
    """The trajectory in one line."""
    measured = row.measurements
    text = Text(f"#{position:<5}{row.id[:SHORT_ID]}  ")
    text.append("accepted  " if row.verdict.accepted else "rejected  ", _verdict_colour(row))
    text.append(f"{measured.mode:<16}", "cyan")
    text.append(f"{measured.user_turns:>2} user turns {measured.tool_calls:>3} calls  ", "dim")
    text.append(safe(row.assignment.domain))
    if row.verdict.reasons:
        text.append(f"  {one_line(row.verdict.reasons[0])}", "red")
    return text


class Margin:
    """Text with a mark down its left side: blanks under a speaker, a line beside what is not part of the dialogue."""

    def __init__(self, text: Text, mark: str = "  ", style: str = "") -> None:
        self._text = text
        self._mark = mark
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See rich's protocol of renderables."""
        style = console.get_style(self._style)
        narrow = options.update(width=max(options.max_width - len(self._mark), 10))
        for line in console.render_lines(self._text, narrow, style=style, pad=False):
            yield Segment(self._mark, style)
            yield from line
            yield Segment.line()


def _header(row: Row) -> RenderableType:
    asked, realised = row.assignment.mode, row.measurements.mode
    title = Text(f"{row.id[:SHORT_ID]}  ", "bold")
    title.append(f"{safe(row.assignment.domain)} ({safe(row.assignment.sector)})", "default")
    facts = Text(f"mode {realised}" + ("" if asked == realised else f", asked for {asked}"))
    facts.append(f" · {row.measurements.tool_calls} tool calls · {row.measurements.user_turns} user turns · ")
    facts.append("accepted" if row.verdict.accepted else "rejected", _verdict_colour(row))
    if row.simulated:
        facts.append(" · simulated model", "bold yellow")
    return Group(Rule(title, align="left", style="dim"), facts)


def _plan(blueprint: Blueprint) -> Iterator[Text]:
    """What the user wants and knows, and what the answer must contain."""
    for number, goal in enumerate(blueprint.plan.goals):
        kind = "" if goal.kind == "act" else f" [{goal.kind}]"
        yield Text(f"goal {number + 1}{kind}: {one_line(goal.intent)}")
        yield from _known(goal)
        steps = [step.tool for step in blueprint.plan.steps if step.goal == number]
        if steps:
            yield Text(f"  plan: {one_line(' → '.join(steps))}")
        for expected in blueprint.expected:
            if expected.goal == number:
                yield Text(f"  must answer: {one_line(expected.label)} = {one_line(expected.value)}")
        if goal.answer:
            yield Text(f"  must answer: {one_line(goal.answer)}")
    if blueprint.plan.policy:
        yield Text(f"rule: {one_line(blueprint.plan.policy)}")
    if blueprint.plan.withheld:
        yield Text(f"tools withheld: {one_line(', '.join(blueprint.plan.withheld))}")


def _known(goal: Goal) -> Iterator[Text]:
    for fact in goal.facts:
        yield Text(f"  knows: {one_line(fact.label)} = {one_line(fact.value)}{_manner(fact)}")


def _manner(fact: Fact) -> str:
    """How the user deals with a fact, when it is not simply told."""
    asked = ["told when asked"] if fact.reveal == "asked" else []
    slip = [f"first says {one_line(fact.slip)}"] if fact.slip else []
    return f" ({', '.join(asked + slip)})" if asked or slip else ""


def _turn(message: ChatMessage, *, full: bool) -> Iterator[RenderableType]:
    match message:
        case SystemMessage():
            yield from _speech("system", message.content)
        case UserMessage():
            yield from _speech("user", message.content)
        case AssistantMessage():
            if message.reasoning:
                yield Margin(Text(safe(message.reasoning), "dim italic"))
            if message.content or not message.calls:
                yield from _speech("assistant", message.content)
            elif message.calls:
                yield Text("assistant", _bold("assistant"))
            for call in message.calls:
                yield Margin(_call(call))
        case ToolMessage():
            yield Text("tool ", _bold("tool")).append(safe(message.name), "yellow")
            yield Margin(_reply(message.content, full=full))


def _speech(role: str, content: str) -> Iterator[RenderableType]:
    yield Text(role, _bold(role))
    yield Margin(Text(safe(content) or "(nothing)"))


def _call(call: ToolCall) -> Text:
    """`name(argument=value, …)`, or the raw text where the model wrote no object."""
    text = Text("→ ", "cyan").append(safe(call.function.name), "bold")
    try:
        arguments: object = json.loads(call.function.arguments)
    except ValueError:
        return text.append(f"({one_line(call.function.arguments)})").append("  not JSON", "red")
    if not isinstance(arguments, dict):
        return text.append(f"({one_line(call.function.arguments)})").append("  not an object", "red")
    pairs = cast("dict[str, object]", arguments)
    return text.append(f"({', '.join(f'{safe(name)}={_value(value)}' for name, value in pairs.items())})")


def _reply(content: str, *, full: bool) -> Text:
    """The reply, indented when it is JSON, cut visibly unless all of it is wanted."""
    try:
        lines = json.dumps(json.loads(content), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        lines = content.splitlines() or [""]
    lines = [safe(line) for line in lines]
    if full:
        return Text("\n".join(lines))
    kept = lines if len(lines) <= REPLY_LINES + NOT_WORTH_CUTTING else lines[:REPLY_LINES]
    shown = [line if len(line) <= REPLY_WIDTH else f"{line[:REPLY_WIDTH]}…" for line in kept]
    text = Text("\n".join(shown))
    if len(kept) < len(lines):
        text.append(f"\n… {len(lines) - len(kept)} more lines (--full shows all)", "dim")
    elif shown != lines:
        text.append("\n… long lines are cut (--full shows all)", "dim")
    return text


def _verdict(row: Row) -> RenderableType:
    if row.verdict.accepted:
        scores = row.verdict.scores
        return Text(f"accepted · conformance {scores.conformance:.2f} · efficiency {scores.efficiency:.2f}", "green")
    return Text("rejected: ", "bold red").append("; ".join(map(one_line, row.verdict.reasons)), "red")


def _verdict_colour(row: Row) -> str:
    return "green" if row.verdict.accepted else "red"


def _bold(role: str) -> str:
    return f"bold {COLOURS[role]}"


def _value(value: object) -> str:
    return safe(json.dumps(value, ensure_ascii=False))
