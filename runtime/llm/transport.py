"""Bytes to an endpoint and back, over aiohttp: connections, timeouts, size bounds, and names for their failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import SimpleNamespace
from typing import Protocol

import aiohttp
import msgspec
from aiohttp import hdrs

from .spec import MEBIBYTE, ModelSpec
from .trouble import Trouble

KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept: servers close theirs after 5."""
ENCODINGS = "gzip, deflate"
PIECE = 64 * 1024
ERROR_BYTES = MEBIBYTE
"""Most that is read of an error's body."""


class Answer(msgspec.Struct, frozen=True):
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    """Case does not matter in names."""
    body: bytes

    @property
    def content_type(self) -> str:
        """The Content-Type, in lower case; empty when there is none."""
        return self.headers.get(hdrs.CONTENT_TYPE, "").lower()


class Incoming(msgspec.Struct, frozen=True):
    """A response whose body has not been read."""

    status: int
    headers: Mapping[str, str]
    pieces: Callable[[], AsyncIterator[bytes]]
    """The body as it comes, decompressed."""


class Carrier(Protocol):
    """Carries requests to one model's addresses. Open it with `async with`; tasks of one loop share it."""

    resent: int
    """Requests sent again for free because a kept connection had been closed by the server."""

    async def __aenter__(self) -> Carrier:
        """Get ready."""
        ...

    async def __aexit__(self, *raised: object) -> None:
        """Close all connections."""
        ...

    async def post(self, url: str, body: bytes, read_seconds: float) -> Answer:
        """The whole response to one request, silent for no longer than this. Raises Trouble when there is none."""
        ...

    def open(self, url: str, body: bytes, read_seconds: float) -> AbstractAsyncContextManager[Incoming]:
        """The response as far as its headers. Raises Trouble, also while the body is read inside."""
        ...


class Transport:
    """The carrier over aiohttp. Open it with `async with`; tasks of one loop share it."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._session: aiohttp.ClientSession | None = None
        self.resent = 0
        """Requests sent again for free because a kept connection had been closed by the server."""

    async def __aenter__(self) -> Transport:
        spec = self._spec
        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_note_reuse)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),  # the limiter bounds connections
            headers={"Content-Type": "application/json", "Accept-Encoding": ENCODINGS, **spec.key.headers()},
            trust_env=spec.use_proxies,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
        )
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, body: bytes, read_seconds: float) -> Answer:
        """The whole response to one request, silent for no longer than this. Raises Trouble when there is none."""
        async with self._respond(url, body, read_seconds) as response:
            most = self._spec.max_bytes if response.status == 200 else ERROR_BYTES
            return Answer(response.status, response.headers, await _read(response, most))

    @asynccontextmanager
    async def open(self, url: str, body: bytes, read_seconds: float) -> AsyncGenerator[Incoming]:
        """The response as far as its headers, for those who read the body piece by piece. Raises Trouble."""
        async with self._respond(url, body, read_seconds) as response:
            yield Incoming(response.status, response.headers, response.content.iter_any)

    @asynccontextmanager
    async def _respond(self, url: str, body: bytes, read_seconds: float) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The response as far as its headers.

        A kept connection that turns out to be dead before the response's headers is replaced once, for free: servers
        close idle connections while a request is on its way, and that says nothing about the endpoint.

        Raises:
            Trouble: no response, or, while its body is read inside, no more of it.
        """
        reused = SimpleNamespace(yes=False)
        with named_failures():
            try:
                response = await self._send(url, body, read_seconds, reused)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not reused.yes:
                    raise
                self.resent += 1
                response = await self._send(url, body, read_seconds, SimpleNamespace(yes=False))
            try:
                yield response
            except BaseException:
                response.close()  # the rest is of no use: the connection cannot be kept
                raise
            response.release()

    async def _send(
        self, url: str, body: bytes, read_seconds: float, reused: SimpleNamespace
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the transport is not open: use `async with`")
        spec = self._spec
        timeout = aiohttp.ClientTimeout(
            total=spec.total_seconds,
            connect=spec.connect_seconds,
            sock_connect=spec.connect_seconds,
            sock_read=read_seconds,
        )
        return await self._session.post(
            url, data=body, timeout=timeout, allow_redirects=False, trace_request_ctx=reused
        )


async def _note_reuse(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.yes = True


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body; Trouble `too_large` as soon as it is longer than `most`, whatever its headers say.

    Piece by piece: aiohttp inflates no more at one time than it may hand out, so a small bomb stays small.
    """
    length = response.content_length
    if length is not None and length <= most and hdrs.CONTENT_ENCODING not in response.headers:
        return await response.read()
    pieces, total = list[bytes](), 0
    async for piece in response.content.iter_chunked(PIECE):
        total += len(piece)
        if total > most:
            raise too_large(most)
        pieces.append(piece)
    return b"".join(pieces)


def too_large(most: int) -> Trouble:
    """An answer that is longer than an answer can be."""
    return Trouble("too_large", "wait", f"the answer is longer than {most / MEBIBYTE:g} MiB")


class named_failures:  # noqa: N801 -- a context manager, used as a verb
    """Turns aiohttp's exceptions into Trouble."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        trouble = None if error is None else name(error)
        if trouble is not None:
            raise trouble from None


def name(error: BaseException) -> Trouble | None:
    """What an exception of aiohttp means; None for what is not about the network."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return Trouble("connect_timeout", "wait", "no connection in time")
        case aiohttp.ServerTimeoutError() | asyncio.TimeoutError():
            return Trouble("timeout", "ease", "no answer in time")
        case aiohttp.ClientConnectorCertificateError():
            return Trouble("tls", "settings", f"its certificate is not trusted: {error.certificate_error}")
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientSSLError():
            return Trouble("tls", "wait", f"TLS failed: {error.os_error.strerror or error}")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Trouble("address", "settings", "the address is not a URL")
        case aiohttp.ClientConnectorError():
            return Trouble("unreachable", "wait", error.os_error.strerror or str(error.os_error))
        case aiohttp.ClientPayloadError():
            return Trouble("truncated", "wait", "the answer broke off")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Trouble("reset", "wait", "the connection was closed")
        case aiohttp.ClientResponseError():
            return Trouble("bad_http", "wait", f"not HTTP as it should be: {error.message}"[:200])
        case aiohttp.ClientError():
            return Trouble("transport", "wait", str(error)[:200])
        case _:
            return None
