"""Code tasks as toolboxes: one per family, the code tool over the workspace that a seed gives the family.

A world's state is what came of its tasks (`outcome.py`), so that a conversation is held against a blueprint by what its
code does and not by how it is written.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio

from ..code.base import Backend
from ..code.specs import SPECS
from ..code.toolbox import CodeWorld
from ..tools import JsonObject, Snapshot, ToolReply, ToolSpec
from .catalogue import FAMILIES, VERSION, draw, scene_of
from .outcome import outcome

PREFIX = "code_"
SECTOR = "software engineering"
MOST_GOALS = 3
"""Tasks about one workspace."""


class TaskToolbox:
    """A `Toolbox` over a backend that somebody else enters and leaves."""

    sector = SECTOR
    provenance = "built in, Apache-2.0"
    seeded = True
    volatile: tuple[str, ...] = ()

    def __init__(self, family: str, backend: Backend, places: anyio.Semaphore) -> None:
        """`places`: how many worlds may hold a session at one time. Each needs a second one for its outcome."""
        self.family = FAMILIES[family]
        self.name = PREFIX + family
        self.domain = self.family.field
        self._backend = backend
        self._places = places

    @property
    def version(self) -> str:
        """Of the tasks, and of what computes. After the backend was entered only."""
        return f"{VERSION}.{self._backend.version}"

    def tools(self) -> tuple[ToolSpec, ...]:
        """Those of the code tool."""
        return SPECS

    async def open(self, seed: int) -> TaskWorld:
        """A fresh world. No sandbox is taken before it is needed."""
        return TaskWorld(self.name, self.family.name, seed, self._backend, self._places)


class TaskWorld:
    """One episode's workspace. A `World`."""

    def __init__(self, service: str, family: str, seed: int, backend: Backend, places: anyio.Semaphore) -> None:
        self._service = service
        self._tasks = draw(family, seed, MOST_GOALS)
        self._backend = backend
        self._code = CodeWorld(backend, scene_of(family, seed).files)
        self._places = places
        self._leave: Callable[[], None] | None = None
        self._used = False

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """As the code tool answers. Raises InfrastructureFault."""
        await self._enter()
        self._used = True
        return await self._code.call(name, arguments)

    async def put(self, path: str, data: bytes) -> None:
        """Lay a file into the workspace. Raises FileRefused, Oversized, InfrastructureFault."""
        await self._enter()
        self._used = True
        await self._code.put(path, data)

    async def snapshot(self) -> dict[str, Snapshot]:
        """What came of the tasks so far. Raises InfrastructureFault."""
        await self._enter()
        session = await self._code.session() if self._used else None
        merged: Snapshot = {}
        for task in self._tasks:
            for table, records in (await outcome(task, session, self._backend)).items():
                merged.setdefault(table, {}).update(records)
        return {self._service: merged}

    async def aclose(self) -> None:
        """See World."""
        await self._code.aclose()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    async def _enter(self) -> None:
        """Wait for a place: worlds that hold a session must not wait for each other's second one."""
        if self._leave is None:
            await self._places.acquire()
            self._leave = self._places.release
