"""Progress and last words: what they say, and how rarely."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import anyio
import msgspec
import pytest
from rich.console import Console

from tdscaling.cli.closing import closing_lines, cut_short
from tdscaling.cli.panel import line, panel, watch
from tdscaling.runtime.simloop import simulate
from tdscaling.runtime.supervisor import Statistics, Summary, Tokens
from tdscaling.runtime.tally import Modes

NOW = Statistics(
    accepted=25,
    rejected=7,
    abandoned=1,
    committed=33,
    in_flight=8,
    waiting=2,
    queued={},
    restarts=3,
    model_calls=500,
    tokens=Tokens(12_000, 3_400),
    funnel={"facts": {"missing": 5}, "model": {"no_plan": 2}, "abandoned": {"deadline": 1}},
    modes=Modes({"chain": 25}, {"chain": 20, "react": 5}),
)
SUMMARY = Summary(
    accepted=25,
    rejected=7,
    abandoned=1,
    surplus=4,
    attempts=33,
    funnel=NOW.funnel,
    model_calls=500,
    tokens=NOW.tokens,
    wall_s=10.0,
    cpu_s=9.0,
    stages={},
    modes=NOW.modes,
    interrupted=False,
)


def plain(console: Console) -> str:
    """What was written to a console on a text buffer."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_plain_line_says_how_far_it_is_and_why_rows_were_rejected() -> None:
    """Most frequent reasons first, rates over the whole run."""
    assert line(NOW, 100, 10.0) == (
        "tdscaling: 10 s: 25/100 accepted, 7 rejected (facts.missing ×5, model.no_plan ×2, abandoned.deadline ×1), "
        "1 abandoned, 8 in flight, 2.5 rows/s, 50 model calls/s, ETA 30 s"
    )


def test_nothing_is_promised_before_there_is_a_row() -> None:
    """No division by zero, no invented time."""
    assert "ETA unknown" in line(msgspec.structs.replace(NOW, accepted=0), 100, 0.0)


def test_the_panel_says_the_same_and_modes_and_tokens() -> None:
    """Everything an impatient person wants to see."""
    console = Console(file=io.StringIO(), width=120)
    console.print(panel(NOW, 100, 10.0))
    text = plain(console)
    for words in ("25/100 accepted", "facts.missing ×5", "restarts 3", "12,000 in", "chain ×20, react ×5", "ETA 30 s"):
        assert words in text


@pytest.mark.parametrize("live", [False, True])
def test_progress_ends_when_the_run_does(live: bool) -> None:
    """Cancelling is how it is told, and a hidden cursor comes back."""
    console = Console(file=io.StringIO(), width=120, force_terminal=live)

    async def main() -> None:
        with anyio.move_on_after(60):
            await watch(lambda: NOW, 100, console, asyncio.get_running_loop().time, live=live)

    simulate(main)
    assert plain(console)
    if live:
        assert plain(console).rindex("\x1b[?25h") > plain(console).rindex("\x1b[?25l")


def test_a_day_long_run_leaves_few_lines() -> None:
    """The pause between lines doubles up to half an hour."""
    console = Console(file=io.StringIO(), width=120)

    async def main() -> None:
        with anyio.move_on_after(24 * 3600):
            await watch(lambda: NOW, 100, console, asyncio.get_running_loop().time, live=False)

    simulate(main)
    lines = plain(console).splitlines()
    assert [text.split(":")[1] for text in lines[:3]] == [" 5 s", " 15 s", " 35 s"]
    assert len(lines) < 64


def test_the_last_words_fit_on_six_lines() -> None:
    """Counts, rates, reasons, modes, the stand-in, the directory."""
    lines = closing_lines(SUMMARY, Path("runs/x"), simulated=True)
    assert len(lines) == 6
    assert lines[0] == "25 accepted, 7 rejected, 1 abandoned, 4 surplus"
    assert "2.5 rows/s" in lines[1]
    assert lines[-1] == "run directory: runs/x"


def test_a_real_model_is_not_called_a_stand_in() -> None:
    """The line about the simulated model is there when it is true only."""
    assert not any("stand-in" in text for text in closing_lines(SUMMARY, Path("runs/x"), simulated=False))


def test_a_run_cut_short_is_one_line() -> None:
    """Whether or not anything was synthesised."""
    assert cut_short(SUMMARY, Path("x")) == "25 accepted, 7 rejected, 1 abandoned, 4 surplus; run directory: x"
    assert cut_short(None, Path("x")) == "nothing was synthesised; run directory: x"
