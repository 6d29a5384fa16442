"""The contract of the code tool: a backend opens sessions, a session runs cells and holds files.

    async with make_backend("bubblewrap") as backend:
        session = await backend.open()
        result = await session.run("python", "6 * 7")      # result.stdout == b"42\\n"
        await session.aclose()

What a cell does is a `CellResult`, however badly it behaves. What the sandbox itself fails at is an
`InfrastructureFault` with one of the reasons below.
"""

from __future__ import annotations

from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias

import msgspec

from ..tools import ResourceRefused
from .limits import Limits

Language: TypeAlias = Literal["python", "shell", "sql", "script"]
"""`script` is Python in a fresh process; the others keep their state between cells."""

Reason: TypeAlias = Literal["ok", "error", "interrupted", "killed", "died"]
"""How a cell ended.

`ok`; `error`: it raised, or exited with another code than 0; `interrupted`: its deadline passed, and the session's
state is kept; `killed`: its deadline passed and it did not stop; `died`: its process ended under it (memory, a signal,
`os._exit`, a closed connection). After the last two variables are lost and files are kept; a session of the dense tier
that filled the disk it shares with others loses its files, too.
"""

LOST = "sandbox_lost"
"""Reason of the fault when the whole sandbox has ended, with its files: its engine stopped, or somebody ended it."""
START = "sandbox_start"
"""Reason of the fault when no sandbox can be started."""
CLOSED = "sandbox_closed"
"""Reason of the fault when a closed session is used."""


class CellResult(msgspec.Struct, frozen=True):
    """What one cell did."""

    reason: Reason
    exit_code: int
    """0 when it went well; 130 when interrupted; 128 and the signal's number when one ended it."""
    stdout: bytes
    """What it wrote, any bytes; when that was more than asked for, its beginning and its end."""
    stderr: bytes
    """The same for stderr, with the traceback of what was raised."""
    stdout_total: int
    """Bytes written to stdout."""
    stderr_total: int
    """Bytes written to stderr."""
    value: bytes = b""
    """JSON of a query's result; empty for other languages."""

    @property
    def state_kept(self) -> bool:
        """Whether variables of earlier cells are still there."""
        return self.reason not in ("killed", "died")


class FileRefused(ResourceRefused):
    """A file operation that the session refuses: outside of the workspace, missing, too large, disk full. One line."""


class Oversized(ResourceRefused):
    """Source or data larger than the limits allow; nothing was sent. One line."""


class CodeSession(Protocol):
    """One trajectory's sandbox. Calls run one after the other, in the order in which they came."""

    async def run(
        self,
        language: Language,
        source: str,
        *,
        name: str = "",
        deadline_s: float | None = None,
        output: int | None = None,
    ) -> CellResult:
        """Run a cell.

        Args:
            language: See `Language`.
            source: Text of the cell; lone surrogates become `?`.
            name: For `sql` the database's path in the workspace; for `script` its arguments, separated by NUL.
            deadline_s: Seconds until it is interrupted; half a second later it is killed. None takes the limit's.
            output: Bytes of each stream to keep; None takes the limit's.

        Raises:
            FileRefused: the database's path leads out of the workspace; there is no statement.
            Oversized: the source is longer than `Limits.source`.
            InfrastructureFault: `sandbox_lost`, `sandbox_start`, `sandbox_closed`.
        """
        ...

    async def write(self, path: str, data: bytes) -> None:
        """Replace a file of the workspace. Raises FileRefused, Oversized and InfrastructureFault as `run` does."""
        ...

    async def read(self, path: str) -> bytes:
        """A whole file of the workspace. Raises FileRefused and InfrastructureFault."""
        ...

    async def files(self) -> dict[str, str]:
        """`{path: sha256}` of the workspace; a link is `-> target`, a database is hashed by its dump.

        Raises:
            FileRefused: there are too many files.
            InfrastructureFault: as `run`.
        """
        ...

    async def aclose(self) -> None:
        """End the session and everything it started. Idempotent, never raises, at most a few seconds."""
        ...


class Backend(Protocol):
    """Where sessions come from. An async context manager; `open` works inside only."""

    @property
    def name(self) -> str:
        """`docker` or `bubblewrap`."""
        ...

    @property
    def limits(self) -> Limits:
        """Of each session."""
        ...

    @property
    def version(self) -> str:
        """Changes when the same cells would give other results: image or interpreter, limits. After entering only."""
        ...

    async def open(self) -> CodeSession:
        """A fresh session with an empty workspace; waits while as many run as may run at once.

        Raises:
            InfrastructureFault: `sandbox_start`.
        """
        ...

    async def __aenter__(self) -> Self:
        """Check everything, then keep sandboxes ready.

        Raises:
            ConfigError: this machine cannot contain model-written code; one line that says what is missing.
        """
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """End every session, some seconds at most."""
        ...
