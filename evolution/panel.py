"""The panel: the diversity of a set of trajectories, as one record per set, at its full size and rarefied."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from statistics import fmean

import msgspec

from .complexity import bin_of
from .counts import counted
from .estimators import Estimate, coverage, estimate, expected_distinct, rarefied
from .event import Event
from .labels import RME12


class Panel(msgspec.Struct, frozen=True):
    """Everything that is reported of one data set. Entropies are in bits.

    Entropies without a suffix are rarefied to `size` trajectories, so panels of the same size can be compared; those in
    `estimates` are of the whole set, corrected for bias.
    """

    name: str
    n: int
    """Trajectories read."""
    size: int
    """Trajectories that the rarefied figures stand for."""
    simulated: int
    """Trajectories in which the simulated model played a role."""
    rule: str
    """How modes were labelled: `plan` (our rows, with the plan at hand) or `structure` (anything)."""
    sector_entropy_bits: float | None
    """None where no sector is known; the same for domains."""
    domain_entropy_bits: float | None
    domain_max_bits: float | None
    """log2 of the domains seen: a data set does not say what it could have drawn from."""
    domains: int
    effective_domains: float | None
    """2 to the power of the domain entropy."""
    cluster_entropy_bits: float
    clusters: int
    rme12_bits: float
    """At most log2 12 = 3.585."""
    rme_set_bits: float
    """Over sets of flags."""
    rme_sig_bits: float
    """Over signatures of the calls that the outcome hangs on."""
    rme_sig_raw_bits: float
    """Over signatures of all calls; idle calls raise it."""
    signatures: float
    """Expected number of distinct signatures among `size` trajectories."""
    no_outcome: float
    """Share of trajectories with calls of which none could be tied to the outcome."""
    cac_mean: float
    cac_bins_bits: float
    """Entropy over six bins of complexity: its spread."""
    cac_bins: tuple[float, ...]
    """Shares of the six bins, simple first."""
    depth_mean: float
    calls_mean: float
    user_turns_mean: float
    tokens_mean: float | None
    argument_distinctness: float
    """Distinct (tool, arguments) among all calls."""
    face_bits: float
    """Over persona, style, language, names of tools, system prompt and replies."""
    edges: int
    """Distinct transitions from one tool to the next, within trajectories."""
    edge_coverage: float
    """Good-Turing coverage of transitions."""
    coverage: float
    """Good-Turing coverage of signatures: how much of what this source makes has been seen."""
    modes: dict[str, int]
    """`{label: trajectories}`, in the order of precedence."""
    domain_counts: dict[str, int]
    """`{domain: trajectories}`, most frequent first."""
    estimates: dict[str, Estimate]
    """`{figure: estimate}` over all n."""


def panel(name: str, events: Sequence[Event], *, size: int | None = None, rule: str = "plan", seed: int = 0) -> Panel:
    """The panel of some events, rarefied to `size` of them (all when absent).

    Means and argument distinctness are of the whole set, but distinctness of a seeded sample when `size` is smaller:
    it falls with every further call. Raises ValueError when there are no events, or fewer than `size`.
    """
    if not events:
        raise ValueError("no events")
    size = len(events) if size is None else size
    sets = {
        "sector": counted(e.sector for e in events),
        "domain": counted(e.domain for e in events),
        "cluster": counted(e.cluster for e in events),
        "rme12": counted(e.mode for e in events),
        "rme_set": counted(" ".join(e.flags) for e in events),
        "rme_sig": counted(e.signature for e in events),
        "rme_sig_raw": counted(e.raw_signature for e in events),
        "cac_bins": counted(str(bin_of(e.complexity)) for e in events),
        "face": counted(e.face for e in events),
    }
    bits = {key: rarefied(found.labels.values(), size) for key, found in sets.items()}
    known = any(event.domain for event in events)
    edges = counted(edge for event in events for edge in pairwise(event.tools))
    sample = events if size == len(events) else Random(seed).sample(list(events), size)
    acting = sum(event.calls > 0 for event in events)
    tokens = [event.tokens for event in events if event.tokens is not None]
    return Panel(
        name=name,
        n=len(events),
        size=size,
        simulated=sum(event.simulated for event in events),
        rule=rule,
        sector_entropy_bits=bits["sector"] if any(event.sector for event in events) else None,
        domain_entropy_bits=bits["domain"] if known else None,
        domain_max_bits=math.log2(len(sets["domain"])) if known else None,
        domains=len(sets["domain"]),
        effective_domains=2 ** bits["domain"] if known else None,
        cluster_entropy_bits=bits["cluster"],
        clusters=len(sets["cluster"]),
        rme12_bits=bits["rme12"],
        rme_set_bits=bits["rme_set"],
        rme_sig_bits=bits["rme_sig"],
        rme_sig_raw_bits=bits["rme_sig_raw"],
        signatures=expected_distinct(sets["rme_sig"].labels.values(), size),
        no_outcome=sum(e.calls > 0 and e.signature == "none" for e in events) / acting if acting else 0.0,
        cac_mean=fmean(event.complexity for event in events),
        cac_bins_bits=bits["cac_bins"],
        cac_bins=tuple(sets["cac_bins"][str(number)] / len(events) for number in range(6)),
        depth_mean=fmean(event.depth for event in events),
        calls_mean=fmean(event.calls for event in events),
        user_turns_mean=fmean(event.user_turns for event in events),
        tokens_mean=fmean(tokens) if tokens else None,
        argument_distinctness=_distinctness(sample),
        face_bits=bits["face"],
        edges=len(edges),
        edge_coverage=coverage(edges.labels.values()),
        coverage=coverage(sets["rme_sig"].labels.values()),
        modes={label: sets["rme12"][label] for label in RME12},
        domain_counts=dict(Counter(sets["domain"].labels).most_common()),
        estimates={
            "domain_entropy_bits": estimate(sets["domain"].labels.values(), closed=True),
            "cluster_entropy_bits": estimate(sets["cluster"].labels.values(), closed=False),
            "rme12_bits": estimate(sets["rme12"].labels.values(), closed=True),
            "rme_sig_bits": estimate(sets["rme_sig"].labels.values(), closed=False),
        },
    )


def _distinctness(events: Iterable[Event]) -> float:
    calls = [call for event in events for call in event.arguments]
    return len(set(calls)) / len(calls) if calls else 1.0
