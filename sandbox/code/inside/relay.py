"""All connections over one pair of streams, for an engine on another machine: stdin and stdout carry channels.

A thread per direction of each connection would copy cells' output through this process anyway; two threads in all are
enough, because what they carry is bounded by the host.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress

from . import wire


class Relay:
    """Gives out sockets whose other ends it carries over two file descriptors."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = os.dup(incoming)
        self._outgoing = os.dup(outgoing)
        self._ends: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, incoming)
        os.dup2(null, outgoing)
        os.close(null)
        threading.Thread(target=self._carry_in, daemon=True).start()

    def open(self, channel: int) -> socket.socket:
        """A socket for a channel; the host sees what is written to it."""
        ours, theirs = socket.socketpair()
        self._ends[channel] = ours
        threading.Thread(target=self._carry_out, args=(channel, ours), daemon=True).start()
        return theirs

    def forget(self) -> None:
        """In a forked child: the streams are the parent's."""
        for end in list(self._ends.values()):
            end.close()
        os.close(self._incoming)
        os.close(self._outgoing)

    def _carry_in(self) -> None:
        """Pieces to their sockets, until stdin ends; then every socket ends."""
        with suppress(OSError, EOFError):
            while True:
                channel, length = wire.CHANNEL.unpack(self._exactly(wire.CHANNEL.size))
                data = self._exactly(length)
                end = self._ends.get(channel)
                if end is None:
                    continue
                with suppress(OSError):
                    if data:
                        end.sendall(data)
                    else:
                        end.shutdown(socket.SHUT_WR)
        for end in list(self._ends.values()):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry_out(self, channel: int, end: socket.socket) -> None:
        """A socket's bytes as pieces, until it ends."""
        data = b"?"
        while data:
            try:
                data = end.recv(wire.CHANNEL_PIECE)
            except OSError:
                data = b""
            with self._lock:
                self._write(wire.CHANNEL.pack(channel, len(data)) + data)
        self._ends.pop(channel, None)
        end.close()

    def _write(self, data: bytes) -> None:
        with suppress(OSError):
            while data:
                data = data[os.write(self._outgoing, data) :]

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = os.read(self._incoming, size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
