"""The world of one episode: the worlds of several toolboxes behind one `World`, and what changed between two states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import anyio

from ..runtime.errors import ConfigError
from .services.errors import error_reply, unknown_tool
from .tools import JsonObject, ResourceRefused, Snapshot, Toolbox, ToolReply, Workspace, World

CLOSE_SECONDS = 10.0
"""How long one world may take to end. Worlds bound themselves; this holds when one does not."""


async def open_worlds(toolboxes: Sequence[Toolbox], seed: int) -> CompositeWorld:
    """Open a world of every toolbox with one seed, one after the other in the given order.

    When one cannot be opened, or the opening is cancelled, those already open are closed.

    Raises:
        ConfigError: two toolboxes have a name, or a tool of one name.
        InfrastructureFault: a toolbox could not open its world.
    """
    owners = _owners(toolboxes)
    worlds: dict[str, World] = {}
    async with AsyncExitStack() as closing:
        for toolbox in toolboxes:
            world = await toolbox.open(seed)
            closing.push_async_callback(_close, world)
            worlds[toolbox.name] = world
        routes = {tool: worlds[owner] for tool, owner in owners.items()}
        return CompositeWorld(routes, tuple(worlds.values()), closing.pop_all())


class CompositeWorld:
    """Routes calls by tool name to the worlds it owns."""

    def __init__(self, routes: Mapping[str, World], worlds: Sequence[World], closing: AsyncExitStack) -> None:
        """`closing` ends every world of `worlds` when it is left."""
        self._routes = routes
        self._worlds = worlds
        self._workspaces = [world for world in worlds if isinstance(world, Workspace)]
        self._closing = closing

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool in the world that has it; an unknown name is an `unknown_tool` error reply.

        Files that come with a reply are laid into every workspace there is, before anybody hears of them.

        Raises what the world's own `call` raises: EnvironmentFault, InfrastructureFault.
        """
        world = self._routes.get(name)
        if world is None:
            return unknown_tool(name)
        reply = await world.call(name, arguments)
        try:
            for resource in reply.resources:
                for workspace in self._workspaces:
                    await workspace.put(resource.path, resource.data)
        except ResourceRefused as refusal:
            return error_reply("conflict", f"the file could not be stored: {refusal}")
        return reply

    async def snapshot(self) -> dict[str, Snapshot]:
        """The present state of every service. Raises InfrastructureFault as a world's own `snapshot` does."""
        merged: dict[str, Snapshot] = {}
        for world in self._worlds:
            merged.update(await world.snapshot())
        return merged

    async def aclose(self) -> None:
        """End every world, the last opened first, each shielded and bounded. Idempotent.

        A world that raises here breaks its contract: the others are still closed, then the bug surfaces.
        """
        await self._closing.aclose()


def changes(before: Mapping[str, Snapshot], after: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """What differs: `{service: {table: {key: record or None}}}`, None for what is gone, equal tables left out.

    A table that exists on one side only counts as empty on the other.
    """
    out: dict[str, Snapshot] = {}
    for service in (*before, *(name for name in after if name not in before)):
        old, new = before.get(service, {}), after.get(service, {})
        tables = {
            table: difference
            for table in (*old, *(name for name in new if name not in old))
            if (difference := _difference(old.get(table, {}), new.get(table, {})))
        }
        if tables:
            out[service] = tables
    return out


def _difference(old: JsonObject, new: JsonObject) -> JsonObject:
    gone = {key: None for key in old if key not in new}
    return gone | {key: record for key, record in new.items() if key not in old or old[key] != record}


def _owners(toolboxes: Sequence[Toolbox]) -> dict[str, str]:
    """Tool name to toolbox name."""
    owners: dict[str, str] = {}
    names: set[str] = set()
    for toolbox in toolboxes:
        if toolbox.name in names:
            raise ConfigError(f"two tool sources are called {toolbox.name!r}")
        names.add(toolbox.name)
        for tool in toolbox.tools():
            if tool.name in owners:
                raise ConfigError(f"tool {tool.name!r} is offered by both {owners[tool.name]!r} and {toolbox.name!r}")
            owners[tool.name] = toolbox.name
    return owners


async def _close(world: World) -> None:
    with anyio.move_on_after(CLOSE_SECONDS, shield=True):
        await world.aclose()
