"""The promises that a cluster file makes, checked from its lines alone: ids, edges, distances, plans that execute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from ...sandbox.entities import execute_on
from ...sandbox.facts import leaves
from ...sandbox.tools import ToolSpec
from ..mining.cluster import cluster_id
from .line import ClusterLine
from .playing import WORLDS, toolbox_of

JACCARD = 0.5
"""Two clusters share less than this part of the tools that they have together."""
EXAMPLES = 10
"""Examples of what is wrong that are kept."""


class Checked(msgspec.Struct, frozen=True):
    """What checking found. All counts of what is wrong are 0 in a sound file."""

    clusters: int
    pairs: int
    """Pairs of clusters that share a tool; only they can be too much alike."""
    max_jaccard: float
    """The highest similarity of two clusters' tools."""
    too_alike: int
    """Pairs at or above 0.5."""
    plans_executed: int
    """Clusters whose plan ran to its end in one of sixteen worlds of the entity store, over the cluster's own tools."""
    plans_failed: int
    wrong_ids: int
    """Ids that are not the hash of the cluster's tools."""
    wrong_edges: int
    """Edges to a parameter that the tool does not take, or from a place that a declared reply does not have."""
    examples: tuple[str, ...]
    """The first things that are wrong, one line each."""

    @property
    def sound(self) -> bool:
        """True when nothing is wrong."""
        return not (self.too_alike or self.plans_failed or self.wrong_ids or self.wrong_edges)


class Checker:
    """Takes clusters one by one; keeps the ids of their tools only."""

    def __init__(self, *, execute: bool = True) -> None:
        """`execute`: run the plans too, which takes most of the time."""
        self._execute = execute
        self._holders: dict[str, list[int]] = {}  # {tool id: numbers of clusters}
        self._sizes: list[int] = []
        self._names: list[str] = []
        self._found: Counter[str] = Counter()
        self._highest = 0.0
        self._examples: list[str] = []

    def add(self, line: ClusterLine) -> None:
        """Check one cluster, by itself and against those before it."""
        self._compare(line)
        if cluster_id(tool.id for tool in line.tools) != line.id:
            self._wrong("wrong_ids", f"{line.id}: the id is not the hash of the tools")
        specs = {tool.name: tool.spec() for tool in line.tools}
        for problem in wrong_edges(line, specs):
            self._wrong("wrong_edges", f"{line.id}: {problem}")
        if self._execute:
            failure = plan_failure(line, specs)
            self._found["executed"] += not failure
            if failure:
                self._wrong("plans_failed", f"{line.id}: plan: {failure}")

    def result(self) -> Checked:
        """What was found so far."""
        return Checked(
            clusters=len(self._sizes),
            pairs=self._found["pairs"],
            max_jaccard=round(self._highest, 4),
            too_alike=self._found["too_alike"],
            plans_executed=self._found["executed"],
            plans_failed=self._found["plans_failed"],
            wrong_ids=self._found["wrong_ids"],
            wrong_edges=self._found["wrong_edges"],
            examples=tuple(self._examples),
        )

    def _compare(self, line: ClusterLine) -> None:
        number, size = len(self._sizes), len(line.tools)
        shared: Counter[int] = Counter()
        for tool in line.tools:
            holders = self._holders.setdefault(tool.id, [])
            shared.update(holders)
            holders.append(number)
        self._sizes.append(size)
        self._names.append(line.id)
        self._found["pairs"] += len(shared)
        for other, common in shared.items():
            jaccard = common / (size + self._sizes[other] - common)
            self._highest = max(self._highest, jaccard)
            if jaccard >= JACCARD:
                self._wrong("too_alike", f"{line.id}: shares {common} tools with {self._names[other]}: {jaccard:.2f}")

    def _wrong(self, what: str, example: str) -> None:
        self._found[what] += 1
        if len(self._examples) < EXAMPLES:
            self._examples.append(" ".join(example.split())[:300])


def plan_failure(line: ClusterLine, specs: Mapping[str, ToolSpec]) -> str:
    """Why the plan does not run to its end in any world, as the first one has it; empty when it does in one."""
    box, failures = toolbox_of(line), list[str]()
    for seed in range(WORLDS):
        failure = execute_on(box, list(specs.values()), line.plan, seed).failure
        if not failure:
            return ""
        failures.append(failure)
    return failures[0]


def wrong_edges(line: ClusterLine, specs: Mapping[str, ToolSpec]) -> Iterable[str]:
    """Edges whose ends the schemas do not have."""
    for edge in line.edges:
        takes = specs[edge.dst].input_schema.get("properties") or {}
        if edge.param not in takes and edge.param.partition(".")[0] not in takes:  # a name may hold a dot itself
            yield f"edge: {edge.dst} takes no {edge.param}"
        output = specs[edge.src].output_schema
        if output is not None and edge.path not in {leaf.path for leaf in leaves(output)}:
            yield f"edge: a reply of {edge.src} has no {edge.path}"
