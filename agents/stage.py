"""The stage: the tools and clusters of a run, and the one world that each playing episode owns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import anyio
import msgspec

from ..runtime.assignment import BusinessCluster
from ..runtime.blueprint import WorldRef
from ..runtime.errors import EnvironmentFault, InfrastructureFault
from ..runtime.presentation import Face, Replies
from ..sandbox.annex import AnnexedWorld
from ..sandbox.disturbed import disturbed
from ..sandbox.services.base import Service
from ..sandbox.services.house import rules_of, today_of
from ..sandbox.services.styles import as_recorded, styled
from ..sandbox.shelf import Planner, Shelf, Shelves
from ..sandbox.tools import Snapshot, Toolbox, ToolSpec, World
from ..sandbox.world import open_worlds

PLAIN = Face()
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

    def beside(self, face: Face) -> tuple[ToolSpec, ...]:
        """The distractors of a row, under their keys.

        Raises EnvironmentFault where there is no such tool here, or its service is another version.
        """
        return tuple(spec for spec, _ in self._annex(face).values())

    def provenance(self, own: str, face: Face) -> str:
        """Where a row's schemas come from, with licences: `own` for those of its cluster, then its distractors'."""
        own = own.partition("; beside them: ")[0]
        others = {box.provenance for _, box in self._annex(face).values()} - {own}
        return "; ".join((own, *(f"beside them: {text}" for text in sorted(others))))

    def _annex(self, face: Face) -> dict[str, tuple[ToolSpec, Toolbox]]:
        found: dict[str, tuple[ToolSpec, Toolbox]] = {}
        for shown in face.names:
            if not shown.service:
                continue
            name, _, version = shown.service.rpartition("@")
            box = self._toolboxes.get(name)
            spec = next((tool for tool in box.tools() if tool.name == shown.own), None) if box else None
            if box is None or spec is None or box.version != version:
                raise EnvironmentFault("distractor", f"there is no {shown.own} of {shown.service} here")
            found[shown.key] = msgspec.structs.replace(spec, name=shown.key), box
        return found

    def house(self, services: Iterable[str]) -> tuple[str, str]:
        """The rules of the services' house and the day it is there; empty where there are none."""
        boxes = [self._toolboxes[name] for name in services]
        return rules_of(boxes), today_of(boxes)

    def reference(self, services: Sequence[str], seed: int, replies: Replies = "clean") -> WorldRef:
        """The initial state of these services under this seed, by reference; seed 0 where no service has any.

        `replies`: how built-in services answer; the others know one way.
        """
        boxes = [self._toolboxes[name] for name in services]
        boxes = [styled(box, replies) if isinstance(box, Service) else box for box in boxes]
        seeded = any(box.seeded for box in boxes)
        return WorldRef(tuple(f"{box.name}@{box.version}" for box in boxes), seed if seeded else 0)

    async def initial(self, world: WorldRef) -> dict[str, Snapshot]:
        """The snapshot of a fresh world, remembered for the worlds asked for last. Raises as `World.snapshot`."""
        plain = tuple(self._box(service) for service in world.services)
        world = WorldRef(tuple(f"{box.name}@{box.version}" for box in plain), world.seed)
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

    def _box(self, service: str) -> Toolbox:
        """The toolbox of a `name@version`, without the style of its replies."""
        return self._toolboxes[service.rpartition("@")[0]]

    async def open(self, world: WorldRef, face: Face = PLAIN) -> World:
        """A fresh world, the distractors of a face beside it; the caller closes it.

        Raises InfrastructureFault, and EnvironmentFault for distractors that are not here.
        """
        beside = {key: (box, spec.name.partition(":")[2]) for key, (spec, box) in self._annex(face).items()}
        boxes = [as_recorded(self._box(service), service.rpartition("@")[2]) for service in world.services]
        opened = disturbed(await open_worlds(boxes, world.seed), world.disturbances, world.seed)
        return AnnexedWorld(opened, beside, world.seed) if beside else opened

    async def playing(self, episode: str, world: WorldRef, play: int = 0, face: Face = PLAIN) -> World:
        """The world of an episode's present play, opened at its first use; that of an earlier play is closed first.

        Raises as `open` does.
        """
        if self._playing.get(episode, (play,))[0] != play:
            await self.release(episode)
        if episode not in self._playing:
            opened = await self.open(world, face)
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
