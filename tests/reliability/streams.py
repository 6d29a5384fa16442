"""A run that only makes rows, served on a socket, and consumers that stall, break off and come back."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from tdscaling.runtime.journal import Committed, SegmentJournal, open_journal
from tdscaling.runtime.messages import Outcome
from tdscaling.runtime.storage import DirectoryStorage
from tdscaling.runtime.streaming.address import Address, parse_address
from tdscaling.runtime.streaming.client import Stream, Wish
from tdscaling.runtime.streaming.listener import Access, open_door
from tdscaling.runtime.streaming.server import Server
from tdscaling.runtime.streaming.wire import Numbered
from tdscaling.tests.runtime.play import completed

RUN = "digest-0"


@dataclass
class Served:
    """A journal whose rows are served."""

    journal: SegmentJournal
    server: Server
    address: Address
    notes: list[str]

    async def make(self, first: int, count: int, padding: int = 0) -> None:
        """Finish and commit so many accepted rows from an index on."""
        for index in range(first, first + count):
            await self.journal.finished(outcome(index, padding))
            await self.journal.committed([Committed(index, outcome(index).id, accepted=True)])


def outcome(index: int, padding: int = 0) -> Outcome:
    """An accepted outcome whose row is longer by so many characters."""
    made = completed(index)
    if not padding or made.row is None:
        return made
    drawn = msgspec.structs.replace(made.row.assignment, persona="x" * padding)
    return msgspec.structs.replace(made, row=msgspec.structs.replace(made.row, assignment=drawn))


def line(index: int, padding: int = 0) -> bytes:
    """The row of an index as a file would hold it, without its end."""
    return msgspec.json.encode(outcome(index, padding).row)


@asynccontextmanager
async def served(
    folder: Path, address: str = "", *, access: Access | None = None, linger: float = 5.0, run: str = RUN
) -> AsyncGenerator[Served]:
    """A journal in the folder, served at the address (by default at a socket beside it) until its last row is out."""
    notes: list[str] = []
    journal = open_journal(DirectoryStorage(folder))
    wanted = parse_address(address or f"unix:{folder}.sock")
    async with open_door(wanted) as (door, found), anyio.create_task_group() as group:
        server = Server(door, journal, run=run, access=access or Access(), linger=linger, note=notes.append)
        for index in range(journal.past.committed):  # as a committer does that goes on
            journal.replayed(Committed(index, outcome(index).id, accepted=True))
        group.start_soon(server.serve)
        try:
            yield Served(journal, server, found, notes)
        finally:
            journal.end()
    await journal.aclose()


def connect(address: Address, seconds: float = 10.0) -> socket.socket:
    """A plain connection, as `nc` makes one."""
    if address.kind == "unix":
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(seconds)
        plain.connect(address.host)
        return plain
    return socket.create_connection((address.host, address.port), timeout=seconds)


def converse(address: Address, said: bytes, *, shut: bool = True) -> bytes:
    """Say something, shut our side, and read to the end."""
    with connect(address) as plain:
        try:
            plain.sendall(said)
            if shut:
                plain.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):  # it was enough before we had said everything
            pass
        heard = bytearray()
        try:
            while data := plain.recv(65536):
                heard += data
        except ConnectionResetError:
            pass
        return bytes(heard)


def hear(address: Address, said: bytes, frames: int) -> list[bytes]:
    """Say something, and read so many lines."""
    with connect(address) as plain, plain.makefile("rb") as lines:
        plain.sendall(said)
        return [lines.readline() for _ in range(frames)]


class Restless:
    """A consumer that breaks its connection off at random moments and comes back; what it was given, in order."""

    def __init__(self, address: Address, seed: int, breaks: int, wish: Wish | None = None) -> None:
        self.stream = Stream(address, wish or Wish("earliest"))
        self.rows: list[tuple[int, bytes]] = []
        self._dice = random.Random(seed)
        self._left = breaks

    def consume(self, seen: Callable[[int], None] = lambda _seq: None) -> None:
        """To the end of the run. Blocks: call it in a thread."""
        for piece in self.stream.pieces():
            for frame in piece:
                if isinstance(frame, Numbered):
                    self.rows.append((frame.seq, bytes(frame.row)))
                    seen(frame.seq)
            self.stream.acknowledge()
            if self._left > 0 and self._dice.random() < 0.5:
                self._left -= 1
                self.stream.close()

    async def run(self) -> None:
        """As `consume`, beside others."""
        await anyio.to_thread.run_sync(self.consume)
