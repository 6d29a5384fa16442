"""An endpoint for benchmarks, of few microseconds per request: a scripted tool loop, or remembered simulated answers.

    .venv/bin/python bench/endpoint.py [--latency-ms 50] [--simulated]

Prints its base URL. By default its model calls a tool four times, then answers: which answer comes next is read from
the number of tool messages in the request, so that any client can play against it. With --simulated it is the simulated
model, which answers what it was asked before from memory, byte for byte; so a run over assignments that come again is
not held up by it. `GET /stats` says how many requests were answered, and how many of them were new. No HTTP library:
the server must not be what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from functools import partial
from typing import cast

from tdscaling.runtime import loop

TOOL_CALLS = 4
"""Calls of the tool before the model answers in words: five requests per conversation."""
_TOOL_MESSAGE = re.compile(rb'"role":\s?"tool"')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def _body(turn: int) -> bytes:
    """The answer after `turn` tool messages."""
    call = {
        "id": f"call_{turn}",
        "type": "function",
        "function": {"name": "lookup", "arguments": json.dumps({"key": f"item-{turn}"})},
    }
    message = (
        {"role": "assistant", "content": None, "tool_calls": [call]}
        if turn < TOOL_CALLS
        else {"role": "assistant", "content": "The values add up to ten. " + "x" * 500}
    )
    reason = "tool_calls" if turn < TOOL_CALLS else "stop"
    return json.dumps(
        {
            "id": "chatcmpl-mock",
            "object": "chat.completion",
            "created": 0,
            "model": "mock",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
        }
    ).encode()


def _framed(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


REPLIES = tuple(_framed(_body(turn)) for turn in range(TOOL_CALLS + 1))


def scripted(body: bytes) -> bytes:
    """The tool loop's next answer, whole."""
    return REPLIES[min(len(_TOOL_MESSAGE.findall(body)), TOOL_CALLS)]


class Simulated:
    """The simulated model with a memory."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}  # {hash of a request: answer, whole}

    def __call__(self, body: bytes) -> bytes:
        """The answer to a request, whole."""
        key = hashlib.blake2b(body, digest_size=16).digest()
        answer = self._known.get(key)
        if answer is None:
            answer = self._known[key] = _simulate(body)
            Endpoint.new += 1
        return answer


def _simulate(body: bytes) -> bytes:
    # Here and not above: the scripted endpoint starts without the agents.
    import msgspec  # noqa: PLC0415

    from tdscaling.agents.sim.model import NAME, answer  # noqa: PLC0415
    from tdscaling.agents.sim.server.wire import completion, read_body, to_request  # noqa: PLC0415

    reply = answer(to_request(read_body(body), NAME))
    return _framed(msgspec.json.encode(completion(reply, number=0, created=0)))


class Endpoint(asyncio.Protocol):
    """One connection; requests on it are answered in turn."""

    answered = 0
    """Over all connections."""
    new = 0
    """Of these, those that had to be worked out."""

    def __init__(self, latency_s: float, answer: Callable[[bytes], bytes] = scripted) -> None:
        self._latency_s = latency_s
        self._reply = answer
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being a subclass

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._received, 0, end)
            total = end + 4 + (int(found[1]) if found else 0)
            if len(self._received) < total:
                return
            get = self._received.startswith(b"GET")
            body = bytes(self._received[end + 4 : total])
            del self._received[:total]
            self._answer(body, get=get)

    def _answer(self, body: bytes, *, get: bool) -> None:
        assert self._transport is not None
        if get:
            self._transport.write(_framed(json.dumps({"requests": Endpoint.answered, "new": Endpoint.new}).encode()))
            return
        Endpoint.answered += 1
        asyncio.get_running_loop().call_later(self._latency_s, self._send, self._reply(body))

    def _send(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


async def serve(latency_s: float, answer: Callable[[bytes], bytes]) -> None:
    """Print the base URL, then answer until killed."""
    make = partial(Endpoint, latency_s, answer)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--simulated", action="store_true")
    options = parser.parse_args()
    loop.run(partial(serve, options.latency_ms / 1000, Simulated() if options.simulated else scripted))
