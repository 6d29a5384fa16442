"""The verified plan for one episode, as drafted by a model and proved by execution.

Values whose type depends on the tool (an argument, a fact) are JSON text, so that every blueprint has one shape.
A path is dotted, list elements by number or `*` for the one that matches `where`: `orders.*.order_id`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class Fact(msgspec.Struct, frozen=True):
    """Something the user knows and may tell."""

    label: str
    """In the user's words: `order number`."""
    value: str
    """JSON text of the true value."""
    reveal: Literal["upfront", "asked"] = "upfront"
    """Told with the goal, or only when the assistant asks."""
    slip: str = ""
    """JSON text of the wrong value that the user says instead; empty when the user is right."""
    at_first: str = ""
    """JSON text of what the user says at first and takes back with their next message (they change their mind); empty
    when they stay with it."""


class Told(msgspec.Struct, frozen=True, tag_field="kind", tag="told"):
    """The argument is told by the user."""

    label: str
    """The label of a fact of the same goal."""
    item: int = -1
    """Which element, when the fact's value is a list that is worked through one by one; -1 for the whole value."""


class Produced(msgspec.Struct, frozen=True, tag_field="kind", tag="produced"):
    """The argument stands in the reply of an earlier step."""

    step: int
    """Index of that step in the blueprint."""
    path: str
    where: str = ""
    """JSON text of an object of keys and values that the chosen list element must have; empty for the only one."""


class Constant(msgspec.Struct, frozen=True, tag_field="kind", tag="constant"):
    """The argument is fixed by the schema or the task."""

    value: str
    """JSON text."""


Source: TypeAlias = Told | Produced | Constant


class Argument(msgspec.Struct, frozen=True):
    """One argument of a step with its provenance."""

    name: str
    source: Source


class Condition(msgspec.Struct, frozen=True):
    """The step is taken only if a value seen earlier equals (or, negated, does not equal) another."""

    step: int
    path: str
    equals: str
    """JSON text."""
    negated: bool = False


class Step(msgspec.Struct, frozen=True):
    """One tool call of the plan."""

    goal: int
    """Index of the goal it serves."""
    tool: str
    arguments: tuple[Argument, ...]
    parallel: bool = False
    """May be called in the same breath as the step before it."""
    condition: Condition | None = None
    fails: bool = False
    """The call is refused in the world as it is disturbed, for good; its goal is `blocked`."""


class Report(msgspec.Struct, frozen=True):
    """A value the user wants to hear."""

    step: int
    path: str
    """Path into the step's JSON reply; empty asks for the first line of a reply that is plain text."""
    label: str


GoalKind: TypeAlias = Literal["act", "no_tool_needed", "no_capable_tool", "forbidden", "blocked", "off_topic"]
"""`act` is done with tools. The next three are the kinds of refusal. `blocked` is tried and refused by the world: the
user is told so. `off_topic` has nothing to do with the assistant's work: no tool is called for it."""


class Goal(msgspec.Struct, frozen=True):
    """One thing the user wants."""

    intent: str
    """In the user's words, an imperative without tool names: `cancel an order that has not shipped`."""
    facts: tuple[Fact, ...] = ()
    kind: GoalKind = "act"
    reports: tuple[Report, ...] = ()
    together: bool = False
    """Raised in the same breath as the goal before it."""
    answer: str = ""
    """For `no_tool_needed`: the text that a right answer must contain."""
    revises: bool = False
    """The user changed their mind: this takes the place of the goal before it, which was met already."""


class Disturbance(msgspec.Struct, frozen=True):
    """Something that the world does by itself, the same whenever the same calls are made in the same order."""

    kind: Literal["error", "denied", "pages", "meddling"]
    """`error`: the tool is out of order. `denied`: the caller has no permission for the tool. `pages`: the list tool
    gives small pages. `meddling`: after the tool's first good answer somebody else makes a call."""
    tool: str
    """Name of the tool that it befalls; with `meddling`, of the read after which it happens."""
    times: int = 0
    """For `error`: how many of the first calls fail, 0 for every one. For `pages`: entries on a page."""
    other: str = ""
    """For `meddling`: name of the tool that somebody else calls."""
    arguments: str = ""
    """For `meddling`: JSON text of that call's arguments."""


class Plan(msgspec.Struct, frozen=True):
    """What the blueprint agent's model drafts: goals in the order they come up in, and the steps that meet them."""

    goals: tuple[Goal, ...]
    steps: tuple[Step, ...]
    withheld: tuple[str, ...] = ()
    """Tools that the assistant must not be given (the capable tool of a `no_capable_tool` goal)."""
    policy: str = ""
    """A rule for the assistant's system prompt; a `forbidden` goal breaks it."""
    disturbances: tuple[Disturbance, ...] = ()
    """What the world does by itself while this is played."""


class WorldRef(msgspec.Struct, frozen=True):
    """An initial state by reference, enough to open it again."""

    services: tuple[str, ...]
    """`name@version` of each service."""
    seed: int
    disturbances: tuple[Disturbance, ...] = ()
    """The plan's: a world opened by this reference does the same again."""


class Expected(msgspec.Struct, frozen=True):
    """A value that must appear in what the assistant tells the user."""

    goal: int
    label: str
    value: str
    """JSON text."""


class Blueprint(msgspec.Struct, frozen=True):
    """A plan that was proved: it ran on the tools' own state, and this is what came out."""

    plan: Plan
    world: WorldRef
    instructions: tuple[str, ...]
    """Lines that stand in the assistant's system prompt and stay in the row (plan first, verify, policy)."""
    expected: tuple[Expected, ...]
    executed: tuple[int, ...]
    """Indices of the steps that were taken (a branch leaves some out)."""
    replies: tuple[str, ...]
    """What each executed step's tool answered in the dry run, in order."""
    changes: str
    """JSON text: the difference between final and initial state, `{service: {table: {key: record or null}}}`."""
