"""The dense tier: sessions as slots of shared containers, each with a user and a folder of its own."""

from __future__ import annotations

from collections import deque

import anyio
from anyio.abc import TaskGroup

from ...runtime.errors import InfrastructureFault
from .box import Box
from .limits import Limits
from .pool import Pool, PoolState
from .session import SandboxSession


class DenseBox:
    """A shared container and its free slots. A `pool.Item`."""

    def __init__(self, box: Box, slots: int) -> None:
        self.box = box
        self.free = deque(range(slots))

    @property
    def gone(self) -> bool:
        """Whether the container has ended."""
        return self.box.gone

    async def wait_finished(self) -> None:
        """Until the container has ended."""
        await self.box.finished.wait()


class DenseTier:
    """Gives out slots, and takes them back when nothing of a session is left in them."""

    def __init__(self, pool: Pool[DenseBox], group: TaskGroup, limits: Limits, most: int) -> None:
        """`group` holds the cleaning of slots; `most` is how many sessions there may be at one time."""
        self._pool = pool
        self._group = group
        self._limits = limits
        self._room = anyio.Semaphore(most)
        self._boxes: list[DenseBox] = []
        self._choosing = anyio.Lock()

    def state(self) -> PoolState:
        """Containers at this moment."""
        return self._pool.state()

    async def open(self) -> SandboxSession:
        """A session in the first container with room. Raises InfrastructureFault."""
        await self._room.acquire()
        try:
            async with self._choosing:
                box, slot = await self._choose()
            try:
                number, link = await box.box.open(slot)
            except BaseException:
                self._clean_later(box, slot, None)
                raise
        except BaseException:
            self._room.release()
            raise
        root = f"/w/{slot:07d}"

        async def release(session: SandboxSession) -> None:
            self._clean_later(box, slot, session)
            self._room.release()

        return SandboxSession(box.box, slot, number, link, self._limits, release, root)

    async def _choose(self) -> tuple[DenseBox, int]:
        self._boxes = [box for box in self._boxes if not box.gone]
        for box in self._boxes:
            if box.free:
                return box, box.free.popleft()
        box = await self._pool.take()
        self._boxes.append(box)
        return box, box.free.popleft()

    def _clean_later(self, box: DenseBox, slot: int, session: SandboxSession | None) -> None:
        """In the background: the trajectory need not wait for the removal of its files."""
        if not box.gone:
            self._group.start_soon(self._clean, box, slot, session)

    async def _clean(self, box: DenseBox, slot: int, session: SandboxSession | None) -> None:
        """End what the slot runs, remove what it holds, give it back; one that cannot be cleaned is not used again."""
        try:
            if session is not None:
                session.kill()
                if not await session.gone():
                    return
            if await box.box.wipe(slot):
                box.free.append(slot)
        except InfrastructureFault:
            return
