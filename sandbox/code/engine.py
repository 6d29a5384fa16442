"""The connection to a Docker engine: found, checked, and spoken to in sentences a person can act on."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from ...runtime.errors import ConfigError

SOCKETS = ("/run/docker.sock", "/var/run/docker.sock")
TROUBLE = (aiohttp.ClientError, OSError, asyncio.TimeoutError)
"""What a request raises when the engine is not there."""
UNREACHED = 900
"""The status that the client gives an error of its own: there is no engine behind the address."""
ANSWER_S = 30.0
"""Seconds for one request."""
AGAIN_S = 0.5
"""Seconds between two looks at whether a stopped engine is back."""


def engine_url() -> str:
    """DOCKER_HOST, else the socket that is there. Raises ConfigError when there is neither."""
    given = os.environ.get("DOCKER_HOST", "")
    if given:
        return given
    desktop = str(Path.home() / ".docker/run/docker.sock")
    for path in (*SOCKETS, desktop):
        if Path(path).is_socket():
            return f"unix://{path}"
    raise ConfigError("code tool: no Docker engine: neither DOCKER_HOST nor /var/run/docker.sock is there")


def is_local(url: str) -> bool:
    """Whether containers of this engine can see our folders, as far as its address tells."""
    return url.startswith("unix://") and "/.docker/" not in url and not Path("/System/Library").exists()


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[aiodocker.Docker]:
    """A client, with no bound on connections but the engine's own.

    Raises:
        ConfigError: the engine does not answer, or not to us; one line that names its address.
    """
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    connector: aiohttp.BaseConnector | None = None
    try:
        if url.startswith("unix://"):
            # The client's own connector would stop at a hundred connections, and an attached stream holds one.
            connector = aiohttp.UnixConnector(url.removeprefix("unix://"), limit=0)
            docker = aiodocker.Docker("http://localhost", connector=connector, timeout=timeout)
        else:
            docker = aiodocker.Docker(url, timeout=timeout)
    except ValueError as error:
        raise ConfigError(f"code tool: DOCKER_HOST {url!r}: {error}") from None
    try:
        async with docker:
            await _check(docker, url)
            yield docker
    finally:
        if connector is not None:
            await connector.close()


async def _check(docker: aiodocker.Docker, url: str) -> None:
    try:
        await docker.version()
    except (DockerError, *TROUBLE) as error:
        if "Permission denied" in str(error):
            raise ConfigError(f"code tool: no permission on {url}: join the group docker, or run as root") from None
        if not is_down(error):
            raise ConfigError(f"code tool: the engine at {url} refuses: {one_line(error)}") from None
        raise ConfigError(f"code tool: no Docker engine answers at {url}: {one_line(error)}") from None


def is_down(error: BaseException) -> bool:
    """Whether an error means that the engine was not there, rather than that it refused."""
    return error.status == UNREACHED if isinstance(error, DockerError) else isinstance(error, TROUBLE)


async def wait_back(docker: aiodocker.Docker, seconds: float) -> bool:
    """Wait until the engine answers, at most so long; whether it does."""
    end = time.monotonic() + seconds
    while True:
        try:
            await docker.version()
        except (DockerError, *TROUBLE):
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(AGAIN_S)
        else:
            return True


async def check_runtime(docker: aiodocker.Docker, runtime: str) -> None:
    """Raises ConfigError when the engine does not know an OCI runtime."""
    info: Mapping[str, Any] = await docker.system.info()
    known = sorted(info.get("Runtimes") or {})
    if runtime not in known:
        raise ConfigError(f"code tool: the engine has no runtime {runtime!r}; it has {', '.join(known)}")


def one_line(error: BaseException) -> str:
    """An engine's error without its line breaks."""
    text = error.message if isinstance(error, DockerError) else str(error)
    return " ".join(str(text).split())[:300] or type(error).__name__
