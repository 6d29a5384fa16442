"""What the settings say of listening: an address and who may come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..config import RunConfig
from ..errors import ConfigError
from .address import Address, parse_address
from .listener import Access, check_access


class Listening(NamedTuple):
    """A run serves its rows."""

    address: Address
    access: Access


def listening(config: RunConfig, environ: Mapping[str, str]) -> Listening | None:
    """Where and to whom rows are served; None when they are not.

    Raises:
        ConfigError: the settings do not fit together, or would let everybody in.
    """
    if config.listen is None:
        if config.listen_token_env or config.listen_cert or config.listen_ca:
            raise ConfigError("--listen-token-env, --listen-cert and --listen-ca need --listen ADDRESS")
        return None
    address = parse_address(config.listen)
    access = check_access(address, _token(config, environ), config.listen_cert, config.listen_ca)
    return Listening(address, access)


def _token(config: RunConfig, environ: Mapping[str, str]) -> str | None:
    name = config.listen_token_env
    if name is None:
        return None
    if not (token := environ.get(name, "").strip()):
        raise ConfigError(f"--listen-token-env: there is no variable {name} in the environment, or it is empty")
    return token
