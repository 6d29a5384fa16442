"""What one model request costs us in CPU: HttpModel over both clients beside bare aiohttp + msgspec.

    .venv/bin/python bench/http_model.py [--requests 10000] [--concurrency 100] [--rounds 3]

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
from collections.abc import Awaitable, Callable
from typing import cast

import aiohttp
import anyio
import msgspec

from tdscaling.runtime import loop
from tdscaling.runtime.chat import AssistantMessage, ChatMessage, SystemMessage, UserMessage
from tdscaling.runtime.llm.http import HttpModel
from tdscaling.runtime.llm.reply import WireReply
from tdscaling.runtime.llm.sdk import SdkCarrier
from tdscaling.runtime.llm.spec import ModelSpec
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


async def contest(url: str, options: argparse.Namespace) -> None:
    """Measure both clients on both requests and print the table."""
    decoder = msgspec.json.Decoder(WireReply)
    spec = ModelSpec(name="m", base_urls=(url,), concurrency=options.concurrency)
    async with (
        HttpModel(spec) as model,
        HttpModel(spec, carrier=SdkCarrier(spec)) as sdk_model,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        print(f"{'CPU µs per request':24}{'--client http':>20}{'--client sdk':>20}{'bare aiohttp+msgspec':>24}")
        for name, request in REQUESTS.items():

            async def bare(request: ModelRequest = request) -> object:
                async with session.post(f"{url}/chat/completions", data=msgspec.json.encode(request)) as response:
                    return decoder.decode(await response.read())

            async def ours(request: ModelRequest = request) -> object:
                return await model.complete(request)

            async def sdk(request: ModelRequest = request) -> object:
                return await sdk_model.complete(request)

            spent: dict[Ask, list[float]] = {ours: [], sdk: [], bare: []}
            for _ in range(1 + options.rounds):
                for ask, values in spent.items():
                    values.append(await cost(ask, options.requests, options.concurrency))
            cells = [
                f"{statistics.median(values[1:]):.0f} [{min(values[1:]):.0f}-{max(values[1:]):.0f}]"
                for values in spent.values()
            ]
            print(f"{name:24}{cells[0]:>20}{cells[1]:>20}{cells[2]:>24}")


def main() -> None:
    """Start the server, run the contest, end the server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000, help="per round and client")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
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
