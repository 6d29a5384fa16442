"""A file of rows of a run that goes on: it is given every row from the first one, and knows which it has already.

It is compared with what it is given, byte for byte: where it ends, or ends in the middle of a line, it is written on
from there. So it holds every row exactly once, whatever killed the run, and a file that was moved away is written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from .errors import OutputError
from .sinks import Sink


class ContinuedFile:
    """A sink to a file that may hold a beginning of what it will be given."""

    def __init__(self, inner: Sink, existing: BinaryIO, cut: Callable[[int], None], name: str) -> None:
        """`existing` reads the file from its beginning; `cut` truncates it to a size, raising OutputError."""
        self._inner = inner
        self._existing: BinaryIO | None = existing
        self._cut = cut
        self._name = name
        self._position = 0

    async def write(self, line: bytes) -> None:
        """See Sink. Raises OutputError also when the file holds something else: nothing of it is overwritten."""
        if self._existing is not None:
            found = self._existing.read(len(line))
            if found == line:
                self._position += len(line)
                return
            # Zeroes: blocks that a power failure kept from the disk. No line of JSON has one.
            if not line.startswith(found) and b"\0" not in found:
                raise OutputError(
                    f"{self._name} holds something else than this run's rows from byte {self._position} on; "
                    "move it away, and all rows are written into a new one"
                )
            self._cut(self._position)
            self._forget()
        await self._inner.write(line)

    async def aclose(self) -> None:
        """See Sink."""
        self._forget()
        await self._inner.aclose()

    def _forget(self) -> None:
        if self._existing is not None:
            self._existing.close()
            self._existing = None
