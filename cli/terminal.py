"""The terminal: consoles that honour pipes and NO_COLOR."""

from __future__ import annotations

import os
import sys
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


def err_console() -> Console:
    """For progress and messages: stderr."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)
