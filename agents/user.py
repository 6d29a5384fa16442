"""The user agent: says what the persona wants, one goal after the other, and stops when all are met."""

from __future__ import annotations

from ..runtime.casting import Pool
from ..runtime.chat import AssistantMessage, ChatMessage, SystemMessage, UserMessage
from ..runtime.errors import ModelFault
from ..runtime.messages import Episode, Judge, Respond, Speak
from ..runtime.model import Model, ModelRequest
from . import prompts
from .episode import account, extend, seed_for
from .prompt_set import BUILT_IN, PromptSet

MAX_TURNS = 12
"""User messages after which a conversation is cut and judged as it stands."""


class UserAgent:
    """Sees persona, goals, the facts it may tell and the visible conversation; never tools or the plan."""

    def __init__(self, model: Model, pool: Pool, texts: PromptSet = BUILT_IN) -> None:
        self._model = model
        self._pool = pool
        self._texts = texts

    async def handle(self, message: Speak) -> Respond | Judge:
        """The user's next message goes to the assistant; when there is nothing more to say, the verifier judges.

        Raises ModelFault when the model says nothing, InfrastructureFault as the model raises it.
        """
        episode = message.episode
        turns = sum(isinstance(spoken, UserMessage) for spoken in episode.transcript)
        if turns >= MAX_TURNS:
            return Judge(episode)
        seed = seed_for(episode, "user", turns)
        name = self._pool.choose(episode.assignment.seed, "user")
        reply = await self._model.complete(
            ModelRequest(model=name, messages=conversation(episode, self._texts), seed=seed)
        )
        text = reply.message.content.strip()
        if prompts.STOP in text:
            return Judge(extend(episode, (), account("user", reply)))
        if not text:
            raise ModelFault("user_silent", "the user agent's model said nothing")
        return Respond(extend(episode, (UserMessage(text),), account("user", reply)))


def conversation(episode: Episode, texts: PromptSet = BUILT_IN) -> tuple[ChatMessage, ...]:
    """The user's request: its instructions, then the visible conversation with the roles turned round.

    Append-only: each request's messages extend those of the one before.
    """
    assignment = episode.assignment
    goals = episode.blueprint.plan.goals
    system = prompts.user_system(assignment.persona, assignment.style, goals, texts, episode.face.language)
    turned: list[ChatMessage] = [SystemMessage(system), UserMessage(prompts.user_opening(texts))]
    for spoken in episode.transcript:
        match spoken:
            case UserMessage(content=content):
                turned.append(AssistantMessage(content))
            case AssistantMessage(content=content) if content and not spoken.calls:
                turned.append(UserMessage(content))
            case _:
                pass
    return tuple(turned)
