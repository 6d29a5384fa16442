"""Backends that the tests share: entered once per module and kind, because starting an engine's containers takes time.

Where bubblewrap or an engine with the image is missing, its tests are skipped with the reason; under CI they fail.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from functools import cache

import pytest

from tdscaling.runtime.errors import ConfigError, InfrastructureFault
from tdscaling.sandbox.code.base import Backend, CodeSession
from tdscaling.sandbox.code.bubblewrap import BubblewrapBackend
from tdscaling.sandbox.code.docker import DockerBackend
from tdscaling.sandbox.code.engine import connected, engine_url
from tdscaling.sandbox.code.image import NAME, contents_of
from tdscaling.sandbox.code.limits import MIB, Limits

SMALL = Limits(
    memory=192 * MIB,
    address_space=1024 * MIB,
    processes=32,
    disk=24 * MIB,
    file_size=12 * MIB,
    open_files=128,
    deadline_s=30.0,
    grace_s=3.0,
)
"""Limits that are quickly reached; those of time are not, because the machine may be busy."""
BUBBLEWRAP = pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)
STRICT = pytest.param("strict", marks=pytest.mark.docker)
DENSE = pytest.param("dense", marks=pytest.mark.docker)
EVERY = (BUBBLEWRAP, STRICT, DENSE)


def make(kind: str, limits: Limits = SMALL, *, ready: int = 3, most: int = 64) -> Backend:
    """A backend that is not entered yet."""
    if kind == "bubblewrap":
        return BubblewrapBackend(limits, ready=ready, most=most)
    return DockerBackend(limits, ready=ready, most=most, dense=kind == "dense")


@cache
def missing(kind: str) -> str:
    """Why the tests of a kind cannot run here; empty when they can."""
    if kind == "bubblewrap":
        return "" if sys.platform == "linux" and shutil.which("bwrap") else "bubblewrap is not installed"

    async def look() -> None:
        async with connected(engine_url()) as docker:
            await contents_of(docker, NAME)

    try:
        asyncio.run(look())
    except ConfigError as problem:
        return str(problem)
    return ""


def need(kind: str) -> None:
    """Skip with the reason, or under CI fail."""
    reason = missing(kind)
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
def engine() -> None:
    """An engine with the image."""
    need("strict")


@pytest.fixture(scope="module", params=EVERY)
def kind(request: pytest.FixtureRequest) -> str:
    """Every kind of backend that can run here."""
    need(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
async def backend(kind: str, anyio_backend: object) -> AsyncGenerator[Backend]:
    """A backend of the kind, with small limits."""
    async with make(kind) as entered:
        yield entered


@pytest.fixture(scope="module")
async def kept(backend: Backend) -> AsyncGenerator[list[CodeSession]]:
    """The session that the tests of a module use one after the other: starting a container takes longer than a test."""
    held: list[CodeSession] = []
    yield held
    for session in held:
        await session.aclose()


@pytest.fixture
async def session(backend: Backend, kept: list[CodeSession]) -> AsyncGenerator[CodeSession]:
    """A session with a fresh process and an empty workspace."""
    if not kept:
        kept.append(await backend.open())
    (session,) = kept
    yield session
    try:
        await session.run("python", "import os\nos._exit(0)")
        await session.run("shell", "find /workspace -mindepth 1 -delete", deadline_s=20)
    except InfrastructureFault:
        await session.aclose()
        kept.clear()
