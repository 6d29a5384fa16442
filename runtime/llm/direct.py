"""Whole answers over HTTP/1.1 without a general HTTP library: POST a body, read what comes back, keep the connection.

A general client spends more on one request than anything else here does (`bench/client.py`). What a model's endpoint
needs is little: one method, a known length, kept connections, TLS by the loop, bounds on time and size. Streams and
proxies are not here; who wants them goes through aiohttp (`transport.py`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

import anyio
from yarl import URL

from .response import Broken, Response
from .spec import ModelSpec
from .transport import ENCODINGS, ERROR_BYTES, KEEP_ALIVE, Answer, Transport, too_large
from .trouble import Trouble


class Direct(Transport):
    """The carrier for whole answers. Open it with `async with`; tasks of one loop share it."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(spec)
        self._origins: dict[str, _Origin] = {}  # {request's URL: where it goes}

    async def __aexit__(self, *raised: object) -> None:
        for origin in self._origins.values():
            origin.close()
        await super().__aexit__(*raised)

    async def post(self, url: str, body: bytes, read_seconds: float) -> Answer:
        """See Carrier.

        A kept connection that turns out to be dead before the answer begins is replaced once, for free: servers close
        idle connections while a request is on its way, and that says nothing about the endpoint.
        """
        origin = self._origins.get(url)
        if origin is None:
            origin = self._origins[url] = _Origin(url, self._spec)
        until = asyncio.get_running_loop().time() + self._spec.total_seconds
        kept = origin.kept()
        if kept is not None:
            try:
                return await kept.ask(body, read_seconds, until)
            except _Dead:
                self.resent += 1
        fresh = await origin.connect()
        try:
            return await fresh.ask(body, read_seconds, until)
        except _Dead:
            raise Trouble("reset", "wait", "the connection was closed") from None


class _Dead(Exception):
    """The connection was closed before anything of an answer came."""


class _Origin:
    """Where the requests for one address go, and the connections that are kept for them."""

    def __init__(self, url: str, spec: ModelSpec) -> None:
        """Raises Trouble for an address or a header that cannot be sent."""
        unusable = Trouble("address", "settings", "the address is not a URL")
        try:
            found = URL(url)
        except ValueError:
            raise unusable from None
        host = found.raw_host
        if not host:
            raise unusable
        self._host, self._port = host, found.port or 80
        self._tls = ssl.create_default_context() if found.scheme == "https" else None
        self._spec = spec
        self._kept: list[_Connection] = []
        headers = {
            "Host": found.host_port_subcomponent or host,
            "User-Agent": "tdscaling",
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Accept-Encoding": ENCODINGS,
            **spec.key.headers(),
        }
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line or "\0" in line for line in lines):
            raise Trouble("header", "settings", "a header holds a line break")
        head = "\r\n".join((f"POST {found.raw_path_qs} HTTP/1.1", *lines, "Content-Length: "))
        self.head = head.encode()

    def kept(self) -> _Connection | None:
        """The connection that was used last, which is the likeliest to live; None when none is left."""
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE
        while self._kept:
            connection = self._kept.pop()
            if not connection.closed and connection.idle_since >= oldest:
                return connection
            connection.close()
        return None

    def keep(self, connection: _Connection) -> None:
        """For the next request."""
        self._kept.append(connection)
        first = self._kept[0]
        if first.closed or connection.idle_since - first.idle_since > KEEP_ALIVE:  # no more than once a request
            first.close()
            del self._kept[0]

    async def connect(self) -> _Connection:
        """A fresh connection. Raises Trouble."""
        loop, spec = asyncio.get_running_loop(), self._spec
        make: Callable[[], _Connection] = lambda: _Connection(self, spec.max_bytes)  # noqa: E731
        name = self._host if self._tls else None
        try:
            with anyio.fail_after(spec.connect_seconds):
                _, made = await loop.create_connection(
                    make, self._host, self._port, ssl=self._tls, server_hostname=name
                )
        except TimeoutError:
            raise Trouble("connect_timeout", "wait", "no connection in time") from None
        except ssl.SSLCertVerificationError as error:
            text = f"its certificate is not trusted: {error.verify_message or error}"
            raise Trouble("tls", "settings", text) from None
        except ssl.SSLError as error:
            raise Trouble("tls", "wait", f"TLS failed: {error.strerror or error}") from None
        except ConnectionResetError:  # also what a failed TLS handshake may look like
            raise Trouble("reset", "wait", "the connection was closed") from None
        except OSError as error:
            raise Trouble("unreachable", "wait", error.strerror or str(error)) from None
        return made

    def close(self) -> None:
        """Close what is kept."""
        for connection in self._kept:
            connection.close()
        self._kept.clear()


class _Connection(asyncio.Protocol):
    """One connection: at most one request at a time."""

    def __init__(self, origin: _Origin, most: int) -> None:
        """`most`: bytes of an answer."""
        self._origin = origin
        self._most = most
        self._transport: asyncio.Transport | None = None
        self._response: Response | None = None  # what is being read
        self._waiter: asyncio.Future[Answer] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._heard = 0.0  # when something came last, on the loop's clock
        self.closed = False
        self.idle_since = 0.0

    async def ask(self, body: bytes, read_seconds: float, until: float) -> Answer:
        """Send a request and read its answer; then the connection is kept or closed.

        Raises:
            Trouble: no whole answer: too long silent or on the way, broken off, not HTTP, too large.
            _Dead: the connection was closed before anything came.
        """
        loop = asyncio.get_running_loop()
        assert self._transport is not None  # noqa: S101 -- says so to the checker: it is connected
        self._response = Response(self._most, ERROR_BYTES)
        waiter: asyncio.Future[Answer] = loop.create_future()
        self._waiter = waiter
        self._heard = loop.time()
        self._arm(loop, read_seconds, until)
        self._transport.write(b"".join((self._origin.head, str(len(body)).encode(), b"\r\n\r\n", body)))
        try:
            return await waiter
        except BaseException:
            # A whole answer may have come in the moment of a cancellation: then the connection is somebody else's now.
            if not waiter.done() or waiter.cancelled() or waiter.exception() is not None:
                self.close()
            raise

    def close(self) -> None:
        """At once; nobody is told. Idempotent."""
        self.closed = True
        self._waiter = self._response = None
        if self._alarm is not None:
            self._alarm.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being a subclass

    def data_received(self, data: bytes) -> None:
        """A piece of the answer."""
        response = self._response
        if response is None:  # nobody asked: it cannot be told what this belongs to
            self.close()
            return
        self._heard = asyncio.get_running_loop().time()
        try:
            if response.feed(data):
                self._finish(response)
        except Broken as broken:
            self._fail(_named(broken, self._most))

    def eof_received(self) -> bool:
        """The server has said all that it will."""
        return False  # and so the transport closes itself

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.closed = True
        response = self._response
        if response is None:
            return
        if not response.begun:
            self._fail(_Dead())
        elif response.status == 0:
            self._fail(Trouble("reset", "wait", "the connection was closed"))
        elif exc is None and response.ends_with_connection:
            try:
                self._finish(response)
            except Broken as broken:
                self._fail(_named(broken, self._most))
        else:
            self._fail(Trouble("truncated", "wait", "the answer broke off"))

    def _finish(self, response: Response) -> None:
        """Hand the answer over. Raises Broken when its body cannot be read."""
        answer = Answer(response.status, response.headers, response.body())
        waiter = self._over()
        if waiter.done() or not response.reusable or self.closed:
            self.close()
        else:  # from here on another request may begin on it, before the task that asked goes on
            self.idle_since = self._heard
            self._origin.keep(self)
        if not waiter.done():
            waiter.set_result(answer)

    def _fail(self, error: Exception) -> None:
        waiter = self._over()
        if not waiter.done():
            waiter.set_exception(error)

    def _over(self) -> asyncio.Future[Answer]:
        """The request is over, well or not: whoever waits for it is left to the caller."""
        waiter = self._waiter
        assert waiter is not None  # noqa: S101 -- says so to the checker: there is a response, so somebody asked
        self._waiter = self._response = None
        if self._alarm is not None:
            self._alarm.cancel()
        return waiter

    def _arm(self, loop: asyncio.AbstractEventLoop, read_seconds: float, until: float) -> None:
        """One timer per request, which looks again when something came meanwhile."""
        due = min(self._heard + read_seconds, until)
        self._alarm = loop.call_at(due, self._ring, loop, read_seconds, until)

    def _ring(self, loop: asyncio.AbstractEventLoop, read_seconds: float, until: float) -> None:
        now = loop.time()
        if now < until and now < self._heard + read_seconds:
            self._arm(loop, read_seconds, until)
        else:
            self._fail(Trouble("timeout", "ease", "no answer in time"))


def _named(broken: Broken, most: int) -> Trouble:
    """What is wrong with an answer, as trouble."""
    if broken.kind == "too_large":
        return too_large(most)
    return Trouble(broken.kind, "wait", str(broken))
