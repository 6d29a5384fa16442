"""Deadlock freedom: a run is driven by Hypothesis through every mix of progress, faults, cancellation and stalls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import anyio
import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tdscaling.runtime.errors import EnvironmentFault, Fault, InfrastructureFault, ModelFault, TargetUnreachable
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.row import Row
from tdscaling.runtime.simloop import SimLoop
from tdscaling.runtime.sinks import MemorySink
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.runtime.supervisor import Run
from tdscaling.tests.runtime.play import Chronicle, Gates, NoMeter, Troupe, settled

CONCURRENCY, LAG, ATTEMPTS = 3, 6, 24
FAULTS: tuple[type[Fault] | None, ...] = (None, None, None, ModelFault, EnvironmentFault, InfrastructureFault)


class BusMachine(RuleBasedStateMachine):
    """A run whose handlers wait at gates; the rules decide which gate opens next, and how."""

    @initialize(seed=st.integers(0, 1000))
    def start(self, seed: int) -> None:
        """Begin a run that wants more rows than it may try."""
        self.runner = asyncio.Runner(loop_factory=partial(SimLoop, seed))
        self.gates, self.sink, self.storage = Gates(), MemorySink(), MemoryStorage()
        self.troupe = Troupe(self.gates)
        self.run = Run(
            Limits(
                count=1000, attempts=ATTEMPTS, concurrency=CONCURRENCY, lag=LAG, deadline=1000, patience=99, breaker=99
            ),
            controller=Chronicle(),
            handlers=self.troupe.handlers,
            reject=self.troupe.reject,
            release=self.troupe.release,
            sinks=[self.sink],
            storage=self.storage,
            meter=NoMeter(),
            run_digest="digest",
            run_seed=0,
        )
        # The machine outlives every coroutine it runs, so no task group can hold the run: teardown awaits it.
        self.task = self.runner.get_loop().create_task(self.run.run())
        self.act(lambda: None)

    def act(self, action: Callable[[], object]) -> None:
        """Do something on the loop and let everything happen that follows from it."""

        async def main() -> None:
            action()
            await settled()

        self.runner.run(main())

    @rule(pick=st.integers(0, 99), fault=st.sampled_from(FAULTS))
    def let_go(self, pick: int, fault: type[Fault] | None) -> None:
        """One handler, or one sibling of a parallel call, finishes or fails."""
        waiting = sorted(self.gates.waiting)
        if waiting:
            gate = self.gates.waiting[waiting[pick % len(waiting)]]
            self.act(lambda: gate.set_result(None if fault is None else fault("told_to")))

    @rule(picks=st.lists(st.integers(0, 99), min_size=2, max_size=4))
    def let_go_several(self, picks: list[int]) -> None:
        """Some finish in the same turn of the loop."""
        waiting = sorted(self.gates.waiting)
        chosen = sorted({waiting[pick % len(waiting)] for pick in picks}) if waiting else []

        def open_gates() -> None:
            for gate in chosen:
                self.gates.waiting[gate].set_result(None)

        self.act(open_gates)

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        """One episode is cancelled where it waits."""
        waiting = sorted(self.gates.waiting)
        if waiting:
            self.act(lambda: self.run._bus.cancel(waiting[pick % len(waiting)][0]))

    @rule(pick=st.integers(0, 99))
    def cancel_what_finishes(self, pick: int) -> None:
        """One episode is cancelled in the moment in which its handler is let go, so that a mailbox may have it."""
        waiting = sorted(self.gates.waiting)
        if waiting:
            index, sibling = waiting[pick % len(waiting)]
            gate = self.gates.waiting[index, sibling]

            def open_and_cancel() -> None:
                gate.set_result(None)
                self.run._bus.cancel(index)

            self.act(open_and_cancel)

    @rule(seconds=st.sampled_from([10, 400]))
    def wait(self, seconds: int) -> None:
        """Time passes; deadlines may."""

        async def main() -> None:
            await anyio.sleep(seconds)
            await settled()

        self.runner.run(main())

    @rule()
    def stall(self) -> None:
        """The sink takes nothing more."""
        self.act(self.sink.stall)

    @rule()
    def resume(self) -> None:
        """The sink goes on."""
        self.act(self.sink.resume)

    @precondition(lambda self: hasattr(self, "run"))
    @invariant()
    def everything_is_bounded(self) -> None:
        """Episodes by the concurrency, mailboxes by their capacity, outcomes that wait by the lag."""
        statistics = self.run.statistics()
        assert statistics.in_flight <= CONCURRENCY
        assert sum(statistics.queued.values()) <= CONCURRENCY
        assert statistics.waiting <= LAG
        assert max(self.run._bus.statistics().workers.values()) <= CONCURRENCY
        assert len({index for index, _sibling in self.gates.waiting}) <= statistics.in_flight

    @precondition(lambda self: hasattr(self, "run"))
    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """At rest, every episode in flight stands at a gate, and slots are empty only when the lag says so."""
        if self.task.done():
            return
        statistics = self.run.statistics()
        assert sum(statistics.queued.values()) == 0
        assert {index for index, _sibling in self.gates.waiting} == set(self.run._bus._tokens)
        if statistics.in_flight < CONCURRENCY:
            admitted = statistics.in_flight + statistics.waiting + self.run._committer._next
            assert admitted == min(ATTEMPTS, self.run._committer._next + LAG)

    def teardown(self) -> None:
        """Let go of everything: all episodes end, everything drains, every life was released once."""
        if not hasattr(self, "run"):
            return
        try:
            self.act(self.sink.resume)
            self.act(self.gates.open_all)
            assert self.task.done(), "something still waits"
            assert isinstance(self.task.exception(), TargetUnreachable)
            statistics = self.run.statistics()
            assert (statistics.committed, statistics.in_flight, statistics.waiting) == (ATTEMPTS, 0, 0)
            assert sum(self.troupe.released.values()) == ATTEMPTS + statistics.restarts
            assert len(self.troupe.released) == ATTEMPTS
            rows = [msgspec.json.decode(line, type=Row).assignment.index for line in self.sink.lines]
            assert rows == sorted(rows)
            assert len(rows) == statistics.accepted
            assert asyncio.all_tasks(self.runner.get_loop()) == set()
        finally:
            self.runner.close()


TestBusMachine = BusMachine.TestCase
TestBusMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
