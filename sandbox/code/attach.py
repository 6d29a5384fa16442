"""The transport for an engine that cannot show our folders to containers: all connections over stdin and stdout.

Slower than the socket, since every byte passes through the engine, and for one session per container only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
from aiodocker.containers import DockerContainer
from aiodocker.exceptions import DockerError
from aiodocker.stream import Stream

from .engine import TROUBLE
from .hub import Hub
from .inside import wire
from .link import Link


class ChannelTransport(asyncio.Transport):
    """One channel, as a link sees it."""

    def __init__(self, streams: Streams, channel: int) -> None:
        super().__init__()
        self._streams = streams
        self._channel = channel

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See asyncio.Transport."""
        self._streams.queue(self._channel, bytes(data))

    def abort(self) -> None:
        """See asyncio.Transport."""
        self._streams.end(self._channel)

    def is_reading(self) -> bool:
        """Always: what comes in has been read from the one stream already; `Link` bounds what it keeps."""
        return True

    def resume_reading(self) -> None:
        """See `is_reading`."""

    def pause_reading(self) -> None:
        """See `is_reading`."""


class Streams:
    """The channels of one container."""

    def __init__(self, stream: Stream, hub: Hub) -> None:
        self._stream = stream
        self._hub = hub
        self._links: dict[int, Link] = {}
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._buffer = bytearray()

    def queue(self, channel: int, data: bytes) -> None:
        """Send pieces of a channel."""
        for start in range(0, len(data), wire.CHANNEL_PIECE):
            piece = data[start : start + wire.CHANNEL_PIECE]
            self._outgoing.put_nowait(wire.CHANNEL.pack(channel, len(piece)) + piece)

    def end(self, channel: int) -> None:
        """Close a channel on both sides."""
        link = self._links.pop(channel, None)
        if link is not None:
            self._outgoing.put_nowait(wire.CHANNEL.pack(channel, 0))
            asyncio.get_running_loop().call_soon(link.connection_lost, None)

    async def carry_in(self) -> None:
        """Pieces to their links, until the container ends."""
        try:
            with suppress(*TROUBLE, RuntimeError):
                while (message := await self._stream.read_out()) is not None:
                    self._buffer += message.data
                    self._sort()
        finally:
            for channel in list(self._links):
                self.end(channel)

    async def carry_out(self) -> None:
        """What was queued, in order."""
        with suppress(*TROUBLE, RuntimeError):
            while True:
                await self._stream.write_in(await self._outgoing.get())

    def _sort(self) -> None:
        while len(self._buffer) >= wire.CHANNEL.size:
            channel, length = wire.CHANNEL.unpack(bytes(self._buffer[: wire.CHANNEL.size]))
            if length > wire.CHANNEL_PIECE:
                raise RuntimeError("the container does not keep to the protocol")
            if len(self._buffer) < wire.CHANNEL.size + length:
                return
            data = bytes(self._buffer[wire.CHANNEL.size : wire.CHANNEL.size + length])
            del self._buffer[: wire.CHANNEL.size + length]
            if not data:
                self.end(channel)
                continue
            if channel not in self._links:
                self._links[channel] = link = self._hub.make()
                link.connection_made(ChannelTransport(self, channel))
            self._links[channel].data_received(data)


@asynccontextmanager
async def attached(container: DockerContainer, hub: Hub) -> AsyncGenerator[None]:
    """Carry the channels of a created container for as long as the context lasts. Start it inside.

    Raises:
        DockerError, OSError, aiohttp.ClientError: it cannot be attached to.
    """
    stream = container.attach(stdin=True, stdout=True)
    async with stream:
        streams = Streams(stream, hub)
        async with anyio.create_task_group() as group:
            group.start_soon(streams.carry_in)
            group.start_soon(streams.carry_out)
            try:
                yield
            finally:
                group.cancel_scope.cancel()
                with suppress(DockerError, *TROUBLE):
                    await stream.close()
