"""A session as its user sees it: requests, deadlines, and what is done about a cell that does not stop.

The ladder: at its deadline a cell is interrupted and keeps its state; half a second later its process is killed, with
all it started, and the next cell finds a fresh interpreter beside the old files; a sandbox in which even that does not
work is ended, and the session is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import msgspec

from ...runtime.errors import InfrastructureFault
from ...runtime.profile.here import step
from .base import CLOSED, LOST, CellResult, FileRefused, Language, Oversized, Reason
from .box import Box
from .inside import wire
from .limits import Limits
from .link import Reply, ReplyLink

DYING_S = 3.0
"""Seconds in which a process whose connection has ended tells how; then it is killed."""
FILE_S = 30.0
"""Seconds for a file operation; one that takes longer is up against a busy session."""
OPERATIONS: dict[Language, int] = {
    "python": wire.PYTHON,
    "shell": wire.SHELL,
    "sql": wire.SQL,
    "script": wire.SCRIPT,
}
REASONS: dict[int, Reason] = {wire.OK: "ok", wire.ERROR: "error", wire.INTERRUPTED: "interrupted"}


class Outcome(msgspec.Struct, frozen=True):
    """A reply, or how the session ended instead."""

    reply: Reply | None
    reason: Reason
    exit_code: int


class SandboxSession:
    """A `CodeSession` in a slot of a sandbox."""

    def __init__(
        self,
        box: Box,
        slot: int,
        number: int,
        link: ReplyLink,
        limits: Limits,
        release: Callable[[SandboxSession], Awaitable[None]],
        root: str = "/workspace",
    ) -> None:
        """Take over an open connection.

        Args:
            box: The sandbox.
            slot: Which of its slots.
            number: The session's number there.
            link: Its connection.
            limits: What it may send and show.
            release: Ends or reuses the slot.
            root: The folder's real name inside, as long as /workspace; what is said of it is rewritten both ways.
        """
        self.box = box
        self.slot = slot
        self._number = number
        self._link: ReplyLink | None = link
        self._limits = limits
        self._release = release
        self._root = root.encode()
        self._turn = anyio.Lock(fast_acquire=True)
        self._closed = False

    async def run(
        self,
        language: Language,
        source: str,
        *,
        name: str = "",
        deadline_s: float | None = None,
        output: int | None = None,
    ) -> CellResult:
        """See CodeSession."""
        body = source.encode("utf-8", "replace")
        if len(body) > self._limits.source:
            raise Oversized(f"the source has {len(body)} bytes; at most {self._limits.source} can be run")
        limit = self._limits.output if output is None else output
        deadline = self._limits.deadline_s if deadline_s is None else deadline_s
        async with self._turn:
            with step("sandbox cell"):
                outcome = await self._request(OPERATIONS[language], limit, name, self._inward(body), deadline)
        reply = outcome.reply
        if reply is None:
            return CellResult(outcome.reason, outcome.exit_code, b"", b"", 0, 0)
        _refuse(reply)
        return CellResult(
            outcome.reason,
            reply.exit_code,
            self._shown(reply.stdout, reply.stdout_total),
            self._shown(reply.stderr, reply.stderr_total),
            reply.stdout_total,
            reply.stderr_total,
            self._outward(reply.value),
        )

    async def write(self, path: str, data: bytes) -> None:
        """See CodeSession."""
        if len(data) > self._limits.transfer:
            raise Oversized(f"{path}: {len(data)} bytes; at most {self._limits.transfer} can be written at once")
        await self._file(wire.WRITE, path, self._inward(data))

    async def read(self, path: str) -> bytes:
        """See CodeSession."""
        return self._outward(await self._file(wire.READ, path, b""))

    async def files(self) -> dict[str, str]:
        """See CodeSession."""
        listing = self._outward(await self._file(wire.FILES, "", b""))
        try:
            return msgspec.json.decode(listing, type=dict[str, str])
        except msgspec.DecodeError:
            raise FileRefused("the workspace cannot be listed") from None

    async def aclose(self) -> None:
        """See CodeSession."""
        if self._closed:
            return
        self._closed = True
        with anyio.CancelScope(shield=True):
            if self._link is not None:
                self._link.close()
            await self._release(self)

    def kill(self) -> None:
        """End the process and whatever it started, without waiting; the next request opens another."""
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._number:
            self.box.kill(self._number)

    async def gone(self) -> bool:
        """Wait until the killed process is collected; False when it is not, within seconds."""
        try:
            return not self._number or await self.box.ended(self._number) is not None
        except InfrastructureFault:
            return False

    async def _file(self, operation: int, path: str, body: bytes) -> bytes:
        async with self._turn:
            outcome = await self._request(operation, self._limits.transfer, path, body, FILE_S)
        if outcome.reply is None or outcome.reason == "interrupted":
            raise FileRefused(f"{path}: the session ended before it was done ({outcome.reason})")
        _refuse(outcome.reply)
        if outcome.reply.outcome != wire.OK:
            raise FileRefused(f"{path}: {outcome.reply.stderr[-200:].decode(errors='replace').strip()}")
        return outcome.reply.value

    async def _request(self, operation: int, limit: int, name: str, body: bytes, deadline: float) -> Outcome:
        """Ask, wait, climb the ladder. Raises InfrastructureFault."""
        link = await self._connected()
        try:
            waiting = link.ask(operation, limit, self._inward(_encoded(name))[:65535], body)
            if not await link.within(waiting, deadline):
                await self.box.interrupt(self._number)
                if not await link.within(waiting, self._limits.grace_s):
                    return await self._killed()
            reply = waiting.result()
            if reply is None:
                return await self._died()
        except BaseException:
            # Cancelled in the middle of a cell, or lost: nothing is known of the process any more.
            self.kill()
            raise
        reason = REASONS.get(reply.outcome, "error")
        return Outcome(reply, reason, reply.exit_code)

    async def _connected(self) -> ReplyLink:
        if self._closed:
            raise InfrastructureFault(CLOSED, "the session is closed")
        if self.box.gone:
            raise InfrastructureFault(LOST, "the sandbox has ended")
        if self._link is None or self._link.closed:
            if self._link is not None:
                # It ended between two cells, by something it had started.
                await self._died()
            elif self._number and not await self.gone():
                # What was killed has to be gone first: the kill would take its successor along.
                self.box.close()
                raise InfrastructureFault(LOST, "the session could not be killed")
            self._number, self._link = await self.box.open(self.slot)
        return self._link

    async def _killed(self) -> Outcome:
        self.kill()
        if await self.box.ended(self._number) is None:
            self.box.close()
            raise InfrastructureFault(LOST, "the session could not be killed")
        self._number = 0
        return Outcome(None, "killed", 137)

    async def _died(self) -> Outcome:
        """The connection has ended; so has the process, or it will be made to."""
        code = await self.box.ended(self._number, DYING_S)
        if code is None:
            await self._killed()
        self._link, self._number = None, 0
        return Outcome(None, "died", 1 if code is None else code)

    def _inward(self, data: bytes) -> bytes:
        return data if self._root == b"/workspace" else data.replace(b"/workspace", self._root)

    def _outward(self, data: bytes) -> bytes:
        return data if self._root == b"/workspace" else data.replace(self._root, b"/workspace")

    def _shown(self, data: bytes, total: int) -> bytes:
        """A stream as it is shown, with a line in the place of what was left out."""
        data = self._outward(data)
        if total <= len(data):
            return data
        half = len(data) // 2
        return data[:half] + b"\n... %d bytes left out ...\n" % (total - len(data)) + data[half:]


def _refuse(reply: Reply) -> None:
    if reply.outcome == wire.REFUSED:
        raise FileRefused(reply.value.decode("utf-8", "replace"))


def _encoded(name: str) -> bytes:
    """A path as the system writes it; what no system could write is not to be found anyway."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name.encode("utf-8", "replace")
