"""How far a person and the gates agree, over a sheet that was marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from .proportion import Interval, kappa, wilson
from .review import Entry


class Part(msgspec.Struct, frozen=True):
    """The agreement within one stratum."""

    marked: int
    agreed: int
    false_accepts: int
    """Accepted by the gates, rejected by the person."""
    false_rejects: int
    """Rejected by the gates, accepted by the person."""


class Agreement(msgspec.Struct, frozen=True):
    """Figures over the rows that were marked accept or reject."""

    marked: int
    unsure: int
    unmarked: int
    agreement: Interval
    """Share of the marked rows on which both say the same, over the sample as drawn."""
    weighted: float
    """The same share with every row counted as often as its stratum is large: an estimate for the whole run."""
    kappa: Interval | None
    """Cohen's kappa; None where it is not defined."""
    false_accepts: Interval
    """Share of the accepted rows that the person rejects."""
    false_rejects: Interval
    """Share of the rejected rows that the person accepts."""
    by: dict[str, dict[str, Part]]
    """`{field: {value: part}}` for verdict, mode and tools."""
    disputed: tuple[Entry, ...]
    """The rows on which they differ, in the sheet's order."""


def agreement(entries: Sequence[Entry]) -> Agreement:
    """The figures of a sheet. Without a marked row its shares are 0 in [0, 1]."""
    marked = [entry for entry in entries if entry.human in ("accept", "reject")]
    accepted = [entry for entry in marked if entry.verdict == "accepted"]
    rejected = [entry for entry in marked if entry.verdict == "rejected"]
    wrong_in = sum(not _agree(entry) for entry in accepted)
    wrong_out = sum(not _agree(entry) for entry in rejected)
    return Agreement(
        marked=len(marked),
        unsure=sum(entry.human == "unsure" for entry in entries),
        unmarked=sum(entry.human == "" for entry in entries),
        agreement=wilson(len(marked) - wrong_in - wrong_out, len(marked)),
        weighted=_weighted(marked),
        kappa=kappa(len(accepted) - wrong_in, wrong_in, wrong_out, len(rejected) - wrong_out),
        false_accepts=wilson(wrong_in, len(accepted)),
        false_rejects=wilson(wrong_out, len(rejected)),
        by={
            "verdict": _parts(marked, lambda entry: entry.verdict),
            "mode": _parts(marked, lambda entry: entry.mode),
            "tools": _parts(marked, lambda entry: entry.tools),
        },
        disputed=tuple(entry for entry in marked if not _agree(entry)),
    )


def _agree(entry: Entry) -> bool:
    return (entry.human == "accept") == (entry.verdict == "accepted")


def _weighted(marked: Iterable[Entry]) -> float:
    """Strata by their sizes in the run, rows of one stratum alike."""
    strata: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in marked:
        strata.setdefault((entry.verdict, entry.mode, entry.tools), []).append(entry)
    total = sum(some[0].stratum_rows for some in strata.values())
    met = sum(some[0].stratum_rows * sum(map(_agree, some)) / len(some) for some in strata.values())
    return met / total if total else 0.0


def _parts(marked: Iterable[Entry], key: Callable[[Entry], str]) -> dict[str, Part]:
    groups: dict[str, list[Entry]] = {}
    for entry in marked:
        groups.setdefault(key(entry), []).append(entry)
    return {value: _part(groups[value]) for value in sorted(groups)}


def _part(entries: Sequence[Entry]) -> Part:
    differ = [entry for entry in entries if not _agree(entry)]
    wrong_in = sum(entry.verdict == "accepted" for entry in differ)
    return Part(len(entries), len(entries) - len(differ), wrong_in, len(differ) - wrong_in)
