"""One sandbox as the host holds it: its supervisor's connection, and how sessions are opened and ended in it."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import anyio

from ...runtime.errors import InfrastructureFault
from .base import LOST, START
from .hub import Hub
from .inside import wire
from .limits import Limits
from .link import ControlLink, Link, ReplyLink

OPENINGS = 8
"""Sessions of one sandbox that are opened at a time; the others wait for their turn, which is not counted below."""
OPEN_S = 10.0
"""Seconds for a forked session to connect."""
KILL_S = 2.0
"""Seconds for a killed session to be gone; then the whole sandbox has to go."""
WIPE_S = 10.0
"""Seconds to remove the files of a slot."""
SLACK = 2**20
"""Bytes of a reply beside the streams: a query's rows, a listing."""


class Box:
    """A sandbox that is up."""

    def __init__(self, control: Link, hub: Hub, limits: Limits) -> None:
        """Take over the control connection."""
        self._hub = hub
        self._limits = limits
        self._numbers = itertools.count(1)
        self._opening = anyio.Semaphore(OPENINGS, fast_acquire=True)
        self.finished = asyncio.Event()
        """Set when nobody needs the sandbox any more, or when it has ended; whoever owns it clears it away."""
        self._control = ControlLink(control, self.finished.set)

    @property
    def gone(self) -> bool:
        """Whether the sandbox has ended."""
        return self._control.gone.is_set()

    async def open(self, slot: int = 0) -> tuple[int, ReplyLink]:
        """Fork a session; returns its number and its connection.

        Raises:
            InfrastructureFault: `sandbox_lost` when the sandbox has ended, `sandbox_start` when it cannot fork.
        """
        async with self._opening:
            return await self._opened(slot)

    async def _opened(self, slot: int) -> tuple[int, ReplyLink]:
        number = next(self._numbers)
        nonce, arriving = self._hub.expect()
        end = self._control.end_of(number)
        self._control.send(wire.OPEN, number, slot, nonce)
        try:
            either: list[asyncio.Future[Any]] = [arriving, end]
            await asyncio.wait(either, timeout=OPEN_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.forget(nonce)
            if not arriving.done():
                arriving.cancel()
        if arriving.done() and not arriving.cancelled():
            most = 2 * max(self._limits.output, SLACK) + self._limits.transfer + SLACK
            return number, ReplyLink(arriving.result(), most)
        self._control.send(wire.KILL, number)
        if self.gone:
            raise InfrastructureFault(LOST, "the sandbox has ended")
        status = end.result() if end.done() else None
        said = f"errno {status >> 8}" if status else f"no connection within {OPEN_S:g} s"
        raise InfrastructureFault(START, f"a session could not be opened: {said}")

    async def interrupt(self, number: int) -> None:
        """Signal a session; returns when that is done, or is not to be expected any more."""
        with anyio.move_on_after(KILL_S):
            await asyncio.wait([self._control.ask(wire.INTERRUPT, number)])

    def kill(self, number: int) -> None:
        """End a session and whatever it started, without waiting."""
        self._control.send(wire.KILL, number)

    async def ended(self, number: int, timeout: float = KILL_S) -> int | None:
        """The exit code of a session that is about to end.

        None when it does not end within so many seconds; 128 and the signal's number where one ended it.

        Raises:
            InfrastructureFault: `sandbox_lost`, the sandbox has ended instead.
        """
        end = self._control.end_of(number)
        await asyncio.wait([end], timeout=timeout)
        if not end.done():
            return None
        status = end.result()
        if status is None:
            raise InfrastructureFault(LOST, "the sandbox has ended")
        self._control.forget(number)
        return 128 + (status & 0x7F) if status & 0x7F else status >> 8

    async def wipe(self, slot: int) -> bool:
        """Remove the files of a slot whose session has ended; whether it is clean."""
        done = self._control.ask(wire.WIPE, next(self._numbers), slot)
        await asyncio.wait([done], timeout=WIPE_S)
        return done.done() and done.result() == 0

    def close(self) -> None:
        """Let the sandbox end."""
        self._control.close()
        self.finished.set()


class Warm:
    """A sandbox with an open session that nobody has used yet. A `pool.Item`."""

    def __init__(self, box: Box, number: int, link: ReplyLink) -> None:
        self.box = box
        self.number = number
        self.link = link

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self.box.gone or self.link.closed

    async def wait_finished(self) -> None:
        """Until its user has closed it, or it has ended."""
        await self.box.finished.wait()
