"""A mock endpoint: its model calls a tool four times, then answers. The tool loop of the pipeline benchmark.

    .venv/bin/python bench/endpoint.py [--latency-ms 50]

Prints its base URL. Which answer comes next is read from the number of tool messages in the request, so that any client
can play against it; `GET /stats` says how many requests were answered. No HTTP library: the server must not be what is
measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
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


class Endpoint(asyncio.Protocol):
    """One connection; requests on it are answered in turn."""

    answered = 0
    """Over all connections."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
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
            request = bytes(self._received[:total])
            del self._received[:total]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        assert self._transport is not None
        if request.startswith(b"GET"):
            self._transport.write(_framed(json.dumps({"requests": Endpoint.answered}).encode()))
            return
        Endpoint.answered += 1
        turn = min(len(_TOOL_MESSAGE.findall(request)), TOOL_CALLS)
        asyncio.get_running_loop().call_later(self._latency_s, self._send, REPLIES[turn])

    def _send(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


async def serve(latency_s: float) -> None:
    """Print the base URL, then answer until killed."""
    server = await asyncio.get_running_loop().create_server(lambda: Endpoint(latency_s), "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency-ms", type=float, default=50)
    latency = parser.parse_args().latency_ms / 1000
    loop.run(lambda: serve(latency))
