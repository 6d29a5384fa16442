"""The code tasks of a run: their toolboxes by name, their clusters, and the plans of those clusters."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from types import TracebackType
from typing import Self

import anyio

from ...runtime.assignment import Assignment, BusinessCluster
from ...runtime.blueprint import Plan, WorldRef
from ..code.base import Backend
from ..tools import Snapshot
from .catalogue import FAMILIES, VERSION
from .family import Family, Kind
from .plans import MODES, plan_tasks
from .toolbox import PREFIX, SECTOR, TaskToolbox

TOOLS: dict[Kind, tuple[str, ...]] = {
    "answer": ("python", "shell", "read_file"),
    "file": ("python", "shell", "read_file", "write_file"),
    "query": ("sql", "read_file", "write_file"),
    "change": ("sql", "python", "read_file"),
    "repair": ("run_tests", "read_file", "write_file", "python"),
}
"""The tools that belong to a kind of task. The assistant is given all of the code tool's."""


class TaskShelf:
    """Toolboxes of code tasks, a `Shelf` and a `Planner`. An async context manager: worlds open inside only."""

    def __init__(self, backend: Backend, worlds: int) -> None:
        """`worlds`: how many may hold a session of the backend at one time, half of the sessions that it gives."""
        self._backend = backend
        self._places = anyio.Semaphore(worlds)
        self._ready = lru_cache(maxsize=None)(self._made)
        self.clusters = tuple(cluster_of(family) for family in FAMILIES.values())

    @property
    def versions(self) -> list[str]:
        """What a run with code tasks is a function of, beside its settings. After the backend was entered only."""
        return [VERSION, self._backend.version]

    async def __aenter__(self) -> Self:
        """Check that code can be contained here, and keep sandboxes ready. Raises ConfigError."""
        await self._backend.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """End every session."""
        return await self._backend.__aexit__(kind, error, trace)

    def get(self, name: str) -> TaskToolbox | None:
        """As `Shelf.get`."""
        return self._ready(name) if name.removeprefix(PREFIX) in FAMILIES and name.startswith(PREFIX) else None

    def plan(
        self, assignment: Assignment, cluster: BusinessCluster, world: WorldRef, before: dict[str, Snapshot]
    ) -> Plan | None:
        """As `Planner.plan`."""
        del before
        name = cluster.services[-1]
        box = self.get(name)
        return None if box is None else plan_tasks(box.family.name, world.seed, assignment.mode, assignment.goals)

    def _made(self, name: str) -> TaskToolbox:
        return TaskToolbox(name.removeprefix(PREFIX), self._backend, self._places)


def cluster_of(family: Family) -> BusinessCluster:
    """The cluster of a family: its field is the domain."""
    tools = TOOLS[family.kind]
    service = PREFIX + family.name
    return BusinessCluster(
        id=hashlib.sha256(service.encode()).hexdigest()[:16],
        services=(service,),
        tools=tools,
        edges=(),
        entities=("test",) if family.kind == "repair" else ("file",),
        domain=family.field,
        sector=SECTOR,
        plan=tools,
        entry=(),
        modes=MODES[family.kind],
        provenance=TaskToolbox.provenance,
    )
