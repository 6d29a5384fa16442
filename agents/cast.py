"""The cast: the five agents of a run behind the bus's roles, and what happens when one of them fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..runtime.chat import ChatMessage, ToolDefinition
from ..runtime.errors import Fault, ModelFault
from ..runtime.messages import Act, Draft, Judge, Message, Outcome, Respond, Role, Speak
from ..runtime.model import Model
from ..runtime.row import Measurements, Row, Scores, Verdict
from .assistant import AssistantAgent
from .blueprint import BlueprintAgent
from .stage import Stage
from .toolsim import ToolSimAgent
from .user import UserAgent
from .verifier import Origin, Verifier


class Cast:
    """One agent per role, all on one model."""

    def __init__(self, model: Model, stage: Stage, origin: Origin) -> None:
        self._stage = stage
        self._origin = origin
        name = origin.model
        self.handlers: dict[Role, Callable[[Any], Awaitable[Message]]] = {
            "blueprint": BlueprintAgent(model, name, stage).handle,
            "user": UserAgent(model, name).handle,
            "assistant": AssistantAgent(model, name).handle,
            "toolsim": ToolSimAgent(stage).handle,
            "verifier": Verifier(stage, origin).handle,
        }

    async def release(self, episode: str) -> None:
        """Close the episode's world. Idempotent."""
        await self._stage.release(episode)

    def reject(self, message: Draft | Speak | Respond | Act | Judge, fault: Fault) -> Outcome:
        """A completed rejection: the row as far as it came, with the fault as its reason."""
        boundary = "model" if isinstance(fault, ModelFault) else "environment"
        text = f"{boundary}.{fault.reason}" + (f": {fault.detail[:300]}" if fault.detail else "")
        if isinstance(message, Draft):
            assignment, identity, blueprint = message.assignment, message.id, None
            messages: tuple[ChatMessage, ...] = ()
            tools: tuple[ToolDefinition, ...] = ()
            calls = 0
        else:
            episode = message.episode
            assignment, identity, blueprint = episode.assignment, episode.id, episode.blueprint
            messages, tools, calls = episode.transcript, episode.tools, len(episode.model_calls)
        row = Row(
            id=identity,
            messages=messages,
            tools=tools,
            assignment=assignment,
            blueprint=blueprint,
            verdict=Verdict(False, (text,), Scores()),
            measurements=Measurements(assignment.mode, (), 0, 0, 0, 0, 0, 0, calls, 0, 0, ()),
            provenance=self._origin.of(self._stage.clusters[assignment.cluster].provenance),
            simulated=self._origin.simulated,
        )
        return Outcome(assignment.index, identity, "completed", row)
