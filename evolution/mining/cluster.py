"""A mined Business Cluster: tools of one or two real services that belong to one piece of business, with its plan."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from ...sandbox.entities.verbs import READS, Verb
from ...sandbox.tools import ToolSpec

Kind: TypeAlias = Literal["lifecycle", "closure", "parent_child", "community", "companions", "join"]
"""How a cluster was found: the tools of one collection; a target with everything it needs; a collection with the one
below it; tools that depend on each other more than on others; tools of a service without a chain of edges that are
about the same thing; two clusters of different services that share a type."""


_HASH = re.compile(r"[0-9a-f]{64}")


class MinedTool(msgspec.Struct, frozen=True):
    """One tool as a cluster uses it. Schemas stay encoded: a build holds a hundred thousand of them."""

    id: str
    """Unique over all catalogues: `openapi:github.com/api#repos/get`. Jaccard similarity is over these."""
    name: str
    """Function name, `^[a-zA-Z0-9_-]{1,64}$`, unique in its service; in a join it may be prefixed."""
    original: str
    """The operation's own name in its catalogue."""
    service: str
    provider: str
    description: str
    verb: Verb
    """What the tool does to its entity; get, list and compute change nothing."""
    entity: str
    """What the tool is about, in words, outermost collection first: `repo issue comment`."""
    input_schema: msgspec.Raw
    """JSON text of a JSON Schema of an object."""
    output_schema: msgspec.Raw
    """JSON text of the reply's JSON Schema, declared or inferred; `null` where neither is known."""
    inferred: bool
    """True when the output schema was inferred."""
    confidence: float
    """Of the output schema, 0 to 1; 1 when it is declared."""
    licence: str
    source: str
    """The document the tool comes from, with its version."""
    evaluation_only: bool
    """True for tools of a benchmark: never to be trained on."""

    @property
    def read_only(self) -> bool:
        """True when a call changes nothing, by the verb class."""
        return self.verb in READS

    def spec(self) -> ToolSpec:
        """The tool as the sandbox takes it. Decodes the schemas."""
        takes = msgspec.json.decode(self.input_schema, type=dict)
        gives = msgspec.json.decode(self.output_schema, type=dict | None)
        return ToolSpec(self.name, self.description, self.service, takes, gives, self.read_only)


class MinedEdge(msgspec.Struct, frozen=True):
    """A value that one tool returns and another takes."""

    src: str
    """Name of the tool whose reply holds the value."""
    path: str
    """Where it stands in the reply, dotted, `*` for list elements: `orders.*.id`."""
    dst: str
    """Name of the tool that takes it."""
    param: str
    """The parameter, dotted where it is inside an object: `order.customer_id`."""
    score: float
    """How much speaks for it, 0 to 1."""
    evidence: str
    """Why it is believed, in a few words."""


class Scores(msgspec.Struct, frozen=True):
    """How complex a cluster is, and how well it is founded."""

    depth: int
    """Tools on the longest chain in which each needs a value of the one before."""
    branching: int
    """The most tools that one tool's reply feeds."""
    write_share: float
    """Share of tools that change state."""
    foreign: int
    """Entities beyond the first."""
    optional: int
    """Optional parameters of all tools together."""
    enums: int
    """Parameters with a closed list of values."""
    description: float
    """Share of tools and parameters that are described."""
    evidence: float
    """Mean score of the edges."""
    total: float
    """The order in which clusters are preferred, 0 to 1."""


class MinedCluster(msgspec.Struct, frozen=True):
    """One piece of business: a validated set of 3 to 10 tools, the order they run in, and why they belong together."""

    id: str
    """sha256 over the sorted tool ids, 64 hex digits."""
    kind: Kind
    services: tuple[str, ...]
    providers: tuple[str, ...]
    """Of the services, without repetition."""
    tools: tuple[MinedTool, ...]
    """In the order of the plan."""
    edges: tuple[MinedEdge, ...]
    shared: tuple[str, ...]
    """What joins `companions` beside edges: parameters that a user tells once for several tools, and collections that
    some of the tools show and others change. Empty for all other kinds, which edges alone join."""
    entities: tuple[str, ...]
    """What the tools are about, in the order of the plan, without repetition."""
    sector: str
    """First level of the label tree; `unlabelled` where nothing says one."""
    domain: str
    """Second level of the label tree; of a join, both joined by ` + `."""
    plan: tuple[str, ...]
    """Names of all tools in an order that was executed on the entity store."""
    entry: tuple[str, ...]
    """`tool.param` of required parameters that name an entity and that no edge feeds: a user has to tell them."""
    read_only: bool
    """True when no tool changes state; declared, because most clusters do."""
    scores: Scores
    provenance: str
    """Documents and licences of the tools, for people."""
    licences: tuple[str, ...]
    """Of the tools, without repetition."""


def cluster_id(tools: Iterable[str]) -> str:
    """The id of a cluster with tools of these ids, in whatever order."""
    return hashlib.sha256(msgspec.json.encode(sorted(tools))).hexdigest()


def world_name(identity: str) -> str:
    """The name of a cluster's world in a run, which is where its plan is tried; short where the id is a hash."""
    return "cluster-" + (identity[:16] if _HASH.fullmatch(identity) else identity)


def provenance_of(tools: Sequence[MinedTool]) -> str:
    """Every document of the tools with its licence, once, in the order of the tools."""
    return "; ".join(dict.fromkeys(f"{tool.source}, {tool.licence}" for tool in tools))
