"""What reliability is measured by: kills, power losses, simulated schedules, signals, and what the journal costs.

    .venv/bin/python bench/reliability.py kills [--n 1000]      SIGKILL at random moments and eight named points
    .venv/bin/python bench/reliability.py power [--n 500]       images of a disk that lost its power
    .venv/bin/python bench/reliability.py seeds [--n 10000]     simulated runs; --first SEED --n 1 plays one again
    .venv/bin/python bench/reliability.py resume                killed at 10, 50 and 90 %: rows and tokens
    .venv/bin/python bench/reliability.py signals [--n 200]     SIGTERM at random moments
    .venv/bin/python bench/reliability.py faults [--n 10000]    faults of a served model, of every kind it knows
    .venv/bin/python bench/reliability.py journal               durable records/s, acknowledgement times, share of CPU

Every command ends with exit code 1 when something was lost, and says how much was tried. Rows come from scripted agents
or from the simulated model; disks and processes are real except in `power` and `seeds`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec

from tdscaling.runtime.journal import Committed, SegmentJournal, open_journal
from tdscaling.runtime.journal.reader import read_rows
from tdscaling.runtime.messages import Outcome
from tdscaling.runtime.storage import DirectoryStorage
from tdscaling.tests.reliability.kills import kill
from tdscaling.tests.reliability.seeds import BLOWS, Blow, check_seed
from tdscaling.tests.runtime.play import completed

RECORD = 20_000
"""Bytes of a row, about."""
PROGRAM = (sys.executable, "-m", "tdscaling")
GRACE = 2.0
FAULT_RATE = 0.008
"""Of each kind; there are 25, and what 1.3 x the requests can carry is 0.23 in all."""


def kills(n: int, first: int) -> Counter[str]:
    """Real processes, really killed."""
    with tempfile.TemporaryDirectory() as folder:
        return kill(Path(folder), n, first)


def power(n: int, first: int) -> Counter[str]:
    """So many losses of power, with what was not synced there, missing or zeroed."""
    return _seeds(n, first, ("power",), lambda seen: seen["power"])


def seeds(n: int, first: int) -> Counter[str]:
    """So many simulated runs with all kinds of ends."""
    return _seeds(n, first, BLOWS, lambda seen: seen["seeds"])


def _seeds(n: int, seed: int, blows: Sequence[Blow], tried: Callable[[Counter[str]], int]) -> Counter[str]:
    seen: Counter[str] = Counter()
    while tried(seen) < n:
        try:
            seen += check_seed(seed, blows)
        except BaseException:
            print(f"seed {seed} fails: bench/reliability.py seeds --first {seed} --n 1", file=sys.stderr)
            raise
        seen["seeds"] += 1
        seed += 1
    return seen


def resume(n: int, first: int) -> Counter[str]:
    """A served model counts what is asked of it: a straight run, and one killed three times. `n`: rows."""
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, Served(folder) as served:
        url = served.url
        flags = ("run", "--count", str(n), "--seed", str(first), "--lag", "64", "--concurrency", "16", "--quiet")
        begun = served.spent()
        _check(subprocess.run([*PROGRAM, *flags, *_places(folder, "straight"), "--base-url", url], check=False))
        seen["bytes, straight"] = served.spent() - begun
        begun = served.spent()
        command = [*PROGRAM, *flags, *_places(folder, "killed"), "--base-url", url, "--resume", "if-possible"]
        journal = Path(folder) / "killed" / "journal-000000.jsonl"
        for share in (0.1, 0.5, 0.9):
            process = subprocess.Popen(command)
            while process.poll() is None and _commits(journal) < share * n:
                time.sleep(0.005)
            process.kill()
            process.wait()
            seen["kills"] += 1
            seen["in flight at a kill"] += _in_flight(journal)
        _check(subprocess.run(command, check=False))
        seen["bytes, killed and resumed"] = served.spent() - begun
        for name in ("{}.jsonl", "{}/rejected.jsonl"):
            one, two = (Path(folder, name.format(run)).read_bytes() for run in ("straight", "killed"))
            assert one == two, f"{name} differs"
        seen["rows equal"] = n
    ratio = seen["bytes, killed and resumed"] / seen["bytes, straight"]
    per_episode = seen["bytes, straight"] / max(1, _commits(journal, done=True) or n)
    allowed = 1.02 + seen["in flight at a kill"] * per_episode / seen["bytes, straight"]
    print(f"spent: {ratio:.3f} x the straight run; 1.02 x plus what was in flight is {allowed:.3f} x")
    assert ratio <= allowed
    return seen


def faults(n: int, first: int) -> Counter[str]:
    """Runs against a server that misbehaves, until it did so often enough, beside the same runs without a server."""
    seen: Counter[str] = Counter()
    flags = ("run", "--count", "150", "--concurrency", "32", "--quiet", "--patience", "100000")
    with tempfile.TemporaryDirectory() as folder, Served(folder, "--faults", f"all={FAULT_RATE}") as served:
        settings = Path(folder, "settings.yaml")
        settings.write_text("models: {sim: {read_timeout: 10.0, outage_timeout: 120}}\n")  # a stall is 10 s, not 120
        number = first
        while sum(served.stats()["faults"].values()) < n:
            for name, more in (("calm", ()), ("faulty", ("--base-url", served.url, "--config", str(settings)))):
                places = _places(folder, f"{name}-{number}")
                _check(subprocess.run([*PROGRAM, *flags, "--seed", str(number), *places, *more], check=False))
            calm, faulty = (Path(folder, f"{name}-{number}") for name in ("calm", "faulty"))
            summary = json.loads((faulty / "summary.json").read_text())
            seen["requests answered"] += summary["model_calls"]
            seen["episodes abandoned"] += summary["abandoned"]
            seen += _compared(calm.with_suffix(".jsonl"), faulty.with_suffix(".jsonl"))
            number += 1
        stats = served.stats()
    seen["requests sent"], seen["faults"] = stats["requests"], sum(stats["faults"].values())
    seen["kinds of faults"] = len(stats["faults"])
    ratio = seen["requests sent"] / seen["requests answered"]
    print(f"requests: {ratio:.3f} x those answered; faults per request {seen['faults'] / seen['requests sent']:.3f}")
    assert ratio <= 1.3, seen
    assert not seen["accepted rows with another conversation"], seen
    return seen


def _compared(calm: Path, faulty: Path) -> Counter[str]:
    """Accepted rows of a run with faults beside those of the one without, by what differs.

    An answer without usage leaves tokens uncounted, which is said in the row: no other word of it may differ.
    """
    seen: Counter[str] = Counter()
    one, two = ([json.loads(line) for line in path.read_bytes().splitlines()] for path in (calm, faulty))
    known = {row["id"]: row for row in one}
    for row in two:
        seen["accepted rows"] += 1
        other = known.get(row["id"], {})
        seen["accepted rows with another conversation"] += row["messages"] != other.get("messages")
        for key in row:
            seen[f"accepted rows with another {key}"] += key != "messages" and row[key] != other.get(key)
    return seen


class Served:
    """A model server in a process of its own."""

    def __init__(self, folder: str, *flags: str) -> None:
        command = [*PROGRAM, "serve-model", "--port", "0", *flags]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def stats(self) -> dict[str, Any]:
        """Its counters."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/stats") as reply:  # noqa: S310 - loopback
            counters: dict[str, Any] = json.loads(reply.read())
        return counters

    def spent(self) -> int:
        """Bytes of all requests and answers so far: what tokens are counted from."""
        counters = self.stats()
        return int(counters["bytes_in"] + counters["bytes_out"])


def signals(n: int, first: int) -> Counter[str]:
    """SIGTERM at a random moment of a run, from its first import to its last row."""
    seen: Counter[str] = Counter()
    latest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(n):
            dice = random.Random(first + number)
            flags = ("run", "--count", "400", "--seed", str(number), "--quiet", "--grace", str(GRACE))
            name = f"run-{number}"
            process = subprocess.Popen(
                [*PROGRAM, *flags, *_places(folder, name)], start_new_session=True, stderr=subprocess.DEVNULL
            )
            begun = Path(folder, name, "journal-000000.jsonl")
            while number % 5 and process.poll() is None and not _commits(begun):
                time.sleep(0.005)  # four of five come while episodes are played
            time.sleep(dice.uniform(0.0, 3.0))
            sent = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
            latest = max(latest, time.monotonic() - sent)
            seen[f"exit {code}"] += 1
            seen["later than grace + 1 s"] += time.monotonic() - sent > GRACE + 1
            seen["processes left"] += _group_lives(process.pid)
            rows = Path(folder, f"{name}.jsonl")
            if (Path(folder) / name / "journal-000000.jsonl").exists() and code == 143:
                wanted = [row.id for row in read_rows(Path(folder) / name)]
                found = [msgspec.json.decode(line)["id"] for line in rows.read_bytes().splitlines()]
                seen["rows that were committed and not delivered"] += len(wanted) - len(found)
                assert wanted[: len(found)] == found
                seen["rows"] += len(found)
    print(f"latest exit {latest:.2f} s after the signal, grace {GRACE} s")
    assert not seen["later than grace + 1 s"]
    assert not seen["processes left"]
    return seen


def journal(n: int, first: int) -> Counter[str]:
    """Throughput with 256 who wait, acknowledgement times at 200 records/s, and CPU per record."""
    del first
    outcome = completed(0)
    assert outcome.row is not None
    text = "x" * (RECORD - len(msgspec.json.encode(outcome)))
    drawn = msgspec.structs.replace(outcome.row.assignment, persona=text)
    fat = msgspec.structs.replace(outcome, row=msgspec.structs.replace(outcome.row, assignment=drawn))
    with tempfile.TemporaryDirectory() as folder:
        rates: list[int] = []
        floors: list[int] = []
        for number in range(5):  # interleaved: a busy machine disturbs both alike
            rates.append(anyio.run(_closed, open_journal(DirectoryStorage(Path(folder, f"c{number}"))), fat, n))
            floors.append(_floor(Path(folder, f"f{number}"), n))
        rate, floor = statistics.median(rates), statistics.median(floors)
        print(f"closed loop, 256 waiting: {rate:,.0f} durable records/s of {RECORD} bytes {rates}")
        print(f"the disk alone, 64 records at a time: {floor:,.0f}/s {floors}; we reach {rate / floor:.0%} of it")
        begun = time.process_time()
        acks = sorted(anyio.run(_paced, open_journal(DirectoryStorage(Path(folder, "p"))), fat, 200.0, 2000))
        cpu = (time.process_time() - begun) / 2000
        p50, p99 = (1e3 * acks[int(share * len(acks))] for share in (0.5, 0.99))
        print(f"200/s: acknowledged after p50 {p50:.1f} ms, p99 {p99:.1f} ms; {1e6 * cpu:.0f} us CPU per episode")
        command = [*PROGRAM, "run", "--count", "300", "--quiet", *_places(folder, "run")]
        _check(subprocess.run(command, check=False))
        summary = json.loads(Path(folder, "run", "summary.json").read_text())
    whole = summary["cpu_s"] / summary["attempts"]
    print(
        f"a run with the simulated model: {1e3 * whole:.1f} ms CPU per episode; the journal's share {cpu / whole:.1%}"
    )
    return Counter(records=5 * n + 2000)


def _floor(path: Path, n: int) -> int:
    """Records/s of a program that only writes and syncs batches of 64."""
    batch = b"x" * (64 * RECORD)
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    begun = time.perf_counter()
    for _ in range(n // 64):
        os.write(fd, batch)
        os.fdatasync(fd)
    took = time.perf_counter() - begun
    os.close(fd)
    path.unlink()
    return round(n // 64 * 64 / took)


async def _closed(journal: SegmentJournal, outcome: Outcome, n: int) -> int:
    async def one(begin: int) -> None:
        for index in range(begin, n, 256):
            await journal.finished(msgspec.structs.replace(outcome, index=index))

    begun = time.perf_counter()
    async with anyio.create_task_group() as group:
        for begin in range(256):
            group.start_soon(one, begin)
    took = time.perf_counter() - begun
    await journal.aclose()
    return round(n / took)


async def _paced(journal: SegmentJournal, outcome: Outcome, rate: float, n: int) -> list[float]:
    """All three events of `n` episodes; seconds from the end of each to its acknowledgement."""
    acks: list[float] = []

    async def one(index: int) -> None:
        journal.assigned(index, outcome.id)
        begun = time.perf_counter()
        await journal.finished(msgspec.structs.replace(outcome, index=index))
        acks.append(time.perf_counter() - begun)

    async with anyio.create_task_group() as group:
        begun = time.perf_counter()
        for index in range(n):
            await anyio.sleep(max(0.0, begun + index / rate - time.perf_counter()))
            group.start_soon(one, index)
            if index % 8 == 7:
                done = [Committed(i, outcome.id, accepted=True) for i in range(index - 7, index + 1)]
                group.start_soon(journal.committed, done)
    await journal.aclose()
    return acks


def _places(folder: str, name: str) -> tuple[str, ...]:
    return ("--run", f"{folder}/{name}", "--out", f"{folder}/{name}.jsonl")


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, done.args))} ended with {done.returncode}")


def _commits(path: Path, *, done: bool = False) -> int:
    if done or path.exists():
        return path.read_bytes().count(b'{"event":"committed"') if path.exists() else 0
    return 0


def _in_flight(path: Path) -> int:
    events = [msgspec.json.decode(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    ended = {event["index"] for event in events if event["event"] in ("finished", "abandoned")}
    return len({event["index"] for event in events if event["event"] == "assigned"} - ended)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


COMMANDS: dict[str, tuple[Callable[[int, int], Counter[str]], int]] = {
    "kills": (kills, 1000),
    "power": (power, 500),
    "seeds": (seeds, 10_000),
    "resume": (resume, 200),
    "signals": (signals, 200),
    "faults": (faults, 10_000),
    "journal": (journal, 6_400),
}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--n", type=int, help="how much; the figure in brackets when absent")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    given = parser.parse_args()
    command, usual = COMMANDS[given.command]
    begun = time.monotonic()
    seen = command(given.n or usual, given.first)
    for name, count in sorted(seen.items()):
        print(f"{name:45} {count:>12,}")
    print(f"lost 0, twice there 0; {time.monotonic() - begun:.0f} s, seeds from {given.first}")


if __name__ == "__main__":
    main()
