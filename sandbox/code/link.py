"""The host's ends of the connections with a sandbox: protocol objects that decode frames as they come.

They are callbacks and futures, not tasks: a cell costs one write, one wake-up and one `struct`. Nothing that comes in
is trusted: lengths are bounded before they are waited for, and what nobody asked for is not read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec

from .inside import wire

UNASKED = 2**16
"""Bytes that may come in although no reply is waited for; then reading stops until one is."""


class Reply(msgspec.Struct, frozen=True):
    """A session's answer as it stands on the wire."""

    outcome: int
    """`wire.OK` and so on."""
    exit_code: int
    stdout_total: int
    """Bytes written."""
    stderr_total: int
    stdout: bytes
    """Bytes sent: all, or the first and the last half of what was asked for."""
    stderr: bytes
    value: bytes


class Link(asyncio.Protocol):
    """A connection that collects bytes; `greet` is called once its hello is there."""

    def __init__(self, greet: Callable[[Link, bytes], None] | None = None) -> None:
        """`greet` takes the link and the nonce, and may `become` something."""
        self._greet = greet
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._taker: Callable[[], None] = self._hello
        self._ended: Callable[[], None] = lambda: None
        self.closed = False

    def become(self, taker: Callable[[], None], ended: Callable[[], None]) -> None:
        """From now on `taker` is called when bytes have come and `ended` when the connection is over."""
        self._taker, self._ended = taker, ended
        if self.closed:
            ended()
        elif self._buffer:
            taker()

    def take(self, size: int) -> bytes | None:
        """So many bytes, or None when there are not yet so many."""
        if len(self._buffer) < size:
            return None
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def peek(self, size: int) -> bytes | None:
        """The same without taking them."""
        return bytes(self._buffer[:size]) if len(self._buffer) >= size else None

    def held(self) -> int:
        """Bytes that have come and were not taken."""
        return len(self._buffer)

    def send(self, data: bytes) -> None:
        """Write; on a closed connection nothing happens, its end is told elsewhere."""
        if self._transport is not None and not self.closed:
            self._transport.write(data)

    def hold(self, *, reading: bool) -> None:
        """Stop or go on reading."""
        if self._transport is not None and not self.closed and self._transport.is_reading() != reading:
            if reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._buffer += data
        self._taker()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the protocol's signature
        """See asyncio.Protocol."""
        self.closed = True
        self._ended()

    def _hello(self) -> None:
        hello = self.take(wire.HELLO.size)
        if hello is None:
            return
        magic, nonce = wire.HELLO.unpack(hello)
        if magic != wire.MAGIC or self._greet is None:
            self.close()
        else:
            self._greet(self, nonce)


class ReplyLink:
    """A session's connection."""

    def __init__(self, link: Link, most: int) -> None:
        """`most`: bytes of one reply; a longer one ends the connection."""
        self._link = link
        self._most = most
        self._waiting: asyncio.Future[Reply | None] | None = None
        link.become(self._taken, self._over)

    @property
    def closed(self) -> bool:
        """Whether the session's side, or ours, has closed it."""
        return self._link.closed

    def ask(self, operation: int, limit: int, name: bytes, body: bytes) -> asyncio.Future[Reply | None]:
        """Send a request. The future gives the reply, or None when the connection ends before."""
        waiting: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        if self._link.closed:
            self._over()
            return waiting
        header = wire.REQUEST.pack(operation, limit, len(name), len(body))
        self._link.hold(reading=True)
        self._link.send(header + name + body)
        return waiting

    async def within(self, waiting: asyncio.Future[Reply | None], seconds: float) -> bool:
        """Wait for what `ask` gave, at most so long; whether it is there. Cheaper than asyncio's own ways."""
        loop = asyncio.get_running_loop()
        bell: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _ring, bell)
        waiting.add_done_callback(lambda _: _ring(bell))
        try:
            await bell
        finally:
            timer.cancel()
        return waiting.done()

    def close(self) -> None:
        """Close at once."""
        self._link.close()

    def _taken(self) -> None:
        if self._waiting is None:
            if self._link.held() > UNASKED:
                self._link.hold(reading=False)
            return
        header = self._link.peek(wire.REPLY.size)
        if header is None:
            return
        outcome, code, out_total, err_total, out, err, value = wire.REPLY.unpack(header)
        size = out + err + value
        if size > self._most or outcome > wire.REFUSED:
            self._link.close()
            return
        frame = self._link.take(wire.REPLY.size + size)
        if frame is None:
            return
        body = frame[wire.REPLY.size :]
        answer = Reply(outcome, code, out_total, err_total, body[:out], body[out : out + err], body[out + err :])
        self._give(answer)

    def _over(self) -> None:
        self._give(None)

    def _give(self, answer: Reply | None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


class ControlLink:
    """The supervisor's connection: commands out, events in."""

    def __init__(self, link: Link, on_gone: Callable[[], None]) -> None:
        """Take over a link that said hello; `on_gone` is called when it ends."""
        self._link = link
        self._on_gone = on_gone
        self._ends: dict[int, asyncio.Future[int | None]] = {}
        self._done: deque[asyncio.Future[int | None]] = deque()
        self.gone = asyncio.Event()
        """Set when the supervisor has ended, and with it the sandbox."""
        link.become(self._taken, self._over)

    def end_of(self, number: int) -> asyncio.Future[int | None]:
        """Gives the wait status when a session has ended, None when the whole sandbox has."""
        future = self._ends.get(number)
        if future is None:
            future = self._ends[number] = asyncio.get_running_loop().create_future()
            if self.gone.is_set():
                future.set_result(None)
        return future

    def forget(self, number: int) -> None:
        """A session whose end nobody will ask for again."""
        self._ends.pop(number, None)

    def send(self, operation: int, number: int, slot: int = 0, nonce: str = "") -> None:
        """A command whose answer, if any, is an end."""
        self._link.send(wire.COMMAND.pack(operation, number, slot, nonce.encode()))

    def ask(self, operation: int, number: int, slot: int = 0) -> asyncio.Future[int | None]:
        """A command that is answered by DONE: the future gives its status, None when the sandbox has ended."""
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        if self.gone.is_set():
            future.set_result(None)
            return future
        self._done.append(future)
        self._link.send(wire.COMMAND.pack(operation, number, slot, b""))
        return future

    def close(self) -> None:
        """Close: the supervisor and all it holds end."""
        self._link.close()

    def _taken(self) -> None:
        while (frame := self._link.take(wire.EVENT.size)) is not None:
            what, number, status = wire.EVENT.unpack(frame)
            if what == wire.ENDED:
                _settle(self.end_of(number), status)
            elif self._done:
                _settle(self._done.popleft(), status)

    def _over(self) -> None:
        self.gone.set()
        for future in (*self._ends.values(), *self._done):
            _settle(future, None)
        self._done.clear()
        self._on_gone()


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


def _settle(future: asyncio.Future[int | None], value: int | None) -> None:
    if not future.done():
        future.set_result(value)
