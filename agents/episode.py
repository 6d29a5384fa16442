"""How an episode grows: a new record for every message said and every model call answered."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..runtime.assignment import Mode
from ..runtime.chat import AssistantMessage, ChatMessage, UserMessage
from ..runtime.messages import Episode, ModelCall, Role
from ..runtime.model import ModelReply
from ..runtime.row import Measurements
from ..runtime.seed import derive


def account(role: Role, reply: ModelReply) -> ModelCall:
    """The account of one answered request."""
    return ModelCall(role, reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.finish_reason, reply.model)


def extend(episode: Episode, said: Iterable[ChatMessage], call: ModelCall | None = None) -> Episode:
    """The episode with messages added at the end and, if one was answered, a model call accounted."""
    calls = episode.model_calls if call is None else (*episode.model_calls, call)
    return msgspec.structs.replace(episode, transcript=(*episode.transcript, *said), model_calls=calls)


def counted(episode: Episode | None, mode: Mode) -> Measurements:
    """What can be counted without judging: turns, calls, model requests, tokens; nothing where nothing was played."""
    transcript = episode.transcript if episode else ()
    model_calls = episode.model_calls if episode else ()
    spoken = [said for said in transcript if isinstance(said, AssistantMessage)]
    tools = [call.function.name for said in spoken for call in said.calls]
    return Measurements(
        mode=mode,
        flags=(),
        user_turns=sum(isinstance(said, UserMessage) for said in transcript),
        assistant_turns=len(spoken),
        tool_calls=len(tools),
        tool_errors=0,
        distinct_tools=len(set(tools)),
        dependent_depth=0,
        model_calls=len(model_calls),
        prompt_tokens=sum(call.prompt_tokens for call in model_calls),
        completion_tokens=sum(call.completion_tokens for call in model_calls),
        finish_reasons=tuple(call.finish_reason for call in model_calls if call.role == "assistant"),
    )


def seed_for(episode: Episode, role: Role, step: int) -> int:
    """The sampling seed of a role's request at a step of the present play."""
    play = (len(episode.rows),) if episode.rows else ()
    return derive(episode.assignment.seed, role, step, *play)
