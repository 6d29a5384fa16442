"""The stage: the tools and clusters of a run, and the one world that each playing episode owns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import anyio
import msgspec

from ..runtime.assignment import BusinessCluster
from ..runtime.blueprint import WorldRef
from ..runtime.errors import InfrastructureFault
from ..sandbox.disturbed import disturbed
from ..sandbox.shelf import Planner, Shelf, Shelves
from ..sandbox.tools import Snapshot, Toolbox, ToolSpec, World
from ..sandbox.world import open_worlds

REMEMBERED = 512
"""Initial states kept for the verifier, which needs the one its blueprint was proved on."""


class Stage:
    """Opens worlds by reference and keeps the playing ones until they are released."""

    def __init__(
        self,
        toolboxes: Sequence[Toolbox],
        clusters: Sequence[BusinessCluster] | Mapping[str, BusinessCluster],
        shelves: Iterable[Shelf] = (),
        planner: Planner | None = None,
    ) -> None:
        """`clusters`: by id where a mapping reads them when they are asked for. `shelves`: more toolboxes, likewise.
        `planner`: has plans of its own for some clusters."""
        self.planner = planner
        self._toolboxes = Shelves(toolboxes, shelves)
        self.tools: dict[str, ToolSpec] = {tool.name: tool for box in toolboxes for tool in box.tools()}
        """The tools of the toolboxes at hand, by name."""
        self.clusters: Mapping[str, BusinessCluster] = (
            clusters if isinstance(clusters, Mapping) else {cluster.id: cluster for cluster in clusters}
        )
        self._playing: dict[str, tuple[int, World]] = {}  # {episode id: (play, world)}
        self._initial: dict[WorldRef, dict[str, Snapshot]] = {}

    def specs(self, services: Iterable[str]) -> tuple[ToolSpec, ...]:
        """All tools of the services, in their stable order."""
        return tuple(tool for service in services for tool in self._toolboxes[service].tools())

    def volatile(self, services: Iterable[str]) -> frozenset[str]:
        """Keys and labels whose values may differ between two equal runs."""
        return frozenset(key for service in services for key in self._toolboxes[service].volatile)

    def reference(self, services: Sequence[str], seed: int) -> WorldRef:
        """The initial state of these services under this seed, by reference; seed 0 where no service has any."""
        boxes = [self._toolboxes[name] for name in services]
        seeded = any(box.seeded for box in boxes)
        return WorldRef(tuple(f"{box.name}@{box.version}" for box in boxes), seed if seeded else 0)

    async def initial(self, world: WorldRef) -> dict[str, Snapshot]:
        """The snapshot of a fresh world, remembered for the worlds asked for last. Raises as `World.snapshot`."""
        world = msgspec.structs.replace(world, disturbances=())
        if world not in self._initial:
            fresh = await self.open(world)
            try:
                snapshot = await fresh.snapshot()
            finally:
                await fresh.aclose()
            while len(self._initial) >= REMEMBERED:
                del self._initial[next(iter(self._initial))]
            # As JSON would give it back, so that it compares equal to a recorded one.
            self._initial[world] = msgspec.json.decode(msgspec.json.encode(snapshot))
        return self._initial[world]

    async def open(self, world: WorldRef) -> World:
        """A fresh world; the caller closes it. Raises InfrastructureFault."""
        names = [service.rpartition("@")[0] for service in world.services]
        opened = await open_worlds([self._toolboxes[name] for name in names], world.seed)
        return disturbed(opened, world.disturbances, world.seed)

    async def playing(self, episode: str, world: WorldRef, play: int = 0) -> World:
        """The world of an episode's present play, opened at its first use; that of an earlier play is closed first.

        Raises InfrastructureFault.
        """
        if self._playing.get(episode, (play,))[0] != play:
            await self.release(episode)
        if episode not in self._playing:
            opened = await self.open(world)
            if episode in self._playing:  # cannot happen while an episode has one token
                await opened.aclose()
                raise InfrastructureFault("two_tokens", f"episode {episode} acts twice at once")
            self._playing[episode] = play, opened
        return self._playing[episode][1]

    def played(self, episode: str, play: int = 0) -> World | None:
        """The world of an episode's present play if any call was made in it."""
        found = self._playing.get(episode)
        return found[1] if found and found[0] == play else None

    async def release(self, episode: str) -> None:
        """Close the episode's world. Idempotent, bounded by the world's own `aclose`."""
        found = self._playing.pop(episode, None)
        if found is not None:
            with anyio.CancelScope(shield=True):
                await found[1].aclose()
