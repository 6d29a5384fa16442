"""How sandboxes end: closed, killed at random, left behind by a killed host, or with their engine."""

from __future__ import annotations

import os
import random
import sys
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from aiodocker import Docker
from aiodocker.exceptions import DockerError

from tdscaling.runtime.errors import InfrastructureFault
from tdscaling.sandbox.code import sweep as sweeping
from tdscaling.sandbox.code.base import Backend
from tdscaling.sandbox.code.container import OWNER, OWNER_PLACE, OWNER_STARTED, config_of, inside_of
from tdscaling.sandbox.code.docker import DockerBackend
from tdscaling.sandbox.code.engine import connected, engine_url
from tdscaling.sandbox.code.hub import listening
from tdscaling.sandbox.code.image import NAME
from tdscaling.sandbox.code.uids import claim
from tdscaling.sandbox.mcp_leftovers import place
from tdscaling.tests.sandbox.code.conftest import SMALL
from tdscaling.tests.sandbox.code.killing import MARK, Tally, kill_host, kill_inside, marked

pytestmark = pytest.mark.anyio
INSIDE_KILLS = 9
"""Per kind of sandbox; with the hosts' they are 30."""


async def test_random_kills_leave_neither_orphans_nor_wrong_answers(backend: Backend, kind: str) -> None:
    """Sessions and supervisors in the middle of work; hangs are told apart."""
    tally, dice = Tally(), random.Random(f"kills {kind}")
    for number in range(INSIDE_KILLS):
        await kill_inside(backend, dice, f"i{number}{os.getpid()}", tally)
    assert (tally.kills, tally.orphans, tally.wrong, tally.hangs) == (INSIDE_KILLS, 0, 0, 0)


def test_a_killed_host_leaves_nothing(kind: str) -> None:
    """With four sessions at work. How soon, `bench/sandbox.py --many` measures: here the machine may be busy."""
    tally, dice = Tally(), random.Random(f"hosts {kind}")
    kill_host(kind, dice, f"h{os.getpid()}", 4, tally, seconds=20.0)
    assert (tally.kills, tally.orphans) == (1, 0)


async def test_a_closed_session_s_processes_are_gone(backend: Backend) -> None:
    """Daemons included."""
    mark = f"c{os.getpid()}"
    session = await backend.open()
    source = f"{MARK.replace('{mark}', mark)}\nimport os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(99)"
    await session.run("python", source)
    assert len(marked(mark)) == 2
    await session.aclose()
    with anyio.fail_after(3):
        while marked(mark):  # noqa: ASYNC110 -- processes send no event
            await anyio.sleep(0.01)


async def test_strangers_on_the_socket_are_let_go(tmp_path: Path) -> None:
    """Without a nonce that is expected there is no answer, and no more than a fixed number is held."""
    async with listening(tmp_path) as hub:
        nonce, arriving = hub.expect()
        wrong = await anyio.connect_unix(hub.folder / "socket")
        await wrong.send(b"tds1" + b"0" * 32)
        with pytest.raises(anyio.EndOfStream):
            await wrong.receive()
        right = await anyio.connect_unix(hub.folder / "socket")
        await right.send(b"tds1" + nonce.encode())
        with anyio.fail_after(5):
            link = await arriving
        again = await anyio.connect_unix(hub.folder / "socket")
        await again.send(b"tds1" + nonce.encode())
        with pytest.raises(anyio.EndOfStream):
            await again.receive()
        link.close()
        for stream in (wrong, right, again):
            await stream.aclose()


def test_two_claims_are_two_users(tmp_path: Path) -> None:
    """Until one is given back."""
    first, second = claim(tmp_path / "users"), claim(tmp_path / "users")
    assert first.uid != second.uid
    first.release()
    third = claim(tmp_path / "users")
    assert third.uid == first.uid
    for each in (first, second, third):
        each.release()


async def owned(docker: Docker, labels: dict[str, str]) -> str:
    """Create a container of ours that is never started, owned as the labels say; its id."""
    config = config_of(NAME, SMALL, inside_of(SMALL, 0, "0" * 32, dense=False, local=True), Path("/tmp"))  # noqa: S108
    config["Labels"] |= labels
    made = await docker.containers.create(config)
    return made.id


@pytest.mark.docker
async def test_the_sweep_takes_what_is_proved_dead_and_nothing_else(engine: None) -> None:
    """An owner that has ended goes; one that lives, and one of another boot or machine, stay."""
    async with await anyio.open_process([sys.executable, "-c", ""]) as dead:
        await dead.wait()
    async with connected(engine_url()) as docker:
        ids = {
            "dead": await owned(docker, {OWNER: str(dead.pid), OWNER_STARTED: "1", OWNER_PLACE: place()}),
            "init": await owned(docker, {OWNER: "1", OWNER_STARTED: "1"}),
            "this": await owned(docker, {}),
            "other": await owned(docker, {OWNER: str(dead.pid), OWNER_PLACE: "another machine"}),
        }
        try:
            told = {each.id: each.owner for each in await sweeping.find(docker)}
            assert [told[ids[name]] for name in ("dead", "this", "other")] == ["dead", "this", "unknown"]
            await sweeping.sweep(docker)
            left = {each.id for each in await sweeping.find(docker)}
            assert {name for name, found in ids.items() if found in left} == {"init", "this", "other"}
        finally:
            for found in ids.values():
                await _delete(docker, found)


async def _delete(docker: Docker, found: str) -> None:
    with suppress(DockerError):  # it may have gone by itself
        await docker.containers.container(found).delete(force=True)


@pytest.mark.docker
async def test_over_stdin_and_stdout_it_works_the_same(engine: None) -> None:
    """The transport for an engine that cannot show folders to containers: cells, files, a kill and a fresh session."""
    async with DockerBackend(SMALL, ready=1, local=False) as backend:
        session = await backend.open()
        assert (await session.run("python", "print('x' * 300_000)", output=400_000)).stdout == b"x" * 300_000 + b"\n"
        await session.write("a", b"\x00" * 3_000_000)
        assert await session.read("a") == b"\x00" * 3_000_000
        swallowing = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        assert (await session.run("python", swallowing, deadline_s=0.3)).reason in ("killed", "interrupted")
        assert (await session.run("python", "import os\nos._exit(3)")).exit_code == 3
        assert (await session.run("python", "len(open('a').read())")).stdout == b"3000000\n"
        await session.aclose()


@pytest.mark.docker
async def test_a_lost_container_is_an_infrastructure_fault_and_the_next_session_works(engine: None) -> None:
    """As when an engine stops: the episode is retried, nothing of it becomes data."""
    async with DockerBackend(SMALL, ready=1) as backend, connected(engine_url()) as docker:
        session = await backend.open()
        await session.run("python", "1")
        for each in await sweeping.find(docker):
            if each.owner == "this":
                await _delete(docker, each.id)
        with pytest.raises(InfrastructureFault, match="sandbox_lost"):
            await session.run("python", "1")
        await session.aclose()
        fresh = await backend.open()
        assert (await fresh.run("python", "1")).stdout == b"1\n"
        await fresh.aclose()
