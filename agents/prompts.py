"""The prompts, as functions of exactly what each role may see."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence

import msgspec

from ..runtime.assignment import Assignment, BusinessCluster, Mode
from ..runtime.blueprint import Fact, Goal, Plan
from ..sandbox.tools import JsonObject, JsonValue, Snapshot, ToolSpec

VERSION = "1"
STOP = "[[STOP]]"
"""What the user agent says when every goal is met or declared impossible. Never part of a row."""

PLAN_FIRST = "Before your first tool call in a conversation, say in one short numbered list what you are going to do."
VERIFY = "After you have changed something, read it back with a tool and compare it before you answer."

STRUCTURE: dict[Mode, str] = {
    "direct": "Each goal is met by one tool call whose arguments the user tells.",
    "react": "One goal needs two tool calls, the second after seeing the reply of the first.",
    "chain": "One goal needs at least three calls, each using an identifier that the one before returned.",
    "parallel": "Two goals that do not depend on each other are raised together (`together`), so that they can be "
    "called in one breath; mark the second step `parallel`.",
    "branch": "One goal has a condition on a value that a first call returns; a later step carries `condition`.",
    "loop": "One goal repeats the same tool for at least three items; the fact's value is a list, each step takes one "
    "`item` of it.",
    "clarify": "The user leaves out one required fact at first (`reveal: asked`).",
    "recover": "The user first gives a wrong identifier (`slip`), so that the first call fails.",
    "verify": "One goal changes something and then reads it back with a second tool.",
    "plan": "One goal needs two tool calls; the assistant will be told to plan first.",
    "no_tool_needed": "One goal needs no tool at all (kind `no_tool_needed`): the answer stands in the conversation or "
    "in general knowledge; `answer` is the text it must contain.",
    "no_capable_tool": "One goal asks for something whose tool is in `withheld` (kind `no_capable_tool`), so that no "
    "tool at hand can do it.",
    "forbidden": "One goal asks for what `policy`, a rule in the assistant's instructions, forbids (kind `forbidden`).",
}
"""What each mode demands of the plan's structure."""

_BLUEPRINT = """You plan realistic conversations between a user and an assistant that has tools. Reply with one JSON \
object of the given schema and nothing else.

Rules:
- Goals are written in the user's words, as an imperative without tool names. Steps are the tool calls that meet them.
- Every argument has a source: told by the user (a fact of the same goal), produced by an earlier step (a dotted path \
into its reply, `*` for list elements, with `where` to choose one), or constant. Identifiers are never invented: they \
stand in the world below, or an earlier step returns them.
- Values are JSON text: a string is written with its quotes.
- The goals must not be met already, and the steps must work in the world as it stands.
- `reports` are values of a step's reply that the user wants to hear (an empty path asks for the first line of a \
plain text reply).
- Leave `withheld` and `policy` empty unless the structure asks for them."""


_USER_RULES = """Raise the goals below one after the other, in their order, in your own words; goals marked as raised \
together go into one message. Tell the facts of a goal when you raise it; a fact marked (only if asked) only when the \
assistant asks. Use no fact that is not listed. Never speak of tools or of these instructions."""


def blueprint_system() -> str:
    """Instructions to the blueprint agent's model."""
    return _BLUEPRINT


def blueprint_task(
    assignment: Assignment, cluster: BusinessCluster, tools: Sequence[ToolSpec], world: dict[str, Snapshot]
) -> str:
    """The order to the blueprint agent's model: what to plan, with which tools, in which world."""
    listed = [
        {
            "name": tool.name,
            "service": tool.service,
            "description": tool.description,
            "parameters": tool.input_schema,
            "returns": tool.output_schema,
            "read_only": tool.read_only,
        }
        for tool in tools
    ]
    edges = [{"from": f"{e.producer}: {e.path}", "to": f"{e.consumer}: {e.param}"} for e in cluster.edges]
    return "\n".join(
        (
            f"# Structure\nmode: {assignment.mode}\n{STRUCTURE[assignment.mode]}",
            f"number of goals: {max(assignment.goals, _least_goals(assignment.mode))}",
            f"# User\n{assignment.persona}",
            f"# Tools\n{_json(listed)}",
            f"# Dependencies\n{_json(edges)}",
            f"# World\n{_json(_excerpt(world))}",
        )
    )


def _least_goals(mode: Mode) -> int:
    return 2 if mode in ("parallel", "no_tool_needed") else 1


def blueprint_repair(problem: str) -> str:
    """The answer to a draft that does not hold."""
    return f"This plan does not hold: {problem}\nDraft another one that does."


def _excerpt(world: dict[str, Snapshot], limit: int = 240) -> JsonObject:
    """The world with long texts cut, so that the prompt stays small."""

    def cut(value: JsonValue) -> JsonValue:
        if isinstance(value, str) and len(value) > limit:
            return value[:limit] + "…"
        if isinstance(value, dict):
            return {key: cut(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [cut(inner) for inner in value]
        return value

    return {service: cut(tables) for service, tables in world.items()}


def instructions(mode: Mode, plan: Plan) -> tuple[str, ...]:
    """The lines of the assistant's system prompt that a mode or a policy needs. They stay in the row."""
    lines: list[str] = []
    if mode == "plan":
        lines.append(PLAN_FIRST)
    if mode == "verify":
        lines.append(VERIFY)
    if plan.policy:
        lines.append(plan.policy)
    return tuple(lines)


def assistant_system(domain: str, lines: Sequence[str]) -> str:
    """The assistant's system prompt: who it works for, and the rules."""
    business = domain.replace(" + ", " and ")
    head = (
        f"You are a helpful assistant for {business}. Use the tools to do what the user asks. Never invent an "
        "identifier: if one is missing, look it up or ask. When you are done, tell the user what came out."
    )
    return "\n".join((head, *lines))


def user_system(persona: str, style: str, goals: Sequence[Goal]) -> str:
    """The user agent's system prompt: persona, goals and facts; no tool, no plan."""
    parts = [
        f"You play a user who writes to an assistant. You are {persona}. Your style is {style}.",
        _USER_RULES,
        f"When the last goal has been met or the assistant has said that it cannot be met, reply with exactly {STOP}",
    ]
    parts += (_goal(number, goal) for number, goal in enumerate(goals, 1))
    return "\n".join(parts)


def _goal(number: int, goal: Goal) -> str:
    lines = [f"## Goal {number}" + (" (raised together with the one before)" if goal.together else "")]
    lines.append(f"You want: {goal.intent}")
    lines += (f"You want to hear: {report.label}" for report in goal.reports)
    lines += (_fact(fact) for fact in goal.facts)
    return "\n".join(lines)


def _fact(fact: Fact) -> str:
    if fact.slip:
        return f"- {fact.label}: {fact.slip} (a slip: once it cannot be found, you notice that it is {fact.value})"
    return f"- {fact.label}: {fact.value}" + (" (only if asked)" if fact.reveal == "asked" else "")


def user_opening() -> str:
    """The first line that the user agent's model answers."""
    return "(The conversation begins. Write your first message.)"


def _json(value: object) -> str:
    return "```json\n" + msgspec.json.encode(value).decode() + "\n```"


def digest() -> str:
    """Version and hash of everything above: it goes into the run's digest and into every row."""
    source = inspect.getsource(inspect.getmodule(digest) or digest)
    return f"{VERSION}-{hashlib.sha256(source.encode()).hexdigest()[:12]}"
