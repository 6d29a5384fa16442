"""A small endpoint whose answers are scripted: a list of handlers, one per request, the last one for ever."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tdscaling.runtime.chat import AssistantMessage, SystemMessage, UserMessage
from tdscaling.runtime.llm.http import HttpModel
from tdscaling.runtime.llm.retry import RetryPolicy
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.model import ModelReply, ModelRequest

Handler = Callable[["Endpoint", web.Request], Awaitable[web.StreamResponse]]
REQUEST = ModelRequest(model="m", messages=(SystemMessage("Be brief."), UserMessage("hello")), seed=7)
QUICK = RetryPolicy(first=0.001, cap=0.002)
"""The retry layer as it is, with waits that a test can afford."""


class Endpoint:
    """What the server was asked, and where it is."""

    def __init__(self, script: Sequence[Handler]) -> None:
        self.script = list(script)
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.arrivals: list[float] = []
        self.peers: set[str] = set()
        self.in_flight = self.highest = 0
        self.url = ""

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies, decoded."""
        return [json.loads(body) for body in self.bodies]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Play the next handler of the script."""
        self.arrivals.append(time.monotonic())
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        try:
            self.bodies.append(await request.read())
            self.headers.append(dict(request.headers))
            assert request.transport is not None
            self.peers.add(str(request.transport.get_extra_info("peername")))
            handler = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            return await handler(self, request)
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def serve(*script: Handler) -> AsyncGenerator[Endpoint]:
    """An endpoint on a free loopback port."""
    endpoint = Endpoint(script)
    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/v1/chat/completions", endpoint.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield endpoint
    finally:
        await runner.cleanup()


def model_of(endpoint: Endpoint, *, policy: RetryPolicy = QUICK, **spec: Any) -> HttpModel:
    """A model on one endpoint."""
    return HttpModel(ModelSpec(name="m", base_urls=(endpoint.url,), **spec), policy=policy)


async def ask(*script: Handler, request: ModelRequest = REQUEST, **spec: Any) -> tuple[ModelReply, HttpModel, Endpoint]:
    """One request against a script: the reply, and both sides as they stand afterwards."""
    async with serve(*script) as endpoint, model_of(endpoint, **spec) as model:
        return await model.complete(request), model, endpoint


def body(message: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A proper answer with some of it changed; a change to None leaves the key out."""
    whole = {
        "id": "1",
        "model": "served",
        "choices": [
            {"index": 0, "message": message or {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def says(content: object = "hi", **fields: Any) -> Handler:
    """Answers with this message."""
    return gives(body({"role": "assistant", "content": content, **fields}))


def gives(payload: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    """Answers with this JSON."""

    async def handler(_: Endpoint, __: web.Request) -> web.StreamResponse:
        return web.json_response(payload, status=status, headers=headers)

    return handler


def sends(data: bytes, content_type: str = "application/json", **more: Any) -> Handler:
    """Answers with these bytes."""

    async def handler(_: Endpoint, __: web.Request) -> web.StreamResponse:
        return web.Response(body=data, content_type=content_type, **more)

    return handler


def fails(status: int, message: str = "no", **headers: str) -> Handler:
    """Answers with an error."""
    return gives(
        {"error": {"message": message}},
        status=status,
        headers={key.replace("_", "-"): value for key, value in headers.items()},
    )


async def resets(_: Endpoint, request: web.Request) -> web.StreamResponse:
    """Closes the connection without a byte."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def stalls(_: Endpoint, __: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def breaks_off(_: Endpoint, request: web.Request) -> web.StreamResponse:
    """Promises more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"choices": [{"mess')
    assert request.transport is not None
    request.transport.abort()
    return response


def streams(*chunks: bytes, done: bool = True) -> Handler:
    """Answers with these events."""

    async def handler(_: Endpoint, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in (*chunks, *([b"[DONE]"] if done else [])):
            await response.write(b"data: " + chunk + b"\n\n")
        return response

    return handler


def delta(finish: str | None = None, **fields: Any) -> bytes:
    """One chunk."""
    return json.dumps({"model": "served", "choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}).encode()


USAGE = b'{"model":"served","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}'


def spoken(message: AssistantMessage) -> str:
    """The text of a message that must not have calls."""
    assert not message.calls
    return message.content
