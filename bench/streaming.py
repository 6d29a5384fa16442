"""What streaming is measured by: a consumer that stalls, consumers that break off, and hellos that are none.

    .venv/bin/python bench/streaming.py stall [--seconds 60] [--rate 1000]  memory, producers, what comes afterwards
    .venv/bin/python bench/streaming.py reconnects [--n 200]                broken off at random moments
    .venv/bin/python bench/streaming.py hellos [--n 1000]                   bytes out before a token, memory

Rows of 20 KB are made by the real journal and served on a real socket; no model plays. Exit code 1 when a row is
missing, comes in the wrong order, or a byte leaves too early.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from tdscaling.runtime import loop
from tdscaling.runtime.journal import Committed
from tdscaling.runtime.streaming.address import parse_address
from tdscaling.runtime.streaming.listener import Access
from tdscaling.tests.reliability.streams import Restless, Served, connect, line, outcome, served

RECORD = 20_000
"""Bytes of a row, about."""
TOKEN = "a token of thirty-two letters ok"  # noqa: S105 -- opens nothing


def rss() -> int:
    """Bytes of memory that this process holds at this moment."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def produce(stage: Served, first: int, count: int, rate: float) -> tuple[float, float, float]:
    """Make so many rows at a rate: rows per second reached, CPU µs per row, ms to the median acknowledgement."""
    made = outcome(0, RECORD)
    assert made.row is not None
    encoded, acks = made, list[float]()

    async def one(index: int) -> None:
        begun = time.perf_counter()
        await stage.journal.finished(msgspec.structs.replace(encoded, index=index))
        acks.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    done = first
    while done < first + count:
        wanted = first + min(count, int((time.perf_counter() - begun) * rate) + 1)
        batch = range(done, min(wanted, done + 64))
        async with anyio.create_task_group() as group:
            for index in batch:
                group.start_soon(one, index)
        await stage.journal.committed([Committed(index, encoded.id, accepted=True) for index in batch])
        done = batch.stop
        await anyio.sleep(max(0.0, begun + (done - first) / rate - time.perf_counter()))
    took = time.perf_counter() - begun
    return count / took, 1e6 * (time.process_time() - cpu) / count, 1e3 * statistics.median(acks)


async def stall(folder: Path, seconds: float, rate: float) -> int:
    """A consumer in a process of its own reads a little, sleeps, and then takes everything. Returns what is wrong."""
    parts, wrong = 6, 0
    count = int(seconds * rate / parts)
    async with served(folder / "run", linger=30) as stage:
        await produce(stage, 0, int(rate), rate)  # warm: the journal's buffers, the allocator
        alone: list[tuple[float, float, float]] = []
        stalled: list[tuple[float, float, float]] = []
        done, grown = int(rate), 0
        for _ in range(parts):  # a part without and a part with: a busy machine disturbs both alike
            alone.append(await produce(stage, done, count, rate))
            done += count
            before = rss()
            with connect(stage.address) as consumer:
                consumer.sendall(b'{"from":"earliest"}\n')
                await anyio.to_thread.run_sync(consumer.recv, 4096)
                stalled.append(await produce(stage, done, count, rate))
                done += count
                grown = max(grown, rss() - before)
        for name, parted in (("no consumer", alone), ("a stalled one", stalled)):
            rates, cpu, acks = (statistics.median(values) for values in zip(*parted, strict=True))
            print(f"{name:14} {rates:8,.0f} rows/s   {cpu:6.1f} us CPU per row   ack p50 {acks:5.2f} ms")
        ratio = statistics.median(s[0] / a[0] for s, a in zip(stalled, alone, strict=True))
        costs = statistics.median(s[1] / a[1] for s, a in zip(stalled, alone, strict=True))
        print(f"producers beside a stalled consumer: {ratio:.3f} x the rate, {costs:.3f} x the CPU (medians of pairs)")
        before = rss()
        reader = await anyio.to_thread.run_sync(partial(sleeper, stage.address.host, folder / "rows", seconds))
        rates, _, _ = await produce(stage, done, int(seconds * rate), rate)
        done += int(seconds * rate)
        grown = max(grown, rss() - before)
        print(f"{seconds:.0f} s at {rates:,.0f} rows/s of {RECORD} bytes before a consumer that sleeps: ", end="")
        print(f"{grown / 2**20:+.1f} MB in this process at most")
        stage.journal.end()
        code = await anyio.to_thread.run_sync(reader.wait)
    with (folder / "rows").open() as numbers:
        found = [int(number) for number in numbers]
    wrong += code != 0 or found != list(range(1, done + 1))
    print(f"after it woke: {len(found):,} of {done:,} rows, in order: {found == sorted(set(found))}")
    return wrong + (grown > 16 * 2**20)


def sleeper(path: str, out: Path, seconds: float) -> subprocess.Popen[bytes]:
    """A consumer that takes the first bytes, sleeps, and then writes down the number of every row."""
    program = (
        "import json, socket, sys, time\n"
        "plain = socket.socket(socket.AF_UNIX); plain.connect(sys.argv[1]); plain.sendall(b'{}\\n')\n"
        "lines = plain.makefile('rb'); lines.readline(); time.sleep(float(sys.argv[2]))\n"
        "with open(sys.argv[3], 'w') as out:\n"
        "    for line in lines:\n"
        "        if line.startswith(b'{\"seq\":'): out.write(line[7:line.index(b',')].decode() + '\\n')\n"
    )
    return subprocess.Popen([sys.executable, "-c", program, path, str(seconds), os.fspath(out)])


async def reconnects(folder: Path, n: int, seed: int) -> int:
    """One consumer breaks off so many times while rows are made."""
    made, consumer = 0, Restless(parse_address(f"unix:{folder}/run.sock"), seed, breaks=n)
    async with anyio.create_task_group() as group, served(folder / "run") as stage:
        group.start_soon(consumer.run)
        while consumer.stream.connections <= n:
            await stage.make(made, 4, padding=RECORD)
            made += 4
            await anyio.sleep(0.01)
    given = [seq for seq, _ in consumer.rows]
    same = all(row == line(seq - 1, RECORD) for seq, row in consumer.rows)
    print(f"{consumer.stream.connections - 1} times broken off: {len(given):,} of {made:,} rows, ", end="")
    print(f"in order without a gap: {given == list(range(1, made + 1))}, bytes equal: {same}")
    return given != list(range(1, made + 1)) or not same


async def hellos(folder: Path, n: int, seed: int) -> int:
    """So many that are no hello, wrong, too long or silent, on a socket that wants a token."""
    dice, out = random.Random(seed), 0
    async with served(folder / "run", "tcp:127.0.0.1:0", access=Access(TOKEN)) as stage:
        await stage.make(0, 10, padding=RECORD)
        before = rss()
        most = before
        for number in range(n):
            out += await anyio.to_thread.run_sync(heard, stage, hello(dice))
            if number % 50 == 0:
                most = max(most, rss())
        with connect(stage.address) as plain, plain.makefile("rb") as lines:
            plain.sendall(json.dumps({"token": TOKEN}).encode() + b"\n")
            served_still = b"welcome" in await anyio.to_thread.run_sync(lines.readline)
    print(f"{n} bad hellos: {out} bytes out, {(most - before) / 2**20:+.1f} MB at most; ", end="")
    print(f"refused {stage.server.refused}; who has the token is served: {served_still}")
    return out > 0 or not served_still or most - before > 16 * 2**20


def hello(dice: random.Random) -> bytes:
    """One that must not be answered."""
    match dice.randrange(6):
        case 0:
            return dice.randbytes(dice.randint(1, 5000)) + b"\n"
        case 1:
            return json.dumps({"token": "".join(dice.choices(TOKEN, k=len(TOKEN)))[:-1] + "?"}).encode() + b"\n"
        case 2:
            return b"x" * dice.choice((4096, 4097, 65_536, 5_000_000))
        case 3:
            return b'{"from":"earliest"}\n'
        case 4:
            return b"GET /rows HTTP/1.1\r\nHost: localhost\r\n\r\n"
        case _:
            whole = json.dumps({"token": TOKEN, "from": 1}).encode()
            return whole[: dice.randrange(len(whole))]


def heard(stage: Served, said: bytes) -> int:
    """Bytes that come back."""
    with connect(stage.address) as plain:
        count = 0
        try:
            plain.sendall(said)
            plain.shutdown(socket.SHUT_WR)
            while data := plain.recv(4096):
                count += len(data)
        except OSError:  # it was closed over what we said
            pass
        return count


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("stall", "reconnects", "hellos"))
    parser.add_argument("--n", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        match given.command:
            case "stall":
                wrong = loop.run(partial(stall, place, given.seconds, given.rate))
            case "reconnects":
                wrong = loop.run(partial(reconnects, place, given.n or 200, given.seed))
            case _:
                wrong = loop.run(partial(hellos, place, given.n or 1000, given.seed))
    print(f"{time.monotonic() - begun:.0f} s, seed {given.seed}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
