"""The backend without a container engine: every session is a bubblewrap sandbox of its own.

    async with BubblewrapBackend() as backend:
        session = await backend.open()

Entering starts one sandbox and has it try what must not succeed (`selftest.py`); nothing is run where anything did.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import DEVNULL
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread
from anyio.abc import Process

from ...runtime.errors import ConfigError, InfrastructureFault
from . import bundle, jail, uids
from .base import START
from .box import Box, Warm
from .hub import SOCKET, Hub, listening
from .limits import Limits
from .pool import Pool, PoolState
from .seccomp import ARCHES, compile_filter
from .selftest import check_containment
from .session import SandboxSession

START_S = 15.0
"""Seconds for a sandbox to come up."""
END_S = 2.0
"""Seconds for one to be gone after a kill."""
NAME = "bubblewrap"


class BubblewrapBackend:
    """A `Backend` over bubblewrap."""

    name = NAME

    def __init__(
        self, limits: Limits | None = None, *, ready: int = 2, most: int = 256, parent: Path | None = None
    ) -> None:
        """Nothing is started yet.

        Args:
            limits: Of each session.
            ready: Sandboxes kept ready.
            most: Sandboxes at one time; `open` waits when there are so many.
            parent: Folder for the sockets; by default the system's place for temporary files.
        """
        self.limits = limits or Limits()
        self._ready = ready
        self._most = most
        self._parent = parent
        self._programs: jail.Programs | None = None
        self._filter = b""
        self._pool: Pool[Warm] | None = None
        self._stack = AsyncExitStack()

    @property
    def version(self) -> str:
        """See Backend."""
        if self._programs is None:
            raise RuntimeError("the backend is not entered")
        return f"{NAME}-python{self._programs.version}-{bundle.digest()}"

    def state(self) -> PoolState:
        """Sandboxes at this moment."""
        return self._entered.state()

    async def open(self) -> SandboxSession:
        """See Backend."""
        warm = await self._entered.take()
        return SandboxSession(warm.box, 0, warm.number, warm.link, self.limits, _release)

    async def __aenter__(self) -> Self:
        """See Backend."""
        self._programs = await anyio.to_thread.run_sync(jail.find_programs)
        if platform.machine() not in ARCHES:
            raise ConfigError(
                f"code tool: bubblewrap has no call filter for {platform.machine()}: use --backend docker"
            )
        self._filter = compile_filter(platform.machine())
        try:
            hub = await self._stack.enter_async_context(listening(self._parent))
            etc = jail.make_etc(self._parent)
            self._stack.callback(shutil.rmtree, etc, ignore_errors=True)
            make = partial(self._sandbox, hub, etc)
            await self._try(make)
            group = await self._stack.enter_async_context(anyio.create_task_group())
            self._stack.callback(group.cancel_scope.cancel)
            self._pool = Pool(group, make, ready=self._ready, limit=self._most, at_once=4)
        except BaseException as error:
            await self._stack.aclose()
            if isinstance(error, OSError):
                raise ConfigError(f"code tool: {error}") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """See Backend."""
        self._pool = None
        if error is not None and isinstance(error, anyio.get_cancelled_exc_class()):
            return await self._stack.__aexit__(kind, error, trace)
        # An ordinary error stays as it is: the task group would wrap it.
        await self._stack.__aexit__(None, None, None)
        return None

    @property
    def _entered(self) -> Pool[Warm]:
        if self._pool is None:
            raise RuntimeError("the backend is not entered: async with BubblewrapBackend()")
        return self._pool

    async def _try(self, make: Callable[[], AbstractAsyncContextManager[Warm]]) -> None:
        """One sandbox that shows that it holds. Raises ConfigError."""
        try:
            async with make() as warm:
                session = SandboxSession(warm.box, 0, warm.number, warm.link, self.limits, _release)
                await check_containment(session, self.limits)
                await session.aclose()
        except InfrastructureFault as fault:
            raise ConfigError(f"code tool: bubblewrap cannot be used here: {fault.detail}{_advice()}") from None

    @asynccontextmanager
    async def _sandbox(self, hub: Hub, etc: Path) -> AsyncGenerator[Warm]:
        """Start one, yield it with an open session, end it. Raises InfrastructureFault."""
        claim = uids.claim() if os.geteuid() == 0 else None
        nonce, arriving = hub.expect()
        process: Process | None = None
        said = os.memfd_create("said")  # a pipe would have to be read by somebody
        try:
            process = await self._spawn(hub, etc, claim.uid if claim else None, nonce, said)
            with anyio.move_on_after(START_S):
                async with anyio.create_task_group() as group:
                    group.start_soon(_cancel_at_end, process, group.cancel_scope)
                    await asyncio.wait([arriving])
                    group.cancel_scope.cancel()
            if not arriving.done():
                raise InfrastructureFault(START, _last_words(said))
            box = Box(arriving.result(), hub, self.limits)
            try:
                yield Warm(box, *await box.open())
            finally:
                box.close()
        finally:
            hub.forget(nonce)
            with anyio.CancelScope(shield=True):
                if process is not None:
                    await _end(process)
                os.close(said)
                if claim is not None:
                    claim.release()

    async def _spawn(self, hub: Hub, etc: Path, uid: int | None, nonce: str, said: int) -> Process:
        programs, limits = self._programs, self.limits
        if programs is None:
            raise RuntimeError("the backend is not entered")
        inside = bundle.Inside(
            socket=f"{jail.INNER_SOCKETS}/{SOCKET}", nonce=nonce, limits=limits.rlimits(), memory=limits.memory
        )
        # A file of its own for each: programs that read from one file at a time would share its offset.
        seccomp = os.memfd_create("seccomp")
        try:
            os.write(seccomp, self._filter)
            os.lseek(seccomp, 0, os.SEEK_SET)
            own = jail.arguments(programs, limits, hub.folder, etc, uid, seccomp)
            argv = [*own, *bundle.command(programs.python, inside)]
            return await _spawned(argv, (seccomp,), said)
        except OSError as error:
            raise InfrastructureFault(START, f"{programs.bwrap}: {error.strerror}") from error
        finally:
            os.close(seccomp)


async def _spawned(argv: Sequence[str], fds: tuple[int, ...], said: int) -> Process:
    # Shielded: a cancellation between fork and return would lose the only handle to the process.
    # The environment is all that must be set here: what bubblewrap itself is given, its first process shows.
    with anyio.CancelScope(shield=True):
        return await anyio.open_process(
            argv, env=bundle.ENVIRON, cwd="/", stdin=DEVNULL, stdout=DEVNULL, stderr=said, pass_fds=fds
        )
    raise RuntimeError("a shielded scope that nobody cancels is left by return only")


async def _cancel_at_end(process: Process, scope: anyio.CancelScope) -> None:
    await process.wait()
    scope.cancel()


def _last_words(said: int) -> str:
    """What it wrote to stderr before it ended."""
    lines = os.pread(said, 4096, 0).decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"no answer within {START_S:g} s"


async def _end(process: Process) -> None:
    """Kill it and collect it; everything in its pid namespace goes with it."""
    with suppress(ProcessLookupError):
        process.kill()
    with anyio.move_on_after(END_S):
        await process.wait()


async def _release(session: SandboxSession) -> None:
    session.box.close()


def _advice() -> str:
    """What stands in the way on systems where this is known."""
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
        return " (AppArmor restricts user namespaces here: install its profile for bwrap, or use --backend docker)"
    return " (user namespaces may be off here: see docs/sandbox.md, or use --backend docker)"
