"""The lines of the files that a command is given, each with its place for messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..runtime.errors import InputError
from .safe import safe
from .show import open_rows


def places(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """`(file:line, line without its end)` of every line that is not blank. Raises InputError."""
    for file in files:
        with open_rows(file) as (stream, name):
            try:
                for number, line in enumerate(stream, start=1):
                    if stripped := line.strip():
                        yield f"{safe(name)}:{number}", stripped
            except OSError as error:  # a folder opens and then cannot be read
                raise InputError(f"{name}: cannot be read: {error.strerror}") from None
