"""The last words of a run: what it came to, in a few lines for a person."""

from __future__ import annotations

from pathlib import Path

from ..runtime.supervisor import Summary

TOP = 3
"""Reasons that are named."""


def cut_short(summary: Summary | None, directory: Path) -> str:
    """The line for a run that ended before its target; why it did stands in another."""
    if summary is None:
        return f"nothing was synthesised; run directory: {directory}"
    return f"{_counts(summary)}; run directory: {directory}"


def closing_lines(summary: Summary, directory: Path, *, simulated: bool) -> list[str]:
    """At most eight lines for a run that reached its target."""
    rate = summary.accepted / summary.wall_s if summary.wall_s > 0 else 0.0
    lines = [
        _counts(summary),
        (
            f"{summary.wall_s:.1f} s, {rate:.1f} rows/s; {summary.model_calls:,} model calls, "
            f"{summary.tokens.prompt:,} prompt and {summary.tokens.completion:,} completion tokens"
        ),
    ]
    reasons = [(n, f"{stage}.{reason}") for stage, found in summary.funnel.items() for reason, n in found.items()]
    if reasons:
        top = sorted(reasons, key=lambda pair: (-pair[0], pair[1]))[:TOP]
        lines.append(f"not accepted, most often: {', '.join(f'{name} ×{n}' for n, name in top)}")
    if judged := summary.judged.rows:
        lines.append(f"judge: agreed with the rules on {summary.judged.agreed} of {judged} rows")
    if summary.modes.realised:
        lines.append(f"modes: {', '.join(f'{mode} {n}' for mode, n in summary.modes.realised.items())}")
    seen = summary.outlook
    if seen.rows:
        alarms = "".join(f"; {name}: {what}" for name, what in seen.alarms.items())
        lines.append(
            f"{seen.policy}: domain entropy {seen.domain_entropy_bits:.2f} of {seen.domain_max_bits:.2f} bits, "
            f"mode entropy {seen.rme12_bits:.2f} of 3.58, {seen.signatures} shapes{alarms}"
        )
    if simulated:
        lines.append("simulated model: a stand-in for trying and testing, not training data")
    lines.append(f"run directory: {directory}")
    return lines


def _counts(summary: Summary) -> str:
    return (
        f"{summary.accepted} accepted, {summary.rejected} rejected, {summary.abandoned} abandoned, "
        f"{summary.surplus} surplus"
    )
