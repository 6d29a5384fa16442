"""The server: the routes of an OpenAI-compatible endpoint over the simulated model, or over canned replies."""

from __future__ import annotations

import hmac
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import msgspec
from aiohttp import web

from ....runtime.chat import AssistantMessage
from ....runtime.model import ModelReply, ModelRequest, Usage
from ..model import NAME, answer
from .faults import KINDS, NO_FAULTS, Faults
from .improvise import instance
from .latency import Latency
from .misbehave import JSON, SSE, Exchange
from .replay import Replay
from .stats import Stats
from .stream import events
from .wire import BadRequest, Completion, WireRequest, completion, error_body, read_body, to_request

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of a request; longer ones are refused with 413."""
KEEP_ALIVE_S = 5.0
"""Idle seconds after which a connection is closed, as the common model servers do it."""
GOODBYE_S = 1.0
"""Seconds that requests in flight have when the server ends."""
BACKLOG = 4096
"""Connections that may wait to be accepted; the operating system may allow fewer."""
FIRST_PIECE = 0.25
"""Share of the latency before the first event of a stream; the rest is spread over the others."""

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


class ServerSettings(msgspec.Struct, frozen=True):
    """What is served and how."""

    model: str = NAME
    """The name that clients ask for."""
    mistakes: float = 1.0
    """Factor on the simulated model's error rates."""
    latency: Latency = Latency()
    faults: Faults = NO_FAULTS
    seed: int = 0
    """Of faults and latency; the answers do not depend on it."""
    api_key: str = ""
    """What clients must send as a bearer token; empty lets everybody in."""


class ModelServer:
    """Answers requests and counts them.

    `wall` gives seconds since 1970, `clock` seconds that never go back. With `replay` the model is not asked: bodies
    are taken as they come and are not looked into.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        wall: Clock,
        clock: Clock,
        sleep: Sleep = anyio.sleep,
        replay: Replay | None = None,
    ) -> None:
        self._settings = settings
        self._wall = wall
        self._sleep = sleep
        self._replay = replay
        self.stats = Stats(clock)

    def app(self) -> web.Application:
        """The routes, for `listening` or for an aiohttp runner of one's own."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_post("/v1/chat/completions", self._chat if self._replay is None else self._canned)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/stats", self._stats)
        app.router.add_get("/health", self._health)
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        number = self.stats.begin()
        try:
            response = await self._answer(request, number)
        except BadRequest as problem:
            self.stats.refused += 1
            return web.Response(status=problem.status, body=error_body(str(problem), problem.code), content_type=JSON)
        except web.HTTPRequestEntityTooLarge:
            self.stats.refused += 1
            text = f"the body is longer than {BODY_LIMIT} bytes"
            return web.Response(status=413, body=error_body(text, "request_too_large"), content_type=JSON)
        else:
            self.stats.bytes_out += _size(response)
            return response
        finally:
            self.stats.end()

    async def _answer(self, request: web.Request, number: int) -> web.StreamResponse:
        body = await request.read()
        self.stats.bytes_in += len(body)
        self._admit(request)
        wire = read_body(body)
        if wire.model != self._settings.model:
            text = f"the model {wire.model!r} does not exist; this server has {self._settings.model!r}"
            raise BadRequest(text, status=404, code="model_not_found")
        asked = to_request(wire, NAME)
        follow_up = any(isinstance(message, AssistantMessage) for message in asked.messages)
        self.stats.prefixes.saw([bytes(raw) for raw in wire.messages], follow_up=follow_up)
        self.stats.streamed += bool(wire.stream)
        reply = simulate(asked, self._settings.mistakes)
        whole = completion(reply, number=number, created=int(self._wall()))
        delay = self._settings.latency.seconds(self._settings.seed, number)
        return await self._spoiled(request, wire, whole, number, delay) or await self._good(request, wire, whole, delay)

    def _admit(self, request: web.Request) -> None:
        """Raises BadRequest (401) when a key is wanted and the client's is not the one."""
        key = self._settings.api_key
        sent = request.headers.get("Authorization", "")
        if key and not hmac.compare_digest(sent.encode(), f"Bearer {key}".encode()):
            raise BadRequest("Incorrect API key provided", status=401, code="invalid_api_key")

    async def _spoiled(
        self, request: web.Request, wire: WireRequest, whole: Completion, number: int, delay: float
    ) -> web.StreamResponse | None:
        """The fault that this request meets; None when there is none or it finds nothing to spoil."""
        kind = self._settings.faults.pick(self._settings.seed, number)
        if kind is None:
            return None
        exchange = Exchange(request, whole, bool(wire.stream), wire.include_usage, self._sleep, self._wall)
        self.stats.faults[kind] += 1  # at once: a stalled answer may last until its client has gone
        if delay:
            await self._sleep(delay)
        response = await KINDS[kind](exchange)
        if response is None:
            self.stats.faults[kind] -= 1
        return response

    async def _good(
        self, request: web.Request, wire: WireRequest, whole: Completion, delay: float
    ) -> web.StreamResponse:
        if wire.stream:
            return await self._stream(request, events(whole, include_usage=wire.include_usage), delay)
        if delay:
            await self._sleep(delay)
        return web.Response(body=msgspec.json.encode(whole), content_type=JSON)

    async def _stream(self, request: web.Request, sent: list[bytes], delay: float) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": SSE, "Cache-Control": "no-cache"})
        await response.prepare(request)
        pause = delay * (1 - FIRST_PIECE) / max(1, len(sent) - 1)
        for number, event in enumerate(sent):
            if delay:
                await self._sleep(pause if number else delay * FIRST_PIECE)
            await response.write(event)
        await response.write_eof()
        return response

    async def _canned(self, request: web.Request) -> web.StreamResponse:
        assert self._replay is not None, "the route is only added with a replay"  # noqa: S101 -- says so to the checker
        number = self.stats.begin()
        try:
            self.stats.bytes_in += len(await request.read())
            delay = self._settings.latency.seconds(self._settings.seed, number)
            if delay:
                await self._sleep(delay)
            body = self._replay.next()
            self.stats.bytes_out += len(body)
            return web.Response(body=body, content_type=JSON)
        finally:
            self.stats.end()

    async def _models(self, request: web.Request) -> web.Response:
        try:
            self._admit(request)
        except BadRequest as problem:
            return web.Response(status=problem.status, body=error_body(str(problem), problem.code), content_type=JSON)
        entry = {"id": self._settings.model, "object": "model", "created": 0, "owned_by": "tdscaling"}
        return web.Response(body=msgspec.json.encode({"object": "list", "data": [entry]}), content_type=JSON)

    async def _stats(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.stats.report()), content_type=JSON)

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(body=b'{"status":"ok"}', content_type=JSON)


def simulate(request: ModelRequest, mistakes: float) -> ModelReply:
    """The simulated model's answer; for a request that it cannot read, one of the right shape.

    Raises:
        BadRequest: it can neither be read nor be answered in shape.
    """
    try:
        return answer(request, mistakes)
    except Exception as unread:  # noqa: BLE001 -- a boundary: it reads this package's prompts, a socket brings anything
        if request.response_format is None:
            text = f"the simulated model cannot read this request ({type(unread).__name__}: {unread})"
            raise BadRequest(text) from None
        schema = msgspec.json.decode(request.response_format.schema)
        text = msgspec.json.encode(instance(schema if isinstance(schema, dict) else {})).decode()
        usage = Usage(prompt_tokens=len(msgspec.json.encode(request)) // 4, completion_tokens=1 + len(text) // 4)
        return ModelReply(AssistantMessage(text), "stop", usage, NAME)


@asynccontextmanager
async def listening(server: ModelServer, host: str, port: int) -> AsyncGenerator[str]:
    """The server on a socket while inside; gives its base URL, with the port that port 0 became.

    Raises:
        OSError: the address is taken, or not of this machine.
    """
    quiet = logging.getLogger(f"{__name__}.http")
    runner = web.AppRunner(
        server.app(),
        access_log=None,
        logger=quiet,
        handler_cancellation=True,  # a client that leaves a stalled answer frees it
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=GOODBYE_S,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
        bound = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}/v1"
    finally:
        await runner.cleanup()


def _size(response: web.StreamResponse) -> int:
    """Bytes of a reply's body."""
    if isinstance(response, web.Response):
        return len(response.body) if isinstance(response.body, bytes) else 0
    return response.body_length
