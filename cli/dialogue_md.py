"""A trajectory as Markdown, for a person who judges it: what was wanted, what was said, and no verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..runtime.blueprint import Blueprint
from ..runtime.chat import AssistantMessage, ChatMessage, ToolMessage
from ..runtime.row import Row
from .safe import one_line, safe

REPLY_LINES = 60
"""Lines of a tool reply that are shown."""


def markdown(row: Row, title: str) -> str:
    """One section. Texts stand in fences, so that nothing in them is taken for Markdown."""
    parts = [f"## {title}", f"id `{row.id}` · asked for: {row.assignment.mode}, {row.assignment.goals} goals"]
    if row.assignment.perturbation != "none":
        parts.append(f"perturbation: {row.assignment.perturbation}")
    if row.blueprint is not None:
        parts.append("\n".join(_wanted(row.blueprint)))
    parts += (_said(message) for message in row.messages)
    return "\n\n".join(parts) + "\n"


def _wanted(blueprint: Blueprint) -> Iterator[str]:
    for number, goal in enumerate(blueprint.plan.goals, start=1):
        kind = "" if goal.kind == "act" else f" ({goal.kind})"
        yield f"- goal {number}{kind}: {_code(goal.intent)}"
        for fact in goal.facts:
            manner = [f"first says {one_line(fact.slip)}"] if fact.slip else []
            manner += ["told when asked"] if fact.reveal == "asked" else []
            note = f" ({', '.join(manner)})" if manner else ""
            yield f"  - knows {_code(f'{fact.label} = {fact.value}')}{note}"
        for expected in blueprint.expected:
            if expected.goal == number - 1:
                yield f"  - must be told {_code(f'{expected.label} = {expected.value}')}"
        if goal.answer:
            yield f"  - must be told {_code(goal.answer)}"
    for index in blueprint.executed:
        step = blueprint.plan.steps[index]
        yield f"- step for goal {step.goal + 1}: {_code(step.tool)}"
    if blueprint.plan.policy:
        yield f"- rule: {_code(blueprint.plan.policy)}"
    if blueprint.plan.withheld:
        yield f"- tools withheld: {_code(', '.join(blueprint.plan.withheld))}"
    if blueprint.plan.disturbances:
        yield f"- the world: {_code(repr(blueprint.plan.disturbances))}"
    yield f"- the world should have changed by {_code(blueprint.changes)}"


def _said(message: ChatMessage) -> str:
    if isinstance(message, ToolMessage):
        return f"**tool** {_code(message.name)}\n\n{_fence(_pretty(message.content))}"
    if isinstance(message, AssistantMessage) and message.calls:
        calls = "\n".join(f"→ {call.function.name}({call.function.arguments})" for call in message.calls)
        text = f"{message.content}\n{calls}".strip()
        return f"**assistant**\n\n{_fence(text)}"
    role = type(message).__name__.removesuffix("Message").lower()
    return f"**{role}**\n\n{_fence(message.content or '(nothing)')}"


def _pretty(content: str) -> str:
    try:
        text = json.dumps(json.loads(content), indent=1, ensure_ascii=False)
    except ValueError:
        text = content
    lines = text.splitlines()
    if len(lines) > REPLY_LINES:
        lines = [*lines[:REPLY_LINES], f"… {len(lines) - REPLY_LINES} more lines"]
    return "\n".join(lines)


def _fence(text: str) -> str:
    """A block that no run of backticks inside can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{safe(text)}\n{fence}"


def _code(text: str) -> str:
    line = one_line(text)
    return f"``{line}``" if "`" in line else f"`{line}`"
