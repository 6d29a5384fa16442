"""The cast: the five agents of a run behind the bus's roles, and what happens when one of them fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from ..runtime.bus import Work
from ..runtime.casting import Casting, Pool
from ..runtime.errors import Fault, ModelFault
from ..runtime.messages import Draft, Message, Outcome, Role
from ..runtime.model import Model
from ..runtime.presentation import Face
from ..runtime.row import Row, Scores, Verdict
from .assistant import AssistantAgent
from .blueprint import BlueprintAgent
from .episode import counted
from .gates.problem import TalkGate
from .panel import Panel
from .plays import after
from .presentation.distractors import Distractors
from .prompt_set import BUILT_IN, PromptSet
from .stage import Stage
from .toolsim import ToolSimAgent
from .user import UserAgent
from .verifier import Origin, Verifier


class Cast:
    """One agent per role. `casting` says which model plays which; without one, the origin's model plays all.
    `distractors`: what the assistant may be given beside the tools of the task."""

    def __init__(
        self,
        model: Model,
        stage: Stage,
        origin: Origin,
        casting: Casting | None = None,
        texts: PromptSet = BUILT_IN,
        gates: Sequence[TalkGate] = (),
        panel: Panel | None = None,
        distractors: Distractors | None = None,
    ) -> None:
        self._model = model
        self._stage = stage
        self._origin = origin
        everybody = Pool({origin.model: 1.0})
        self._casting = casting or Casting(everybody, everybody, everybody)
        self.handlers: dict[Role, Callable[[Any], Awaitable[Message]]] = {
            "blueprint": BlueprintAgent(model, self._casting.blueprint, stage, texts, distractors).handle,
            "user": UserAgent(model, self._casting.user, texts).handle,
            "assistant": AssistantAgent(model, self._casting.assistant).handle,
            "toolsim": ToolSimAgent(stage).handle,
            "verifier": Verifier(stage, origin, self._casting.assistant, gates, panel).handle,
        }

    async def release(self, episode: str) -> None:
        """Close the episode's world. Idempotent."""
        await self._stage.release(episode)

    def reject(self, message: Work, fault: Fault) -> Message:
        """A completed rejection: the row as far as it came, nothing in it a target, with the fault as its reason.

        Where the blueprint is to be played again, the next play follows.
        """
        boundary = "model" if isinstance(fault, ModelFault) else "environment"
        text = f"{boundary}.{fault.reason}" + (f": {fault.detail[:300]}" if fault.detail else "")
        episode = None if isinstance(message, Draft) else message.episode
        assignment = message.assignment if isinstance(message, Draft) else message.episode.assignment
        identity = message.id if isinstance(message, Draft) else message.episode.id
        calls = episode.model_calls if episode else ()
        row = Row(
            id=identity,
            messages=tuple(msgspec.structs.replace(said, train=0.0) for said in episode.transcript) if episode else (),
            tools=episode.tools if episode else (),
            assignment=assignment,
            blueprint=episode.blueprint if episode else None,
            verdict=Verdict(False, (text,), Scores()),
            measurements=counted(episode, assignment.mode),
            provenance=self._origin.of(
                self._stage.clusters[assignment.cluster].provenance,
                self._casting.assistant.choose(assignment.seed, "assistant"),
                calls,
            ),
            # Answers that were no plan are not kept; then it counts whether the stand-in answered anything at all.
            simulated=self._origin.touched(calls) if episode else self._model.simulated,
            face=episode.face if episode else Face(),
        )
        return after(episode, row) if episode else Outcome(assignment.index, identity, "completed", row)
