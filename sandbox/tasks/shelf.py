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
from ..services import BUILTIN
from ..tools import Snapshot, Toolbox
from .catalogue import FAMILIES, VERSION
from .exports import SUFFIX, TABLES, ExportToolbox
from .exports import VERSION as EXPORT_VERSION
from .family import Family, Kind
from .moves import EXPORT
from .plans import MODES, plan_tasks
from .toolbox import PREFIX, SECTOR, TaskToolbox

TOOLS: dict[Kind, tuple[str, ...]] = {
    "answer": ("python", "shell", "read_file"),
    "file": ("python", "shell", "read_file", "write_file"),
    "query": ("sql", "read_file", "write_file"),
    "change": ("sql", "python", "read_file"),
    "repair": ("run_tests", "read_file", "write_file", "python"),
    "mixed": (EXPORT, "python", "shell", "read_file"),
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
        return [VERSION, EXPORT_VERSION, self._backend.version]

    async def __aenter__(self) -> Self:
        """Check that code can be contained here, and keep sandboxes ready. Raises ConfigError."""
        await self._backend.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """End every session."""
        return await self._backend.__aexit__(kind, error, trace)

    def get(self, name: str) -> Toolbox | None:
        """As `Shelf.get`."""
        code = name.startswith(PREFIX) and name.removeprefix(PREFIX) in FAMILIES
        exporting = name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in TABLES
        return self._ready(name) if code or exporting else None

    def plan(
        self, assignment: Assignment, cluster: BusinessCluster, world: WorldRef, before: dict[str, Snapshot]
    ) -> Plan | None:
        """As `Planner.plan`."""
        del before
        box = self.get(cluster.services[-1])
        if not isinstance(box, TaskToolbox):
            return None
        wanted = assignment.mode, assignment.goals, assignment.perturbation
        return plan_tasks(box.family.name, world.seed, *wanted)

    def _made(self, name: str) -> Toolbox:
        if name.endswith(SUFFIX):
            return ExportToolbox(BUILTIN[name.removesuffix(SUFFIX)]())
        return TaskToolbox(name.removeprefix(PREFIX), self._backend, self._places)


def cluster_of(family: Family) -> BusinessCluster:
    """The cluster of a family: its field is the domain. A mixed one has the tools of the business service, too."""
    tools = TOOLS[family.kind]
    services: tuple[str, ...] = (PREFIX + family.name,)
    entities: tuple[str, ...] = ("test",) if family.kind == "repair" else ("file",)
    if family.errand:
        tools = (*tools, *(("write_file", "run_tests") if family.mends else ()), family.errand.tool)
        services = (family.errand.service + SUFFIX, *services)
        entities = (*entities, family.errand.param.removesuffix("_id"))
    return BusinessCluster(
        id=hashlib.sha256(services[-1].encode()).hexdigest()[:16],
        services=services,
        tools=tools,
        edges=(),
        entities=entities,
        domain=family.field,
        sector=SECTOR,
        plan=tools,
        entry=(),
        modes=MODES[family.kind],
        provenance=TaskToolbox.provenance,
    )
