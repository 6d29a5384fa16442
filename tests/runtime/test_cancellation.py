"""Cancellation at the k-th step of a run, for all k: nothing leaks, nothing is released twice, nothing is half done.

A step is one callback of the loop; every suspension of every task lies between two steps, so all of them are hit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import anyio
import anyio.lowlevel
import msgspec
import pytest

from tdscaling.runtime.errors import InfrastructureFault, ModelFault
from tdscaling.runtime.journal import Abandoned, Committed, Event, Finished, decode_event, open_inline
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.messages import Role
from tdscaling.runtime.row import Row
from tdscaling.runtime.simloop import SimLoop, simulate
from tdscaling.runtime.sinks import MemorySink
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.runtime.supervisor import Run
from tdscaling.tests.runtime.play import Chronicle, NoMeter, Troupe, identity

EPISODES = 3


async def calls(_index: int, role: Role) -> None:
    """What a handler does with its time: a timer, and for tools two siblings."""
    if role != "toolsim":
        await anyio.sleep(1)
        return
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 1)
        group.start_soon(anyio.sleep, 2)


class SlowSink(MemorySink):
    """A sink that gives way before and after it takes a line."""

    async def write(self, line: bytes) -> None:
        """As the sink it is, but with room to be cancelled."""
        await anyio.lowlevel.checkpoint()
        await super().write(line)


class Scene:
    """A run of three episodes, two at a time: a restart, a rejection, parallel calls; and what is left of it."""

    def __init__(self) -> None:
        self.troupe = Troupe(calls)
        self.troupe.faults[1, "toolsim"] = [InfrastructureFault("down")]
        self.troupe.faults[2, "assistant"] = [ModelFault("bad_json")]
        self.sink = SlowSink()
        self.storage = MemoryStorage()
        self.run: Run
        self.steps = 0
        self.leaked: set[asyncio.Task[object]] = set()

    async def play(self, step: int = 0, hook: Callable[[Scene, asyncio.Task[object]], object] | None = None) -> None:
        """Run it; call `hook` after that step. Everything that is left afterwards is noted."""
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert isinstance(loop, SimLoop)
        assert me is not None
        self.run = Run(
            Limits(count=EPISODES, attempts=EPISODES, concurrency=2, lag=4),
            controller=Chronicle(),
            handlers=self.troupe.handlers,
            reject=self.troupe.reject,
            release=self.troupe.release,
            sinks=[self.sink],
            storage=self.storage,
            meter=NoMeter(),
            run_digest="digest",
            run_seed=0,
            journal=open_inline(self.storage, pause=anyio.lowlevel.checkpoint),
        )
        if hook is not None:
            loop.at_step(loop.steps + step, lambda: hook(self, me))
        before = loop.steps
        try:
            await self.run.run()
        finally:
            self.steps = loop.steps - before
            self.leaked = asyncio.all_tasks() - {me}

    def events(self) -> list[Event]:
        """The journal, every line of it whole."""
        return [decode_event(line) for line in self.storage.lines("journal-000000.jsonl")]

    def check(self) -> None:
        """What holds whenever and however the run was stopped."""
        assert not self.leaked
        self.check_releases()
        self.check_commits()

    def check_releases(self) -> None:
        """Once per life of every episode that was admitted: at most one more than it had drafts handled."""
        for row_id, released in self.troupe.released.items():
            lives = self.troupe.lives[row_id]
            assert lives <= released <= lives + 1, "a life that ended in a mailbox was released but never handled"
        assert set(self.troupe.lives) <= set(self.troupe.released)
        restarts = self.run._bus.statistics().restarts
        finished = sum(isinstance(event, Finished | Abandoned) for event in self.events())
        assert sum(self.troupe.released.values()) >= finished + restarts
        assert sum(self.troupe.released.values()) <= EPISODES + restarts

    def check_commits(self) -> None:
        """Committed in order, each after it finished; every delivered row whole and on record."""
        finished, committed = set[int](), list[Committed]()
        for event in self.events():
            if isinstance(event, Finished | Abandoned):
                assert event.index not in finished
                finished.add(event.index)
            elif isinstance(event, Committed):
                assert event.index in finished
                committed.append(event)
        assert [event.index for event in committed] == list(range(len(committed)))
        rows = [msgspec.json.decode(line, type=Row).assignment.index for line in self.sink.lines]
        assert rows == [event.index for event in committed if event.accepted][: len(rows)]
        tally = self.run._committer.tally
        assert len(rows) - 1 <= tally.accepted <= len(rows)
        assert tally.committed <= len(committed)


def steps_of_a_run(seed: int) -> int:
    """How many steps the undisturbed run takes on this schedule."""
    scene = Scene()
    with pytest.raises(Exception, match="2 of 3 rows accepted after all 3 attempts"):
        simulate(scene.play, seed=seed)
    scene.check()
    assert len(scene.sink.lines) == 2
    return scene.steps


def stop(scene: Scene, _task: asyncio.Task[object]) -> None:
    """A first signal."""
    scene.run.request_stop()


def abort(scene: Scene, _task: asyncio.Task[object]) -> None:
    """A second signal."""
    scene.run.abort()


def kill(_scene: Scene, task: asyncio.Task[object]) -> None:
    """A bare cancellation of the task that runs the run."""
    task.cancel()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("hook", [stop, abort, kill])
def test_a_run_that_is_stopped_at_any_step_leaves_nothing_behind(
    hook: Callable[[Scene, asyncio.Task[object]], object], seed: int
) -> None:
    """No task, no held world, no half-written commit, for every step there is."""
    total = steps_of_a_run(seed)
    assert total > 80
    for step in range(1, total):
        scene = Scene()
        try:
            simulate(partial(scene.play, step, hook), seed=seed)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the last steps come after the end
            assert "2 of 3 rows" in str(error) or hook is kill, f"step {step}: {error!r}"  # noqa: PT017
        scene.check()
        assert scene.sink.closed or hook is kill


@pytest.mark.parametrize("index", range(EPISODES))
def test_an_episode_that_is_cancelled_at_any_step_ends_once_and_alone(index: int) -> None:
    """It is abandoned or was over already; the other two end as ever."""
    total = steps_of_a_run(3)
    abandoned = 0
    for step in range(1, total):
        scene, hit = Scene(), list[bool]()

        def cancel(scene: Scene, _task: asyncio.Task[object], hit: list[bool] = hit) -> None:
            hit.append(scene.run._bus.cancel(index))

        with pytest.raises(Exception, match="of 3 rows accepted after all 3 attempts"):
            simulate(partial(scene.play, step, cancel), seed=3)
        scene.check()
        finished = {event.index: event for event in scene.events() if isinstance(event, Finished | Abandoned)}
        assert set(finished) == {0, 1, 2}
        for other in {0, 1, 2} - {index}:
            assert isinstance(finished[other], Finished)
        if isinstance(lost := finished[index], Abandoned):
            assert lost.reason == "cancelled"
            assert hit == [True]
            abandoned += 1
        assert scene.troupe.released[identity(index)] >= 1
    assert abandoned > 10
