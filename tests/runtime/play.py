"""A small play for the bus: rows, outcomes, a controller and scripted handlers, all without models or tools."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import msgspec

from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.blueprint import Blueprint, Plan, WorldRef
from tdscaling.runtime.bus import Handler, Release, Work
from tdscaling.runtime.chat import AssistantMessage, SystemMessage, UserMessage
from tdscaling.runtime.committer import Commit
from tdscaling.runtime.errors import EnvironmentFault, Fault, ModelFault
from tdscaling.runtime.messages import ROLES, Act, Draft, Episode, Judge, Message, Outcome, Respond, Role, Speak
from tdscaling.runtime.row import Measurements, Provenance, Row, Scores, Verdict
from tdscaling.runtime.seed import derive, row_id
from tdscaling.runtime.simloop import SimLoop

BLUEPRINT = Blueprint(Plan((), ()), WorldRef((), 0), (), (), (), (), "{}")
ROAD: tuple[Role, ...] = ("blueprint", "user", "assistant", "toolsim", "assistant", "user", "verifier")
"""The roles that a scripted episode passes."""


def assignment(index: int, why: str = "") -> Assignment:
    """An assignment of which only index and `why` matter."""
    return Assignment(index, "c", "d", "s", "direct", 1, "someone", "plain", index, why)


def identity(index: int) -> str:
    """The id that a run with digest `digest` and seed 0 gives to this index."""
    return row_id("digest", 0, index)


def row(index: int, *reasons: str, text: str | None = None) -> Row:
    """A row, accepted when there are no reasons; `text` makes its conversation, its index by default."""
    return Row(
        identity(index),
        (SystemMessage(f"system {index}"), UserMessage(text or f"hello {index}"), AssistantMessage("bye")),
        (),
        assignment(index),
        None,
        Verdict(not reasons, reasons, Scores()),
        Measurements("chain", (), 1, 1, 0, 0, 0, 0, 0, 0, 0, ()),
        Provenance("0", "digest", "none", "{}", "0", "none"),
        True,
    )


def completed(index: int, *reasons: str, text: str | None = None) -> Outcome:
    """A completed outcome with such a row."""
    return Outcome(index, identity(index), "completed", row(index, *reasons, text=text))


def abandoned(index: int, reason: str = "infrastructure.down") -> Outcome:
    """An outcome without a row."""
    return Outcome(index, identity(index), "abandoned", None, reason)


T = TypeVar("T")
Pause: TypeAlias = Callable[[int, Role], Awaitable[object]]
"""What a scripted handler waits for, by index and role."""


class Runner(Protocol):
    """Runs an async function on a fresh loop of some kind."""

    def __call__(self, main: Callable[[], Awaitable[T]], /) -> T:
        """What `main` returns."""
        ...


class Chronicle:
    """A controller whose every assignment tells what it was a function of."""

    def __init__(self) -> None:
        self.folded: list[Commit] = []
        self.assigned: list[Assignment] = []

    def assign(self, index: int) -> Assignment:
        """`why` holds the number of folds so far and a digest of what they were."""
        past = derive(len(self.folded), *(f"{c.index}{c.accepted}{c.reasons}" for c in self.folded))
        self.assigned.append(assignment(index, f"{len(self.folded)} {past}"))
        return self.assigned[-1]

    def fold(self, commit: Commit) -> None:
        """Remember the commit."""
        self.folded.append(commit)


class Troupe:
    """Scripted handlers: every episode goes along ROAD, waiting, failing and ending as told."""

    def __init__(self, pause: Pause | None = None) -> None:
        """`pause(index, role)` is awaited in every handler."""
        self.pause = pause
        self.faults: dict[tuple[int, Role], list[BaseException]] = {}
        """What the handler raises, first one first."""
        self.endings: dict[int, Outcome] = {}
        """What the verifier returns in place of an accepted row."""
        self.released: Counter[str] = Counter()
        self.lives: Counter[str] = Counter()
        """Drafts handled, by id."""
        self.peak = 0
        """Most handlers busy at one time."""
        self._busy = 0
        self.release: Release = self._count_release
        """What the bus calls; replace it to misbehave."""
        self.handlers: dict[Role, Handler] = {role: self._handler(role) for role in ROLES}

    async def _count_release(self, episode: str) -> None:
        """Counted, after giving way once."""
        await anyio.lowlevel.checkpoint()
        self.released[episode] += 1

    def reject(self, message: Work, fault: ModelFault | EnvironmentFault) -> Outcome:
        """As the agents do: a rejected row with the fault as its reason."""
        boundary = "model" if isinstance(fault, ModelFault) else "environment"
        return completed(index_of(message), f"{boundary}.{fault}")

    def _handler(self, role: Role) -> Handler:
        async def handle(message: Work) -> Message:
            index = index_of(message)
            self._busy += 1
            self.peak = max(self.peak, self._busy)
            try:
                if isinstance(message, Draft):
                    self.lives[message.id] += 1
                if self.pause is not None:
                    await self.pause(index, role)
                if faults := self.faults.get((index, role)):
                    raise faults.pop(0)
                return self._next(message, index)
            finally:
                self._busy -= 1

        return handle

    def _next(self, message: Work, index: int) -> Message:
        if isinstance(message, Draft):
            return Speak(Episode(message.id, message.assignment, message.attempt, BLUEPRINT, (), (), ()))
        episode = msgspec.structs.replace(message.episode, transcript=(*message.episode.transcript, UserMessage("x")))
        said = len(episode.transcript)
        if isinstance(message, Speak):
            return Judge(episode) if said > 1 else Respond(episode)
        if isinstance(message, Respond):
            return Act(episode) if said == 2 else Speak(episode)
        if isinstance(message, Act):
            return Respond(episode)
        return self.endings.get(index) or completed(index)


class Dice:
    """Pauses of random length, a function of (seed, index, role) only."""

    def __init__(self, seed: int, longest: float = 10.0) -> None:
        self._seed = seed
        self._longest = longest

    async def __call__(self, index: int, role: Role) -> None:
        """Sleep; heavy tails, so that episodes overtake one another."""
        length = random.Random(derive(self._seed, index, role)).paretovariate(1.2) - 1
        await anyio.sleep(min(length, self._longest))


class Gates:
    """Handlers that wait until they are let go, one by one; a toolsim handler waits for two siblings."""

    def __init__(self) -> None:
        self.shut = True
        """When false, everybody goes straight through."""
        self.waiting: dict[tuple[int, int], asyncio.Future[Fault | None]] = {}
        """`{(index, sibling): gate}`: set the result to let it go, with a fault or with None."""

    async def __call__(self, index: int, role: Role) -> None:
        """Wait at the gate; raise what it was let go with."""
        if role != "toolsim":
            fault = await self._gate(index, 0)
        else:
            fault = await self._siblings(index)
        if fault is not None:
            raise fault

    def open_all(self) -> None:
        """Let go everybody, now and from now on."""
        self.shut = False
        for gate in list(self.waiting.values()):
            if not gate.done():
                gate.set_result(None)

    async def _siblings(self, index: int) -> Fault | None:
        """Two parallel calls; the first fault ends both, as a batch of tool calls is one message."""
        faults: list[Fault] = []

        async def one(sibling: int) -> None:
            if fault := await self._gate(index, sibling):
                faults.append(fault)
                calls.cancel_scope.cancel()

        async with anyio.create_task_group() as calls:
            calls.start_soon(one, 1)
            calls.start_soon(one, 2)
        return faults[0] if faults else None

    async def _gate(self, index: int, sibling: int) -> Fault | None:
        assert (index, sibling) not in self.waiting, "an episode has one message in flight"
        if not self.shut:
            return None
        gate: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        self.waiting[index, sibling] = gate
        try:
            return await gate
        finally:
            del self.waiting[index, sibling]


class NoMeter:
    """A meter that stands still."""

    calls = 0
    prompt_tokens = 0
    completion_tokens = 0


def index_of(message: Work) -> int:
    """The index of the message's episode."""
    return message.assignment.index if isinstance(message, Draft) else message.episode.assignment.index


async def settled() -> None:
    """Return when every other task waits for something that has not happened."""
    if isinstance(asyncio.get_running_loop(), SimLoop):
        await anyio.sleep(0.001)  # virtual time moves only when nothing is ready
    else:
        await anyio.wait_all_tasks_blocked()
