"""The terminal: consoles that honour pipes and NO_COLOR."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Sequence
from typing import NoReturn

from rich.console import Console


class PipeConsole(Console):
    """A console on stdout that takes a reader's leaving as the end of the work: `tdscaling show FILE | head`."""

    def on_broken_pipe(self) -> NoReturn:
        """Send what is still buffered nowhere and end well."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        raise SystemExit(0)


def out_console() -> Console:
    """For what a command shows: stdout, in colour on a terminal only."""
    return PipeConsole(highlight=False, markup=False, emoji=False, soft_wrap=False)


def columns(console: Console, lines: Sequence[Sequence[str]], left: Container[int] = (0,)) -> None:
    """A blank line, then lines of cells below each other, the first of them a heading. Nothing is cut or wrapped.

    `left`: the numbers of the columns that stand to the left; figures stand to the right.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    console.print()
    for number, line in enumerate(lines):
        cells = [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))]
        console.print("  ".join(cells).rstrip(), style=None if number else "bold", soft_wrap=True)


def err_console() -> Console:
    """For progress and messages: stderr."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)
