"""Opening the socket, and who may come in: the same user on a unix socket, a token, a certificate."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.abc import ByteStream, Listener, SocketAttribute
from anyio.streams.tls import TLSStream

from ..errors import ConfigError, OutputError
from .address import Address

SHORTEST_TOKEN = 16
_PEER = struct.Struct("3i")  # pid, uid, gid
Door: TypeAlias = Listener[ByteStream]


@dataclass(frozen=True, repr=False)
class Access:
    """What a consumer must show. Without anything, being on this machine is enough."""

    token: str | None = None
    tls: ssl.SSLContext | None = None


def check_access(address: Address, token: str | None, certificate: Path | None, authority: Path | None) -> Access:
    """What a consumer at this address must show.

    `certificate`: a PEM file with our certificate and its key. `authority`: one with the certificates that consumers'
    own must be signed by.

    Raises:
        ConfigError: other machines could come in without token and certificate; a token is too short; a file cannot be
            used; files are given without `tls:`, or `tls:` without them.
    """
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"the token for {address} is too short: give {SHORTEST_TOKEN} characters or more")
    if (address.kind == "tls") != (certificate is not None):
        raise ConfigError(f"{address}: --listen-cert and an address tls:HOST:PORT belong together")
    if authority is not None and certificate is None:
        raise ConfigError(f"{address}: --listen-ca needs --listen-cert")
    if not address.loopback and token is None and authority is None:
        raise ConfigError(
            f"{address} can be reached from other machines: give --listen-token-env, or tls: with --listen-ca; "
            "or listen on tcp:127.0.0.1 or unix:PATH"
        )
    return Access(token, _context(certificate, authority) if certificate else None)


def _context(certificate: Path, authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{certificate}: no certificate with its key: {error.strerror or error}") from None
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{authority}: no certificates: {error.strerror or error}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def open_door(address: Address) -> AsyncGenerator[tuple[Door, Address]]:
    """Listen at an address for as long as the context lasts; also where that is, with the port that was found.

    Raises:
        OutputError: the address is taken or cannot be used.
    """
    try:
        door = await (_open_unix(address) if address.kind == "unix" else _open_tcp(address))
    except OSError as error:
        raise OutputError(f"cannot listen on {address}: {error.strerror or error}") from None
    try:
        port = 0 if address.kind == "unix" else door.extra(SocketAttribute.local_port)  # noqa: S610 -- not Django's
        yield door, address._replace(port=port)
    finally:
        with anyio.CancelScope(shield=True):
            await door.aclose()
        if address.kind == "unix":
            _unlink(address)


async def _open_tcp(address: Address) -> Door:
    return await anyio.create_tcp_listener(local_host=address.host, local_port=address.port)


async def _open_unix(address: Address) -> Door:
    _clear(address)
    return await anyio.create_unix_listener(address.host, mode=0o600)


def _clear(address: Address) -> None:
    """A socket that nobody answers at was left by a run that was killed: it is removed. Raises OutputError."""
    path = Path(address.host)
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise OutputError(f"cannot listen on {address}: something else is there")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address.host)
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OutputError(f"cannot listen on {address}: another process does")


def _unlink(address: Address) -> None:
    with suppress(OSError):
        Path(address.host).unlink()


async def admit(stream: ByteStream, access: Access) -> ByteStream | None:
    """The stream to talk on, as far as can be said before a hello; None for a user who may not come in.

    Raises:
        OSError, anyio.BrokenResourceError, anyio.EndOfStream: the connection breaks, or no TLS comes about.
    """
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 -- not Django's
    if raw.family == socket.AF_UNIX and hasattr(socket, "SO_PEERCRED"):  # elsewhere the socket's mode alone must do
        _, user, _ = _PEER.unpack(raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if user not in (os.geteuid(), 0):
            return None
    if raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if access.tls is None:
        return stream
    return await TLSStream.wrap(stream, server_side=True, ssl_context=access.tls, standard_compatible=False)
