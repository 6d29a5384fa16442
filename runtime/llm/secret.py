"""A key that cannot be printed by accident."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

AUTHORIZATION = "Authorization"
AZURE_HEADER = "api-key"
_SHAPES = re.compile(r"(?i)\bbearer\s+[^\s\"',;]+|\b(?:sk|pk|key|hf|gsk|xai)[-_][A-Za-z0-9_*.\-]{8,}")
"""What keys look like: servers quote the one they refuse, sometimes with its middle starred out."""
_NONE: Mapping[str, str] = MappingProxyType({})


class Key:
    """An API key, and other secrets in headers. Their texts leave this object only as the values of headers."""

    __slots__ = ("_header", "_more", "_text")

    def __init__(self, text: str, *, header: str = AUTHORIZATION, more: Mapping[str, str] = _NONE) -> None:
        """`text` is empty for an endpoint without keys; `header` carries it, `more` are further secret headers."""
        self._text = text
        self._header = header
        self._more = more

    def __repr__(self) -> str:
        return "Key(***)" if self._text or self._more else "Key()"

    def headers(self) -> dict[str, str]:
        """What a request carries. Only `Authorization` says `Bearer` before the key."""
        text = f"Bearer {self._text}" if self._header.lower() == AUTHORIZATION.lower() else self._text
        return {**({self._header: text} if self._text else {}), **self._more}

    def redact(self, text: str) -> str:
        """The text without this key and without whatever looks like one."""
        return _SHAPES.sub("***", self.hide(text))

    def hide(self, text: str) -> str:
        """The text without this key; for replies, in which nothing else may be changed."""
        for secret in (self._text, *self._more.values()):
            text = text.replace(secret, "***") if secret else text
        return text
