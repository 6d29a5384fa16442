"""The clusters of files in a run: each is a world of its own, its tools played on the entity store once it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain

from ...runtime.assignment import BusinessCluster
from ...runtime.errors import EnvironmentFault, InputError
from ...sandbox.entities import EntityToolbox, execute_on
from ...sandbox.entities.toolbox import VERSION
from ..mining.cluster import world_name
from .index import ClusterFile
from .line import ClusterLine, edges_of

WORLDS = 16
"""Seeded worlds in which a plan is tried: in one an order may be cancelled already."""
READY = 128
"""Toolboxes kept ready, and clusters kept in memory, those that were asked for last."""


def toolbox_of(line: ClusterLine) -> EntityToolbox:
    """The cluster's own tools, and no others, on the entity store."""
    specs = [tool.spec() for tool in line.tools]
    made = partial(
        EntityToolbox, world_name(line.id), specs, source=line.provenance, domain=line.domain, sector=line.sector
    )
    box = made()
    if not box.unplayable:
        return box
    # A call that is made up for one tool alone may be refused where the plan's own is not.
    untried = made(tried=False)
    runs = (execute_on(untried, specs, line.plan, seed).ok for seed in range(WORLDS))
    return untried if not untried.unplayable and any(runs) else box


def played(line: ClusterLine) -> BusinessCluster:
    """The cluster as a run knows it. Its one service is its world."""
    return BusinessCluster(
        id=line.id,
        services=(world_name(line.id),),
        tools=line.plan,
        edges=edges_of(line.edges),
        entities=line.entities,
        domain=line.domain,
        sector=line.sector,
        plan=line.plan,
        entry=line.entry,
        modes=line.modes,
        provenance=f"entity store over {line.provenance}",
    )


class ClusterShelf:
    """The toolboxes of the clusters of some files, by the names of their worlds."""

    def __init__(self, files: Sequence[ClusterFile]) -> None:
        """Raises InputError where two files hold a cluster of one id."""
        self.files = tuple(files)
        homes: dict[str, ClusterFile] = {}
        self._worlds: dict[str, str] = {}  # {world name: cluster id}
        for file in self.files:
            for head in file.heads:
                other = homes.setdefault(head.id, file)
                if other is not file:
                    raise InputError(f"{file.path}: the cluster {head.id} stands in {other.path}, too")
                self._worlds[world_name(head.id)] = head.id
        self._homes = homes
        self._ready = lru_cache(maxsize=READY)(self._made)

    @property
    def heads(self) -> tuple[BusinessCluster, ...]:
        """Every cluster of every file, without tools, edges and plan."""
        return tuple(head for file in self.files for head in file.heads)

    @property
    def versions(self) -> list[str]:
        """What a run over these files is a function of, beside its settings."""
        return [VERSION, *(file.digest for file in self.files)]

    def clusters(self, others: Iterable[BusinessCluster] = ()) -> Mapping[str, BusinessCluster]:
        """Every cluster by id, read when it is asked for, and others that are at hand."""
        return _Played(self._homes, {cluster.id: cluster for cluster in others})

    def get(self, name: str) -> EntityToolbox | None:
        """The toolbox of the cluster whose world has this name.

        Raises:
            EnvironmentFault: `unplayable_tool`: the entity store cannot play all of the cluster's tools.
            InputError: the cluster's file is not what it was when it was opened.
        """
        return self._ready(name) if name in self._worlds else None

    def _made(self, name: str) -> EntityToolbox:
        identity = self._worlds[name]
        box = toolbox_of(self._homes[identity].line(identity))
        for tool in box.unplayable:
            raise EnvironmentFault("unplayable_tool", f"{name}: {tool.tool}: {tool.reason}: {tool.detail}")
        return box


class _Played(Mapping[str, BusinessCluster]):
    """Clusters by id. Those of files are read when they are asked for; the ones asked for last stay in memory."""

    def __init__(self, homes: Mapping[str, ClusterFile], at_hand: Mapping[str, BusinessCluster]) -> None:
        self._homes = homes
        self._at_hand = at_hand
        self._ready = lru_cache(maxsize=READY)(self._read)

    def __getitem__(self, identity: str) -> BusinessCluster:
        return self._at_hand[identity] if identity in self._at_hand else self._ready(identity)

    def __iter__(self) -> Iterator[str]:
        return chain(self._at_hand, self._homes)

    def __len__(self) -> int:
        return len(self._at_hand) + len(self._homes)

    def _read(self, identity: str) -> BusinessCluster:
        return played(self._homes[identity].line(identity))
