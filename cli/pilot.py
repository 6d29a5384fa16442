"""`tdscaling pilot`: a small run, and what it says of a big one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from ..runtime.config import RunConfig
from ..runtime.errors import ConfigError, InputError, TargetUnreachable
from .safe import safe
from .terminal import columns, out_console

if TYPE_CHECKING:
    from ..runtime.pilot import Episode, Forecast, Spent
    from ..runtime.proportion import Interval

COUNT = 50


def pilot(
    *,
    settings: Annotated[RunConfig | None, Parameter(name="*")] = None,
    target_rows: Annotated[int, Parameter(name="--target-rows")] = 10_000,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    settings
        Those of `tdscaling run`.
    target_rows
        Accepted rows that the big run should have.
    as_json
        One JSON object.
    """
    from ..runtime.pilot import forecast
    from .run import run

    if target_rows < 1:
        raise ConfigError(f"--target-rows {target_rows}: must be at least 1")
    config = _small(settings or RunConfig())
    directory = config.run
    if directory is None:
        raise AssertionError("the pilot names its directory")
    short: TargetUnreachable | None = None
    code = 0
    try:
        code = run(settings=config)
    except TargetUnreachable as error:  # what there is still says something, above all about the yield
        short = error
    found = forecast(list(_episodes(directory)), _spent(directory), target_rows, config.seed)
    console = out_console()
    if as_json:
        console.print(msgspec.json.encode(found).decode(), soft_wrap=True)
    else:
        _show(console, found, simulated=config.model == "sim" and not config.base_url)
    if short is not None:
        raise short
    return code


def _small(config: RunConfig) -> RunConfig:
    """Fifty rows, in a directory that is known, and no rows on stdout: those are in the journal."""
    changes: dict[str, object] = {}
    if "count" not in config.model_fields_set:
        changes["count"] = COUNT
    if config.out == "-":
        changes["out"] = os.devnull
    if config.run is None:
        changes["run"] = Path("runs") / f"pilot-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
    return config.model_copy(update=changes)


def _episodes(directory: Path) -> Iterator[Episode]:
    """The committed episodes. Raises InputError where there are none."""
    from ..runtime.ends import read_ends, read_rows
    from ..runtime.pilot import Episode

    ends = [end for end in read_ends(directory) if end.committed]
    if not ends:
        raise InputError(f"{directory}: no episode of the pilot ended")
    tokens = {
        row.id: row.measurements.prompt_tokens + row.measurements.completion_tokens
        for row in read_rows(directory, {end.id for end in ends})
    }
    for end in ends:
        yield Episode(end.mode or "abandoned", end.kind or "-", end.stage == "accepted", tokens.get(end.id, 0))


class _Tokens(msgspec.Struct):
    prompt: int
    completion: int


class _Summary(msgspec.Struct):
    wall_s: float
    tokens: _Tokens


def _spent(directory: Path) -> Spent:
    from ..runtime.pilot import Spent

    try:
        summary = msgspec.json.decode((directory / "summary.json").read_bytes(), type=_Summary)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{directory}: no summary of the pilot: {error}") from None
    return Spent(summary.wall_s, summary.tokens.prompt + summary.tokens.completion, _cost(directory))


def _cost(directory: Path) -> float | None:
    """What the endpoints cost by the prices of the settings; None for the simulated model and without prices."""
    try:
        found: object = json.loads((directory / "endpoints.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    cost = found.get("cost") if isinstance(found, dict) else None
    return float(cost) if isinstance(cost, int | float) and cost > 0 else None


def _show(console: Console, found: Forecast, *, simulated: bool) -> None:
    columns(
        console,
        [
            ("yield", "tools", "accepted", "of", "share", "95 %"),
            *((safe(c.mode), safe(c.kind), f"{c.accepted}", f"{c.episodes}", *_share(c.share)) for c in found.cells),
            ("all", "", f"{found.accepted}", f"{found.episodes}", *_share(found.yield_)),
        ],
        left={0, 1},
    )
    lines: list[tuple[str, ...]] = [(f"for {found.target:,} rows", "expected", "95 %")]
    lines += _line("episodes", found.attempts, "{:,.0f}")
    lines += _line("tokens per row", found.tokens_per_row, "{:,.0f}")
    lines += _line("tokens", found.tokens, "{:,.0f}")
    lines += _line("hours at this pace", found.hours, "{:,.2f}")
    lines += _line("cost", found.cost, "{:,.2f}")
    columns(console, lines)
    if found.cost is None and not simulated:
        console.print("no cost: give prices in the settings, see docs/endpoints.md", style="dim")
    if simulated:
        console.print("simulated model: figures of a stand-in, they say nothing of a real one", style="dim")


def _share(share: Interval) -> tuple[str, str]:
    return f"{share.value:.0%}", f"{share.low:.0%} to {share.high:.0%}"


def _line(name: str, interval: Interval | None, form: str) -> list[tuple[str, ...]]:
    if interval is None:
        return []
    return [(name, form.format(interval.value), f"{form.format(interval.low)} to {form.format(interval.high)}")]
