"""The event log of a run: what finished, on arrival, and what was committed, in order."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import msgspec

from .messages import Outcome
from .row import Row
from .storage import AppendFile


class Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished"):
    """An episode ended. Written as soon as it did, whatever its place in the order."""

    index: int
    id: str
    status: Literal["completed", "abandoned"]
    row: Row | None
    """The verifier's row: before uniqueness, which is decided at commit."""
    reason: str


class Committed(msgspec.Struct, frozen=True, tag_field="event", tag="committed"):
    """An outcome was taken in index order: it is counted, and the controller knows it."""

    index: int
    id: str
    accepted: bool


Event: TypeAlias = Finished | Committed
"""One line of the journal."""


class Journal(Protocol):
    """Keeps events. A method returns once its event is safe; finished events may be written at the same time."""

    async def finished(self, outcome: Outcome) -> None:
        """Keep that an episode ended. Raises OutputError."""
        ...

    async def committed(self, index: int, row_id: str, accepted: bool) -> None:
        """Keep that the outcome at `index` was committed. Raises OutputError."""
        ...

    async def aclose(self) -> None:
        """Make everything durable and close. Idempotent. Raises OutputError."""
        ...


class FileJournal:
    """A journal in one file, a JSON event per line, appended on arrival and synced at the end.

    Events survive a crash of the process; a power loss may cost the unsynced end.
    """

    def __init__(self, file: AppendFile) -> None:
        self._file = file
        self._encoder = msgspec.json.Encoder()
        self._open = True

    async def finished(self, outcome: Outcome) -> None:
        """See Journal."""
        self._append(Finished(outcome.index, outcome.id, outcome.status, outcome.row, outcome.reason))

    async def committed(self, index: int, row_id: str, accepted: bool) -> None:
        """See Journal."""
        self._append(Committed(index, row_id, accepted))

    async def aclose(self) -> None:
        """See Journal."""
        if self._open:
            self._open = False
            self._file.sync()
            self._file.close()

    def _append(self, event: Event) -> None:
        self._file.write(self._encoder.encode(event) + b"\n")


def decode_event(line: bytes) -> Event:
    """Read one line of a journal. Raises msgspec.DecodeError or msgspec.ValidationError when it is none."""
    return msgspec.json.decode(line, type=Finished | Committed)
