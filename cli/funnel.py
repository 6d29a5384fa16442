"""`tdscaling funnel`: how far the episodes of a run came, why others did not, and whether another run fares better."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from ..runtime.errors import InputError
from .safe import safe
from .terminal import out_console

if TYPE_CHECKING:
    from ..runtime.funnel import Funnel

TOP = 12
"""Reasons that are named."""
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
    table = _table("", "episodes", "of drafted", "of the stage before")
    before = total
    for stage, n in seen.reached.items():
        table.add_row(stage, f"{n:,}", _share(n, total), _share(n, before))
        before = n
    console.print(table)
    console.print(f"{seen.abandoned} abandoned, {seen.surplus} surplus: not counted", style="dim")
    if seen.causes:
        table = _table("\nreason", "episodes", "after", "for example", right=1)
        for cause in seen.causes[:TOP]:
            table.add_row(safe(cause.reason), f"{cause.n:,}", cause.after, " ".join(map(safe, cause.examples)))
        console.print(table)
    for field, title in GROUPS.items():
        groups = seen.by(field)
        if len(groups) > 1 or field != "perturbation":
            console.print(_acceptance(title, groups))


def _acceptance(title: str, groups: Mapping[str, tuple[int, int]]) -> Table:
    from ..runtime.proportion import wilson

    table = _table(f"\n{title}", "drafted", "accepted", "share", "95 %")
    for value, (drafted, accepted) in groups.items():
        share = wilson(accepted, drafted)
        table.add_row(
            safe(value), f"{drafted:,}", f"{accepted:,}", f"{share.value:.1%}", f"{share.low:.0%}–{share.high:.0%}"
        )
    return table


def _side_by_side(console: Console, first: Funnel, second: Funnel) -> None:
    """Shares of drafted, their difference in percentage points, and a mark where it is none of chance's."""
    table = _table("of drafted", "first", "second", "difference", "95 %", "")
    totals = first.reached["drafted"], second.reached["drafted"]
    for stage, n in first.reached.items():
        _compared(table, stage, (n, totals[0]), (second.reached[stage], totals[1]))
    console.print(table)
    table = _table("\nreason", "first", "second", "difference", "95 %", "")
    counts = [{(c.reason): c.n for c in reversed(seen.causes)} for seen in (first, second)]
    names = sorted(counts[0] | counts[1], key=lambda name: -(counts[0].get(name, 0) + counts[1].get(name, 0)))
    for name in names[:TOP]:
        _compared(table, name, (counts[0].get(name, 0), totals[0]), (counts[1].get(name, 0), totals[1]))
    console.print(table)
    for field, title in GROUPS.items():
        table = _table(f"\naccepted by {title}", "first", "second", "difference", "95 %", "")
        ours, theirs = first.by(field), second.by(field)
        for value in sorted(ours.keys() & theirs.keys()):
            _compared(table, value, ours[value][::-1], theirs[value][::-1])
        console.print(table)
    console.print("* the interval of the difference leaves out zero", style="dim")


def _compared(table: Table, name: str, before: tuple[int, int], after: tuple[int, int]) -> None:
    """One line; `before` and `after` are (hits, of so many)."""
    from ..runtime.proportion import difference, wilson

    change = difference(wilson(*before), wilson(*after))
    table.add_row(
        safe(name),
        _share(*before),
        _share(*after),
        f"{100 * change.value:+.1f}",
        f"{100 * change.low:+.1f} to {100 * change.high:+.1f}",
        "*" if change.low > 0 or change.high < 0 else "",
    )


def _table(first: str, *columns: str, right: int | None = None) -> Table:
    """Columns without lines; figures stand to the right, or only the first `right` columns of them."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    for number, column in enumerate(columns):
        table.add_column(
            "\n" + column if first.startswith("\n") else column,
            justify="right" if right is None or number < right else "left",
            no_wrap=True,
        )
    return table


def _share(n: int, total: int) -> str:
    return f"{n / total:.1%}" if total else "-"
