"""What to synthesise next: the cluster of tools, and the assignment drawn for one episode."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from .presentation import Presentation

Mode: TypeAlias = Literal[
    "direct",
    "react",
    "chain",
    "parallel",
    "branch",
    "loop",
    "clarify",
    "recover",
    "verify",
    "plan",
    "no_tool_needed",
    "no_capable_tool",
    "forbidden",
]
"""A reasoning mode. The last three are the kinds of refusal; `verify` is verify-after-write, `plan` is plan-first."""

MODES: tuple[Mode, ...] = get_args(Mode)
REFUSALS: tuple[Mode, ...] = ("no_tool_needed", "no_capable_tool", "forbidden")

Perturbation: TypeAlias = Literal[
    "none",
    "tool_error",
    "missing_parameter",
    "changed_mind",
    "irrelevant_request",
    "capable_tool_withheld",
    "permission_denied",
    "ambiguous_entity",
    "long_paged_list",
    "stale_read",
]
"""What goes otherwise than the user thought; docs/perturbations.md says what each one is and what is right then."""

PERTURBATIONS: tuple[Perturbation, ...] = get_args(Perturbation)[1:]
"""Without `none`."""

Counterfactual: TypeAlias = Literal["tool_removed", "parameter_withheld", "permission_denied"]
"""The one thing that is changed in the second row of a pair."""
COUNTERFACTUALS: tuple[Counterfactual, ...] = get_args(Counterfactual)


class Edge(msgspec.Struct, frozen=True):
    """A producer → consumer dependency between two tools of a cluster."""

    producer: str
    """Name of the tool whose reply holds the value."""
    path: str
    """Where it stands in the reply, dotted, `*` for every element of a list: `orders.*.order_id`."""
    consumer: str
    """Name of the tool that takes the value."""
    param: str
    """Name of the consumer's parameter."""
    evidence: str
    """Why the edge is believed, in a few words."""


class BusinessCluster(msgspec.Struct, frozen=True):
    """Tools of one or several services that belong to one piece of business."""

    id: str
    """sha256 over services and tools, 16 hex digits."""
    services: tuple[str, ...]
    tools: tuple[str, ...]
    edges: tuple[Edge, ...]
    entities: tuple[str, ...]
    """What the tools are about: order, customer, …"""
    domain: str
    sector: str
    plan: tuple[str, ...]
    """The tools in an order that respects the edges."""
    entry: tuple[str, ...]
    """`tool.param` of the identifiers that nothing in the cluster produces: someone must tell them."""
    modes: tuple[Mode, ...]
    """The reasoning modes that the cluster's structure can carry."""
    provenance: str
    """Where the tools' schemas come from, with licence."""
    perturbations: tuple[Perturbation, ...] = ()
    """Those of the perturbations that need more than a mode does: what its lists and states can carry."""


class Assignment(msgspec.Struct, frozen=True):
    """One order to the agents: which cluster, which mode, which face."""

    index: int
    """Position in the run, from 0. Everything that is counted is counted in this order."""
    cluster: str
    """Id of the cluster."""
    domain: str
    sector: str
    mode: Mode
    """The reasoning mode asked for; the one realised stands in the row's measurements."""
    goals: int
    """How many goals the user should have (the complexity bin)."""
    persona: str
    """Who the user is, one sentence."""
    style: str
    """How the user writes: terse, plain, polite, chatty."""
    seed: int
    """Root of this episode's randomness, derived from (run seed, index)."""
    why: str
    """Why this was drawn: the policy and what moved it."""
    perturbation: Perturbation = "none"
    """What is to go wrong or otherwise; whether it came about stands in the row's measurements."""
    attempts: int = 1
    """How often the blueprint is played; the first accepted play becomes the row."""
    counterfactual: Counterfactual | None = None
    """What is changed when the blueprint is played once more for a contrast pair; None without a pair."""
    presentation: Presentation = Presentation()
    """How the task is to be presented; what became of it stands in the row's face."""
