"""The prompts, as functions of exactly what each role may see. Their wording stands in `prompt_texts.py`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import msgspec

from ..runtime.assignment import Assignment, BusinessCluster, Mode, Perturbation
from ..runtime.blueprint import Fact, Goal, Plan
from ..runtime.presentation import NAMES, Language, SystemPrompt
from ..sandbox.tools import JsonObject, JsonValue, Snapshot, ToolSpec
from .prompt_set import BUILT_IN, PromptSet
from .prompt_texts import TEXTS

STOP = "[[STOP]]"
"""What the user agent says when every goal is met or declared impossible. Never part of a row."""

PLAN_FIRST = TEXTS["assistant_plan_first"]
"""The built-in line that asks for a plan; the simulated model knows it by heart."""
VERIFY = TEXTS["assistant_verify"]
"""The built-in line that asks for a check after a change; likewise."""


def blueprint_system(texts: PromptSet = BUILT_IN) -> str:
    """Instructions to the blueprint agent's model."""
    return texts.fill("blueprint_system")


def blueprint_task(
    assignment: Assignment,
    cluster: BusinessCluster,
    tools: Sequence[ToolSpec],
    world: dict[str, Snapshot],
    texts: PromptSet = BUILT_IN,
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
    return texts.fill(
        "blueprint_task",
        mode=assignment.mode,
        structure=texts.fill(f"structure_{assignment.mode}"),
        goals=str(max(assignment.goals, _least_goals(assignment.mode))),
        perturbation=_perturbation(assignment.perturbation, texts),
        persona=assignment.persona + _planned_in(assignment.presentation.language, texts),
        tools=_json(listed),
        dependencies=_json(edges),
        world=_json(_excerpt(world)),
    )


def _planned_in(language: Language, texts: PromptSet) -> str:
    return "" if language == "en" else "\n" + texts.fill("blueprint_language", language=NAMES[language])


def _perturbation(name: Perturbation, texts: PromptSet) -> str:
    return "" if name == "none" else f"\nperturbation: {name}\n{texts.fill(f'perturbation_{name}')}"


def _least_goals(mode: Mode) -> int:
    return 2 if mode in ("parallel", "no_tool_needed") else 1


def blueprint_repair(problem: str, texts: PromptSet = BUILT_IN) -> str:
    """The answer to a draft that does not hold."""
    return texts.fill("blueprint_repair", problem=problem)


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


def instructions(mode: Mode, plan: Plan, texts: PromptSet = BUILT_IN) -> tuple[str, ...]:
    """The lines of the assistant's system prompt that a mode or a policy needs. They stay in the row."""
    lines: list[str] = []
    if mode == "plan":
        lines.append(texts.fill("assistant_plan_first"))
    if mode == "verify":
        lines.append(texts.fill("assistant_verify"))
    if plan.policy:
        lines.append(plan.policy)
    return tuple(lines)


def assistant_system(
    domain: str,
    lines: Sequence[str],
    texts: PromptSet = BUILT_IN,
    *,
    kind: SystemPrompt = "usual",
    rules: str = "",
    today: str = "",
) -> str:
    """The assistant's system prompt: who it works for, and the rules; empty where there is to be none.

    Args:
        domain: What its services are about.
        lines: What the task itself needs; they stand in every kind.
        texts: The wording.
        kind: How much is said beside; runtime/presentation.py says what each kind is.
        rules: The rules of the services' house, for the kind `rules`.
        today: The day it is there, for the kind `dated`.
    """
    business = domain.replace(" + ", " and ")
    usual = texts.fill("assistant_system", business=business)
    head: dict[SystemPrompt, tuple[str, ...]] = {
        "usual": (usual,),
        "none": (),
        "short": (texts.fill("assistant_short", business=business),),
        "rules": (usual, texts.fill("assistant_rules", rules=rules)) if rules else (usual,),
        "dated": (usual, texts.fill("assistant_dated", today=today)) if today else (usual,),
    }
    return "\n".join((*head[kind], *lines))


def user_system(
    persona: str, style: str, goals: Sequence[Goal], texts: PromptSet = BUILT_IN, language: Language = "en"
) -> str:
    """The user agent's system prompt: persona, goals and facts; no tool, no plan."""
    listed = "\n".join(_goal(number, goal) for number, goal in enumerate(goals, 1))
    manner = style + (f" ({texts.fill(f'style_{style}')})" if f"style_{style}" in texts.texts else "")
    if language != "en":
        manner += "; " + texts.fill("user_language", language=NAMES[language])
    return texts.fill("user_system", persona=persona, style=manner, stop=STOP, goals=listed)


def _goal(number: int, goal: Goal) -> str:
    lines = [f"## Goal {number}" + _manner(goal)]
    lines.append(f"You want: {goal.intent}")
    lines += (f"You want to hear: {label}" for label in dict.fromkeys(report.label for report in goal.reports))
    lines += (_fact(fact) for fact in goal.facts)
    return "\n".join(lines)


def _manner(goal: Goal) -> str:
    if goal.together:
        return " (raised together with the one before)"
    if goal.revises:
        return " (you have changed your mind about the one before: say so)"
    return " (off topic: a question in passing)" if goal.kind == "off_topic" else ""


def _fact(fact: Fact) -> str:
    if fact.at_first:
        return f"- {fact.label}: {fact.at_first} (at first; with your next message you say that it is {fact.value})"
    if fact.slip:
        return f"- {fact.label}: {fact.slip} (a slip: once it cannot be found, you notice that it is {fact.value})"
    return f"- {fact.label}: {fact.value}" + (" (only if asked)" if fact.reveal == "asked" else "")


def user_opening(texts: PromptSet = BUILT_IN) -> str:
    """The first line that the user agent's model answers."""
    return texts.fill("user_opening")


def _json(value: object) -> str:
    return "```json\n" + msgspec.json.encode(value).decode() + "\n```"


def digest(texts: PromptSet = BUILT_IN) -> str:
    """Version and hash of the texts and of everything above: it goes into the run's digest and into every row."""
    return texts.digest(inspect.getsource(inspect.getmodule(digest) or digest))
