"""Text from outside made safe to show: models, tools and files decide what it says, not what the terminal does."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters of C0 (but tab and newline) and C1
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"  # invisible, turning, lone
)


def safe(text: str) -> str:
    """The text with every character that could move a cursor, ring a bell or turn the line round written out."""
    return UNSAFE.sub(lambda match: _escape(match[0]), text.replace("\r\n", "\n")).expandtabs(4)


def one_line(text: str) -> str:
    """Safe, and without line breaks."""
    return " ".join(safe(text).split())


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
