"""Where sandboxes connect to: a listening unix socket, and the nonces that say which connection is which.

Anything in a sandbox can reach the socket. It learns no nonce but such as were used up, so it can only say hello in
vain; hellos in vain are few at a time and short.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakSet

import anyio.lowlevel

from .link import Link

PREFIX = "tdscaling-code-"
SOCKET = "socket"
STRANGERS = 512
"""Connections that have not said who they are; one more is closed at once."""
HELLO_S = 10.0
"""Seconds to say it."""


class Hub:
    """Hands out links by nonce."""

    def __init__(self, folder: Path) -> None:
        """`folder`: what sandboxes get to see, read-only; it holds the socket and nothing else."""
        self.folder = folder
        self._expected: dict[bytes, asyncio.Future[Link]] = {}
        self._strangers: set[Link] = set()
        self._links: WeakSet[Link] = WeakSet()

    def expect(self) -> tuple[str, asyncio.Future[Link]]:
        """A fresh nonce, and what gives the link that says it."""
        nonce = secrets.token_hex(16)
        future: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        self._expected[nonce.encode()] = future
        return nonce, future

    def forget(self, nonce: str) -> None:
        """Nobody waits for this any more."""
        self._expected.pop(nonce.encode(), None)

    def make(self) -> Link:
        """The protocol of a new connection."""
        link = _Stranger(self)
        self._links.add(link)
        return link

    async def aclose(self) -> None:
        """Close every connection, also those that nobody took."""
        for link in list(self._links):
            link.close()
        for _ in range(3):  # transports close in the loop's next rounds
            await anyio.lowlevel.cancel_shielded_checkpoint()

    def greet(self, link: Link, nonce: bytes) -> None:
        """A hello has come."""
        self._strangers.discard(link)
        future = self._expected.pop(nonce, None)
        if future is None or future.done():
            link.close()
        else:
            future.set_result(link)

    def arrived(self, link: Link) -> None:
        """A connection was made."""
        if len(self._strangers) >= STRANGERS:
            link.close()
            return
        self._strangers.add(link)
        asyncio.get_running_loop().call_later(HELLO_S, self.left, link)

    def left(self, link: Link) -> None:
        """Close it if it has still not said hello."""
        if link in self._strangers:
            self._strangers.discard(link)
            link.close()


class _Stranger(Link):
    def __init__(self, hub: Hub) -> None:
        super().__init__(hub.greet)
        self._hub = hub

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._hub.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._hub.left(self)


@asynccontextmanager
async def listening(parent: Path | None = None) -> AsyncGenerator[Hub]:
    """A hub that listens in a folder of its own below `parent`, by default the place for temporary files.

    Raises:
        OSError: the folder or the socket cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        hub = Hub(folder)
        server = await asyncio.get_running_loop().create_unix_server(hub.make, str(folder / SOCKET), backlog=1024)
        _open_up(folder)
        try:
            yield hub
        finally:
            server.close()
            await hub.aclose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_up(folder: Path) -> None:
    """Sandboxes run as other users: they may pass through the folder, not list it, and connect."""
    folder.chmod(0o711)
    (folder / SOCKET).chmod(0o666)
