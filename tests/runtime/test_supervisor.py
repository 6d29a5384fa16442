"""A whole run: the same rows at every concurrency, every way to end, and nothing lost on the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, Unpack

import anyio
import msgspec
import pytest
from msgspec import structs

from tdscaling.runtime.bus import Clock
from tdscaling.runtime.errors import (
    ConfigError,
    EnvironmentFault,
    InfrastructureFault,
    ModelFault,
    OutputError,
    TargetUnreachable,
)
from tdscaling.runtime.journal import Abandoned, Committed, Finished, decode_event
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.row import Row
from tdscaling.runtime.simloop import simulate, virtual_ns
from tdscaling.runtime.sinks import MemorySink
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.runtime.supervisor import Run, Summary
from tdscaling.runtime.telemetry import Timing
from tdscaling.tests.runtime.play import (
    Chronicle,
    Dice,
    Gates,
    NoMeter,
    Pause,
    Runner,
    Troupe,
    completed,
    identity,
    settled,
)


class Bounds(TypedDict, total=False):
    """What a test may set."""

    count: int
    attempts: int
    concurrency: int
    lag: int
    deadline: float
    grace: float


class Clocks(TypedDict, total=False):
    """The clocks of a run."""

    clock: Clock
    cpu_clock: Callable[[], float]


class Stage:
    """A run with everything around it in memory. `make()` on a loop, or before it."""

    def __init__(self, pause: Pause | None = None, **limits: Unpack[Bounds]) -> None:
        self.troupe = Troupe(pause)
        self.controller = Chronicle()
        self.sink = MemorySink()
        self.storage = MemoryStorage()
        self.limits = structs.replace(Limits(count=10, concurrency=4, lag=8), **limits)
        self.run: Run

    def make(self, **clocks: Unpack[Clocks]) -> Run:
        """The run."""
        self.run = Run(
            self.limits,
            controller=self.controller,
            handlers=self.troupe.handlers,
            reject=self.troupe.reject,
            release=self.troupe.release,
            sinks=[self.sink],
            storage=self.storage,
            meter=NoMeter(),
            run_digest="digest",
            run_seed=0,
            **clocks,
        )
        return self.run

    async def play(self) -> Summary:
        """Make it and run it."""
        return await self.make().run()

    def rows(self) -> list[int]:
        """Indices of the rows in the sink."""
        return [msgspec.json.decode(line, type=Row).assignment.index for line in self.sink.lines]

    def finished(self) -> list[int]:
        """Indices of what the journal says has finished."""
        events = map(decode_event, self.storage.lines("journal-000000.jsonl"))
        return [event.index for event in events if isinstance(event, Finished | Abandoned)]


def spoil(troupe: Troupe) -> None:
    """Faults of every kind, and rejections, at fixed indices."""
    for index in range(0, 200, 7):
        troupe.faults[index, "assistant"] = [ModelFault("bad_json")]
    for index in range(1, 200, 11):
        troupe.faults[index, "toolsim"] = [InfrastructureFault("down")] * (1 + index % 4)
    for index in range(2, 200, 13):
        troupe.faults[index, "toolsim"] = [EnvironmentFault("schema")]
    for index in range(3, 200, 5):
        troupe.endings[index] = completed(index, "outcome.wrong_state")
    for index in range(4, 200, 9):
        troupe.endings[index] = completed(index, text="again")


@pytest.mark.parametrize("seed", range(8))
def test_rows_and_assignments_are_the_same_at_every_concurrency(seed: int) -> None:
    """1, 16 and 256 in flight, durations drawn from the seed, faults in between, another schedule each time."""
    results = []
    for concurrency in (1, 16, 256):
        stage = Stage(Dice(seed), count=60, concurrency=concurrency, lag=512, deadline=1e9)
        spoil(stage.troupe)
        summary = simulate(stage.play, seed=seed * 1000 + concurrency)
        results.append(
            (stage.sink.lines, stage.storage.lines("rejected.jsonl"), summary.funnel, stage.controller.folded)
        )
        assert summary.accepted == 60
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("seed", range(4))
def test_a_short_lag_gives_the_same_assignments_at_every_concurrency(seed: int) -> None:
    """Here every assignment depends on commits, and the committer keeps admission waiting."""
    results = []
    for concurrency in (1, 4, 16):
        stage = Stage(Dice(seed + 50), count=60, concurrency=concurrency, lag=32, deadline=1e9)
        spoil(stage.troupe)
        simulate(stage.play, seed=concurrency)
        committed = len(stage.controller.folded)
        results.append((stage.controller.assigned[: committed + 32], stage.sink.lines))
    assert results[0] == results[1] == results[2]


def test_the_same_seed_plays_the_same_schedule() -> None:
    """Journal order, timings and all; another seed plays another one with the same rows."""

    def play(seed: int) -> tuple[object, ...]:
        stage = Stage(lambda _index, _role: anyio.lowlevel.checkpoint(), count=30, concurrency=16, lag=64)

        async def main() -> None:
            await stage.make(clock=virtual_ns, cpu_clock=lambda: 0.0).run()

        simulate(main, seed=seed)
        return dict(stage.storage.files), stage.sink.lines

    assert play(5) == play(5)
    files, rows = play(6)
    assert files != play(5)[0]
    assert rows == play(5)[1]


def test_a_run_leaves_a_whole_set_of_files(run: Runner) -> None:
    """Rows, journal, rejected rows, timings by id, a summary that adds up."""
    stage = Stage(count=20)
    spoil(stage.troupe)
    summary = run(stage.play)
    files = stage.storage
    assert summary.accepted == 20 == len(stage.sink.lines)
    assert summary.attempts == summary.accepted + summary.rejected + summary.abandoned
    assert stage.rows() == sorted(stage.rows())
    assert len(files.lines("rejected.jsonl")) == summary.rejected
    assert len(stage.finished()) == summary.attempts + summary.surplus
    timings = [msgspec.json.decode(line, type=Timing) for line in files.lines("timings.jsonl")]
    assert sorted(t.index for t in timings) == sorted(stage.finished())
    assert all(t.id == identity(t.index) for t in timings)
    assert msgspec.json.decode(bytes(files.files["summary.json"]), type=Summary) == summary
    assert summary.funnel["abandoned"] == {"infrastructure.down": summary.abandoned}
    assert summary.modes.asked == {"direct": 20}
    assert summary.modes.realised == {"chain": 20}
    assert stage.sink.closed


def test_episodes_that_finished_beyond_the_target_are_surplus() -> None:
    """The first index is slow, so seven others finish while the target of one waits for it."""
    stage = Stage(lambda index, _role: anyio.sleep(100 if index == 0 else 1), count=1, deadline=1e9)
    summary = simulate(stage.play)
    assert (summary.accepted, summary.attempts, summary.surplus) == (1, 1, 7)
    assert stage.rows() == [0]
    assert sorted(stage.finished()) == list(range(8))


def test_the_lag_holds_admission_while_the_lowest_index_is_out() -> None:
    """Index 0 blocks every commit: of a lag of 8, all 8 are admitted and not one more."""
    gates = Gates()
    stage = Stage(lambda index, role: gates(index, role) if index == 0 else anyio.lowlevel.checkpoint())

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(stage.play)
            await settled()
            statistics = stage.run.statistics()
            assert (statistics.in_flight, statistics.waiting, statistics.committed) == (1, 7, 0)
            gates.open_all()

    simulate(main)
    assert stage.rows() == list(range(10))


def test_a_stalled_sink_holds_everything_and_loses_nothing(run: Runner) -> None:
    """What is held is bounded by the lag; when the sink goes on, so does the run."""
    stage = Stage(count=40)

    async def main() -> None:
        stage.sink.stall()
        stage.make()

        async def watch() -> None:
            await settled()
            statistics = stage.run.statistics()
            assert (statistics.committed, statistics.in_flight) == (0, 0)
            assert statistics.waiting == 8  # commit 0 waits in the sink, so 8 more were drawn: the lag
            assert len(stage.controller.assigned) == 9
            stage.sink.resume()

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            await stage.run.run()

    run(main)
    assert len(stage.sink.lines) == 40
    assert stage.rows() == list(range(40))


def test_an_unreachable_target_ends_with_everything_written() -> None:
    """The error comes after the files; the summary is there all the same."""
    stage = Stage(count=10, attempts=6)
    spoil(stage.troupe)
    with pytest.raises(TargetUnreachable, match="of 10 rows accepted after all 6 attempts"):
        simulate(stage.play)
    assert stage.run.summary is not None
    assert stage.run.summary.attempts == 6
    assert stage.storage.exists("summary.json")
    assert stage.sink.closed


def test_a_broken_sink_ends_the_run_with_its_own_error(run: Runner) -> None:
    """Not with a group; what finished is in the journal."""
    stage = Stage()
    stage.sink.broken = True
    with pytest.raises(OutputError, match="broken after 0 rows"):
        run(stage.play)
    assert stage.finished()
    assert stage.storage.exists("summary.json")
    assert set(stage.troupe.released.values()) == {1}


def test_a_full_disk_ends_the_run_with_an_error_that_names_the_file() -> None:
    """The journal fails first; the summary fails too and does not hide it."""
    stage = Stage()
    stage.storage.capacity = 2000
    with pytest.raises(OutputError, match=r"cannot write (journal-000000|timings).jsonl: no space left"):
        simulate(stage.play)
    assert stage.run.summary is not None


def test_a_bug_in_a_handler_comes_out_as_itself(run: Runner) -> None:
    """After files are closed and worlds released."""
    stage = Stage()
    stage.troupe.faults[3, "verifier"] = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run(stage.play)
    assert stage.storage.exists("summary.json")
    assert stage.sink.closed
    assert set(stage.troupe.released.values()) == {1}


def interrupt(stage: Stage, *actions: tuple[float, str]) -> tuple[Summary, float]:
    """Run and do these things to the run at these virtual times; the summary and when it was there."""

    async def main() -> tuple[Summary, float]:
        stage.make()

        async def act() -> None:
            for moment, action in actions:
                await anyio.sleep_until(moment)
                getattr(stage.run, action)()

        async with anyio.create_task_group() as group:
            group.start_soon(act)
            summary = await stage.run.run()
            group.cancel_scope.cancel()
        return summary, anyio.current_time()

    return simulate(main)


def test_a_requested_stop_lets_what_is_in_flight_end() -> None:
    """Seven hops of a second: the four in flight at 2.5 s end at 7 s and are committed; no fifth is started."""
    stage = Stage(lambda _index, _role: anyio.sleep(1))
    summary, ended = interrupt(stage, (2.5, "request_stop"))
    assert stage.rows() == [0, 1, 2, 3]
    assert (summary.accepted, summary.interrupted) == (4, True)
    assert ended == pytest.approx(7)


def test_a_requested_stop_waits_no_longer_than_the_grace_period() -> None:
    """An episode that hangs is given up; those before it are kept, the one behind it is surplus."""
    stage = Stage(lambda index, _role: anyio.sleep(1 if index != 2 else 1e6), grace=20, deadline=1e9)
    summary, ended = interrupt(stage, (2.5, "request_stop"))
    assert stage.rows() == [0, 1]
    assert summary.surplus == 1
    assert ended == pytest.approx(22.5)
    assert sum(stage.troupe.released.values()) == 4


def test_a_sink_that_stalls_does_not_hold_up_a_stop_for_ever() -> None:
    """A second after the grace period the run ends; the journal has what the sink did not take."""
    stage = Stage(lambda _index, _role: anyio.sleep(1), grace=20)
    stage.sink.stall()
    summary, ended = interrupt(stage, (2.5, "request_stop"))
    assert (summary.accepted, len(stage.sink.lines)) == (0, 0)
    assert ended == pytest.approx(23.5)
    assert len(stage.finished()) == 4


def test_abort_ends_the_run_at_once() -> None:
    """No outcome for what was in flight, and nothing held."""
    stage = Stage(lambda _index, _role: anyio.sleep(1))
    summary, ended = interrupt(stage, (2.5, "request_stop"), (3.5, "abort"))
    assert (summary.attempts, summary.interrupted) == (0, True)
    assert ended == pytest.approx(3.5)
    assert stage.finished() == []
    assert sum(stage.troupe.released.values()) == 4


def test_a_stop_before_the_start_ends_an_empty_run() -> None:
    """Ctrl-C may come at any time."""
    for action in ("request_stop", "abort"):
        stage = Stage()
        getattr(stage.make(), action)()
        summary = simulate(stage.run.run)
        assert summary.interrupted
        assert summary.attempts == len(stage.sink.lines)


def test_a_concurrency_above_half_the_lag_is_refused_with_the_lag_to_set() -> None:
    """Before anything is opened."""
    stage = Stage(concurrency=300, lag=512)
    with pytest.raises(ConfigError, match="concurrency 300 is more than half of lag 512: set lag to 600"):
        stage.make()
    assert stage.storage.files == {}


def test_the_committed_events_are_a_prefix_of_the_indices() -> None:
    """In the journal, commits count 0, 1, 2, …"""
    stage = Stage(Dice(3), count=15, deadline=1e9)
    spoil(stage.troupe)
    simulate(stage.play)
    events = map(decode_event, stage.storage.lines("journal-000000.jsonl"))
    indices = [event.index for event in events if isinstance(event, Committed)]
    assert indices == list(range(len(indices)))
