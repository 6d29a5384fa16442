"""A plan in the making: goals and steps are added, arguments bound to what the user tells or a step produces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from ...runtime.blueprint import (
    Argument,
    Condition,
    Disturbance,
    Fact,
    Goal,
    GoalKind,
    Plan,
    Produced,
    Report,
    Source,
    Step,
    Told,
)
from ...sandbox.facts import Leaf, Param, schema_type, snake
from ...sandbox.tools import JsonObject, JsonValue
from .pointing import fitting
from .sql import statement, wants_sql
from .values import QUERIES, invent
from .world import Order, Planned, Records

REPORTABLE = ("enum", "number", "datetime", "text")
GENERIC = ("total", "count", "limit", "offset", "page")
UNDER_WAY = (None, "active", "available", "confirmed", "open", "pending", "processing", "requested", "scheduled")
MOVED = ("source", "destination", "branch_name")
STARTS = 12
"""Random starts for one part of a plan."""
_MAKES = ("create", "write", "new", "make", "init")


class Unfit(Exception):
    """This start leads nowhere; try another."""


class OpenGoal(msgspec.Struct):
    """A goal that can still take facts and reports."""

    intent: str
    kind: GoalKind = "act"
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    reports: list[Report] = msgspec.field(default_factory=list)
    together: bool = False
    answer: str = ""
    revises: bool = False
    moment: tuple[int, int] = (17, 9)
    """Day of the month and hour that dates of this goal are made up around."""

    def tell(self, label: str, value: JsonValue, *, slip: str = "") -> Told:
        """Add a fact and the source that uses it. Raises Unfit when the label already means something else."""
        text = _json(value)
        if label in self.facts and self.facts[label].value != text:
            raise Unfit(f"two values for {label}")
        self.facts[label] = Fact(label, text, slip=_json(slip) if slip else "")
        return Told(label)


class Sketch:
    """Goals and steps so far, over one order and its records."""

    def __init__(self, order: Order, records: Records, dice: Random) -> None:
        self.order = order
        self.records = records
        self.dice = dice
        self.goals: list[OpenGoal] = []
        self.steps: list[Step] = []
        self.withheld: list[str] = []
        self.policy = ""
        self.barred: list[str] = list(order.avoid)
        """Tools that the policy forbids or that do not work; no later goal may need them."""
        self.disturbances: list[Disturbance] = []

    def plan(self) -> Plan:
        """The finished plan."""
        goals = tuple(
            Goal(g.intent, tuple(g.facts.values()), g.kind, tuple(g.reports), g.together, g.answer, g.revises)
            for g in self.goals
        )
        return Plan(goals, tuple(self.steps), tuple(self.withheld), self.policy, tuple(self.disturbances))

    def goal(
        self,
        intent: str,
        kind: GoalKind = "act",
        *,
        together: bool = False,
        answer: str = "",
        revises: bool = False,
    ) -> OpenGoal:
        """Open another goal. Raises Unfit when the same was asked already, unless it `revises` the one before."""
        if not revises and self.asked(intent):
            raise Unfit("asked already")
        moment = (self.dice.randint(17, 29), self.dice.randint(8, 16))
        goal = OpenGoal(intent, kind, together=together, answer=answer, revises=revises, moment=moment)
        self.goals.append(goal)
        return goal

    def asked(self, intent: str) -> bool:
        """True when a goal says the same already."""
        return any(goal.intent == intent for goal in self.goals)

    def try_often(self, build: Callable[[Sketch], None]) -> None:
        """Build from several random starts, each undone when it leads nowhere. Raises Unfit when all do."""
        parts: tuple[list[Any], ...] = (self.goals, self.steps, self.withheld, self.barred, self.disturbances)
        for _ in range(STARTS):
            marks = [len(part) for part in parts]
            try:
                build(self)
            except Unfit:
                for part, mark in zip(parts, marks, strict=True):
                    del part[mark:]
            else:
                return
        raise Unfit("no start leads there")

    def pick(self, *, read_only: bool | None = None, pointed: bool = False) -> Planned:
        """A tool the user can ask for. Raises Unfit when there is none of that sort."""
        read_only = self.only_look(read_only)
        able = [
            tool
            for tool in self.order.speakable
            if tool.name not in (*self.withheld, *self.barred)
            and (read_only is None or tool.read_only == read_only)
            and (not pointed or tool.ids)
        ]
        if not able:
            raise Unfit("no such tool")
        return self.dice.choice(able)

    def only_look(self, read_only: bool | None = False) -> bool | None:
        """True where the last draft can do with a look. Raises Unfit where it would have to change something."""
        if not self.order.careful:
            return read_only
        if read_only is False:
            raise Unfit("it might not be allowed")
        return True if any(tool.read_only for tool in self.order.speakable) else read_only

    def all_pointed(self) -> list[Planned]:
        """Every tool that the user can ask for and that points at something, in random order."""
        able = [tool for tool in self.order.speakable if tool.ids and tool.name not in (*self.withheld, *self.barred)]
        able = [tool for tool in able if tool.read_only or not self.order.careful]
        return self.dice.sample(able, len(able))

    def anchor(self, tool: Planned, pointer: Param | None = None) -> JsonObject:
        """A record that a tool can point at, with what hangs together with it, by one identifier or the best one."""
        names = {leaf.name for leaf in tool.leaves}
        found = self.records.covering(tool) if tool.ids else self.records.alike(names, tool.service)
        if pointer is not None:
            found = self.records.anchors(pointer, tool.service, tool.name)
        if not tool.read_only and self.dice.random() < 0.7:
            # What is still under way can mostly be changed, what is over cannot.
            found.sort(key=lambda record: not self.is_under_way(record))
        return found[0] if found else {}

    def step(
        self,
        tool: Planned,
        anchor: JsonObject,
        *,
        fixed: dict[str, Source] | None = None,
        condition: Condition | None = None,
        parallel: bool = False,
    ) -> int:
        """Add a call for the last goal, every required argument bound. Returns its index. Raises Unfit."""
        if tool.name in {*self.barred, *self.withheld} - {*self.order.avoid}:
            raise Unfit("that tool is not to be had")
        goal = self.goals[-1]
        arguments: list[Argument] = []
        for param in tool.tool.params:
            source = (fixed or {}).get(param.name)
            if source is None and param.required and param.kind == "identifier":
                source = self._taken(param.name)
            if source is None and (param.required or self._wants(param, tool)):
                value = self.value(param, tool, anchor)
                if value is not None:
                    source = goal.tell(param.label, value)
                elif param.required:
                    raise Unfit(f"no value for {param.name}")
            if source is not None:
                arguments.append(Argument(param.name, source))
        self.steps.append(Step(len(self.goals) - 1, tool.name, tuple(arguments), parallel, condition))
        return len(self.steps) - 1

    def _taken(self, name: str) -> Source | None:
        """Where an earlier call of the last goal took the same identifier from, if a reply gave it."""
        return next(
            (
                argument.source
                for step in self.steps
                if step.goal == len(self.goals) - 1
                for argument in step.arguments
                if argument.name == name and isinstance(argument.source, Produced)
            ),
            None,
        )

    def told_of(self, step: Step) -> JsonObject:
        """The arguments of a step that the user tells."""
        facts = self.goals[step.goal].facts
        return {
            argument.name: msgspec.json.decode(facts[argument.source.label].value)
            for argument in step.arguments
            if isinstance(argument.source, Told)
        }

    @staticmethod
    def is_under_way(record: JsonObject) -> bool:
        """True for what can mostly still be changed."""
        return record.get("status") in UNDER_WAY

    def _wants(self, param: Param, tool: Planned) -> bool:
        """Now and then a write gets an optional argument, so that arguments vary."""
        plain = param.kind in ("enum", "free text", "boolean")
        return plain and not tool.read_only and self.dice.random() < 0.25

    def value(self, param: Param, tool: Planned, anchor: JsonObject) -> JsonValue:
        """A value for a parameter: from the world where it points at something, else made up; None without one."""
        about = self.records.joined(anchor)
        known = about.get(param.name)
        if param.kind == "list":
            return self._several(param, tool)
        if param in tool.ids or param.kind == "identifier" or snake(param.name) in MOVED:
            return self.pointer(param, tool, known)
        return fitting(self._plain(param, tool, known), param, self.dice)

    def _plain(self, param: Param, tool: Planned, known: JsonValue) -> JsonValue:
        """A value for a parameter that names no entry; None without one."""
        if tool.read_only and isinstance(known, str | int | float) and not isinstance(known, bool):
            return known
        if wants_sql(str(param.schema.get("description") or "")):
            shown = param.schema.get("examples")
            made = statement(tool.tool.description, self.records.queryable(), self.dice)
            return made or (self.dice.choice(shown) if shown else None)
        if snake(param.name).endswith("_name") and (named := self.records.named(_entity(param))):
            return self.dice.choice(named)
        if "query" in snake(param.name) or "pattern" in snake(param.name):
            return self._query()
        options = [value for value in param.schema.get("enum") or () if value not in (known, None)]
        return self.dice.choice(options) if options else invent(param, self.dice, self.goals[-1].moment)

    def pointer(self, param: Param, tool: Planned, known: JsonValue) -> JsonValue:
        """An identifier that exists, or a new path for a tool that makes one."""
        paths = self.records.paths()
        makes = any(word in _MAKES for word in snake(tool.name).split("_"))
        if paths and (snake(param.name) == "destination" or (makes and param.name == "path")):
            folder, _, name = self.dice.choice(paths).rpartition("/")
            stem, dot, ending = name.partition(".")
            fresh = f"{stem}-{self.dice.choice(QUERIES)}-{self.dice.randint(2, 99)}"
            return f"{folder}/{fresh}" + (f"{dot}{ending}" if "director" not in tool.intent else "")
        other = not tool.read_only and bool(tool.ids) and param.name != tool.ids[0].name
        if known is not None and not other:
            return known
        pointer = msgspec.structs.replace(param, name="path") if snake(param.name) == "source" else param
        found = [r for r in self.records.anchors(pointer, tool.service, tool.name) if r[pointer.name] != known]
        if found:
            return found[0][pointer.name]
        seen = [] if makes else self.records.mentioned(snake(param.name).split("_")[0])
        if seen:
            return self.dice.choice(seen)
        if makes or param.kind != "identifier" or snake(param.name) == "revision":
            return invent(param, self.dice)
        raise Unfit(f"nothing for {param.name} to point at")

    def _several(self, param: Param, tool: Planned) -> JsonValue:
        """Two entries for a list parameter, from the world where its entries point at something."""
        items = param.schema.get("items") or {}
        if schema_type(items) in ("object", "array"):
            raise Unfit(f"no words for {param.name}")
        single = Param(snake(param.name).removesuffix("s"), param.label, "identifier", True, items)
        found = [record[single.name] for record in self.records.anchors(single, tool.service)]
        found = [value for value in found if not isinstance(value, list | dict)]
        if not found and single.name.endswith("_name"):
            named = self.records.named(_entity(single))
            found = self.dice.sample(named, len(named))
        if not found and single.name in ("path", "file"):
            found = self.records.paths()
            self.dice.shuffle(found)
        entries = list(dict.fromkeys(found))[:2] or [invent(single, self.dice) for _ in range(2)]
        return entries if not tool.read_only or found else entries[:1]

    def _query(self) -> str:
        """A word that stands in some record's name or title."""
        names = [
            str(record[key])
            for table in self.order.tables.values()
            for record in table.values()
            for key in ("name", "title", "subject")
            if isinstance(record.get(key), str)
        ]
        found = [
            word for word in (self.dice.choice(names).split() if names else []) if word.isalpha() and len(word) > 3
        ]
        return self.dice.choice(found) if found else self.dice.choice(QUERIES)

    def report(self, tool: Planned, step: int, most: int = 2) -> None:
        """Let the user ask for values of a step's reply: scalars that stand there once, else the first line of text."""
        goal = self.goals[-1]
        useful = self._worth_telling(tool)
        if useful:
            for leaf in self.dice.sample(useful, min(len(useful), self.dice.randint(1, most))):
                goal.reports.append(Report(step, leaf.path, leaf.label))
        elif tool.plain and tool.read_only:
            goal.reports.append(Report(step, "", "first line of the answer"))

    def report_each(self, tool: Planned, steps: Sequence[int]) -> None:
        """Let the user ask for the same value of several steps' replies; where none is worth telling, for none."""
        key = {param.name for param in tool.ids}
        useful = [leaf for leaf in self._worth_telling(tool) if leaf.name not in key]
        if useful:
            leaf = self.dice.choice(useful)
            self.goals[-1].reports += [Report(step, leaf.path, leaf.label) for step in steps]

    def _worth_telling(self, tool: Planned) -> list[Leaf]:
        """Scalars that stand once in a tool's reply, always, and are not asked for or told already."""
        goal = self.goals[-1]
        single = [leaf for leaf in tool.leaves if "*" not in leaf.path and leaf.kind in REPORTABLE]
        useful = [leaf for leaf in single if leaf.name not in GENERIC] or single
        taken = {report.label for report in goal.reports} | set(goal.facts)
        return [leaf for leaf in useful if leaf.label not in taken and _required(leaf)]


def _required(leaf: Leaf) -> bool:
    """Leaves that may be null make poor reports."""
    declared = leaf.schema.get("type")
    return not (isinstance(declared, list) and "null" in declared) and "anyOf" not in leaf.schema


def _entity(param: Param) -> str:
    """`entity` of `entityName`."""
    return snake(param.name).removesuffix("_name")


def _json(value: JsonValue) -> str:
    return msgspec.json.encode(value).decode()
