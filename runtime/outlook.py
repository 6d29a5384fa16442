"""What the steering says of a run while it goes on and at its end: diversity so far, cost, alarms."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Outlook(msgspec.Struct, frozen=True):
    """Diversity of the accepted rows so far. Entropies in bits, uncorrected; docs/diversity.md defines them."""

    policy: str = ""
    """Name and version of what decided; empty where nothing was watched."""
    rows: int = 0
    domain_entropy_bits: float = 0.0
    domain_max_bits: float = 0.0
    """log2 of the domains that the catalogue has."""
    cluster_entropy_bits: float = 0.0
    rme12_bits: float = 0.0
    rme_sig_bits: float = 0.0
    signatures: int = 0
    """Distinct shapes of what the outcomes hang on."""
    coverage: float = 0.0
    """Good-Turing coverage of signatures."""
    attempts_per_row: float = 0.0
    fused: int = 0
    """Clusters that are only probed, because they reject nearly everything."""
    clusters: int = 0
    alarms: dict[str, str] = {}
    """`{name: what it saw}` of the alarms that stand: collapse, coverage, waste, exhaustion."""


class Observer(Protocol):
    """Watches commits."""

    def outlook(self) -> Outlook:
        """The run as it stands."""
        ...
