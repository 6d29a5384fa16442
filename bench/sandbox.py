"""The code tool against a plain pipe: latency, throughput, sessions at once, memory, kills.

    python bench/sandbox.py                       every kind that can run here
    python bench/sandbox.py bubblewrap strict     some of them
    python bench/sandbox.py --kills 500           random kills, over the kinds
    python bench/sandbox.py --many                1,000 dense and 200 strict sessions at once, then a killed host
    python bench/sandbox.py --attacks             the hostile cells of the tests, one by one, beside a working sibling

The pipe is a Python process that reads a line of source, runs it with its output captured, and writes a line back: what
a cell costs without any wall. Both sides of everything share this machine's processors, so ratios within a run count.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio

from tdscaling.runtime import loop
from tdscaling.runtime.errors import ConfigError
from tdscaling.sandbox.code.base import Backend, CodeSession
from tdscaling.sandbox.code.bubblewrap import BubblewrapBackend
from tdscaling.sandbox.code.docker import DockerBackend
from tdscaling.sandbox.code.limits import Limits
from tdscaling.sandbox.code.pool import PoolState
from tdscaling.tests.sandbox.code.conftest import make
from tdscaling.tests.sandbox.code.killing import MARK, Tally, kill_host, kill_inside, marked
from tdscaling.tests.sandbox.code.test_attacks import GROUPS, SHARED, Canary, Seat, strike, work

KINDS = ("bubblewrap", "strict", "dense")
PIPE = """
import contextlib, io, sys
space = {}
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(line, "<cell>", "exec"), space)
    print(repr(out.getvalue()), flush=True)
"""
CELL = "x = 1"
ROUNDS = 1000
CHECKOUTS = 20
WIDTH = 32
SECONDS = 4.0


def ms(samples: list[float]) -> str:
    """Median and 99th percentile in milliseconds."""
    ordered = sorted(samples)
    return f"{statistics.median(ordered) * 1e3:7.2f} ms  p99 {ordered[int(len(ordered) * 0.99)] * 1e3:7.2f}"


async def timed(action: Callable[[], Awaitable[object]], rounds: int) -> list[float]:
    """Seconds of each of so many rounds."""
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        await action()
        took.append(time.perf_counter() - began)
    return took


async def pipe() -> list[float]:
    """Round trips of the baseline."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PIPE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    async def cell() -> None:
        stdin.write(f"{CELL}\n".encode())
        await stdout.readline()

    took = await timed(cell, ROUNDS)
    stdin.close()
    await process.wait()
    return took


async def checkout(backend: Backend) -> list[float]:
    """From asking for a session that is kept ready to the end of its first cell."""
    took: list[float] = []
    for _ in range(CHECKOUTS):
        await anyio.sleep(0.1)
        while state_of(backend).starting:  # noqa: ASYNC110 -- what is measured is the warm case
            await anyio.sleep(0.02)
        began = time.perf_counter()
        session = await backend.open()
        await session.run("python", CELL)
        took.append(time.perf_counter() - began)
        await session.aclose()
    return took


async def throughput(backend: Backend, width: int) -> float:
    """Cells per second with so many sessions at work."""
    sessions = [await backend.open() for _ in range(width)]
    end = time.perf_counter() + SECONDS
    done = 0

    async def work(session: CodeSession) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await session.run("python", CELL)
            done += 1

    async with anyio.create_task_group() as group:
        for session in sessions:
            group.start_soon(work, session)
    for session in sessions:
        await session.aclose()
    return done / SECONDS


def state_of(backend: Backend) -> PoolState:
    """The pool of a backend."""
    assert isinstance(backend, BubblewrapBackend | DockerBackend)
    return backend.state()


async def interrupt(session: CodeSession) -> list[float]:
    """How long after its deadline a loop is back."""
    took: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        result = await session.run("python", "while True: pass", deadline_s=0.1)
        assert result.reason == "interrupted"
        took.append(time.perf_counter() - began - 0.1)
    return took


async def measure(kind: str) -> None:
    """The table of one kind."""
    async with make(kind, Limits(), ready=4, most=64) as backend:
        first = await checkout(backend)
        session = await backend.open()
        rounds: list[float] = []
        base: list[float] = []
        while state_of(backend).starting:  # noqa: ASYNC110 -- a pool that fills up is another load
            await anyio.sleep(0.1)
        for _ in range(5):  # in turn, so that both see the same machine
            base += await pipe()
            rounds += await timed(lambda: session.run("python", CELL), ROUNDS)
        late = await interrupt(session)
        rates = [await throughput(backend, width) for width in (1, 8, WIDTH)]
    ratio = statistics.median(rounds) / statistics.median(base)
    print(f"{kind}")
    print(f"  warm checkout and first cell   {ms(first)}")
    print(f"  round trip of a cell           {ms(rounds)}   plain pipe {ms(base)}   ratio {ratio:.2f}")
    print(f"  interrupted after its deadline {ms(late)}   slowest {max(late) * 1e3:.1f}")
    print(f"  cells/s at 1, 8, {WIDTH}            {'  '.join(f'{rate:,.0f}' for rate in rates)}", flush=True)


async def many(kind: str, count: int) -> None:
    """So many sessions at once, each with a cell of its own, and what they take."""
    async with make(kind, Limits(), ready=0, most=count) as backend:
        began = time.perf_counter()
        failed = 0
        sessions: list[CodeSession] = []

        async def begin(number: int) -> None:
            nonlocal failed
            session = await backend.open()
            sessions.append(session)
            await session.run("python", MARK.replace("{mark}", f"m{os.getpid()}"))
            failed += (await session.run("python", f"{number} + 1")).stdout != f"{number + 1}\n".encode()

        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(begin, number)
        took = time.perf_counter() - began
        size = sum(private(pid) for pid in marked(f"m{os.getpid()}")) / count
        print(
            f"{kind}: {count} sessions at once in {took:.1f} s, {failed} failed, {size / 2**20:.2f} MiB of each its own"
        )
        for session in sessions:
            await session.aclose()


async def attacks(kind: str) -> None:
    """Every attack on one kind: what got through, how a sibling fared, how soon there was a session again."""
    escaped: list[str] = []
    during: list[float] = []
    calm: list[float] = []
    again: list[float] = []
    over = anyio.Event()
    over.set()
    with tempfile.TemporaryDirectory() as folder:
        canary = Canary(Path(folder))
        async with make(kind, ready=3) as backend:
            sibling, seat = await backend.open(), Seat(backend)
            for name, group in GROUPS.items():
                for attack in group if kind != "dense" or name in SHARED else ():
                    calm += await work(sibling, over)
                    end, rounds = anyio.Event(), list[float]()
                    async with anyio.create_task_group() as beside:
                        beside.start_soon(_watch, sibling, end, rounds)
                        wrong = await strike(seat, kind, iter((attack,)), canary.targets)
                        end.set()
                    escaped += filter(None, wrong)
                    during.append(max(rounds))
                    began = time.perf_counter()
                    fresh = await backend.open()
                    await fresh.run("python", "1")
                    again.append(time.perf_counter() - began)
                    await fresh.aclose()
            await sibling.aclose()
            await seat.aclose()
        reached = canary.came
        canary.close()
    calmest = statistics.median(calm)
    print(f"{kind}: {len(during)} attacks, {len(escaped)} got further than allowed, {reached} reached a listener")
    print(f"  sibling's cell, subprocess, write  {ms(during)}   undisturbed {ms(calm)}")
    print(f"  slowest beside an attack           {max(during):.2f} s, ×{max(during) / calmest:.0f} of undisturbed")
    print(f"  a fresh session after it           {ms(again)}   slowest {max(again):.2f} s", flush=True)
    for line in escaped:
        print(f"  {line}")


async def _watch(sibling: CodeSession, end: anyio.Event, rounds: list[float]) -> None:
    rounds += await work(sibling, end)


def private(pid: int) -> int:
    """Bytes of memory that no other process shares, and this one's part of what is shared."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


async def kills(kind: str, count: int) -> Tally:
    """Random kills inside of one backend."""
    tally, dice = Tally(), random.Random(f"bench {kind}")
    async with make(kind, ready=3) as backend:
        for number in range(count):
            await kill_inside(backend, dice, f"k{number}{os.getpid()}", tally)
    return tally


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS))
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--many", action="store_true")
    parser.add_argument("--attacks", action="store_true")
    options = parser.parse_args()
    for kind in options.kinds or KINDS:
        try:
            if options.kills:
                share = -(-options.kills // len(options.kinds or KINDS))
                hosts = max(1, share // 10)
                tally = loop.run(partial(kills, kind, share - hosts))
                dice = random.Random(f"bench hosts {kind}")
                for number in range(hosts):
                    kill_host(kind, dice, f"b{number}{os.getpid()}", dice.randint(1, 4), tally)
                print(f"{kind}: {tally}", flush=True)
            elif options.attacks:
                loop.run(partial(attacks, kind))
            elif options.many:
                loop.run(partial(many, kind, 1000 if kind == "dense" else 200))
                tally = Tally()
                for count, seconds in ((16, 2.0), (200, 15.0)):
                    kill_host(kind, random.Random(count), f"z{count}{os.getpid()}", count, tally, seconds)
                print(f"{kind}: hosts with 16 and 200 sessions killed: {tally}", flush=True)
            else:
                loop.run(partial(measure, kind))
        except ConfigError as problem:
            print(f"{kind}: not measured: {problem}")


if __name__ == "__main__":
    main()
