"""How an episode grows: a new record for every message said and every model call answered."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..runtime.chat import ChatMessage
from ..runtime.messages import Episode, ModelCall, Role
from ..runtime.model import ModelReply


def account(role: Role, reply: ModelReply) -> ModelCall:
    """The account of one answered request."""
    return ModelCall(role, reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.finish_reason)


def extend(episode: Episode, said: Iterable[ChatMessage], call: ModelCall | None = None) -> Episode:
    """The episode with messages added at the end and, if one was answered, a model call accounted."""
    calls = episode.model_calls if call is None else (*episode.model_calls, call)
    return msgspec.structs.replace(episode, transcript=(*episode.transcript, *said), model_calls=calls)
