"""The consumer's side: connects, says where to begin, hands out frames in order, acknowledges, and connects again.

    stream = Stream(parse_address("unix:rows.sock"), Wish(start="earliest"))
    for piece in stream.pieces():
        for frame in piece:
            ...                       # a Numbered is a row
        stream.acknowledge()

A connection that breaks is made again, and goes on behind the last frame: no row is missing and none comes twice.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError, InputError
from .address import Address
from .filter import Filter
from .wire import FRAME_BYTES, Ack, At, End, Frame, Hello, Numbered, Refusal, Start, Welcome, decode_frame, encode

SILENCE_SECONDS = 60.0
"""Without a sign of life for so long, a connection counts as broken: the run gives one every 15 s."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two attempts to connect; they double."""
RECEIVE = 256 * 1024


@dataclass(frozen=True)
class Wish:
    """What a consumer wants."""

    start: Start | None = None
    """See Hello."""
    name: str = ""
    token: str = field(default="", repr=False)
    filter: Filter = field(default_factory=dict[str, "list[str | int | float | bool | None]"])
    authority: Path | None = None
    """For tls: a PEM file with who signed the run's certificate; None: who this machine trusts."""
    certificate: Path | None = None
    """For tls: a PEM file with our own certificate and key."""
    patience: float = 30.0
    """Seconds to go on trying for when nobody answers."""


class Broken(Exception):
    """The connection is gone."""


class Stream:
    """One run's rows. For one thread."""

    def __init__(self, address: Address, wish: Wish, tell: Callable[[str], None] = lambda _line: None) -> None:
        """`tell` hears of broken connections. Raises ConfigError for files that cannot be used."""
        self._address = address
        self._wish = wish
        self._tell = tell
        self._context = _context(address, wish)
        self._start: Start | None = wish.start
        self._run: str | None = None
        self._socket: socket.socket | None = None
        self._reached: int | None = None
        self.connections = 0
        """Connections that were made and welcomed."""

    def pieces(self) -> Iterator[list[Frame]]:
        """Frames as they come, some at a time: rows in order, signs of life, and the end as the last one.

        Raises:
            InputError: nobody answers for as long as patience lasts, the run refuses us, another run answers than
                before, or what comes is no stream of ours.
        """
        last_life = time.monotonic()
        pause = FIRST_PAUSE
        trouble = ""
        while True:
            try:
                for piece in self._connection():
                    last_life, pause = time.monotonic(), FIRST_PAUSE
                    if piece:
                        yield piece
                    if piece and isinstance(piece[-1], End):
                        return
            except (OSError, Broken) as error:
                now = str(error.strerror or error) if isinstance(error, OSError) else str(error)
                if now != trouble:
                    self._tell(f"{self._address}: {now}; trying again")
                trouble = now
            finally:
                self.close()
            if time.monotonic() - last_life > self._wish.patience:
                raise InputError(f"{self._address}: nobody answers: {trouble}")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def acknowledge(self) -> None:
        """Say that everything handed out is taken care of. A connection that is gone says it next time."""
        if self._socket is None or not self._wish.name or self._reached is None:
            return
        try:
            self._socket.sendall(encode(Ack(self._reached)))
        except OSError:
            return

    def close(self) -> None:
        """Break the connection off; whoever asks for another piece gets it from a new one. Idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connection(self) -> Iterator[list[Frame]]:
        """One connection, from the hello on."""
        connection = self._socket = _connect(self._address, self._context)
        connection.settimeout(SILENCE_SECONDS)
        connection.sendall(encode(Hello(self._start, self._wish.name, self._wish.token, self._wish.filter)))
        rest = bytearray()
        while self._socket is connection:
            data = connection.recv(RECEIVE)
            if not data:
                if self.connections == 0:
                    raise Broken("the connection was closed without a word; a wrong token?")
                raise Broken("the connection was closed")
            begin = len(rest)
            rest += data
            end = rest.rfind(b"\n", begin) + 1
            if len(rest) - end > FRAME_BYTES:
                raise InputError(f"{self._address}: a line of more than {FRAME_BYTES} bytes came")
            lines = bytes(rest[:end])
            del rest[:end]
            yield [frame for line in lines.split(b"\n")[:-1] if (frame := self._take(line)) is not None]
        raise Broken("it was closed here")

    def _take(self, line: bytes) -> Frame | None:
        """One frame; None for one that is not for the caller."""
        try:
            frame = decode_frame(line)
        except ValueError as error:
            raise InputError(f"{self._address}: this is no stream of rows: {error}") from None
        match frame:
            case Welcome():
                self.connections += 1
                if self._run is not None and frame.run != self._run:
                    raise InputError(f"{self._address}: another run answers now than before ({frame.run})")
                self._run = frame.run
                self._start = frame.start
                return None
            case Refusal():
                raise InputError(f"{self._address}: refused: {frame.error}")
            case Numbered():
                if isinstance(self._start, int) and frame.seq < self._start:
                    raise InputError(f"{self._address}: row {frame.seq} came again")
                self._reached = frame.seq
                self._start = frame.seq + 1
            case At():
                self._reached = frame.at
                self._start = frame.at + 1
            case End():
                self._reached = frame.end
        return frame


def _connect(address: Address, context: ssl.SSLContext | None) -> socket.socket:
    if address.kind == "unix":
        plain = socket.socket(socket.AF_UNIX)
        try:
            plain.connect(address.host)
        except BaseException:
            plain.close()
            raise
        return plain
    plain = socket.create_connection((address.host, address.port), timeout=10)
    return plain if context is None else context.wrap_socket(plain, server_hostname=address.host)


def _context(address: Address, wish: Wish) -> ssl.SSLContext | None:
    if address.kind != "tls":
        if wish.authority or wish.certificate:
            raise ConfigError(f"{address}: certificates are for addresses tls:HOST:PORT")
        return None
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    try:
        if wish.authority is not None:
            context.load_verify_locations(wish.authority)
        if wish.certificate is not None:
            context.load_cert_chain(wish.certificate)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"a certificate cannot be used: {error.strerror or error}") from None
    return context
