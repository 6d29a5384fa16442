"""A scripted run that is cheap, deterministic and full of trouble: what the harnesses here kill and go on with."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.bus import Clock, Work
from tdscaling.runtime.errors import EnvironmentFault, InfrastructureFault, ModelFault
from tdscaling.runtime.fingerprint import fingerprint
from tdscaling.runtime.journal import Journal
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.messages import Draft, Message, Outcome, Role
from tdscaling.runtime.sinks import Sink
from tdscaling.runtime.storage import Storage
from tdscaling.runtime.supervisor import Run
from tdscaling.tests.runtime.play import Chronicle, NoMeter, Pause, Troupe, completed

COUNT = 6
"""Accepted rows of a run."""
LAG = 8
EPISODES = 60
"""More than any run comes to."""
KINDS = ("fine",) * 6 + ("rejected", "twin", "model", "world", "weak", "lost")


class Weighty(Chronicle):
    """A controller whose assignments, and so rows, have a size."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self._padding = "x" * padding

    def assign(self, index: int) -> Assignment:
        """As drawn, with the padding as its persona."""
        return msgspec.structs.replace(super().assign(index), persona=self._padding)


class Players(Troupe):
    """Handlers whose faults and verdicts are functions of seed and index, however often an episode is played."""

    def __init__(self, seed: int, pause: Pause | None) -> None:
        super().__init__(pause)
        dice = random.Random(seed)
        for index in range(EPISODES):
            self._cast(index, dice)
        judge = self.handlers["verifier"]

        async def verify(message: Work) -> Message:
            answer = await judge(message)
            return _fitted(message, answer) if isinstance(answer, Outcome) else answer

        self.handlers["verifier"] = verify

    def reject(self, message: Work, fault: ModelFault | EnvironmentFault) -> Outcome:
        """As the agents do."""
        return _fitted(message, super().reject(message, fault))

    def _cast(self, index: int, dice: random.Random) -> None:
        kind = dice.choice(KINDS)
        role: Role = dice.choice(("user", "assistant", "toolsim"))
        match kind:
            case "rejected":
                self.endings[index] = completed(index, "outcome.wrong_state")
            case "twin":
                self.endings[index] = completed(index, text=f"the same {dice.randrange(3)}")
            case "model":
                self.faults[index, role] = [ModelFault("bad_json")]
            case "world":
                self.faults[index, role] = [EnvironmentFault("schema")]
            case "weak":
                self.faults[index, role] = [InfrastructureFault("down") for _ in range(dice.randint(1, 2))]
            case "lost":
                self.faults[index, role] = [InfrastructureFault("down") for _ in range(9)]
            case _:
                pass


def _fitted(message: Work, outcome: Outcome) -> Outcome:
    """The row says what it was played for, as a verifier's does."""
    if outcome.row is None:
        return outcome
    drawn = message.assignment if isinstance(message, Draft) else message.episode.assignment
    return msgspec.structs.replace(outcome, row=msgspec.structs.replace(outcome.row, assignment=drawn))


@dataclass(frozen=True)
class World:
    """One run and what is looked at in it."""

    run: Run
    controller: Chronicle

    def state(self) -> str:
        """The controller's state."""
        return fingerprint([(c.index, c.accepted, c.reasons, c.assignment) for c in self.controller.folded])


def make_world(
    seed: int,
    storage: Storage,
    sinks: Sequence[Sink],
    journal: Journal | None,
    *,
    clock: Clock,
    count: int = COUNT,
    pause: Pause | None = None,
    padding: int = 0,
) -> World:
    """The run of this seed: the same rows in the same order, whatever happens to it on the way."""
    players, controller = Players(seed, pause), Weighty(padding)
    run = Run(
        Limits(count=count, concurrency=LAG // 2, lag=LAG, deadline=1e9, breaker=EPISODES, patience=EPISODES),
        controller=controller,
        handlers=players.handlers,
        reject=players.reject,
        release=players.release,
        sinks=sinks,
        storage=storage,
        meter=NoMeter(),
        run_digest="digest",
        run_seed=0,
        journal=journal,
        snapshot_every=5,
        clock=clock,
    )
    return World(run, controller)
