"""Canned replies: a file of answers that are served in a cycle, byte for byte, to measure clients instead of models."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import msgspec

from ....runtime.errors import InputError


class _Shape(msgspec.Struct, frozen=True):
    """What a line must at least hold."""

    choices: list[msgspec.Raw]


def load_replies(path: Path) -> list[bytes]:
    """The replies in a file: one chat completion body per line, empty lines left out.

    Raises:
        InputError: the file cannot be read, holds nothing, or a line is no chat completion.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    replies: list[bytes] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            shape = msgspec.json.decode(line, type=_Shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}:{number}: not a chat completion: {error}") from None
        if not shape.choices:
            raise InputError(f"{path}:{number}: not a chat completion: `choices` is empty")
        replies.append(line.strip())
    if not replies:
        raise InputError(f"{path}: holds no replies")
    return replies


class Replay:
    """Gives the replies one after the other, from the start again after the last."""

    def __init__(self, replies: list[bytes]) -> None:
        self._next = cycle(replies)

    def next(self) -> bytes:
        """The next reply's body."""
        return next(self._next)
