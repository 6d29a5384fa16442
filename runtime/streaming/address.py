"""Where a run listens and a consumer connects: `unix:PATH`, `tcp:HOST:PORT` or `tls:HOST:PORT`."""

from __future__ import annotations

import ipaddress
from typing import Literal, NamedTuple, TypeAlias

from ..errors import ConfigError

Kind: TypeAlias = Literal["unix", "tcp", "tls"]
FORMS = "unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"
LONGEST_PATH = 104
"""Bytes that every system takes as the path of a socket."""


class Address(NamedTuple):
    """One end of a stream."""

    kind: Kind
    host: str
    """Host name or number; the path of a unix socket."""
    port: int
    """0 to 65535; with 0 a run listens on a free one. 0 for a unix socket."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host and self.kind != "unix" else self.host
        return f"unix:{self.host}" if self.kind == "unix" else f"{self.kind}:{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it. A name other than `localhost` counts as reachable from outside."""
        if self.kind == "unix" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """Read an address. Raises ConfigError, which names the text."""
    kind, _, rest = text.partition(":")
    if kind == "unix":
        if not rest or "\0" in rest:
            raise ConfigError(f"{text!r}: a unix address has a path: unix:PATH")
        if (size := len(rest.encode(errors="surrogateescape"))) > LONGEST_PATH:
            raise ConfigError(f"{text!r}: the path of a unix socket has at most {LONGEST_PATH} bytes, this one {size}")
        return Address("unix", rest, 0)
    if kind not in ("tcp", "tls"):
        raise ConfigError(f"{text!r} is no address: give {FORMS}")
    host, _, port = rest.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or not host.isprintable() or any(map(str.isspace, host)):
        raise ConfigError(f"{text!r}: a {kind} address has a host and a port: {kind}:127.0.0.1:7000")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 2**16):
        raise ConfigError(f"{text!r}: the port must be a number from 0 to 65535")
    return Address("tcp" if kind == "tcp" else "tls", host, int(port))
