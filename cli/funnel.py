"""`tdscaling funnel`: how far the episodes of a run came, why others did not, and whether another run fares better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from ..runtime.errors import InputError
from .safe import safe
from .terminal import columns, out_console

if TYPE_CHECKING:
    from ..runtime.funnel import Funnel

TOP = 12
"""Reasons that are named."""
SHORT_ID = 8
"""Characters of an id: as many as `tdscaling show` needs."""
GROUPS = {"mode": "mode", "goals": "goals", "kind": "tools", "perturbation": "perturbation"}
"""Field of a cell → heading."""


def funnel(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    compare: Path | None = None,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    run
        The directory of a run.
    as_json
        One JSON object, every combination of mode, goals, tools and perturbation in it; with --compare, two lines.
    compare
        The directory of another run: its shares beside those of the first, and whether they differ.
    """
    from ..runtime.ends import read_ends
    from ..runtime.funnel import funnel as count

    found = [count(read_ends(path)) for path in (run, compare) if path is not None]
    for path, seen in zip((run, compare), found, strict=False):
        if not seen.reached["drafted"]:
            raise InputError(f"{path}: no episode of this run was committed ({seen.abandoned} were abandoned)")
    console = out_console()
    if as_json:
        for seen in found:
            console.print(msgspec.json.encode(seen).decode(), soft_wrap=True)
    elif compare is not None:
        _side_by_side(console, *found)
    else:
        _one(console, found[0])
    return 0


def _one(console: Console, seen: Funnel) -> None:
    total = seen.reached["drafted"]
    lines = [("", "episodes", "of drafted", "of the stage before")]
    before = total
    for stage, n in seen.reached.items():
        lines.append((stage, f"{n:,}", _share(n, total), _share(n, before)))
        before = n
    columns(console, lines)
    console.print(f"{seen.abandoned:,} abandoned, {seen.surplus:,} surplus: not counted", style="dim")
    if seen.causes:
        lines = [("reason", "episodes", "after", "for example")]
        for cause in seen.causes[:TOP]:
            examples = " ".join(safe(name[:SHORT_ID]) for name in cause.examples)
            lines.append((safe(cause.reason), f"{cause.n:,}", cause.after, examples))
        columns(console, lines, left={0, 2, 3})
        if len(seen.causes) > TOP:
            console.print(f"and {len(seen.causes) - TOP} rarer reasons: --json", style="dim")
    for field, title in GROUPS.items():
        groups = seen.by(field)
        if len(groups) > 1 or field != "perturbation":
            columns(console, _acceptance(title, groups))


def _acceptance(title: str, groups: Mapping[str, tuple[int, int]]) -> list[tuple[str, ...]]:
    from ..runtime.proportion import wilson

    lines: list[tuple[str, ...]] = [(title, "drafted", "accepted", "share", "95 %")]
    for value, (drafted, accepted) in groups.items():
        share = wilson(accepted, drafted)
        interval = f"{share.low:.0%} to {share.high:.0%}"
        lines.append((safe(value), f"{drafted:,}", f"{accepted:,}", f"{share.value:.1%}", interval))
    return lines


def _side_by_side(console: Console, first: Funnel, second: Funnel) -> None:
    """Shares of drafted, their difference in percentage points, and a mark where it is more than chance."""
    totals = first.reached["drafted"], second.reached["drafted"]
    stages = [(stage, (n, totals[0]), (second.reached[stage], totals[1])) for stage, n in first.reached.items()]
    columns(console, _compared(f"of {totals[0]:,} and {totals[1]:,} drafted", stages[1:]))
    ours, theirs = _reasons(first), _reasons(second)
    names = sorted(ours | theirs, key=lambda name: (-ours.get(name, 0) - theirs.get(name, 0), name))
    pairs = [(name, (ours.get(name, 0), totals[0]), (theirs.get(name, 0), totals[1])) for name in names[:TOP]]
    if pairs:
        columns(console, _compared("reason", pairs))
    for field, title in GROUPS.items():
        mine, other = first.by(field), second.by(field)
        values = sorted(mine.keys() & other.keys())
        shares = [(value, _turned(mine[value]), _turned(other[value])) for value in values]
        columns(console, _compared(f"accepted by {title}", shares))
    console.print("* the interval of the difference leaves out zero", style="dim")


def _turned(counts: tuple[int, int]) -> tuple[int, int]:
    """(drafted, accepted) as (hits, of so many)."""
    return counts[1], counts[0]


def _reasons(seen: Funnel) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cause in seen.causes:
        counts[cause.reason] = counts.get(cause.reason, 0) + cause.n
    return counts


def _compared(title: str, pairs: Sequence[tuple[str, tuple[int, int], tuple[int, int]]]) -> list[tuple[str, ...]]:
    """`pairs`: name, (hits, of so many) in the first run, the same in the second."""
    from ..runtime.proportion import difference, wilson

    lines: list[tuple[str, ...]] = [(title, "first", "second", "points", "95 %", "")]
    for name, before, after in pairs:
        change = difference(wilson(*before), wilson(*after))
        interval = f"{100 * change.low:+.1f} to {100 * change.high:+.1f}"
        mark = "*" if change.low > 0 or change.high < 0 else ""
        lines.append((safe(name), _share(*before), _share(*after), f"{100 * change.value:+.1f}", interval, mark))
    return lines


def _share(n: int, total: int) -> str:
    return f"{n / total:.1%}" if total else "-"
