"""What a cluster's structure can carry: the reasoning modes that an episode over its tools and edges may realise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..runtime.assignment import MODES, Edge, Mode, Perturbation
from ..sandbox.facts import Leaf, Param, is_once, leaves, params
from ..sandbox.tools import ToolSpec

_KNOWN_BY_HEART = re.compile(r"(^|_)(e_?mail|phone)(_|$)")


def needed_ids(parameters: Iterable[Param]) -> list[Param]:
    """Required identifiers that have to be looked up; a person knows an e-mail address or a phone number."""
    return [p for p in parameters if p.required and p.kind == "identifier" and not _KNOWN_BY_HEART.search(p.name)]


def modes_of(tools: Sequence[ToolSpec], edges: Sequence[Edge]) -> tuple[Mode, ...]:
    """The modes that tools with these edges between them can carry; whether an episode realises one is measured."""
    by_name = {tool.name: tool for tool in tools}
    parameters = {name: params(tool.input_schema) for name, tool in by_name.items()}
    return carried_modes(by_name, parameters, {name: own_leaves(tool) for name, tool in by_name.items()}, edges)


def own_leaves(tool: ToolSpec) -> tuple[Leaf, ...]:
    """The scalars of a tool's reply that stand in no list."""
    return tuple(leaf for leaf in leaves(tool.output_schema) if "*" not in leaf.path)


def carried_modes(
    tools: Mapping[str, ToolSpec],
    parameters: Mapping[str, Sequence[Param]],
    own: Mapping[str, Sequence[Leaf]],
    edges: Sequence[Edge],
) -> tuple[Mode, ...]:
    """`modes_of` for who has the parameters and `own_leaves` at hand, all by name of the tool."""
    reads = [name for name, tool in tools.items() if tool.read_only]
    writes = [name for name, tool in tools.items() if not tool.read_only]
    by_id = {name: {p.name for p in needed_ids(parameters[name])} for name in tools}
    pointed = [name for name in tools if by_id[name]]
    states = [name for name in reads if any(leaf.kind == "enum" for leaf in own[name])]
    shown = [name for name in reads if by_id[name] and _shows_itself(tools[name], own[name], by_id[name])]
    fields = {name: {p.name for p in parameters[name]} | {leaf.name for leaf in own[name]} for name in writes}
    depth = _depth(edges, parameters)
    possible: dict[Mode, bool] = {
        "react": depth >= 2,
        "chain": depth >= 3,
        "parallel": len(reads) >= 2,
        "branch": any(by_id[r] & by_id[w] for r in states for w in writes),
        "loop": bool(pointed),
        "clarify": any(p.required for name in tools for p in parameters[name]),
        "recover": bool(pointed),
        "verify": any(by_id[r] <= fields[w] for r in shown for w in writes),
        "plan": len(tools) >= 2,
        "no_capable_tool": len(tools) >= 2,
    }
    return tuple(mode for mode in MODES if possible.get(mode, True))


def _depth(edges: Sequence[Edge], parameters: Mapping[str, Sequence[Param]]) -> int:
    """Tools on the longest path on which each hands an identifier to the next, counted up to three.

    A path that starts from the identifier it ends with goes in a circle and does not count.
    """
    for first in edges:
        needs = {param.name for param in parameters[first.producer] if param.required}
        for second in edges:
            onward = second.producer == first.consumer and second.consumer != first.producer
            if onward and second.param != first.param and not needs & {first.param, second.param}:
                return 3
    return 2 if edges else 1


def _shows_itself(tool: ToolSpec, own: Sequence[Leaf], ids: set[str]) -> bool:
    """True when a read shows the entity it was pointed at, or declares nothing; a list of others does not."""
    return tool.output_schema is None or ids <= {leaf.name for leaf in own}


def carried_perturbations(
    tools: Mapping[str, ToolSpec],
    parameters: Mapping[str, Sequence[Param]],
    own: Mapping[str, Sequence[Leaf]],
    edges: Sequence[Edge],
) -> tuple[Perturbation, ...]:
    """The perturbations that need a list to choose from, a list with pages, or a state that somebody else can end."""
    lists = [edge for edge in edges if "*" in edge.path]
    pages = [edge for edge in lists if {"limit", "cursor"} <= {param.name for param in parameters[edge.producer]}]
    by_id = {name: {p.name for p in needed_ids(parameters[name])} for name in tools}
    states = [name for name, tool in tools.items() if tool.read_only and any(leaf.kind == "enum" for leaf in own[name])]
    endings = [name for name, tool in tools.items() if not tool.read_only and is_once(name)]
    possible: dict[Perturbation, bool] = {
        "ambiguous_entity": bool(lists),
        "long_paged_list": bool(pages),
        "stale_read": any(by_id[r] & by_id[w] for r in states for w in endings),
    }
    return tuple(name for name, able in possible.items() if able)
