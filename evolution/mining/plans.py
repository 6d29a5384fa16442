"""The order in which a set of tools runs: every tool after those that feed it, deletions after all use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .edges import FactEdge
from .facts import ToolFacts

FED = 0.5
"""Score from which an edge makes its consumer wait for a producer."""


def plan_of(tools: Sequence[int], facts: Sequence[ToolFacts], edges: Sequence[FactEdge]) -> list[int] | None:
    """The tools in an order in which every required key that some of them produce is there when it is needed.

    Where the order is free, the given order stands. None when they need each other in a circle.
    """
    feeders = _feeders(tools, facts, edges)
    left = [*sorted(tools, key=lambda tool: facts[tool].subject.verb == "delete")]
    deletions = [tool for tool in left if facts[tool].subject.verb == "delete"]
    # What lies deepest goes first, so that nothing is removed under what is still to be used.
    deletions.sort(key=lambda tool: -len(facts[tool].entity))
    left = [tool for tool in left if facts[tool].subject.verb != "delete"] + deletions
    done: list[int] = []
    while left:
        ready = next((t for t in left if all(set(fed) & set(done) for fed in feeders.get(t, {}).values())), None)
        if ready is None:
            return None
        left.remove(ready)
        done.append(ready)
    return done


def _feeders(
    tools: Sequence[int], facts: Sequence[ToolFacts], edges: Sequence[FactEdge]
) -> Mapping[int, Mapping[str, Sequence[int]]]:
    """{consumer: {required parameter: producers among the tools}}"""
    needed = {tool: {need.path for need in facts[tool].needs} for tool in tools}
    found: dict[int, dict[str, list[int]]] = {}
    for edge in edges:
        if edge.param.path in needed[edge.dst]:
            found.setdefault(edge.dst, {}).setdefault(edge.param.path, []).append(edge.src)
    return found


def forward(plan: Sequence[int], edges: Sequence[FactEdge]) -> list[FactEdge]:
    """The edges that the plan can use: from an earlier tool to a later one."""
    place = {tool: number for number, tool in enumerate(plan)}
    return [edge for edge in edges if place[edge.src] < place[edge.dst]]


def largest_part(tools: Sequence[int], edges: Sequence[FactEdge], groups: Sequence[Sequence[int]] = ()) -> list[int]:
    """The most tools that edges, taken in either direction, join; the tools of a group are joined anyway.

    In the order of the tools; of two parts of one size the one that begins first.
    """
    near: dict[int, set[int]] = {tool: set() for tool in tools}
    for edge in edges:
        near[edge.src].add(edge.dst)
        near[edge.dst].add(edge.src)
    for group in groups:
        for tool in group:
            near[tool].update(group)
    best: set[int] = set()
    for start in tools:
        if start not in best:
            reached, waiting = {start}, [start]
            while waiting:
                fresh = near[waiting.pop()] - reached
                reached |= fresh
                waiting += fresh
            best = max(best, reached, key=len)
    return [tool for tool in tools if tool in best]


def depth_of(plan: Sequence[int], edges: Sequence[FactEdge]) -> int:
    """Tools on the longest chain in which each hands the next something other than what it was handed itself."""
    longest = dict.fromkeys(plan, 1)
    for tool in plan:
        for edge in edges:
            if edge.dst == tool:
                longest[tool] = max(longest[tool], longest[edge.src] + 1)
    return max(longest.values())
