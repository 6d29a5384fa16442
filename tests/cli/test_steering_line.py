"""The panel's line on the steering, and the last words about it."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
from rich.console import Console

from tdscaling.cli.closing import closing_lines
from tdscaling.cli.panel import panel
from tdscaling.runtime.outlook import Outlook
from tdscaling.tests.cli.test_progress import NOW, SUMMARY, plain

SEEN = Outlook(
    policy="pace-1",
    rows=25,
    domain_entropy_bits=4.25,
    domain_max_bits=5.73,
    rme12_bits=3.1,
    signatures=17,
    attempts_per_row=1.32,
    fused=2,
    clusters=364,
    alarms={"waste": "2.10 attempts per row of late, 1.32 expected"},
)


def test_the_panel_says_how_diverse_the_rows_are_and_which_alarms_stand() -> None:
    """One line, alarms at its end."""
    console = Console(file=io.StringIO(), width=240)
    console.print(panel(msgspec.structs.replace(NOW, outlook=SEEN), 100, 10.0))
    (shown,) = [text for text in plain(console).splitlines() if "pace-1" in text]
    assert "domains 4.25 of 5.73 bits" in shown
    assert "2 of 364 clusters fused" in shown
    assert shown.rstrip().endswith("waste: 2.10 attempts per row of late, 1.32 expected")


def test_before_the_first_row_there_is_nothing_to_say() -> None:
    """No line of zeros."""
    console = Console(file=io.StringIO(), width=240)
    console.print(panel(NOW, 100, 10.0))
    assert "domains" not in plain(console)


def test_the_last_words_name_diversity_and_alarms() -> None:
    """For whoever comes back later."""
    lines = closing_lines(msgspec.structs.replace(SUMMARY, outlook=SEEN), Path("runs/x"), simulated=False)
    (said,) = [text for text in lines if text.startswith("pace-1")]
    assert "domain entropy 4.25 of 5.73 bits" in said
    assert "waste" in said
