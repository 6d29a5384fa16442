"""Whether a server is worth calling at all: faults of its worlds in a row, over every episode."""

from __future__ import annotations

from ..runtime.errors import Fault, ToolServerError

FAULTS_IN_A_ROW = 5
"""Calls, over all worlds, that may fail by the server's own fault before the run is ended."""


class Health:
    """Counts what goes wrong with one server; a good answer sets it back.

    A server that dies, hangs or breaks its schemas now and then costs the episodes that met it. One that never answers
    would cost every episode its restarts, so it ends the run instead.
    """

    def __init__(self, source: str) -> None:
        """`source` names the manifest in the error."""
        self._source = source
        self._faults = 0

    def good(self) -> None:
        """A call was answered."""
        self._faults = 0

    def bad(self, fault: Fault) -> None:
        """A call failed; the fault's detail names tool and cause.

        Raises:
            ToolServerError: it was one too many in a row.
        """
        self._faults += 1
        if self._faults >= FAULTS_IN_A_ROW:
            what = fault.detail.removeprefix(f"{self._source}: ") or fault.reason
            raise ToolServerError(
                f"{self._source}: {what} ({self._faults} failed calls in a row, no answer between)"
            ) from fault
