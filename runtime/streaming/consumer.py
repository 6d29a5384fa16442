"""One consumer of a run, from its hello to its end: it is sent rows as fast as it takes them, from the journal.

Nothing is kept for it: at most one piece of about 64 KB waits in the connection, and the next is read when that is out.
"""

from __future__ import annotations

import hmac
from contextlib import suppress

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from ..journal import SegmentJournal
from .filter import passes
from .wire import (
    ACK_BYTES,
    HELLO_BYTES,
    PROTOCOL,
    At,
    End,
    Hello,
    Refusal,
    Welcome,
    decode_ack,
    decode_hello,
    decode_token,
    encode,
    encode_row,
)

BEAT_SECONDS = 15.0
"""How often a consumer that waits hears that the run is there."""
LAST_WORDS_SECONDS = 1.0
"""Most that telling a consumer why it is refused may take."""
MOST_NAMES = 256
"""Consumers whose places are kept."""
PIECE = 64 * 1024
"""Bytes after which a piece is sent."""
PIECE_ROWS = 64
"""Rows that are looked at for one piece."""
CURSOR = "consumer:"
"""How the names of consumers begin in the journal's index."""

BREAKS = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, anyio.IncompleteRead)
"""What a stream raises when the other side is gone."""


class Refused(Exception):
    """The consumer is not served, or not any more. Its text is told to it unless it is empty."""


class Consumer:
    """One connection. `greet` it, then `serve` it; both raise Refused and what the stream raises."""

    def __init__(self, stream: ByteStream, journal: SegmentJournal, *, run: str, token: str | None) -> None:
        """`run` names the run in the welcome; `token`: what the hello must hold, when anything."""
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)
        self._journal = journal
        self._feed = journal.feed
        self._run = run
        self._token = token
        self._hello = Hello()
        self._next = 1
        self._heard = True
        self._refusal = ""
        self._broken = False
        self.sent = 0
        """The row up to which everything was sent."""
        self.moved = 0.0
        """When it last took or acknowledged something, on the loop's clock."""

    @property
    def name(self) -> str:
        """As it calls itself; empty for one that does not."""
        return self._hello.name

    async def greet(self) -> None:
        """Read the hello and answer it."""
        line = await self._line(HELLO_BYTES)
        if self._token is not None:
            try:
                given = decode_token(line)
            except ValueError:
                raise Refused from None
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                raise Refused
        try:
            self._hello = decode_hello(line)
        except ValueError as error:
            raise Refused(str(error)) from None
        cursors = self._journal.cursors
        cursor = CURSOR + self.name
        if self.name and cursor not in cursors and len(cursors) >= MOST_NAMES:
            raise Refused(f"hello: {MOST_NAMES} names are known already: take one of them, or none")
        match self._hello.start:
            case int(number):
                self._next = number
            case "latest":
                self._next = self._feed.last + 1
            case "earliest":
                self._next = 1
            case None:
                self._next = cursors.get(cursor, 0) + 1 if self.name else 1
        self.sent = self._next - 1
        await self._send(encode(Welcome(PROTOCOL, self._run, self._feed.last, self._next)))

    async def serve(self, linger: float) -> None:
        """Send rows until the run is over; then wait at most `linger` seconds at a time for it to take something."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, group.cancel_scope)
            group.start_soon(self._hurry, linger, group.cancel_scope)
            if not await self._send_all() or not self._heard:
                group.cancel_scope.cancel()
        if self._refusal:
            raise Refused("" if self._broken else self._refusal)

    async def refuse(self, why: str) -> None:
        """The last words. What still comes is thrown away, because closing over it would take them back."""
        with anyio.move_on_after(LAST_WORDS_SECONDS, shield=True), suppress(*BREAKS):
            await self._stream.send(encode(Refusal(why)))
            while True:
                await self._stream.receive()

    async def _send_all(self) -> bool:
        """Rows and the end of the run; False when the connection breaks."""
        try:
            while await self._send_more():
                pass
            await self._send(encode(End(self._feed.last)))
        except BREAKS:
            return False
        return True

    async def _send_more(self) -> bool:
        """The next piece, or a sign of life; False when there is nothing more to come."""
        with anyio.move_on_after(BEAT_SECONDS):
            if not await self._feed.until(self._next):
                return False
        piece = bytearray()
        for _ in range(min(PIECE_ROWS, self._feed.last + 1 - self._next)):
            row = self._feed.read(self._next)
            if passes(row, self._hello.filter):
                piece += encode_row(self._next, row)
            self._next += 1
            if len(piece) >= PIECE:
                break
        reached = self._next - 1
        await self._send(bytes(piece) or encode(At(reached)))
        self.sent = max(self.sent, reached)
        return True

    async def _send(self, data: bytes) -> None:
        self._broken = True
        await self._stream.send(data)
        self._broken = False
        self.moved = anyio.current_time()

    async def _listen(self, everything: anyio.CancelScope) -> None:
        """Take acknowledgements; a consumer that only shuts its own side goes on to be served."""
        try:
            while True:
                self._acknowledge(await self._line(ACK_BYTES))
        except (anyio.EndOfStream, anyio.IncompleteRead):
            self._heard = False
            if self._feed.ended and self.sent >= self._feed.last:
                everything.cancel()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            everything.cancel()
        except Refused as refused:
            self._refusal = str(refused)
            everything.cancel()

    def _acknowledge(self, line: bytes) -> None:
        try:
            number = decode_ack(line)
        except ValueError as error:
            raise Refused(str(error)) from None
        if not 0 <= number <= self.sent:
            raise Refused(f"acknowledgement: of row {number}, and {self.sent} was the last one sent")
        self.moved = anyio.current_time()
        if self.name:
            self._journal.note_cursor(CURSOR + self.name, number)

    async def _hurry(self, linger: float, everything: anyio.CancelScope) -> None:
        """After the end of the run, leave a consumer that takes nothing."""
        await self._feed.over()
        begun = anyio.current_time()
        left = linger
        while left > 0:
            await anyio.sleep(left)
            left = max(begun, self.moved) + linger - anyio.current_time()
        everything.cancel()

    async def _line(self, most: int) -> bytes:
        try:
            return await self._lines.receive_until(b"\n", most)
        except anyio.DelimiterNotFound:
            raise Refused("" if self._token and not self.moved else f"a line has at most {most} bytes") from None
