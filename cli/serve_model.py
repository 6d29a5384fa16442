"""`tdscaling serve-model`: the simulated model as an OpenAI-compatible endpoint, for trying, testing and measuring."""

from __future__ import annotations

import ipaddress
import math
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import anyio
from cyclopts import Parameter

from ..agents.sim.server.faults import parse_faults
from ..agents.sim.server.latency import parse_latency
from ..agents.sim.server.replay import Replay, load_replies
from ..agents.sim.server.service import ModelServer, ServerSettings, listening
from ..runtime import loop
from ..runtime.errors import ConfigError
from .safe import one_line

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_model(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: str = "sim",
    latency_ms: str = "0",
    mistakes: float = 1.0,
    faults: str = "",
    seed: int = 0,
    replay: Path | None = None,
    api_key_env: str = "",
    expose: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    host
        Address to listen on; other than this machine's own needs --expose.
    port
        0 takes a free one; the first line on stdout is the base URL.
    model
        Name that clients must ask for.
    latency_ms
        Time per answer: 200, or lognormal:200,0.5 (median, sigma).
    mistakes
        Factor on the simulated model's error rates, 0 to 10.
    faults
        Rates of faults: all=0.02, or 429=0.05,reset_mid_body=0.02; docs/endpoints.md lists the kinds.
    seed
        Of faults and latency; answers depend on the request alone.
    replay
        JSON lines of chat completion bodies, served in a cycle instead of the model.
    api_key_env
        Environment variable that holds the key clients must send.
    expose
        Allow an address that others can reach.
    """
    _check(host, port, mistakes, model, expose=expose)
    settings = ServerSettings(
        model=model,
        mistakes=mistakes,
        latency=parse_latency(latency_ms),
        faults=parse_faults(faults),
        seed=seed,
        api_key=_key(api_key_env),
    )
    if replay is not None and settings.faults.rates:
        raise ConfigError("--replay serves replies as they are: it has no --faults")
    canned = Replay(load_replies(replay)) if replay is not None else None
    _allow_many_connections()
    server = ModelServer(settings, wall=time.time, clock=time.monotonic, replay=canned)
    loop.run(lambda: _serve(server, host, port))
    return 0


async def _serve(server: ModelServer, host: str, port: int) -> None:
    with anyio.open_signal_receiver(*SIGNALS) as received:
        try:
            async with listening(server, host, port) as url:
                sys.stdout.write(f"{url}\n")
                sys.stdout.flush()
                async for _ in received:
                    break
        except OSError as error:
            raise ConfigError(f"--host {host} --port {port}: {error.strerror or error}") from None
    done = server.stats.report()
    sys.stderr.write(one_line(f"tdscaling: served {done.requests} requests, {done.max_concurrency} at most at once"))
    sys.stderr.write("\n")


def _check(host: str, port: int, mistakes: float, model: str, *, expose: bool) -> None:
    if not 0 <= port <= 65535:
        raise ConfigError(f"--port must be between 0 and 65535, not {port}")
    if not (math.isfinite(mistakes) and 0 <= mistakes <= 10):
        raise ConfigError(f"--mistakes must be between 0 and 10, not {mistakes:g}")
    if not model:
        raise ConfigError("--model must not be empty")
    if not expose and not _loopback(host):
        raise ConfigError(f"--host {host} can be reached from other machines; give --expose if that is meant")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(variable: str) -> str:
    """The key in a variable; the variable's name is all that a command line ever shows."""
    if not variable:
        return ""
    key = os.environ.get(variable, "")
    if not key:
        raise ConfigError(f"--api-key-env: the environment variable {variable} is not set")
    return key


def _allow_many_connections() -> None:
    """A thousand clients are a thousand open files; the soft limit is often 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        return  # the limit stays what it is
