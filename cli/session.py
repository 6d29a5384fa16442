"""One run from the first server to the last flush, under signals: a first one asks it to end, a second one ends it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio.abc import TaskStatus
from structlog.typing import FilteringBoundLogger

from ..runtime.collector import settle
from ..runtime.config import RunConfig
from ..runtime.following import Follower
from ..runtime.redaction import NOTHING, Redactor
from ..runtime.streaming.listener import Door, open_door
from ..runtime.streaming.server import Server
from ..runtime.supervisor import Run, Summary, first_cause
from .composition import Plan, compose, open_toolboxes
from .panel import watch
from .profiling import make_profiler, watched
from .rundir import STDOUT, Outputs
from .terminal import err_console

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Session:
    """Performs a run. Make it, `await perform()` once."""

    def __init__(
        self,
        config: RunConfig,
        plan: Plan,
        outputs: Outputs,
        log: FilteringBoundLogger,
        redactor: Redactor = NOTHING,
    ) -> None:
        self._redactor = redactor
        self._config = config
        self._plan = plan
        self._outputs = outputs
        self._log = log
        self._run: Run | None = None
        self.signal: signal.Signals | None = None
        """The first signal that came, if any."""

    @property
    def summary(self) -> Summary | None:
        """What the run came to, also when it failed; None when it never began."""
        return self._run.summary if self._run else None

    async def perform(self) -> None:
        """Start the tools, synthesise, close everything.

        Raises what Run.run and the toolboxes raise, out of the groups that task groups make of them.
        """
        try:
            async with anyio.create_task_group() as group:
                with anyio.CancelScope() as everything:
                    await group.start(self._listen, everything)
                    await self._synthesise()
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            raise first_cause(errors) from None

    async def _synthesise(self) -> None:
        past = self._outputs.journal.past
        if past:
            self._log.info("run resumed", commits=past.committed, in_flight=past.in_flight, cut_bytes=past.repaired)
        servers = open_toolboxes(self._plan, self._config.max_servers, self._outputs.servers_log)
        async with (
            servers as toolboxes,
            self._doors() as door,
            self._plan.models.open(self._outputs.storage, self._redactor.text),
        ):
            profiler = make_profiler(self._config)
            self._run = compose(
                self._config,
                self._plan,
                toolboxes,
                self._outputs.storage,
                self._outputs.sinks,
                self._alarm,
                self._outputs.journal,
                self._log.warning,
                self._redactor,
                partial(self._followers, door),
                profiler,
            )
            settle()
            self._outputs.begin()
            self._log.info(
                "run started",
                tools=sum(len(box.tools()) for box in toolboxes),
                limits=repr(self._plan.limits),
            )
            async with self._progress(self._run), watched(self._config, profiler, self._run, self._plan.models):
                summary = await self._run.run()
            self._log.info("run ended", accepted=summary.accepted, rejected=summary.rejected, wall_s=summary.wall_s)

    @asynccontextmanager
    async def _doors(self) -> AsyncGenerator[Door | None]:
        """Where consumers come in, when they are wanted."""
        wanted = self._plan.listening
        if wanted is None:
            yield None
            return
        async with open_door(wanted.address) as (door, found):
            self._log.info("listening", address=str(found))
            if not self._config.quiet or found.port != wanted.address.port:
                sys.stderr.write(f"tdscaling: listening on {found}\n")
                sys.stderr.flush()
            yield door

    def _followers(self, door: Door | None, run: str) -> tuple[Follower, ...]:
        """Whoever reads the rows from the journal."""
        wanted, journal = self._plan.listening, self._outputs.journal
        if door is None or wanted is None:
            return self._outputs.followers
        server = Server(door, journal, run=run, access=wanted.access, linger=self._config.linger, note=self._log.info)
        return (*self._outputs.followers, server.serve)

    def _alarm(self, name: str, what: str) -> None:
        """The steering sees trouble."""
        self._log.warning("steering alarm", alarm=name, seen=what)

    @asynccontextmanager
    async def _progress(self, run: Run) -> AsyncGenerator[None]:
        """Watched while inside, unless the person wants it quiet."""
        async with anyio.create_task_group() as group:
            if not self._config.quiet:
                console = err_console()
                # Rows that go to the same terminal would run through the panel.
                live = console.is_terminal and not (self._config.out == STDOUT and sys.stdout.isatty())
                show = partial(watch, run.statistics, self._config.count, console, time.monotonic, live=live)
                group.start_soon(show)
            yield
            group.cancel_scope.cancel()

    async def _listen(self, everything: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
        """The first signal asks the run to finish what is in flight, the second one cancels it."""
        with anyio.open_signal_receiver(*SIGNALS) as received:
            task_status.started()
            async for number in received:
                again = self.signal is not None
                self.signal = self.signal or number
                self._log.info("signal", name=number.name, again=again)
                if self._run is None:  # servers are still starting: there is nothing to finish
                    everything.cancel()
                elif again:
                    self._run.abort()
                else:
                    self._run.request_stop()
