"""What one model request costs in CPU: HttpModel over each of its carriers, beside bare clients and OpenAI's SDK.

    .venv/bin/python bench/client.py [--requests 10000] [--concurrency 100] [--rounds 3]

The server is a process of its own that sends one canned reply of about 1 KB. CPU time of the client's process only, in
microseconds per request; rounds are interleaved and the median is printed with its range.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp
import anyio
import msgspec
import openai

from tdscaling.runtime import loop
from tdscaling.runtime.chat import AssistantMessage, ChatMessage, SystemMessage, UserMessage
from tdscaling.runtime.llm.http import HttpModel
from tdscaling.runtime.llm.reply import WireReply
from tdscaling.runtime.llm.sdk import SdkCarrier
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.llm.transport import Transport
from tdscaling.runtime.model import ModelRequest

MESSAGE = {"role": "assistant", "content": "x" * 700}
REPLY = {
    "id": "1",
    "model": "m",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2},
}
HISTORY: tuple[ChatMessage, ...] = tuple(
    said for _ in range(9) for said in (UserMessage("u" * 900), AssistantMessage("a" * 900))
)
REQUESTS = {
    "2 messages": ModelRequest(model="m", messages=(SystemMessage("s"), UserMessage("hello"))),
    "19 messages, 17 KB": ModelRequest(model="m", messages=(SystemMessage("s" * 500), *HISTORY)),
}
FLOOR = "aiohttp + msgspec (floor)"
Ask = Callable[[], Awaitable[object]]


class Canned(asyncio.Protocol):
    """Answers every request with the same bytes."""

    def __init__(self) -> None:
        body = json.dumps(REPLY).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._reply = head.encode() + body
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being a subclass

    def data_received(self, data: bytes) -> None:
        """One reply for every whole request."""
        assert self._transport is not None
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self._received) < end + 4 + length:
                return
            self._received = self._received[end + 4 + length :]
            self._transport.write(self._reply)


async def serve() -> None:
    """Print the port, then answer for ever."""
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def cost(ask: Ask, requests: int, concurrency: int) -> float:
    """CPU µs per request."""
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            await ask()

    begun = time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(work)
    return (time.process_time() - begun) * 1e6 / requests


class RawConnection(asyncio.Protocol):
    """The least that can be done: one request at a time on a kept connection, the answer cut out by its length."""

    def __init__(self) -> None:
        self._received = b""
        self._waiter: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Done as soon as as many bytes are there as the headers say."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._waiter is None:
            return
        length = int(self._received[:end].partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        if len(self._received) >= end + 4 + length:
            self._waiter.set_result(self._received[end + 4 :])
            self._received, self._waiter = b"", None

    async def ask(self, body: bytes) -> bytes:
        """One request."""
        assert self._transport is not None
        waiter: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        self._transport.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return await waiter


@asynccontextmanager
async def contestants(
    url: str, concurrency: int
) -> AsyncGenerator[dict[str, Callable[[ModelRequest], Awaitable[object]]]]:
    """Everybody who takes part, by name; the floor that ratios refer to is the second."""
    decoder = msgspec.json.Decoder(WireReply)
    spec = ModelSpec(name="m", base_urls=(url,), concurrency=concurrency)
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    idle: list[RawConnection] = []

    async def raw(request: ModelRequest) -> object:
        if idle:
            connection = idle.pop()
        else:
            _, connection = await asyncio.get_running_loop().create_connection(RawConnection, host, int(port))
        answer = decoder.decode(await connection.ask(msgspec.json.encode(request)))
        idle.append(connection)
        return answer

    async with (
        HttpModel(spec) as direct,
        HttpModel(spec, carrier=Transport(spec)) as over_aiohttp,
        HttpModel(spec, carrier=SdkCarrier(spec)) as over_sdk,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        openai.AsyncOpenAI(base_url=url, api_key="none", http_client=openai.DefaultAioHttpClient()) as sdk_aiohttp,
        openai.AsyncOpenAI(base_url=url, api_key="none") as sdk_httpx,
    ):

        async def bare(request: ModelRequest) -> object:
            async with session.post(f"{url}/chat/completions", data=msgspec.json.encode(request)) as response:
                return decoder.decode(await response.read())

        def create(client: openai.AsyncOpenAI) -> Callable[[ModelRequest], Awaitable[object]]:
            async def ask(request: ModelRequest) -> object:
                messages: Any = msgspec.to_builtins(request.messages)
                return await client.chat.completions.create(model="m", messages=messages)

            return ask

        yield {
            "raw protocol + msgspec (limit)": raw,
            FLOOR: bare,
            "HttpModel (--client http)": direct.complete,
            "HttpModel over aiohttp (--stream)": over_aiohttp.complete,
            "HttpModel over the SDK (--client sdk)": over_sdk.complete,
            "openai SDK on aiohttp": create(sdk_aiohttp),
            "openai SDK on httpx": create(sdk_httpx),
        }


async def contest(url: str, options: argparse.Namespace) -> None:
    """Measure everybody on both requests and print the tables."""
    ratios: dict[str, float] = {}
    async with contestants(url, options.concurrency) as parties:
        for title, request in REQUESTS.items():
            spent: dict[str, list[float]] = {name: [] for name in parties}
            for number in range(1 + options.rounds):
                for name, party in parties.items():
                    requests = options.requests // (10 if name.startswith("openai") else 1)
                    value = await cost(partial(party, request), max(requests, options.concurrency), options.concurrency)
                    if number:  # the first round opens connections
                        spent[name].append(value)
            floor = statistics.median(spent[FLOOR])
            print(f"{title}\n{'CPU µs per request':40}{'median':>8}{'range':>14}{'ratio':>8}")
            for name, values in spent.items():
                middle = statistics.median(values)
                print(f"{name:40}{middle:8.0f}{f'{min(values):.0f}-{max(values):.0f}':>14}{middle / floor:8.2f}")
                ratios[f"{name}, {title}"] = middle / floor
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(ratios)))


def main() -> None:
    """Start the server, run the contest, end the server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000, help="per round and client")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write {name: ratio to the floor} here")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        loop.run(serve)
        return
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
            loop.run(lambda: contest(url, options))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
