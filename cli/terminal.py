"""The terminal: consoles that honour pipes and NO_COLOR, and text from outside made safe to show."""

from __future__ import annotations

import os
import re
import sys
from typing import NoReturn

from rich.console import Console

UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters of C0 (but tab and newline) and C1
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"  # invisible, turning, lone
)


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


def safe(text: str) -> str:
    """The text with every character that could move a cursor, ring a bell or turn the line round written out."""
    return UNSAFE.sub(lambda match: _escape(match[0]), text.replace("\r\n", "\n")).expandtabs(4)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
