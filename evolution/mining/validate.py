"""What makes a candidate a cluster: its size, its verbs, its edges, a plan, and a run of it on the entity store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from ...sandbox.entities import EntityToolbox, execute_on
from ...sandbox.tools import ToolSpec
from .candidates import LEAST_TOOLS, MOST_TOOLS, Candidate
from .cluster import cluster_id, world_name
from .companions import Link
from .edges import FactEdge
from .facts import ToolFacts
from .plans import forward, largest_part, plan_of
from .wording import described

SEED = 0
"""Of the world in which plans are tried."""
MOST_REPAIRS = 1
"""Unplayable tools that are taken out of one candidate before it is given up."""


class Valid(msgspec.Struct, frozen=True):
    """A candidate that passed."""

    candidate: Candidate
    plan: tuple[int, ...]
    edges: tuple[FactEdge, ...]
    """Those that the plan can use."""
    entry: tuple[tuple[int, str], ...]
    """(tool, required parameter that points at an entry and that no edge feeds), in the order of the plan."""
    links: tuple[Link, ...]
    """Those that join the tools beside the edges; companions only."""


class Validator:
    """Checks the candidates of one service. What it learns of one candidate's tools it knows for the next."""

    def __init__(self, facts: Sequence[ToolFacts], names: Sequence[str], edges: Sequence[FactEdge]) -> None:
        self._facts = facts
        self._names = names
        self._from: dict[int, list[FactEdge]] = {}
        for edge in edges:
            self._from.setdefault(edge.src, []).append(edge)
        self._specs: dict[int, ToolSpec] = {}
        self.unplayable: set[int] = set()
        """Tools that the entity store cannot play, as far as any was tried."""
        self.rejected: Counter[str] = Counter()
        """{reason: candidates}"""

    def sketch(self, candidate: Candidate, links: Sequence[Link] = ()) -> Valid | None:
        """The candidate with plan and edges, if it passes everything but the run; `links` join tools beside edges."""
        tools = tuple(tool for tool in candidate.tools if tool not in self.unplayable)
        if not LEAST_TOOLS <= len(tools) <= MOST_TOOLS:
            self.rejected["size"] += 1
            return None
        if len({self._facts[tool].subject.verb for tool in tools}) < 2:
            self.rejected["one_verb"] += 1
            return None
        chosen = set(tools)
        inner = [edge for tool in tools for edge in self._from.get(tool, ()) if edge.dst in chosen]
        plan = plan_of(tools, self._facts, inner)
        if plan is None:
            self.rejected["circle"] += 1
            return None
        edges = forward(plan, inner)
        used = [link for link in links if len(chosen.intersection(link.tools)) > 1]
        joined = largest_part(plan, edges, [sorted(chosen.intersection(link.tools)) for link in used])
        if len(joined) < len(plan):
            if len(joined) < LEAST_TOOLS:
                self.rejected["apart"] += 1
                return None
            return self.sketch(msgspec.structs.replace(candidate, tools=tuple(joined)), links)
        late = self._too_new(plan, edges)
        if late:
            return self.sketch(
                msgspec.structs.replace(candidate, tools=tuple(t for t in tools if t not in late)), links
            )
        fed = {(edge.dst, edge.param.path) for edge in edges}
        entry = tuple((t, need.path) for t in plan for need in self._facts[t].needs if (t, need.path) not in fed)
        return Valid(msgspec.structs.replace(candidate, tools=tools), tuple(plan), tuple(edges), entry, tuple(used))

    def _too_new(self, plan: Sequence[int], edges: Sequence[FactEdge]) -> set[int]:
        """Tools that a user would have to tell of something inside an entry that is only made in this plan."""
        into: dict[tuple[int, str], list[int]] = {}
        for edge in edges:
            into.setdefault((edge.dst, edge.param.path), []).append(edge.src)
        found: set[int] = set()
        for tool in plan:
            told = [n.entity for n in self._facts[tool].needs if n.entity and (tool, n.path) not in into]
            for need in self._facts[tool].needs:
                producers = into.get((tool, need.path), ())
                made = producers and all(self._facts[p].subject.verb == "create" for p in producers)
                above = need.entity
                if made and above and any(len(e) > len(above) and e[: len(above)] == above for e in told):
                    found.add(tool)
        return found

    def run(self, sketch: Valid) -> Valid | None:
        """The candidate once its plan ran through; tools that cannot be played are taken out first."""
        found = sketch
        for _ in range(MOST_REPAIRS + 1):
            if not self.unplayable.isdisjoint(found.plan):
                again = self.sketch(found.candidate, found.links)
                if again is None:
                    return None
                found = again
            failed = self._failed(found.plan)
            if not failed:
                return found
            self.unplayable |= failed
        self.rejected["repairs"] += 1
        return None

    def _failed(self, plan: Sequence[int]) -> set[int]:
        """The tools that cannot be played, else the one at which the plan fails; empty when it runs through."""
        specs = [self.spec(tool) for tool in plan]
        # The world that a run over this cluster plays in, so that what holds here holds there.
        toolbox = EntityToolbox(
            world_name(cluster_id(self._facts[tool].record.id for tool in plan)), specs, tried=False
        )
        left_out = {play.tool: play for play in toolbox.unplayable}
        for play in left_out.values():
            self.rejected[f"unplayable: {play.reason}"] += 1
        if left_out:
            return {tool for tool in plan if self._names[tool] in left_out}
        run = execute_on(toolbox, specs, [spec.name for spec in specs], SEED)
        if run.ok:
            return set()
        self.rejected["run"] += 1
        name = run.failure.partition(":")[0]
        return {tool for tool in plan if self._names[tool] == name}

    def spec(self, tool: int) -> ToolSpec:
        """A tool as the sandbox takes it."""
        if tool not in self._specs:
            facts = self._facts[tool]
            record = facts.record
            self._specs[tool] = ToolSpec(
                self._names[tool],
                described(facts, self._names[tool]),
                record.service,
                record.input_schema,
                facts.output_schema,
                facts.reads,
            )
        return self._specs[tool]
