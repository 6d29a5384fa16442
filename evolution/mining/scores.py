"""How complex a cluster is and how well it is founded; the order in which clusters are preferred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .cluster import Scores
from .edges import FactEdge
from .facts import ToolFacts
from .plans import depth_of
from .validate import Valid

_WEIGHTS = {"evidence": 0.35, "depth": 0.2, "size": 0.15, "write": 0.1, "description": 0.1, "foreign": 0.1}


def scores_of(valid: Valid, facts: Sequence[ToolFacts]) -> Scores:
    """The scores of one cluster of a service."""
    tools = [facts[tool] for tool in valid.plan]
    return combined(
        tools,
        depth_of(valid.plan, valid.edges),
        Counter(edge.src for edge in _one_per_pair(valid.edges)),
        [edge.score for edge in valid.edges],
    )


def combined(tools: Sequence[ToolFacts], depth: int, fed: Counter[int], evidence: Sequence[float]) -> Scores:
    """The scores from the tools, the depth, how many tools each feeds, and the edges' scores."""
    params = [param for tool in tools for param in tool.params if "." not in param.path]
    writes = sum(not tool.reads for tool in tools) / len(tools)
    foreign = len({tool.entity for tool in tools}) - 1
    described = [bool(tool.record.description) for tool in tools] + [param.described for param in params]
    description = sum(described) / len(described)
    mean = sum(evidence) / len(evidence) if evidence else 0.0
    parts = {
        "evidence": mean,
        "depth": min(depth, 5) / 5,
        "size": min(len(tools), 7) / 7,
        "write": 1 - abs(writes - 0.5) * 2,
        "description": description,
        "foreign": min(foreign, 3) / 3,
    }
    return Scores(
        depth=depth,
        branching=max(fed.values(), default=0),
        write_share=round(writes, 3),
        foreign=foreign,
        optional=sum(not param.required for param in params),
        enums=sum(param.choices for param in params),
        description=round(description, 3),
        evidence=round(mean, 3),
        total=round(sum(weight * parts[name] for name, weight in _WEIGHTS.items()), 4),
    )


def _one_per_pair(edges: Sequence[FactEdge]) -> list[FactEdge]:
    return list({(edge.src, edge.dst): edge for edge in edges}.values())
