"""Random kills: of a session, of a supervisor, of the whole host, and what has to be true afterwards.

Run as a program it is a host: `python -m … KIND COUNT MARK` opens sessions, says so, and works until it is killed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import anyio
import msgspec

from tdscaling.runtime import loop
from tdscaling.runtime.errors import InfrastructureFault
from tdscaling.sandbox.code.base import Backend, CodeSession
from tdscaling.tests.sandbox.code.conftest import SMALL, make

MARK = "n = open('/proc/self/comm', 'w').write('{mark}')"
HANG_S = 30.0
"""Seconds after which an answer is a hang."""
GONE_S = 10.0
"""Seconds after which what was killed is an orphan."""


class Tally(msgspec.Struct):
    """What went wrong; all zeros but the first is what is wanted."""

    kills: int = 0
    orphans: int = 0
    """Processes or containers that were still there when their time was over."""
    wrong: int = 0
    """Answers that no undisturbed cell would give."""
    hangs: int = 0
    slowest_s: float = 0.0
    """From the kill of a host until nothing of it was left."""


def marked(mark: str) -> list[int]:
    """Process ids of this machine, containers included, of sessions whose mark begins so."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if (entry / "comm").read_text(encoding="utf-8", errors="replace").startswith(mark):
                    found.append(int(entry.name))
    return found


def parent(pid: int) -> int:
    """The parent of a process: of a session its supervisor."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended: some machines' first process collects the dead once a second."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def until_gone(pids: list[int], seconds: float) -> float | None:
    """Seconds until these processes are gone, None when they are not."""
    began = time.monotonic()
    while any(map(runs, pids)):
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.005)
    return time.monotonic() - began


async def kill_inside(backend: Backend, dice: random.Random, mark: str, tally: Tally) -> None:
    """Kill a session or its supervisor in the middle of work; the next cells have to be right."""
    session = await backend.open()
    try:
        with anyio.fail_after(HANG_S):
            await session.run("python", MARK.replace("{mark}", mark))
            (pid,) = marked(mark)
            supervisor = parent(pid)
            victim = dice.choice((pid, supervisor))
            async with anyio.create_task_group() as group:
                group.start_soon(_work, session, tally)
                await anyio.sleep(dice.random() * 0.03)
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            gone = [pid] if victim == pid else [pid, supervisor]
            if await asyncio.to_thread(until_gone, gone, GONE_S) is None:
                tally.orphans += 1
            if victim == pid and (await session.run("python", "6 * 7")).stdout != b"42\n":
                tally.wrong += 1
    except TimeoutError:
        tally.hangs += 1
    finally:
        await session.aclose()
    tally.kills += 1


async def _work(session: CodeSession, tally: Tally) -> None:
    """Cells with known answers until one is disturbed."""
    for number in range(400):
        try:
            result = await session.run("python", f"{number} * 2")
        except InfrastructureFault:
            return
        if result.reason != "ok":
            return
        if result.stdout != f"{number * 2}\n".encode():
            tally.wrong += 1


def kill_host(kind: str, dice: random.Random, mark: str, count: int, tally: Tally, seconds: float = 2.0) -> None:
    """Kill a host that works with so many sessions; nothing of it may be left after some seconds."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, kind, str(count), mark]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    try:
        if host.stdout is None or host.stdout.readline() != b"ready\n":
            raise RuntimeError("the host did not start")
        sessions = marked(mark)
        pids = sorted({*sessions, *map(parent, sessions)})
        time.sleep(dice.random() * 0.05)
    finally:
        host.kill()
        host.wait()
        if host.stdout is not None:
            host.stdout.close()
    took = until_gone(pids, seconds)
    tally.slowest_s = max(tally.slowest_s, took or seconds)
    tally.orphans += len(sessions) != count or took is None
    tally.kills += 1


async def host(kind: str, count: int, mark: str) -> None:
    """Open sessions, say so, work for ever."""
    async with make(kind, SMALL, ready=0, most=count) as backend:
        sessions: list[CodeSession] = []

        async def begin() -> None:
            session = await backend.open()
            sessions.append(session)
            await session.run("python", MARK.replace("{mark}", mark))

        async with anyio.create_task_group() as group:
            for _ in range(count):
                group.start_soon(begin)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async with anyio.create_task_group() as group:
            for session in sessions:
                group.start_soon(_for_ever, session)


async def _for_ever(session: CodeSession) -> None:
    while True:
        await session.run("python", "sum(range(1000))")
        await anyio.sleep(0.01)


if __name__ == "__main__":
    loop.run(lambda: host(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
