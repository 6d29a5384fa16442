"""A server on a free loopback port with a client for raw requests, and requests worth sending."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import msgspec

from tdscaling.agents.sim.server.replay import Replay
from tdscaling.agents.sim.server.service import ModelServer, ServerSettings, listening
from tdscaling.agents.sim.server.stats import Report

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        },
    },
}
CALLS: dict[str, Any] = {
    "model": "sim",
    "messages": [{"role": "user", "content": "Get the current weather. The city is Lisbon."}],
    "tools": [WEATHER],
}
"""A request that the simulated model answers with one tool call."""
TALKS: dict[str, Any] = {"model": "sim", "messages": [{"role": "user", "content": "Thank you."}], "tools": [WEATHER]}
"""A request that it answers with a text."""


class Endpoint:
    """What a client of a served model needs."""

    def __init__(self, server: ModelServer, url: str, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.url = url
        self.session = session

    def post(self, body: object, **headers: str) -> Any:
        """A chat completion request, to be used with `async with`."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.session.post(f"{self.url}/chat/completions", data=data, headers=headers)

    async def answer(self, body: object) -> dict[str, Any]:
        """The decoded body of a reply that must be a good one."""
        async with self.post(body) as response:
            text = await response.read()
            assert response.status == 200, text
        return msgspec.json.decode(text, type=dict[str, Any])

    async def stats(self) -> Report:
        """What GET /stats says."""
        async with self.session.get(self.url.removesuffix("/v1") + "/stats") as response:
            return msgspec.json.decode(await response.read(), type=Report)


@asynccontextmanager
async def endpoint(
    settings: ServerSettings | None = None,
    *,
    replay: Replay | None = None,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> AsyncGenerator[Endpoint]:
    """A server and a client, for as long as the context lasts."""
    server = ModelServer(
        settings or ServerSettings(mistakes=0.0), wall=lambda: 1.8e9, clock=time.monotonic, sleep=sleep, replay=replay
    )
    async with listening(server, "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        yield Endpoint(server, url, session)
