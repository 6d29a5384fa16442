"""Real processes, really killed: SIGKILL at random moments and at eight named points of the way to the disk.

A run is a forked process on a real folder with the real journal, thread and all. What it acknowledges it says through a
pipe. It is killed again and again, resumed each time, and in the end compared with a run that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias, get_args

import anyio
import msgspec

from tdscaling.runtime.continued import ContinuedFile
from tdscaling.runtime.journal.index import INDEX, Index
from tdscaling.runtime.journal.journal import SegmentJournal
from tdscaling.runtime.journal.past import Past
from tdscaling.runtime.journal.place import Place
from tdscaling.runtime.journal.segments import Segments
from tdscaling.runtime.journal.writer import Shelf, ThreadWriter
from tdscaling.runtime.messages import Outcome
from tdscaling.runtime.sinks import FileSink
from tdscaling.runtime.storage import AppendFile, DirectoryStorage, DiskFile
from tdscaling.tests.reliability.world import World, make_world
from tdscaling.tests.runtime.play import Dice

Point: TypeAlias = Literal[
    "before write",
    "in write",
    "after write, before sync",
    "after sync, before index",
    "after index, before acknowledgement",
    "segment rotation",
    "export",
    "controller snapshot",
]
POINTS: tuple[Point, ...] = get_args(Point)
ROWS = "rows.jsonl"
SEGMENT = 40_000
"""Bytes of a segment: a run has several."""
COUNT = 24
PADDING = 2_000
"""Characters by which a row is longer."""
_ACK = struct.Struct("<i")


@dataclass
class Fate:
    """Counts moments, and kills the process at the one that was chosen."""

    point: Point | None
    countdown: int
    """It dies when the point is met for the so manieth time."""

    def meet(self, point: Point) -> None:
        """The process is at this point."""
        if point == self.point:
            self.countdown -= 1
            if self.countdown <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalFile(DiskFile):
    """A segment on whose writes and syncs the process may die."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    def write(self, data: bytes) -> None:
        """In two halves, with a moment between them."""
        self._fate.meet("before write")
        half = len(data) // 2
        super().write(data[:half])
        self._fate.meet("in write")
        super().write(data[half:])
        self._fate.meet("after write, before sync")

    def sync(self) -> None:
        """As ever, with a moment after it."""
        super().sync()
        self._fate.meet("after sync, before index")


class MortalStorage(DirectoryStorage):
    """A run directory in which the process may die."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    def open_append(self, name: str) -> AppendFile:
        """Segments are mortal; making one is a moment of its own."""
        if not name.startswith("journal-"):
            return super().open_append(name)
        new = not self.exists(name)
        file = MortalFile(self.path / name, self._fate)
        if new and not name.endswith("-000000.jsonl"):
            self._fate.meet("segment rotation")
        return file


class MortalIndex(Index):
    """An index at which the process may die."""

    def __init__(self, path: str, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    def add(self, batch: Place, rows: list[tuple[str, int, Place]]) -> None:  # type: ignore[override]
        """As ever, with a moment after it."""
        super().add(batch, rows)
        self._fate.meet("after index, before acknowledgement")

    def set_snapshot(self, commits: int, drawn: int, digest: str) -> None:
        """As ever, with a moment before it."""
        self._fate.meet("controller snapshot")
        super().set_snapshot(commits, drawn, digest)


class MortalSink(FileSink):
    """The file of rows; the process may die in the middle of a line."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    async def write(self, line: bytes) -> None:
        """In two halves, with a moment between them."""
        half = len(line) // 2
        await super().write(line[:half])
        self._fate.meet("export")
        await super().write(line[half:])


class TellingJournal(SegmentJournal):
    """A journal that tells the parent what it acknowledged."""

    tell: Callable[[int], None]

    async def finished(self, outcome: Outcome) -> None:
        """As ever; then the index goes into the pipe."""
        await super().finished(outcome)
        if outcome.row is not None:
            self.tell(outcome.index)


def _world(folder: Path, seed: int, fate: Fate, tell: Callable[[int], None]) -> World:
    storage, index = MortalStorage(folder, fate), MortalIndex(str(folder / INDEX), fate)
    past = Past(storage, index)
    journal = TellingJournal(storage, past, ThreadWriter(Shelf(Segments(storage, limit=SEGMENT), index)))
    journal.tell = tell
    rows = MortalSink(folder / ROWS, fate)
    sink = ContinuedFile(rows, (folder / ROWS).open("rb"), rows.truncate, ROWS)
    pause = Dice(seed, longest=0.01)
    return make_world(
        seed, storage, [sink], journal, clock=time.perf_counter_ns, count=COUNT, pause=pause, padding=PADDING
    )


def _live(folder: Path, seed: int, fate: Fate, pipe: int) -> NoReturn:
    """The child: run to the end, write the controller's state, leave without ceremony."""
    code = 1
    try:
        world = _world(folder, seed, fate, lambda index: _told(pipe, index))
        anyio.run(world.run.run)
        (folder / "state").write_text(world.state())
        code = 0
    finally:
        os._exit(code)


def _told(pipe: int, index: int) -> None:
    os.write(pipe, _ACK.pack(index))


@dataclass
class Death:
    """How one process ended."""

    killed: bool
    acknowledged: list[int] = field(default_factory=list)


def live(folder: Path, seed: int, fate: Fate, seconds: float | None = None) -> Death:
    """Fork a process that runs the run; kill it after so many seconds, when any are given. Raises when it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(folder, seed, fate, writing)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and os.waitstatus_to_exitcode(status) != 0:
        raise AssertionError(f"seed {seed}: the process failed with {status}")
    whole = len(told) - len(told) % _ACK.size
    return Death(killed, [index for (index,) in _ACK.iter_unpack(told[:whole])])


def outcome_files(folder: Path) -> Mapping[str, bytes]:
    """What a run must come to, whatever happened on the way."""
    return {name: (folder / name).read_bytes() for name in (ROWS, "rejected.jsonl", "state")}


def kill_again_and_again(base: Path, seed: int, kills: int) -> Counter[str]:
    """Kill one run so many times (fewer when it ends before), then compare. Raises AssertionError for what is lost."""
    dice = random.Random(seed)
    calm, folder = base / f"calm-{seed}", base / f"run-{seed}"
    begun = time.monotonic()
    live(calm, seed, Fate(None, 0))
    took = time.monotonic() - begun
    promised: set[int] = set()
    seen: Counter[str] = Counter()
    for _ in range(kills):
        named = dice.random() < 0.7
        point = dice.choice(POINTS) if named else None
        seconds = None if named else dice.uniform(0.1, 0.7) * took
        death = live(folder, seed, Fate(point, dice.randint(1, 6)), seconds)
        promised |= set(death.acknowledged)
        seen["acknowledged"] += len(death.acknowledged)
        if not death.killed:
            break
        past = Past(DirectoryStorage(folder), index := Index(str(folder / INDEX)))
        for number in promised:
            outcome = past.outcome(number)
            assert outcome is not None, f"seed {seed}: episode {number} was acknowledged and is lost"
            assert outcome.row is not None
        seen["kills"] += 1
        seen[f"at: {point or 'random'}"] += 1
        seen["torn tails"] += past.repaired > 0
        seen["partial journals"] += bool(past)
        past.close()
        index.close()
    live(folder, seed, Fate(None, 0))
    wanted, found = outcome_files(calm), outcome_files(folder)
    for name, content in wanted.items():
        assert found[name] == content, f"seed {seed}: {name} is not that of the undisturbed run"
    ids = [msgspec.json.decode(line)["id"] for line in found[ROWS].splitlines()]
    assert len(ids) == len(set(ids)) == COUNT, f"seed {seed}: rows are lost or twice there"
    return seen


def kill(base: Path, kills: int, seed: int = 0) -> Counter[str]:
    """Kill so many processes, over as many runs as that takes."""
    seen: Counter[str] = Counter()
    while seen["kills"] < kills:
        seen += kill_again_and_again(base, seed, min(8, kills - seen["kills"]))
        seed += 1
    seen["runs"] = seed
    return seen
