"""An annex: worlds of services that a task has nothing to do with, opened when one of their tools is called."""

from __future__ import annotations

from collections.abc import Mapping

from .services.errors import unknown_tool
from .tools import JsonObject, Snapshot, Toolbox, ToolReply, World


class AnnexedWorld:
    """A world with tools of other services beside its own. It owns the inner world and whatever it opens."""

    def __init__(self, inner: World, beside: Mapping[str, tuple[Toolbox, str]], seed: int) -> None:
        """`beside`: toolbox and own name of the tools that are not the inner world's, by the names they are called by
        here. Only toolboxes whose worlds are memory belong there: they are opened while the inner world is held."""
        self._inner = inner
        self._beside = beside
        self._seed = seed
        self._open: dict[str, World] = {}

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """As the inner world answers, or the annex. Raises as the worlds do."""
        found = self._beside.get(name)
        if found is None:
            return await self._inner.call(name, arguments) if ":" not in name else unknown_tool(name)
        box, own = found
        if box.name not in self._open:
            self._open[box.name] = await box.open(self._seed)
        return await self._open[box.name].call(own, arguments)

    async def snapshot(self) -> dict[str, Snapshot]:
        """The inner world's: a change in an annex is a mistake, whatever it is. Raises as the inner world does."""
        return await self._inner.snapshot()

    async def aclose(self) -> None:
        """End all worlds, the inner one last."""
        while self._open:
            await self._open.popitem()[1].aclose()
        await self._inner.aclose()
