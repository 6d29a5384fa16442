"""The ways in which a served model misbehaves, one small function each; its docstring is its line in the docs.

A function answers the request in its faulty way, or returns None when there is nothing in this answer that it could
spoil (a call's arguments, when nothing is called); then the request is answered well and no fault is counted.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from email.utils import formatdate

import msgspec
from aiohttp import web
from msgspec import UNSET

from .stream import events
from .wire import Answer, CalledFunction, Choice, Completion, error_body

JSON, SSE, HTML, TEXT = "application/json", "text/event-stream", "text/html", "text/plain"
STALL_S = 600.0
"""How long a stalled answer stays silent, unless the client leaves."""
DRIP_S, DRIPS = 5.0, 50
"""How long a dripping answer takes, and in how many pieces."""
BOMB_MIB = 64
"""Size of the gzip bomb once it is unpacked; packed it is some 300 KB."""
_BREATH_S = 0.02
"""Time for the operating system to send what was written before a connection is reset."""
_PAGE = b"<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1><hr>gateway</body></html>\n"


class Exchange(msgspec.Struct, frozen=True):
    """One request with what a fault needs to answer it."""

    request: web.Request
    completion: Completion
    """What a good server would answer."""
    streamed: bool
    include_usage: bool
    sleep: Callable[[float], Awaitable[None]]
    wall: Callable[[], float]
    """Seconds since 1970."""

    def body(self, completion: Completion) -> bytes:
        """A completion as it goes over the wire, whole or as the events of a stream."""
        if self.streamed:
            return b"".join(events(completion, include_usage=self.include_usage))
        return msgspec.json.encode(completion)

    def response(self, completion: Completion) -> web.Response:
        """A completion with its right headers."""
        return web.Response(body=self.body(completion), content_type=SSE if self.streamed else JSON)

    def altered(self, **changes: object) -> web.Response:
        """The completion with fields of its answer changed."""
        answer = msgspec.structs.replace(self.completion.answer, **changes)
        return self.response(_with(self.completion, answer))


Misbehaviour = Callable[[Exchange], Awaitable[web.StreamResponse | None]]


def _with(completion: Completion, answer: Answer, finish_reason: str = "") -> Completion:
    choice = (completion.choices or [])[0]
    return msgspec.structs.replace(completion, choices=[Choice(answer, finish_reason or choice.finish_reason)])


def _error(status: int, text: str, code: str, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, body=error_body(text, code), content_type=JSON, headers=named)


def _page(status: int, title: str) -> web.Response:
    line = title.encode()
    return web.Response(status=status, body=_PAGE % (line, line), content_type=HTML)


async def rate_limit(_: Exchange) -> web.Response:
    """429 with `Retry-After: 1`"""
    return _error(429, "Rate limit reached", "rate_limit_exceeded", Retry_After="1")


async def rate_limit_date(exchange: Exchange) -> web.Response:
    """429 with `Retry-After` as a date, two seconds ahead"""
    date = formatdate(exchange.wall() + 2, usegmt=True)
    return _error(429, "Rate limit reached", "rate_limit_exceeded", Retry_After=date)


async def timeout_408(_: Exchange) -> web.Response:
    """408 with an error body"""
    return _error(408, "The request timed out", "timeout")


async def error_500(_: Exchange) -> web.Response:
    """500 with an error body"""
    return _error(500, "Internal server error", "server_error")


async def bad_gateway_502(_: Exchange) -> web.Response:
    """502 with a proxy's HTML page"""
    return _page(502, "502 Bad Gateway")


async def unavailable_503(_: Exchange) -> web.Response:
    """503 with `Retry-After: 1`"""
    return _error(503, "The engine is starting", "service_unavailable", Retry_After="1")


async def overloaded_529(_: Exchange) -> web.Response:
    """529, which some providers send when they are overloaded"""
    return _error(529, "Overloaded", "overloaded_error")


async def html(_: Exchange) -> web.Response:
    """200 with an HTML page, as a captive proxy sends it"""
    return _page(200, "Welcome")


async def error_200(_: Exchange) -> web.Response:
    """200 with an error body"""
    return _error(200, "The worker has died", "server_error")


async def choices_null(exchange: Exchange) -> web.Response:
    """`choices: null`"""
    return exchange.response(msgspec.structs.replace(exchange.completion, choices=None))


async def null_content(exchange: Exchange) -> web.Response | None:
    """`content: null` although nothing is called"""
    if exchange.completion.answer.tool_calls:
        return None
    return exchange.altered(content=None)


async def missing_usage(exchange: Exchange) -> web.Response:
    """no `usage`"""
    return exchange.response(msgspec.structs.replace(exchange.completion, usage=UNSET))


async def missing_finish(exchange: Exchange) -> web.Response:
    """`finish_reason: null`; a stream ends without its last two events"""
    completion = exchange.completion
    unfinished = msgspec.structs.replace(completion, choices=[Choice(completion.answer, None)])
    if not exchange.streamed:
        return exchange.response(unfinished)
    body = b"".join(events(unfinished, include_usage=False)[:-1])
    return web.Response(body=body, content_type=SSE)


async def object_arguments(exchange: Exchange) -> web.Response | None:
    """a call's `arguments` as an object instead of a text"""
    calls = exchange.completion.answer.tool_calls or []
    try:
        functions = [
            CalledFunction(
                call.function.name, msgspec.json.decode(str(call.function.arguments), type=dict[str, object])
            )
            for call in calls
        ]
    except msgspec.DecodeError:  # the model wrote broken JSON
        return None
    if not functions:
        return None
    changed = [msgspec.structs.replace(call, function=f) for call, f in zip(calls, functions, strict=True)]
    return exchange.altered(tool_calls=changed)


async def leaked_markup(exchange: Exchange) -> web.Response:
    """calls as `<tool_call>` text inside the content; without calls, `<think>` tags before the answer"""
    answer = exchange.completion.answer
    if answer.tool_calls:
        said = [
            f'<tool_call>\n{{"name": "{call.function.name}", "arguments": {call.function.arguments}}}\n</tool_call>'
            for call in answer.tool_calls
        ]
        text = "\n".join([answer.content, *said] if answer.content else said)
    else:
        text = f"<think>\nThe answer should be short.\n</think>\n\n{answer.content}"
    leaked = msgspec.structs.replace(answer, content=text, tool_calls=UNSET)
    return exchange.response(_with(exchange.completion, leaked, "stop"))


async def truncated_json(exchange: Exchange) -> web.Response:
    """half of the body, as if it were all"""
    body = exchange.body(exchange.completion)
    return web.Response(body=body[: len(body) // 2], content_type=SSE if exchange.streamed else JSON)


async def malformed_sse(exchange: Exchange) -> web.Response:
    """an event that is not JSON in the middle of a stream; events although a whole answer was asked for"""
    sent = events(exchange.completion, include_usage=exchange.include_usage)
    if exchange.streamed:
        middle = len(sent) // 2
        sent = [*sent[:middle], b'data: {"choices": [{"delta"\n\n', *sent[middle + 1 :]]
    return web.Response(body=b"".join(sent), content_type=SSE)


async def duplicate_chunk(exchange: Exchange) -> web.Response:
    """the first event with a piece of the answer twice; a whole answer twice in one body"""
    if not exchange.streamed:
        return web.Response(body=exchange.body(exchange.completion) * 2, content_type=JSON)
    first, second, *rest = events(exchange.completion, include_usage=exchange.include_usage)
    return web.Response(body=b"".join([first, second, second, *rest]), content_type=SSE)


async def wrong_content_type(exchange: Exchange) -> web.Response:
    """the right body as `text/plain`"""
    return web.Response(body=exchange.body(exchange.completion), content_type=TEXT)


async def gzip_bomb(_: Exchange) -> web.Response:
    """a small gzip body that unpacks to 64 MiB"""
    packer = zlib.compressobj(level=1, wbits=31)
    blank = b" " * (1 << 20)
    body = b"".join([*(packer.compress(blank) for _ in range(BOMB_MIB)), packer.flush()])
    return web.Response(body=body, content_type=JSON, headers={"Content-Encoding": "gzip"})


async def reset_before_header(exchange: Exchange) -> web.Response:
    """the connection is reset before the first byte"""
    return _reset(exchange.request)


async def reset_mid_header(exchange: Exchange) -> web.Response:
    """the connection is reset within the headers"""
    if exchange.request.transport is not None:
        exchange.request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: applic")
        await exchange.sleep(_BREATH_S)
    return _reset(exchange.request)


async def reset_mid_body(exchange: Exchange) -> web.StreamResponse:
    """the connection is reset after half of the body"""
    response = await _begin(exchange)
    await exchange.sleep(_BREATH_S)
    _reset(exchange.request)
    return response


async def stall(exchange: Exchange) -> web.StreamResponse:
    """half of the body, then silence for ten minutes"""
    response = await _begin(exchange)
    await exchange.sleep(STALL_S)
    _reset(exchange.request)
    return response


async def slow_drip(exchange: Exchange) -> web.StreamResponse:
    """the right answer in 50 pieces over five seconds"""
    body = exchange.body(exchange.completion)
    response = await _headers(exchange, len(body))
    size = -(-len(body) // DRIPS)
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await exchange.sleep(DRIP_S / DRIPS)
    await response.write_eof()
    return response


async def _begin(exchange: Exchange) -> web.StreamResponse:
    """Headers that promise the whole body, and half of it."""
    body = exchange.body(exchange.completion)
    response = await _headers(exchange, len(body))
    await response.write(body[: len(body) // 2])
    return response


async def _headers(exchange: Exchange, length: int) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = SSE if exchange.streamed else JSON
    response.content_length = length
    await response.prepare(exchange.request)
    return response


def _reset(request: web.Request) -> web.Response:
    """End the connection with a reset instead of a goodbye. The returned response reaches nobody."""
    transport = request.transport
    if transport is not None:
        if (stream := transport.get_extra_info("socket")) is not None:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
