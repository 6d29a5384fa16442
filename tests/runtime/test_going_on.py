"""A run that goes on: what it uses again, what it tries again, what it refuses, and when it holds its breath."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import msgspec
import pytest

from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.errors import InfrastructureFault, InputError, ToolServerError
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.row import Row
from tdscaling.runtime.simloop import simulate, virtual_ns
from tdscaling.runtime.sinks import MemorySink
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.runtime.supervisor import Run, Summary
from tdscaling.tests.runtime.play import Chronicle, NoMeter, Troupe, abandoned, completed, identity


class Session:
    """One session of a run on a storage."""

    def __init__(self, storage: MemoryStorage, *, count: int = 6, breaker: int = 12, min_free: int = 0) -> None:
        self.storage = storage
        self.troupe = Troupe()
        self.controller = Chronicle()
        self.sink = MemorySink()
        self.warnings: list[str] = []
        self.run: Run
        self._limits = Limits(count=count, concurrency=2, lag=4, breaker=breaker)
        self._min_free = min_free

    async def play(self) -> Summary:
        """To its end."""
        self.run = Run(
            self._limits,
            controller=self.controller,
            handlers=self.troupe.handlers,
            reject=self.troupe.reject,
            release=self.troupe.release,
            sinks=[self.sink],
            storage=self.storage,
            meter=NoMeter(),
            run_digest="digest",
            run_seed=0,
            min_free=self._min_free,
            warn=self.warnings.append,
            snapshot_every=2,
            clock=virtual_ns,
        )
        return await self.run.run()

    def rows(self) -> list[int]:
        """Indices of the rows that the sink was given."""
        return [msgspec.json.decode(line, type=Row).assignment.index for line in self.sink.lines]


def plain(troupe: Troupe) -> None:
    """Rows that say what was asked for: an index and nothing else."""
    for index in range(40):
        troupe.endings[index] = completed(index)


class Forgetful(Chronicle):
    """A controller that draws the same whatever was folded: rows of one session fit another."""

    def assign(self, index: int) -> Assignment:
        """By its index alone."""
        super().assign(index)
        assert completed(index).row is not None
        return msgspec.structs.replace(self.assigned[-1], why="")


def session(storage: MemoryStorage, *, count: int = 6, breaker: int = 12, min_free: int = 0) -> Session:
    """A session whose rows fit its assignments."""
    made = Session(storage, count=count, breaker=breaker, min_free=min_free)
    made.controller = Forgetful()
    plain(made.troupe)
    return made


def test_what_finished_is_not_played_again() -> None:
    """Committed or surplus: a longer run plays only what is new."""
    storage = MemoryStorage()
    first = session(storage)
    summary = simulate(first.play)
    second = session(storage, count=12)
    again = simulate(second.play)
    assert again.resumed == summary.attempts == 6
    played = {identity(index) for index in range(6 + summary.surplus)}
    assert not played & set(second.troupe.lives)
    assert second.rows() == list(range(12))


def test_a_bug_s_episode_is_in_quarantine_and_the_rest_goes_on() -> None:
    """The first session ends loudly; the next one abandons that episode, says why, and comes to its target."""
    storage = MemoryStorage()
    first = session(storage)
    first.troupe.faults[3, "verifier"] = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError):
        simulate(first.play)
    second = session(storage)
    summary = simulate(second.play)
    assert second.rows() == [0, 1, 2, 4, 5, 6]
    assert summary.funnel == {"abandoned": {"bug.ZeroDivisionError('a bug')": 1}}


def test_what_a_run_gave_up_for_may_have_passed() -> None:
    """A run that its breaker ended goes on; what was lost and not committed is tried again."""
    storage = MemoryStorage()
    first = session(storage, breaker=3)
    for index in range(2, 8):
        first.troupe.faults[index, "toolsim"] = [InfrastructureFault("down")] * 9
    with pytest.raises(ToolServerError, match="3 failures in a row"):
        simulate(first.play)
    second = session(storage, breaker=3)
    assert simulate(second.play).accepted == 6
    assert second.rows() == [0, 1, 5, 6, 7, 8]


def changed_draws(made: Session) -> None:
    """The controller of another version."""
    made.controller = Chronicle()


def changed_past(made: Session) -> None:
    """The journal says that a row was not accepted that would be."""
    name = "journal-000000.jsonl"
    lines = bytes(made.storage.files[name])
    before = b'{"event":"committed","index":1,"id":"%b","accepted":' % identity(1).encode()
    assert before + b"true" in lines
    made.storage.files[name] = bytearray(lines.replace(before + b"true", before + b"false"))


@pytest.mark.parametrize("change", [changed_draws, changed_past])
def test_a_past_that_leads_elsewhere_is_refused(change: Callable[[Session], None]) -> None:
    """The program would now decide otherwise: its rows would not be those of one run."""
    storage = MemoryStorage()
    simulate(session(storage).play)
    second = session(storage, count=9)
    change(second)
    with pytest.raises(InputError, match=r"than is (drawn|taken) now: the run was made by another version"):
        simulate(second.play)
    assert not second.troupe.lives


def test_no_episode_begins_while_the_disk_is_nearly_full() -> None:
    """It waits, says so once, and goes on when there is room."""
    storage = MemoryStorage(capacity=50_000)
    made = session(storage, min_free=60_000)

    async def main() -> Summary:
        summary: list[Summary] = []

        async def play() -> None:
            summary.append(await made.play())

        async with anyio.create_task_group() as group:
            group.start_soon(play)
            await anyio.sleep(30)
            assert not made.troupe.lives
            storage.capacity = 1_000_000
        return summary[0]

    assert simulate(main).accepted == 6
    assert len(made.warnings) == 1
    assert "MB of disk are left" in made.warnings[0]


def test_an_abandoned_episode_that_was_committed_stays_so() -> None:
    """Its place in the order is behind the run."""
    storage = MemoryStorage()
    first = session(storage)
    first.troupe.faults[1, "toolsim"] = [InfrastructureFault("down")] * 9
    simulate(first.play)
    second = session(storage, count=8)
    assert simulate(second.play).abandoned == 1
    assert second.rows() == [0, 2, 3, 4, 5, 6, 7, 8]
    assert second.run._journal.past.outcome(1) == abandoned(1)
