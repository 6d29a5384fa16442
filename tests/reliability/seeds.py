"""Deterministic simulation: one seed is one run with its schedule, its faults, its crashes and its resumes.

A run is stopped up to four times at a step drawn from the seed: killed, robbed of its power, asked to stop, aborted.
Each time what is left must hold everything that was acknowledged, and the run goes on from there; in the end its rows
are those of the undisturbed run. Time is virtual, files are in memory, threads have no place in it.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

import anyio
import anyio.lowlevel
import msgspec

from tdscaling.runtime.continued import ContinuedFile
from tdscaling.runtime.journal.index import Index
from tdscaling.runtime.journal.journal import SegmentJournal
from tdscaling.runtime.journal.past import Past
from tdscaling.runtime.journal.segments import Segments
from tdscaling.runtime.journal.writer import InlineWriter, Shelf
from tdscaling.runtime.messages import Outcome
from tdscaling.runtime.powerloss import FragileStorage, Moment
from tdscaling.runtime.simloop import SimLoop, simulate, virtual_ns
from tdscaling.runtime.sinks import MemorySink, StorageSink
from tdscaling.tests.reliability.world import World, make_world
from tdscaling.tests.runtime.play import Dice

ROWS = "rows.jsonl"
SEGMENT = 5_000
"""Bytes of a segment: a run has several."""
Blow: TypeAlias = Literal["kill", "power", "stop", "abort"]
BLOWS: tuple[Blow, ...] = ("kill", "power", "stop", "abort")


class Struck(Exception):
    """The simulated machine is gone."""


@dataclass
class Acknowledged:
    """What was promised to be safe, over all lives of a run."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    """`{index: outcome}` of the episodes whose end the journal took."""
    rows: list[bytes] = field(default_factory=list)
    """Lines that a consumer was given: the longest list of all lives, because each begins with the first row."""
    closed: bool = False
    """The process that promised is gone."""


class WatchedJournal(SegmentJournal):
    """A journal that notes what it promised."""

    promised: Acknowledged

    async def finished(self, outcome: Outcome) -> None:
        """As ever; when this returns, the outcome is promised."""
        await super().finished(outcome)
        if not self.promised.closed:
            self.promised.outcomes[outcome.index] = outcome


class Consumer(MemorySink):
    """Somebody outside, who takes every row."""

    def __init__(self, promised: Acknowledged) -> None:
        super().__init__()
        self._promised = promised

    async def write(self, line: bytes) -> None:
        """See Sink."""
        await super().write(line)
        if not self._promised.closed and len(self.lines) > len(self._promised.rows):
            self._promised.rows.append(line)


def open_watched(storage: FragileStorage, index: Index, promised: Acknowledged) -> WatchedJournal:
    """The journal of a life."""
    past = Past(storage, index)
    shelf = Shelf(Segments(storage, limit=SEGMENT), index)
    journal = WatchedJournal(storage, past, InlineWriter(shelf, anyio.lowlevel.checkpoint))
    journal.promised = promised
    return journal


class Life:
    """One process: from the opening of the journal to its end, however it ends."""

    def __init__(self, seed: int, storage: FragileStorage, index: Index, promised: Acknowledged) -> None:
        self.seed = seed
        self.storage = storage
        self.index = index
        self.promised = promised
        self.consumer = Consumer(promised)
        self.world: World
        self.left: tuple[FragileStorage, Index] | None = None
        """What there is after a kill or a power loss."""
        self.steps = 0
        self.moments = 0
        """Steps of the loop and moments of I/O that it took."""
        self._watch: Callable[[Moment, str], None] = self._count

    async def live(self) -> None:
        """Run to the end."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.storage.at = self._watch
        journal = open_watched(self.storage, self.index, self.promised)
        check_past(journal.past, self.promised)
        rows = self.storage.open_append(ROWS)
        sink = ContinuedFile(StorageSink(rows), self.storage.open_read(ROWS), rows.truncate, ROWS)
        self.world = make_world(
            self.seed, self.storage, [sink, self.consumer], journal, clock=virtual_ns, pause=Dice(self.seed)
        )
        before, self.moments = loop.steps, 0
        me = asyncio.current_task()
        try:
            await self.world.run.run()
        finally:
            self.steps = loop.steps - before
            assert asyncio.all_tasks() == {me}, "tasks are left"

    async def live_until(self, blow: Blow, share: float, dice: random.Random, wanted: Life) -> None:
        """Run until a blow comes, after about `share` of what the `wanted` life took; a machine's falls at an I/O."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        if blow in ("stop", "abort"):
            loop.at_step(loop.steps + 1 + int(share * wanted.steps), partial(self._ask, blow))
        else:
            moment = int(share * wanted.moments)

            def strike(_moment: Moment, _name: str) -> None:
                if self.moments == moment and self.left is None:
                    self._fall(blow, dice)
                self._count(_moment, _name)

            self._watch = strike
        await self.live()

    def _count(self, moment: Moment, name: str) -> None:
        self.moments += 1
        del moment, name

    def _ask(self, blow: Blow) -> None:
        if blow == "stop":
            self.world.run.request_stop()
        else:
            self.world.run.abort()

    def _fall(self, blow: Blow, dice: random.Random) -> None:
        """The process or the machine is gone: what happens from here on happens to nobody."""
        if blow == "kill":
            self.left = (_copied(self.storage), _copy(self.index))
        else:
            self.left = (self.storage.after_power_loss(dice), Index() if dice.random() < 0.5 else _copy(self.index))
        self.promised.closed = True
        raise Struck


def _copied(storage: FragileStorage) -> FragileStorage:
    found = FragileStorage()
    for name, content in storage.files.items():
        found.files[name] = bytearray(content)
        found.synced(name)
    found.sync_names()
    return found


def _copy(index: Index) -> Index:
    found = Index()
    index._base.backup(found._base)
    return found


def check_past(past: Past, promised: Acknowledged) -> None:
    """Nothing that was promised is missing from what a journal holds."""
    for number, outcome in promised.outcomes.items():
        found = past.outcome(number)
        if outcome.row is not None:
            assert found == outcome, f"episode {number} was acknowledged and is lost"
    given = [msgspec.json.decode(line)["assignment"]["index"] for line in promised.rows]
    kept = [number for number in range(past.committed) if past.decision(number)[0]]
    assert given == kept[: len(given)], "a row was delivered and is not in the journal as committed"


def undisturbed(seed: int) -> Life:
    """The run as it is when nothing happens."""
    life = Life(seed, FragileStorage(), Index(), Acknowledged())
    simulate(life.live, seed=seed)
    return life


def check_seed(seed: int, blows: Sequence[Blow] = BLOWS) -> Counter[str]:
    """Play one seed; what happened in it. Raises AssertionError, or Deadlock, when a promise is broken."""
    dice = random.Random(seed)
    wanted = undisturbed(seed)
    happened: Counter[str] = Counter()
    promised = Acknowledged()
    storage, index = FragileStorage(), Index()
    for life_number in range(dice.randint(1, 4)):
        life = Life(seed, storage, index, promised)
        blow = dice.choice(blows)
        happened[blow] += 1
        try:
            simulate(partial(life.live_until, blow, dice.random(), dice, wanted), seed=seed * 10 + life_number)
        except Exception:
            if life.left is None:
                raise
        storage, index = life.left or (life.storage, Index())
        promised.closed = False
        found = Past(_copied(storage), _copy(index))
        check_past(found, promised)
        happened["partial journals"] += 0 < found.committed < len(wanted.world.controller.folded)
        happened["torn tails"] += found.repaired > 0
    last = Life(seed, storage, index, promised)
    simulate(last.live, seed=seed)
    for name in (ROWS, "rejected.jsonl"):
        assert last.storage.files[name] == wanted.storage.files[name], f"{name} is not that of the undisturbed run"
    assert last.world.state() == wanted.world.state(), "the controller is in another state"
    assert last.consumer.lines == wanted.consumer.lines
    happened["outcomes acknowledged"] += len(promised.outcomes)
    return happened
