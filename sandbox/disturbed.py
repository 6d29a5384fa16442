"""A world that does something by itself: tools that fail or are barred, small pages, somebody else who acts too.

What happens depends on the calls made so far and on nothing else, so the same calls get the same replies again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from ..runtime.blueprint import Disturbance
from ..runtime.seed import rng
from .tools import JsonObject, Snapshot, ToolReply, World

OUT_OF_ORDER: Final = (
    ("unavailable", "the service did not answer in time; try again"),
    ("unavailable", "the service is busy at the moment; try again"),
    ("rate_limited", "too many requests at the moment; try again"),
)
"""Code and message of an error that may pass."""
BROKEN: Final = (
    ("unavailable", "the service is down for maintenance until further notice"),
    ("internal_error", "the request could not be processed; the operators have been informed"),
)
"""Code and message of an error that stays."""
DENIED: Final = (
    ("permission_denied", "this account has no permission to do that"),
    ("permission_denied", "the access rights of this account do not cover this"),
)


class DisturbedWorld:
    """A world with disturbances before it. It owns the inner world."""

    def __init__(self, inner: World, disturbances: Sequence[Disturbance], seed: int) -> None:
        """`seed` chooses how refusals are worded."""
        self._inner = inner
        self._by_tool: dict[str, list[Disturbance]] = {}
        for disturbance in disturbances:
            self._by_tool.setdefault(disturbance.tool, []).append(disturbance)
        self._seed = seed
        self._calls: Counter[str] = Counter()
        self._meddled: set[Disturbance] = set()

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """As the inner world answers, but for the disturbances of the tool. Raises as the inner world does."""
        befalling = self._by_tool.get(name)
        if not befalling:
            return await self._inner.call(name, arguments)
        self._calls[name] += 1
        for disturbance in befalling:
            if (refusal := self._refusal(disturbance)) is not None:
                return refusal
            if disturbance.kind == "pages":
                arguments = small_page(arguments, disturbance.times)
        reply = await self._inner.call(name, arguments)
        if not reply.is_error:
            await self._meddle(befalling)
        return reply

    async def snapshot(self) -> dict[str, Snapshot]:
        """The inner world's. Raises as the inner world does."""
        return await self._inner.snapshot()

    async def aclose(self) -> None:
        """End the inner world."""
        await self._inner.aclose()

    def _refusal(self, disturbance: Disturbance) -> ToolReply | None:
        """The error that a call of the tool gets now, if any."""
        if disturbance.kind == "denied":
            return refused(DENIED, self._seed, disturbance.tool)
        if disturbance.kind == "error" and not disturbance.times:
            return refused(BROKEN, self._seed, disturbance.tool)
        if disturbance.kind == "error" and self._calls[disturbance.tool] <= disturbance.times:
            return refused(OUT_OF_ORDER, self._seed, disturbance.tool)
        return None

    async def _meddle(self, befalling: Sequence[Disturbance]) -> None:
        """Let somebody else act, once, right after the answer that they did not wait for."""
        for disturbance in befalling:
            if disturbance.kind == "meddling" and disturbance not in self._meddled:
                self._meddled.add(disturbance)
                await self._inner.call(disturbance.other, msgspec.json.decode(disturbance.arguments, type=JsonObject))


def disturbed(inner: World, disturbances: Sequence[Disturbance], seed: int) -> World:
    """The world with the disturbances; itself where there are none."""
    return DisturbedWorld(inner, disturbances, seed) if disturbances else inner


def small_page(arguments: JsonObject, size: int) -> JsonObject:
    """The arguments with a `limit` of at most this size. What is no valid limit stays, so that it is refused."""
    asked = arguments.get("limit", size)
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < size:
        return arguments
    return {**arguments, "limit": size}


def refused(forms: Sequence[tuple[str, str]], seed: int, tool: str) -> ToolReply:
    """An error reply in the form that the built-in services use, one of several wordings per world and tool."""
    code, message = rng(seed, "disturbance", tool).choice(forms)
    return ToolReply(msgspec.json.encode({"error": {"code": code, "message": message}}).decode(), is_error=True)
