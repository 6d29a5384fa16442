"""Plays episodes one by one without a bus, with a model that keeps every request it was sent."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tdscaling.agents import prompts
from tdscaling.agents.cast import Cast
from tdscaling.agents.sim.model import SimModel
from tdscaling.agents.stage import Stage
from tdscaling.agents.verifier import Origin
from tdscaling.evolution.clusters import build_clusters
from tdscaling.evolution.sampler import UniformSampler
from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.errors import Fault
from tdscaling.runtime.messages import Act, Draft, Episode, Judge, Message, Outcome, Respond, Role, Speak
from tdscaling.runtime.model import Model, ModelReply, ModelRequest
from tdscaling.runtime.row import Row
from tdscaling.sandbox.services import BUILTIN, builtin

ROLES: dict[type, Role] = {
    Draft: "blueprint",
    Speak: "user",
    Respond: "assistant",
    Act: "toolsim",
    Judge: "verifier",
}


class RecordingModel:
    """A model that keeps what it was asked and what another model answered."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.exchanges: list[tuple[ModelRequest, ModelReply]] = []

    @property
    def simulated(self) -> bool:
        """As the model inside."""
        return self._model.simulated

    async def complete(self, request: ModelRequest) -> ModelReply:
        """As the model inside."""
        reply = await self._model.complete(request)
        self.exchanges.append((request, reply))
        return reply


class Theatre:
    """The built-in services, a cast on the simulated model, and a way to play assignments to their end."""

    def __init__(self, *, mistakes: float = 0.0, services: Sequence[str] = tuple(BUILTIN), seed: int = 0) -> None:
        self.boxes = builtin(services)
        self.clusters = build_clusters(self.boxes)
        self.sampler = UniformSampler(self.clusters, seed=seed)
        self.model = RecordingModel(SimModel(mistakes))
        self.stage = Stage(self.boxes, self.clusters)
        self.cast = Cast(self.model, self.stage, Origin("digest", "sim", "{}", prompts.digest(), simulated=True))

    async def stages(self, assignment: Assignment, name: str = "") -> list[Message]:
        """Every message of one episode, the outcome last."""
        message: Message = Draft(name or f"{assignment.index:016x}", assignment)
        messages: list[Message] = [message]
        while not isinstance(message, Outcome):
            try:
                message = await self.cast.handlers[ROLES[type(message)]](message)
            except Fault as fault:
                message = self.cast.reject(message, fault)  # type: ignore[arg-type]  # Outcome is excluded above
            messages.append(message)
        await self.cast.release(message.id)
        return messages

    async def play(self, count: int, *, prefix: str = "") -> list[Row]:
        """The rows of the next `count` assignments, episodes named by a prefix and their index."""
        return [await self.play_one(self.sampler.assign(index), f"{prefix}{index:016x}") for index in range(count)]

    async def play_one(self, assignment: Assignment, name: str = "") -> Row:
        """The row of one assignment."""
        outcome = (await self.stages(assignment, name))[-1]
        assert isinstance(outcome, Outcome)
        assert outcome.row is not None
        return outcome.row


def encoded(request: ModelRequest) -> bytes:
    """A request as it would go over the wire."""
    return msgspec.json.encode(request)


def final_episode(messages: Sequence[Message]) -> Episode:
    """The episode as the verifier got it."""
    judged = messages[-2]
    assert isinstance(judged, Judge)
    return judged.episode
