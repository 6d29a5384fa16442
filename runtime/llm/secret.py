"""A key that cannot be printed by accident."""

from __future__ import annotations

import re

_SHAPES = re.compile(r"(?i)\bbearer\s+[^\s\"',;]+|\b(?:sk|pk|key|hf|gsk|xai)[-_][A-Za-z0-9_*.\-]{8,}")
"""What keys look like: servers quote the one they refuse, sometimes with its middle starred out."""


class Key:
    """An API key. Its text leaves this object only as the value of a request's header."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """`text` is empty for an endpoint without keys."""
        self._text = text

    def __repr__(self) -> str:
        return "Key(***)" if self._text else "Key()"

    def headers(self) -> dict[str, str]:
        """What a request carries."""
        return {"Authorization": f"Bearer {self._text}"} if self._text else {}

    def redact(self, text: str) -> str:
        """The text without this key and without whatever looks like one."""
        if self._text:
            text = text.replace(self._text, "***")
        return _SHAPES.sub("***", text)

    def hide(self, text: str) -> str:
        """The text without this key; for replies, in which nothing else may be changed."""
        return text.replace(self._text, "***") if self._text else text
