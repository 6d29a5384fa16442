"""Raw replies, kept on demand: one JSON line per answer, exactly what the server sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import msgspec

from ..model import ModelRequest
from ..storage import AppendFile

RAW = "raw.jsonl"


class RawReply(msgspec.Struct, frozen=True):
    """One line of `raw.jsonl`."""

    request: str
    """Hash of the request's body, 16 hex digits."""
    seed: int
    """The request's sampling seed, `derive(assignment seed, role, step)`: it leads from a row to its replies."""
    model: str
    """The name asked for."""
    fault: str
    """Why this answer was not used; empty for one that was."""
    body: str
    """The response's text, or all the lines of its stream."""


class RawLog(Protocol):
    """Takes raw replies."""

    def keep(self, request: ModelRequest, sent: bytes, body: str, fault: str) -> None:
        """Keep one. Raises OutputError when it cannot be written."""
        ...


class FileRawLog:
    """Appends to a file."""

    def __init__(self, file: AppendFile, hide: Callable[[str], str] = str) -> None:
        """Bodies go through `hide`."""
        self._file = file
        self._hide = hide

    def keep(self, request: ModelRequest, sent: bytes, body: str, fault: str) -> None:
        """See RawLog."""
        digest = hashlib.blake2b(sent, digest_size=8).hexdigest()
        line = RawReply(digest, request.seed, request.model, fault, self._hide(body))
        self._file.write(msgspec.json.encode(line) + b"\n")
