"""`tdscaling stats`: the diversity of data sets, one panel each, or side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..evolution.panel import Panel, panel
from ..evolution.reading import Dataset, read
from ..runtime.errors import ConfigError
from .pages.target import check_free, new_file
from .safe import safe
from .show import open_rows
from .terminal import out_console

BAR = 30
"""Characters of the longest bar."""
LABEL = 36
"""Characters of a label beside a bar."""
TOP = 12
"""Domains that are named."""
BINS = ("below 2", "2 to 4", "4 to 8", "8 to 16", "16 to 32", "32 and up")

Figure = Callable[[Panel], str]


def stats(
    *files: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    compare: Annotated[bool, Parameter(negative=())] = False,
    html: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    files
        Files of trajectories: ours, OpenAI messages, Toucan, tau2-bench simulations or ShareGPT; - for stdin.
    as_json
        One JSON object per file, one per line.
    compare
        All files rarefied to the size of the smallest and labelled by one rule.
    html
        Write the panels as a page with plots to this file, too.
    overwrite
        Replace the page if it is there.
    """
    if not files:
        raise ConfigError("stats: give at least one FILE")
    if html is not None:
        check_free(html, overwrite=overwrite)
    sets = [_load(file, structural=compare) for file in files]
    size = min(len(found.events) for found in sets) if compare else None
    panels = [
        panel(found.name, found.events, size=size, rule="structure" if compare else _rule(found)) for found in sets
    ]
    if html is not None:
        _write_page(html, panels, compared=compare, overwrite=overwrite)
    console = out_console()
    if as_json:
        for seen in panels:
            console.print(msgspec.json.encode(seen).decode(), soft_wrap=True)
    elif compare:
        _side_by_side(console, panels)
    else:
        for found, seen in zip(sets, panels, strict=True):
            _one(console, found, seen)
    return 0


def _write_page(out: Path, panels: Sequence[Panel], *, compared: bool, overwrite: bool) -> None:
    from .pages.page import write_page
    from .pages.panels import PanelsView

    figures = tuple((name, *(figure(seen) for seen in panels)) for name, figure in FIGURES.items())
    named = tuple(msgspec.structs.replace(seen, name=Path(seen.name).name) for seen in panels)
    title = ", ".join(seen.name for seen in named)
    view = PanelsView("stats", title, named, compared, figures)
    with new_file(out, overwrite=overwrite) as stream:
        write_page(stream, title, view)


def _load(file: str, *, structural: bool) -> Dataset:
    with open_rows(file) as (stream, name):
        return read(safe(name), stream, structural=structural)


def _rule(found: Dataset) -> str:
    return "plan" if found.form == "tdscaling" else "structure"


FIGURES: Mapping[str, Figure] = {
    "trajectories": lambda p: f"{p.n}",
    "  compared at": lambda p: f"{p.size}",
    "  simulated": lambda p: f"{p.simulated}",
    "domain entropy, bits": lambda p: _bits(p.domain_entropy_bits),
    "  of at most": lambda p: _bits(p.domain_max_bits),
    "  sector entropy": lambda p: _bits(p.sector_entropy_bits),
    "  cluster entropy": lambda p: _bits(p.cluster_entropy_bits),
    "mode entropy RME-12, of 3.58": lambda p: _bits(p.rme12_bits),
    "  sets of flags": lambda p: _bits(p.rme_set_bits),
    "shape entropy RME-sig, bits": lambda p: _bits(p.rme_sig_bits),
    "  all calls": lambda p: _bits(p.rme_sig_raw_bits),
    "  distinct shapes": lambda p: f"{p.signatures:.0f}",
    "  coverage": lambda p: f"{p.coverage:.2f}",
    "  no call tied to the outcome": lambda p: f"{p.no_outcome:.1%}",
    "action complexity, mean": lambda p: f"{p.cac_mean:.2f}",
    "  spread over bins, bits": lambda p: _bits(p.cac_bins_bits),
    "  dependent depth, mean": lambda p: f"{p.depth_mean:.2f}",
    "  calls, mean": lambda p: f"{p.calls_mean:.2f}",
    "  user turns, mean": lambda p: f"{p.user_turns_mean:.2f}",
    "  tokens, mean": lambda p: "-" if p.tokens_mean is None else f"{p.tokens_mean:,.0f}",
    "distinct arguments": lambda p: f"{p.argument_distinctness:.1%}",
    "presentation, bits": lambda p: _bits(p.face_bits),
    "tool transitions": lambda p: f"{p.edges}",
    "  coverage ": lambda p: f"{p.edge_coverage:.2f}",
}


def _one(console: Console, found: Dataset, seen: Panel) -> None:
    """A panel with bars."""
    left = f", {found.rejected} rejected rows left out" if found.rejected else ""
    console.print(Text(f"{found.name}: {found.form}, modes by {seen.rule}{left}", "bold"))
    console.print(_figures([seen], titles=False))
    for name, estimate in seen.estimates.items():
        half = f"± {estimate.half_width:.2f}" if estimate.half_width is not None else "no interval: too little seen"
        console.print(
            f"  corrected {name}: {estimate.bits:.2f} {half} (coverage {estimate.coverage:.2f})", soft_wrap=True
        )
    _bars(console, "modes", {name: float(n) for name, n in seen.modes.items()})
    bins = {name: round(share * seen.n) for name, share in zip(BINS, seen.cac_bins, strict=True)}
    _bars(console, "action complexity", {name: float(n) for name, n in bins.items()})
    top = dict(list(seen.domain_counts.items())[:TOP])
    _bars(console, f"domains ({len(seen.domain_counts)})", {safe(k) or "unknown": float(n) for k, n in top.items()})


def _side_by_side(console: Console, panels: Sequence[Panel]) -> None:
    console.print(_figures(panels, titles=True))
    console.print(
        f"entropies are expected values for {panels[0].size} trajectories; modes by structure alone, no branches seen",
        style="dim",
        soft_wrap=True,
    )


def _figures(panels: Sequence[Panel], *, titles: bool) -> Table:
    table = Table(show_header=titles, box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for seen in panels:
        table.add_column(Path(seen.name).name if titles else "", justify="right", overflow="fold")
    for name, figure in FIGURES.items():
        table.add_row(name, *(figure(seen) for seen in panels))
    return table


def _bars(console: Console, title: str, values: Mapping[str, float]) -> None:
    """Horizontal bars, the longest one full."""
    most = max(values.values(), default=0.0)
    console.print(f"\n{title}", style="bold")
    for name, value in values.items():
        length = math.ceil(BAR * value / most) if most else 0
        console.print(f"  {_cut(name)} {'█' * length} {value:.0f}", soft_wrap=True)


def _cut(name: str) -> str:
    """A label of even width, with a sign where something is missing."""
    return f"{name:{LABEL}}" if len(name) <= LABEL else f"{name[: LABEL - 1]}…"


def _bits(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
