"""One line of a cluster file: a mined cluster with its tools' schemas inside, so that a line can be run by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from ...runtime.assignment import Edge, Mode
from ..capacity import modes_of
from ..mining.cluster import MinedCluster, MinedEdge, MinedTool

MOST_TOOLS = 128
"""Tools of one cluster; mined ones have 3 to 10."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ClusterLine(MinedCluster, frozen=True):
    """A cluster as a file holds it. Keys beyond these are skipped."""

    modes: tuple[Mode, ...]
    """The reasoning modes that the structure can carry."""


def line_of(cluster: MinedCluster) -> ClusterLine:
    """The line of a mined cluster, its modes worked out."""
    fields = {name: getattr(cluster, name) for name in MinedCluster.__struct_fields__}
    modes = modes_of([tool.spec() for tool in cluster.tools], edges_of(cluster.edges))
    return ClusterLine(**fields, modes=modes)


def edges_of(edges: Iterable[MinedEdge]) -> tuple[Edge, ...]:
    """The edges as a run knows them."""
    return tuple(Edge(edge.src, edge.path, edge.dst, edge.param, edge.evidence) for edge in edges)


def encode(line: ClusterLine) -> bytes:
    """The line with its line break."""
    return msgspec.json.encode(line) + b"\n"


def decode(data: bytes) -> ClusterLine:
    """The cluster of a line, every name in it leading somewhere.

    Raises:
        ValueError: it is no JSON, lacks a key or has one of another type, or names a tool that it does not have.
    """
    try:
        line = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise ValueError(f"is no cluster: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    for problem in _problems(line):
        raise ValueError(problem)
    return line


_DECODER = msgspec.json.Decoder(ClusterLine)


def _problems(line: ClusterLine) -> Iterable[str]:
    """What is wrong, the first thing first."""
    if not _ID.fullmatch(line.id):
        yield f"id: {line.id[:80]!r} is not 1 to 64 letters, digits, dots, dashes and underscores"
    if not 1 <= len(line.tools) <= MOST_TOOLS:
        yield f"tools: {len(line.tools)} of them, not 1 to {MOST_TOOLS}"
    for key in ("domain", "sector"):
        if not getattr(line, key).strip():
            yield f"{key}: is empty"
    if not line.modes:
        yield "modes: is empty"
    for tool in line.tools:
        yield from _wrong_tool(tool)
    names = [tool.name for tool in line.tools]
    for what, found in (("name", names), ("id", [tool.id for tool in line.tools])):
        twice = next((one for one, count in Counter(found).items() if count > 1), None)
        if twice is not None:
            yield f"tools: the {what} {twice[:80]!r} stands there twice"
    known = set(names)
    named = [(f"edges: {end}", name) for edge in line.edges for end, name in (("src", edge.src), ("dst", edge.dst))]
    named += [("entry", entry.partition(".")[0]) for entry in line.entry]
    for where, name in (*(("plan", name) for name in line.plan), *named):
        if name not in known:
            yield f"{where}: there is no tool {name[:80]!r} in this cluster"
    if sorted(line.plan) != sorted(names):
        yield "plan: does not name every tool once"


def _wrong_tool(tool: MinedTool) -> Iterable[str]:
    if not _NAME.fullmatch(tool.name):
        yield f"tools: the name {tool.name[:80]!r} is not 1 to 64 letters, digits, dashes and underscores"
    if not bytes(tool.input_schema).startswith(b"{"):
        yield f"tools: {tool.name}: input_schema is no object"
    if not bytes(tool.output_schema).startswith((b"{", b"null")):
        yield f"tools: {tool.name}: output_schema is neither an object nor null"
