"""One run from the first assignment to the summary: admission, bus and committer under one roof, and how they stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import anyio
import msgspec

from . import seed
from .assignment import Assignment
from .bus import Bus, Clock, Handler, Reject, Release
from .committer import SNAPSHOT_EVERY, Committer, Controller
from .continued import ContinuedFile
from .errors import OutputError, UserError
from .following import Follower, followed
from .journal import Journal, open_inline
from .limits import Limits
from .mailbox import Signal
from .messages import Draft, Outcome, Role
from .outlook import Observer, Outlook
from .profile.hlog import HLOG, hlog
from .profile.profiler import Profiler, measured
from .profile.record import EPISODE, PROFILE
from .redaction import NOTHING, Redactor
from .sinks import Sink, StorageSink
from .storage import Storage
from .summary import Meter, Statistics, Summary, Tokens
from .telemetry import Timing

__all__ = ["Meter", "Run", "Statistics", "Summary", "Tokens", "first_cause", "silent"]

CLOSING_SECONDS = 5.0
"""Most that closing one file or sink may take."""
FLUSH_SECONDS = 1.0
"""How long the committer may go on for, after the grace period, with what is consecutive."""
LOOK_SECONDS = 1.0
"""How often a full disk is looked at again."""
REJECTED = "rejected.jsonl"
ALTERNATIVES = "alternatives.jsonl"
"""Plays of a blueprint that did not become its row; only where each is played more than once."""


def silent(line: str) -> None:
    """For who does not want to be warned."""
    del line


class Run:
    """One run. Make it, `await run()` once; `request_stop` and `abort` may come from a signal handler of the loop."""

    def __init__(
        self,
        limits: Limits,
        *,
        controller: Controller,
        handlers: Mapping[Role, Handler],
        reject: Reject,
        release: Release,
        sinks: Sequence[Sink],
        followers: Sequence[Follower] = (),
        storage: Storage,
        meter: Meter,
        run_digest: str,
        run_seed: int,
        journal: Journal | None = None,
        observer: Observer | None = None,
        snapshot_every: int = SNAPSHOT_EVERY,
        min_free: int = 0,
        redactor: Redactor = NOTHING,
        warn: Callable[[str], None] = silent,
        profiler: Profiler | None = None,
        clock: Clock = time.perf_counter_ns,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Opens the run's files and draws the first assignments.

        `sinks` are given each row before the next is committed; `followers` read the journal beside the run, which ends
        when they have. `run_digest` and `run_seed` go into every row's id. `journal` may hold a past, with which the
        run goes on; without one, what the storage holds is opened. Every `snapshot_every` commits it is given a digest
        of the controller's state, by which a resume is checked. While fewer than `min_free` bytes can be written,
        nothing is admitted, and `warn` is told. What the `redactor` knows stands in no row and no reason.

        Raises:
            ConfigError: the limits contradict themselves.
            InputError: the journal is damaged.
            OutputError: the storage cannot be written.
        """
        self._limits = limits.check()
        self._observer = observer
        self._storage = storage
        self._meter = meter
        self._run_digest = run_digest
        self._run_seed = run_seed
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._sinks = sinks
        self._followers = followers
        self._min_free = min_free
        self._redactor = redactor
        self._warn = warn
        self._journal = journal or open_inline(storage)
        self._rejected = _continued(storage, REJECTED)
        self._alternatives = _continued(storage, ALTERNATIVES) if limits.plays > 1 else None
        self._timings = StorageSink(storage.open_append("timings.jsonl"))
        self._encoder = msgspec.json.Encoder()
        self._committer = Committer(
            limits,
            controller=controller,
            journal=self._journal,
            accepted=sinks,
            rejected=self._rejected,
            snapshot_every=snapshot_every,
            alternatives=self._alternatives,
        )
        self._bus = Bus(
            handlers,
            deliver=self._arrive,
            reject=reject,
            release=release,
            max_in_flight=limits.concurrency,
            deadline=limits.deadline,
            max_restarts=limits.max_restarts,
            clock=clock,
            profiler=profiler,
        )
        self._profiler = profiler
        self._stopping = False
        self._stop = Signal()
        self._aborted = False
        self._patience = math.inf  # when, on the loop's clock, nothing is waited for any more
        self._all: anyio.CancelScope | None = None  # everything but closing; a scope can only be made on a loop
        self.summary: Summary | None = None
        """Set when the run has ended, also when `run` raises."""

    async def run(self) -> Summary:
        """Synthesise until the target is reached, cannot be reached, or a stop is requested. Returns `summary`.

        Raises, after journal, sinks and summary are closed:
            InputError: the journal's past does not lead to the same decisions.
            TargetUnreachable: attempts or patience ran out before there were `count` accepted rows.
            ToolServerError: `breaker` episodes in a row were lost to infrastructure or broken worlds;
            EndpointError: the last of them to a model's endpoint.
            OutputError: rows, journal or summary cannot be written.
            ExceptionGroup: several bugs at one time; a single bug is raised as itself.
        """
        wall, cpu = self._clock(), self._cpu_clock()
        error: BaseException | None = None
        try:
            with measured(self._profiler), anyio.CancelScope() as self._all:
                if not self._aborted:
                    await self._produce()
        except BaseException as raised:  # noqa: BLE001 - kept for the end: everything is closed first, then it is raised
            error = first_cause(raised)
        closing = await self._close()
        self.summary = self._summarise((self._clock() - wall) / 1e9, self._cpu_clock() - cpu)
        try:
            self._storage.write_text("summary.json", _pretty(self.summary))
            self._keep_profile()
        except OutputError as unwritten:
            closing = closing or unwritten
        error = error or closing or (None if self._stopping else self._committer.tally.failure())
        if error is not None:
            raise error
        return self.summary

    def request_stop(self) -> None:
        """Admit nothing more, let what is in flight end within `grace` seconds, commit what is consecutive, end."""
        self._stopping = True
        self._stop.notify()

    def abort(self) -> None:
        """End at once: episodes in flight are cancelled, what they hold is released, files are closed; bounded."""
        self._stopping = self._aborted = True
        if self._all is not None:
            self._all.cancel()

    def statistics(self) -> Statistics:
        """The run as it stands."""
        tally, bus = self._committer.tally, self._bus.statistics()
        return Statistics(
            accepted=tally.accepted,
            rejected=tally.rejected,
            abandoned=tally.abandoned,
            committed=tally.committed,
            in_flight=bus.in_flight,
            waiting=self._committer.surplus,
            queued=bus.queued,
            restarts=bus.restarts,
            model_calls=self._meter.calls,
            tokens=Tokens(self._meter.prompt_tokens, self._meter.completion_tokens),
            funnel=tally.funnel(),
            modes=tally.modes(),
            outlook=self._outlook(),
        )

    async def _produce(self) -> None:
        """Everything that runs: episodes until the committer says that it is over, followers until they have all."""
        await self._committer.restore()
        async with followed(self._followers, self._journal.end, self._hurry):
            await self._synthesise()

    async def _hurry(self) -> float:
        """When a stop is requested: until when, on the loop's clock, followers are waited for."""
        await self._stop.until(lambda: self._stopping)
        return min(self._patience, anyio.current_time() + self._limits.grace)

    async def _synthesise(self) -> None:
        async with self._bus, anyio.create_task_group() as group:
            admission, committing = anyio.CancelScope(), anyio.CancelScope()
            if self._profiler is not None:
                group.start_soon(self._profiler.watch, name="profiler")
            group.start_soon(self._admit, admission, name="admission")
            group.start_soon(self._drain, admission, committing, name="drain")
            with committing:
                await self._committer.run()
            group.cancel_scope.cancel()

    async def _admit(self, scope: anyio.CancelScope) -> None:
        """Start episodes in index order as slots become free and commits let assignments be drawn."""
        with scope:
            while True:
                assignment = await self._next_assignment()
                await self._room()
                row_id = seed.row_id(self._run_digest, self._run_seed, assignment.index)
                await self._bus.admit(Draft(row_id, assignment))
                self._journal.assigned(assignment.index, row_id)

    async def _next_assignment(self) -> Assignment:
        """The next in index order; waiting for it while slots are free is what the order costs."""
        if self._profiler is None or len(self._committer.assignments):
            return await self._committer.assignments.get()
        begun, free = self._clock(), 1.0 - self._bus.in_flight / self._limits.concurrency
        assignment = await self._committer.assignments.get()
        self._profiler.starved(self._clock() - begun, free)
        return assignment

    async def _room(self) -> None:
        """Wait until the disk has room: what is in flight still needs some."""
        told = False
        while self._min_free and (free := self._storage.free()) is not None and free < self._min_free:
            if not told:
                self._warn(f"no new episodes: {free >> 20} MB of disk are left, {self._min_free >> 20} MB are wanted")
                told = True
            await anyio.sleep(LOOK_SECONDS)

    async def _drain(self, admission: anyio.CancelScope, committing: anyio.CancelScope) -> None:
        """When a stop is requested: no more admissions, then wait for what is in flight, but not for ever."""
        await self._stop.until(lambda: self._stopping)
        admission.cancel()
        self._patience = committing.deadline = anyio.current_time() + self._limits.grace + FLUSH_SECONDS
        with anyio.move_on_after(self._limits.grace):
            await self._bus.drained()
        self._committer.close()

    async def _arrive(self, outcome: Outcome, timing: Timing) -> None:
        if self._profiler is not None:
            self._profiler.note(EPISODE, outcome.status, int(timing.total_ms * 1e6))
        await self._timings.write(self._encoder.encode(timing) + b"\n")
        await self._committer.arrive(self._redactor.outcome(outcome))

    async def _close(self) -> UserError | None:
        """Close every file, whatever happened to the others; the first error of them."""
        first: UserError | None = None
        for index, (row_id, bug) in self._bus.culprits.items():
            self._journal.quarantine(index, row_id, bug)
        kept = [self._rejected, *([self._alternatives] if self._alternatives else [])]
        closables: list[Sink | Journal] = [*kept, self._timings, *self._sinks, self._journal]
        for closable in closables:
            try:
                with anyio.move_on_after(CLOSING_SECONDS, shield=True):
                    await closable.aclose()
            except OutputError as error:
                first = first or error
        return first

    def _keep_profile(self) -> None:
        """Raises OutputError."""
        if self._profiler is not None:
            profile = self._profiler.profile()
            self._storage.write_text(PROFILE, msgspec.json.encode(profile).decode() + "\n")
            self._storage.write_text(HLOG, hlog(profile))

    def _summarise(self, wall_s: float, cpu_s: float) -> Summary:
        tally = self._committer.tally
        return Summary(
            accepted=tally.accepted,
            rejected=tally.rejected,
            abandoned=tally.abandoned,
            surplus=self._committer.surplus,
            attempts=tally.committed,
            funnel=tally.funnel(),
            model_calls=self._meter.calls,
            tokens=Tokens(self._meter.prompt_tokens, self._meter.completion_tokens),
            wall_s=round(wall_s, 6),
            cpu_s=round(cpu_s, 6),
            stages=self._bus.report(),
            modes=tally.modes(),
            judged=tally.judged,
            interrupted=self._stopping,
            resumed=self._journal.past.committed,
            outlook=self._outlook(),
            profile=self._profiler.profile().summary() if self._profiler else None,
        )

    def _outlook(self) -> Outlook:
        return self._observer.outlook() if self._observer else Outlook()


def _continued(storage: Storage, name: str) -> ContinuedFile:
    """A file of rows that an earlier part of the run may have begun. Raises OutputError."""
    file = storage.open_append(name)
    return ContinuedFile(StorageSink(file), storage.open_read(name), file.truncate, name)


def first_cause(error: BaseException) -> BaseException:
    """What went wrong, out of the groups that task groups wrap it in.

    A bug comes before an error of the user's; several bugs stay together in a group.
    """
    leaves = list(_leaves(error))
    bugs = [leaf for leaf in leaves if not isinstance(leaf, UserError)]
    if len(bugs) > 1:
        return BaseExceptionGroup(f"{len(bugs)} bugs at one time", bugs)
    return (bugs or leaves)[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _pretty(summary: Summary) -> str:
    return msgspec.json.format(msgspec.json.encode(summary), indent=2).decode() + "\n"
