"""The bus: carries each episode's one message from role to role until it becomes an outcome.

What always holds:

- One token per episode, one message per token. A handler receives a message and returns the next.
- Nothing inside the circle ever waits for room: `max_in_flight` tokens fit into every mailbox. Waiting happens at
  admission only, so no two tasks can wait for each other.
- A worker per waiting message: they start on demand, up to `max_in_flight` per role, and are used again.
- An episode's end is one of: the verifier's outcome, a rejection (model or environment fault), an abandonment
  (infrastructure fault after the last restart, deadline, cancellation). Anything else is a bug and ends the bus.
- `release` is called exactly once for each life of an episode (first attempt and restarts), however it ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Protocol, TypeAlias

import anyio
import anyio.abc
import msgspec

from .errors import EnvironmentFault, InfrastructureFault, ModelFault, UserError
from .mailbox import Mailbox, Signal
from .messages import ROLES, Act, Draft, Judge, Message, Outcome, Respond, Role, Speak
from .profile.here import HERE, Event, Spot
from .profile.profiler import Profiler
from .telemetry import NS_PER_MS, LogHistogram, StageReport, StageTiming, Timing

CLEANUP_SECONDS = 5.0
"""Most that one release may take; what takes longer is cancelled."""

Work: TypeAlias = Draft | Speak | Respond | Act | Judge
"""A message with a handler: every one but the outcome."""

Handler: TypeAlias = Callable[[Work], Awaitable[Message]]
"""Does one role's work: a message of the role's type in, the episode's next message out."""

Release: TypeAlias = Callable[[str], Awaitable[None]]
"""Frees everything that an episode, named by its id, holds. Called once per life, also when nothing was opened."""

Deliver: TypeAlias = Callable[[Outcome, Timing], Awaitable[None]]
"""Takes an outcome from the bus. The episode's slot is free once it returns."""

Clock: TypeAlias = Callable[[], int]
"""A monotonic clock in nanoseconds. It measures; it decides nothing."""


class Reject(Protocol):
    """Turns a fault that the episode itself is guilty of into a completed, rejected outcome.

    Where the episode plays its blueprint several times, the beginning of the next play may come instead.
    """

    def __call__(self, message: Work, fault: ModelFault | EnvironmentFault, /) -> Message:
        """`message` is the one whose handler raised `fault`."""
        ...


ROUTES: Mapping[type[Work], Role] = {
    Draft: "blueprint",
    Speak: "user",
    Respond: "assistant",
    Act: "toolsim",
    Judge: "verifier",
}
"""Message type → the role it goes to; an Outcome goes out."""


class BusStatistics(msgspec.Struct, frozen=True):
    """What the bus holds at one moment."""

    in_flight: int
    """Episodes admitted and not yet delivered."""
    queued: dict[Role, int]
    """Messages waiting per role."""
    workers: dict[Role, int]
    """Tasks per role, busy and idle."""
    restarts: int
    """Episodes started again after an infrastructure fault, so far."""
    stuck_releases: int
    """Releases cancelled because they took longer than CLEANUP_SECONDS."""


class _Token:
    """The one thing of an episode that moves. It stands in one mailbox or in one worker's hands."""

    __slots__ = ("admitted_ns", "alarm", "doom", "draft", "events", "held", "message", "scope", "spent", "stamp_ns")

    def __init__(self, draft: Draft, now_ns: int) -> None:
        self.draft = draft
        self.message: Work = draft
        self.doom = ""  # why it must end: `deadline` or `cancelled`; empty while it may go on
        self.alarm: asyncio.TimerHandle | None = None  # rings at its deadline
        self.held = True  # its release is still owed
        self.scope: anyio.CancelScope | None = None  # of the handler that has it
        self.admitted_ns = now_ns
        self.stamp_ns = now_ns  # when it was put into the mailbox where it stands
        self.spent: dict[Role, list[int]] = {}  # {role: [hops, wait ns, service ns]}
        self.events: list[Event] | None = None  # its steps, where they are kept for the trace

    def abandoned(self, reason: str) -> Outcome:
        """The outcome of an episode that never becomes data."""
        return Outcome(self.draft.assignment.index, self.draft.id, "abandoned", None, reason)

    def disarm(self) -> None:
        """Forget the deadline."""
        if self.alarm is not None:
            self.alarm.cancel()

    def timing(self, now_ns: int) -> Timing:
        """Where this episode's time went."""
        stages: dict[Role, StageTiming] = {
            role: StageTiming(hops, wait / NS_PER_MS, service / NS_PER_MS)
            for role, (hops, wait, service) in self.spent.items()
        }
        return Timing(self.draft.id, self.draft.assignment.index, (now_ns - self.admitted_ns) / NS_PER_MS, stages)


class _Stage:
    """One role's mailbox, handler, workers and histograms."""

    __slots__ = ("handler", "mailbox", "role", "service", "wait", "workers")

    def __init__(self, role: Role, handler: Handler, capacity: int) -> None:
        self.role: Role = role
        self.handler = handler
        self.mailbox: Mailbox[_Token] = Mailbox(capacity)
        self.workers = 0
        self.wait = LogHistogram()
        self.service = LogHistogram()


class Bus:
    """Carries up to `max_in_flight` episodes. An async context manager: leaving it cancels what is in flight."""

    def __init__(
        self,
        handlers: Mapping[Role, Handler],
        *,
        deliver: Deliver,
        reject: Reject,
        release: Release,
        max_in_flight: int,
        deadline: float = 300.0,
        max_restarts: int = 2,
        capacity: int | None = None,
        clock: Clock = time.perf_counter_ns,
        profiler: Profiler | None = None,
    ) -> None:
        """`deadline` is seconds per episode; `capacity` of every mailbox is `max_in_flight` unless given. `profiler`
        gets the histograms of waiting and service, and is where handlers' steps are noted.

        Raises:
            ValueError: `max_in_flight` is below 1 or above `capacity`: a send inside the circle could then wait.
        """
        capacity = max_in_flight if capacity is None else capacity
        if not 1 <= max_in_flight <= capacity:
            raise ValueError(f"max_in_flight {max_in_flight} must be at least 1 and at most the capacity {capacity}")
        self._stages: dict[Role, _Stage] = {role: _Stage(role, handlers[role], capacity) for role in ROLES}
        self._deliver = deliver
        self._reject = reject
        self._release = release
        self._max_in_flight = max_in_flight
        self._deadline = deadline
        self._max_restarts = max_restarts
        self._clock = clock
        self._profiler = profiler
        if profiler is not None:
            for role, stage in self._stages.items():
                profiler.keep("queue wait", role, stage.wait)
                profiler.keep("service", role, stage.service)
        self._tokens: dict[int, _Token] = {}  # {index: token in flight}
        self._changed = Signal()
        self._restarts = 0
        self._stuck_releases = 0
        self.culprits: dict[int, tuple[str, str]] = {}
        """`{index: (id, what was raised)}` of the episodes in whose handlers a bug came to light."""
        self._workers: anyio.abc.TaskGroup | None = None

    async def __aenter__(self) -> Bus:
        self._workers = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Cancel what is in flight, without outcomes, and release everything it held; bounded in time."""
        workers = self._running()
        workers.cancel_scope.cancel()
        try:
            return await workers.__aexit__(kind, error, trace)
        finally:
            await self._release_rest()

    async def admit(self, draft: Draft) -> None:
        """Start an episode as soon as fewer than `max_in_flight` are in flight. Raises what `admit_nowait` raises."""
        await self._changed.until(lambda: len(self._tokens) < self._max_in_flight)
        self.admit_nowait(draft)

    def admit_nowait(self, draft: Draft) -> None:
        """Start an episode.

        Raises:
            RuntimeError: the bus is full or not open, or that index is in flight. A bug of the caller.
        """
        index = draft.assignment.index
        if len(self._tokens) >= self._max_in_flight:
            raise RuntimeError(f"the bus already carries {self._max_in_flight} episodes")
        if index in self._tokens:
            raise RuntimeError(f"episode {index} is already in flight")
        token = _Token(draft, self._clock())
        self._tokens[index] = token
        if self._profiler is not None and self._profiler.traces(index):
            token.events = []
        # One timer per episode, which may cancel many scopes: a deadline on each scope would cost a timer per hop.
        token.alarm = asyncio.get_running_loop().call_later(self._deadline, self._doom, token, "deadline")
        self._send(token, draft)

    def cancel(self, index: int) -> bool:
        """End an episode as abandoned with the reason `cancelled`; False when it is not in flight any more.

        In a handler it is cancelled there; in a mailbox it becomes an outcome when its turn comes.
        """
        token = self._tokens.get(index)
        if token is None:
            return False
        self._doom(token, "cancelled")
        return True

    async def drained(self) -> None:
        """Return when nothing is in flight."""
        await self._changed.until(lambda: not self._tokens)

    @property
    def in_flight(self) -> int:
        """Episodes admitted and not yet delivered."""
        return len(self._tokens)

    def statistics(self) -> BusStatistics:
        """What the bus holds now."""
        return BusStatistics(
            in_flight=len(self._tokens),
            queued={role: len(stage.mailbox) for role, stage in self._stages.items()},
            workers={role: stage.workers for role, stage in self._stages.items()},
            restarts=self._restarts,
            stuck_releases=self._stuck_releases,
        )

    def report(self) -> dict[Role, StageReport]:
        """Wait and service times per role since the bus was made."""
        return {
            role: StageReport(stage.service.count, stage.wait.percentiles(), stage.service.percentiles())
            for role, stage in self._stages.items()
        }

    def _send(self, token: _Token, message: Work) -> None:
        """Put the token into the mailbox of the role its new message is for, with a worker to take it."""
        stage = self._stages[ROUTES[type(message)]]
        token.message = message
        token.stamp_ns = self._clock()
        if not stage.mailbox.waiting and stage.workers < self._max_in_flight:
            stage.workers += 1
            self._running().start_soon(self._serve, stage, name=f"{stage.role} {stage.workers}")
        stage.mailbox.put_nowait(token)

    async def _serve(self, stage: _Stage) -> None:
        """One worker: take a token, have it handled, pass it on; forever."""
        clock, mailbox = self._clock, stage.mailbox
        spot = Spot(self._profiler, stage.role) if self._profiler is not None else None
        HERE.set(spot)
        while True:
            token = await mailbox.get()
            if spot is not None:
                spot.events = token.events
            begun = clock()
            message = await self._handle(stage, token)
            done = clock()
            self._measure(stage, token, begun - token.stamp_ns, done - begun)
            if token.events is not None:
                token.events += ((f"{stage.role}: queue", token.stamp_ns, begun), (stage.role, begun, done))
            if isinstance(message, Outcome):
                await self._finish(token, message)
            elif message is token.draft:  # a restart: a new life begins
                await self._free(token)
                token.held = True
                self._send(token, message)
            elif isinstance(message, Draft) or message.episode.id != token.draft.id:
                raise RuntimeError(f"the {stage.role} handler answered {token.draft.id} with another episode")
            else:
                self._send(token, message)

    async def _handle(self, stage: _Stage, token: _Token) -> Message:
        """The token's next message. Faults become messages here; bugs and the end of the bus pass through."""
        if token.doom:
            return token.abandoned(token.doom)
        try:
            with anyio.CancelScope() as token.scope:
                return await stage.handler(token.message)
        except InfrastructureFault as fault:
            return self._restart(token, fault)
        except (ModelFault, EnvironmentFault) as fault:
            return self._reject(token.message, fault)
        except UserError:
            raise
        except Exception as bug:
            self.culprits[token.draft.assignment.index] = (token.draft.id, _one_line(repr(bug)))
            raise
        finally:
            token.scope = None
        return token.abandoned(token.doom)

    @staticmethod
    def _doom(token: _Token, reason: str) -> None:
        """End an episode wherever it is: in a handler by its scope, in a mailbox when its turn comes."""
        token.doom = token.doom or reason
        if token.scope is not None:
            token.scope.cancel()

    def _restart(self, token: _Token, fault: InfrastructureFault) -> Message:
        """A fresh draft, or, after `max_restarts` of them, the end."""
        if token.draft.attempt >= self._max_restarts:
            return token.abandoned(f"infrastructure.{_one_line(str(fault))}")
        self._restarts += 1
        token.draft = msgspec.structs.replace(token.draft, attempt=token.draft.attempt + 1)
        return token.draft

    @staticmethod
    def _measure(stage: _Stage, token: _Token, wait: int, service: int) -> None:
        stage.wait.record(wait)
        stage.service.record(service)
        spent = token.spent.get(stage.role)
        if spent is None:
            token.spent[stage.role] = [1, wait, service]
        else:
            spent[0] += 1
            spent[1] += wait
            spent[2] += service

    async def _finish(self, token: _Token, outcome: Outcome) -> None:
        """End the token: free what it held, hand out its outcome, then make room for another."""
        index = token.draft.assignment.index
        if (outcome.index, outcome.id) != (index, token.draft.id):
            raise RuntimeError(f"episode {index} ended with the outcome of episode {outcome.index}")
        await self._free(token)
        await self._deliver(outcome, token.timing(self._clock()))
        if token.events is not None and self._profiler is not None:
            name = f"{token.draft.id[:8]} {outcome.status}"
            self._profiler.traced(index, name, token.admitted_ns, token.events)
        del self._tokens[index]
        token.disarm()
        self._changed.notify()

    async def _free(self, token: _Token) -> None:
        """The one place where `release` is called: shielded, bounded, and at most once per life."""
        if not token.held:
            return
        token.held = False
        with anyio.move_on_after(CLEANUP_SECONDS, shield=True) as scope:
            await self._release(token.draft.id)
        if scope.cancelled_caught:
            self._stuck_releases += 1

    async def _release_rest(self) -> None:
        """Free what the cancelled workers and the mailboxes left behind, all at one time.

        In tasks of their own, so that not even a bare `Task.cancel()` of the caller interrupts a release.
        """
        async with anyio.create_task_group() as group:
            for token in self._tokens.values():
                token.disarm()
                group.start_soon(self._free, token, name=f"release {token.draft.id}")
        self._tokens.clear()

    def _running(self) -> anyio.abc.TaskGroup:
        if self._workers is None:
            raise RuntimeError("the bus is not open: use `async with bus`")
        return self._workers


def _one_line(text: str) -> str:
    """Fit for a reason: whitespace folded, cut at 300 characters."""
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"
