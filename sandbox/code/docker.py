"""The backend over a Docker engine: warm containers, one per trajectory (strict) or shared (dense).

    async with DockerBackend() as backend:
        session = await backend.open()

The engine starts and removes containers; cells never pass through it. Where containers cannot see our folders (an
engine on another machine) everything goes over the container's stdin and stdout.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiodocker
import anyio
from aiodocker.containers import DockerContainer
from aiodocker.exceptions import DockerError

from ...runtime.errors import ConfigError, InfrastructureFault
from . import bundle, container
from .attach import attached
from .base import START
from .box import Box, Warm
from .dense import DenseBox, DenseTier
from .engine import TROUBLE, check_runtime, connected, engine_url, is_down, is_local, one_line, wait_back
from .hub import Hub, listening
from .image import NAME as IMAGE
from .image import contents_of
from .limits import Limits
from .link import Link
from .pool import Pool, PoolState
from .selftest import check_containment
from .session import SandboxSession
from .sweep import sweep

HELLO_S = 60.0
"""Seconds for a started container to connect."""
END_S = 20.0
"""Seconds for a container to be removed; what is left is swept by the next start."""
AT_ONCE = 6
"""Containers started at one time: engines do not get faster with more."""


class DockerBackend:
    """A `Backend` over an engine."""

    name = "docker"

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        ready: int = 2,
        most: int = 64,
        dense: bool = False,
        runtime: str = "",
        image: str = IMAGE,
        url: str = "",
        local: bool | None = None,
        patience_s: float = 60.0,
        parent: Path | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            limits: Of each session.
            ready: Containers kept ready.
            most: Sessions at one time; `open` waits when there are so many.
            dense: Many sessions in one container.
            runtime: OCI runtime, empty for the engine's default.
            image: Name of the image.
            url: Address of the engine; by default DOCKER_HOST or the usual socket.
            local: Whether containers can see our folders; None tells it from the address.
            patience_s: Seconds that a new session waits for an engine that has stopped answering.
            parent: Folder for the socket; by default the system's place for temporary files.
        """
        self.limits = limits or Limits()
        self._ready = ready
        self._most = most
        self._dense = dense
        self._runtime = runtime
        self._image = image
        self._url = url
        self._local = local
        self._patience_s = patience_s
        self._parent = parent
        self._contents = ""
        self._numbers = itertools.count()
        self._strict_pool: Pool[Warm] | None = None
        self._tier: DenseTier | None = None
        self._stack = AsyncExitStack()

    @property
    def version(self) -> str:
        """See Backend."""
        if not self._contents:
            raise RuntimeError("the backend is not entered")
        return f"docker-{self._contents}-{bundle.digest()}"

    def state(self) -> PoolState:
        """Containers at this moment."""
        if self._tier is not None:
            return self._tier.state()
        return self._pool.state()

    async def open(self) -> SandboxSession:
        """See Backend."""
        if self._tier is not None:
            return await self._tier.open()
        return self._session(await self._pool.take())

    async def __aenter__(self) -> Self:
        """See Backend; also clears away what killed runs have left."""
        try:
            url = self._url or engine_url()
            local = self._sees_folders(url)
            docker = await self._stack.enter_async_context(connected(url))
            if self._runtime:
                await check_runtime(docker, self._runtime)
            self._contents = await contents_of(docker, self._image)
            await sweep(docker)
            hub = await self._stack.enter_async_context(listening(self._parent))
            await self._try(docker, hub, local)
            group = await self._stack.enter_async_context(anyio.create_task_group())
            self._stack.callback(group.cancel_scope.cancel)
            if self._dense:
                shared = partial(self._shared, docker, hub)
                boxes = -(-self._most // container.SLOTS)
                pool = Pool(group, shared, ready=min(self._ready, 1), limit=boxes, at_once=AT_ONCE)
                self._tier = DenseTier(pool, group, self.limits, self._most)
            else:
                make = partial(self._single, docker, hub, local)
                self._strict_pool = Pool(group, make, ready=self._ready, limit=self._most, at_once=AT_ONCE)
        except BaseException as error:
            await self._stack.aclose()
            if isinstance(error, InfrastructureFault):
                raise ConfigError(f"code tool: Docker cannot be used here: {error.detail}") from None
            if isinstance(error, (DockerError, OSError)):
                raise ConfigError(f"code tool: {one_line(error)}") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """See Backend."""
        self._strict_pool = self._tier = None
        if error is not None and isinstance(error, anyio.get_cancelled_exc_class()):
            return await self._stack.__aexit__(kind, error, trace)
        # An ordinary error stays as it is: the task group would wrap it.
        await self._stack.__aexit__(None, None, None)
        return None

    @property
    def _pool(self) -> Pool[Warm]:
        if self._strict_pool is None:
            raise RuntimeError("the backend is not entered: async with DockerBackend()")
        return self._strict_pool

    def _session(self, warm: Warm) -> SandboxSession:
        return SandboxSession(warm.box, 0, warm.number, warm.link, self.limits, _release)

    def _sees_folders(self, url: str) -> bool:
        local = is_local(url) if self._local is None else self._local
        if self._dense and not local:
            raise ConfigError("code tool: the dense tier needs an engine on this machine")
        return local

    async def _try(self, docker: aiodocker.Docker, hub: Hub, local: bool) -> None:
        """One container that shows that it holds. Raises InfrastructureFault."""
        async with self._single(docker, hub, local) as warm:
            session = self._session(warm)
            await check_containment(session, self.limits)
            await session.aclose()

    @asynccontextmanager
    async def _single(self, docker: aiodocker.Docker, hub: Hub, local: bool) -> AsyncGenerator[Warm]:
        """A strict container with an open session. Raises InfrastructureFault."""
        async with self._container(docker, hub, dense=False, local=local) as box:
            yield Warm(box, *await box.open())

    @asynccontextmanager
    async def _shared(self, docker: aiodocker.Docker, hub: Hub) -> AsyncGenerator[DenseBox]:
        """A dense container. Raises InfrastructureFault."""
        async with self._container(docker, hub, dense=True, local=True) as box:
            yield DenseBox(box, container.SLOTS)

    @asynccontextmanager
    async def _container(self, docker: aiodocker.Docker, hub: Hub, *, dense: bool, local: bool) -> AsyncGenerator[Box]:
        """A container whose supervisor has connected; removed afterwards. Raises InfrastructureFault."""
        nonce, arriving = hub.expect()
        inside = container.inside_of(self.limits, next(self._numbers), nonce, dense=dense, local=local)
        sockets = hub.folder if local else None
        config = container.config_of(self._image, self.limits, inside, sockets, runtime=self._runtime)
        made: DockerContainer | None = None
        try:
            async with AsyncExitStack() as stack:
                try:
                    made = await self._create(docker, config)
                    if not local:
                        await stack.enter_async_context(attached(made, hub))
                    await made.start()
                except (DockerError, *TROUBLE) as error:
                    raise InfrastructureFault(START, f"Docker: {one_line(error)}") from error
                await asyncio.wait([arriving], timeout=HELLO_S)
                if not arriving.done():
                    raise InfrastructureFault(START, f"the container did not connect within {HELLO_S:g} s")
                box = Box(_arrived(arriving), hub, self.limits)
                try:
                    yield box
                finally:
                    box.close()
        finally:
            hub.forget(nonce)
            if made is not None:
                await _remove(made)

    async def _create(self, docker: aiodocker.Docker, config: dict[str, Any]) -> DockerContainer:
        """Create; an engine that has stopped is waited for, once."""
        # Shielded: a cancellation between the request and its answer would lose the only handle to the container.
        with anyio.CancelScope(shield=True):
            try:
                return await docker.containers.create(config)
            except (DockerError, *TROUBLE) as error:
                if not is_down(error):
                    raise
        if not await wait_back(docker, self._patience_s):
            raise InfrastructureFault(START, f"Docker: the engine has not answered for {self._patience_s:g} s")
        with anyio.CancelScope(shield=True):
            return await docker.containers.create(config)
        raise RuntimeError("a shielded scope that nobody cancels is left by return only")


def _arrived(arriving: asyncio.Future[Link]) -> Link:
    return arriving.result()


async def _remove(made: DockerContainer) -> None:
    """Remove it, whether or not its own end already has; shielded and bounded."""
    with anyio.move_on_after(END_S, shield=True), suppress(DockerError, *TROUBLE):
        await made.delete(force=True, v=True)


async def _release(session: SandboxSession) -> None:
    session.box.close()
