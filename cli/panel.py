"""Progress on stderr while a run goes on: a live panel on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import anyio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..runtime.supervisor import Statistics

REFRESH_SECONDS = 0.25
FIRST_LINE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 1800.0
"""Plain lines come after 5, 15, 35 s …: a log that somebody reads later stays short however long the run takes."""
TOP = 3
"""Reasons and modes that are named."""

Look = Callable[[], Statistics]
Clock = Callable[[], float]
"""Seconds, monotonic."""


async def watch(look: Look, target: int, console: Console, clock: Clock, *, live: bool) -> None:
    """Show progress until cancelled, `live` or in lines. `target`: rows wanted."""
    started = clock()
    if live:
        await _live(look, target, console, lambda: clock() - started)
    else:
        await _lines(look, target, console, lambda: clock() - started)


async def _live(look: Look, target: int, console: Console, elapsed: Clock) -> None:
    # Drawn from here and not from rich's own thread: numbers of one frame belong to one moment of the loop.
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(panel(look(), target, elapsed()), refresh=True)
            await anyio.sleep(REFRESH_SECONDS)


async def _lines(look: Look, target: int, console: Console, elapsed: Clock) -> None:
    pause = FIRST_LINE_SECONDS
    while True:
        await anyio.sleep(pause)
        console.print(line(look(), target, elapsed()), soft_wrap=True)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def panel(now: Statistics, target: int, elapsed: float) -> RenderableType:
    """The live view: a bar and four lines."""
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=target, completed=now.accepted, width=32),
        Text(f"{now.accepted}/{target} accepted", "bold"),
        Text(f"{_rate(now.accepted, elapsed):.1f} rows/s"),
        Text(_eta(now.accepted, target, elapsed), "dim"),
    )
    kept = Text(f"rejected {now.rejected}{_top(_reasons(now.funnel))} · abandoned {now.abandoned}")
    if now.restarts:
        kept.append(f" · restarts {now.restarts}")
    work = Text(
        f"in flight {now.in_flight} · waiting {now.waiting} · {now.model_calls} model calls "
        f"({_rate(now.model_calls, elapsed):.0f}/s) · tokens {now.tokens.prompt:,} in, {now.tokens.completion:,} out",
        "dim",
    )
    modes = Text(f"modes{_top({str(mode): n for mode, n in now.modes.realised.items()}, most=13)}", "dim")
    return Group(bar, kept, work, modes, *_steering(now))


def line(now: Statistics, target: int, elapsed: float) -> str:
    """The same in one line, without modes."""
    return (
        f"tdscaling: {elapsed:.0f} s: {now.accepted}/{target} accepted, {now.rejected} rejected"
        f"{_top(_reasons(now.funnel))}, {now.abandoned} abandoned, {now.in_flight} in flight, "
        f"{_rate(now.accepted, elapsed):.1f} rows/s, {_rate(now.model_calls, elapsed):.0f} model calls/s, "
        f"{_eta(now.accepted, target, elapsed)}"
    )


def _steering(now: Statistics) -> list[Text]:
    """One line on diversity and cost, once there is a row; alarms stand out."""
    seen = now.outlook
    if not seen.rows:
        return []
    text = Text(
        f"{seen.policy} · domains {seen.domain_entropy_bits:.2f} of {seen.domain_max_bits:.2f} bits · "
        f"modes {seen.rme12_bits:.2f} of 3.58 · {seen.signatures} shapes · "
        f"{seen.attempts_per_row:.2f} attempts per row · {seen.fused} of {seen.clusters} clusters fused",
        "dim",
    )
    for name, what in seen.alarms.items():
        text.append(f" · {name}: {what}", "yellow")
    return [text]


def _reasons(funnel: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """`{stage.reason: n}`, most frequent first."""
    flat = {f"{stage}.{reason}": n for stage, reasons in funnel.items() for reason, n in reasons.items()}
    return dict(sorted(flat.items(), key=lambda item: (-item[1], item[0])))


def _top(counts: Mapping[str, int], most: int = TOP) -> str:
    named = ", ".join(f"{name} ×{n}" for name, n in list(counts.items())[:most])
    return f" ({named})" if named else ""


def _rate(n: int, elapsed: float) -> float:
    return n / elapsed if elapsed > 0 else 0.0


def _eta(done: int, target: int, elapsed: float) -> str:
    """Time left at the average rate so far; nothing is promised before there is a row."""
    if done == 0:
        return "ETA unknown"
    left = (target - done) * elapsed / done
    return f"ETA {left:.0f} s" if left < 120 else f"ETA {left / 60:.0f} min"
