"""The assistant agent: answers the user or calls tools, through the model's native tool calling."""

from __future__ import annotations

import msgspec

from ..runtime.casting import Pool
from ..runtime.chat import AssistantMessage
from ..runtime.errors import ModelFault
from ..runtime.messages import Act, Episode, Respond, Speak
from ..runtime.model import Model, ModelRequest
from .episode import account, extend, seed_for

MAX_REPLIES = 40
"""Assistant messages after which a conversation that does not end counts as the model's fault."""


class AssistantAgent:
    """Sees the system prompt, the tools and the visible conversation with tool replies; never the blueprint."""

    def __init__(self, model: Model, pool: Pool) -> None:
        self._model = model
        self._pool = pool

    async def handle(self, message: Respond) -> Act | Speak:
        """The assistant's next message: tool calls go to the tools, words to the user.

        Raises ModelFault for an empty or cut answer or an endless conversation, InfrastructureFault as the model does.
        """
        episode = message.episode
        replies = sum(isinstance(spoken, AssistantMessage) for spoken in episode.transcript)
        if replies >= MAX_REPLIES:
            raise ModelFault("endless", f"no end after {replies} assistant messages")
        request = ModelRequest(
            model=self._pool.choose(episode.assignment.seed, "assistant"),
            messages=episode.transcript,
            tools=episode.tools,
            seed=seed_for(episode, "assistant", replies),
        )
        reply = await self._model.complete(request)
        if reply.finish_reason == "length":
            raise ModelFault("cut_off", "the answer ended at the token limit")
        if not reply.message.calls and not reply.message.content.strip():
            raise ModelFault("silent", "the assistant said nothing and called nothing")
        spoken = _with_unique_ids(reply.message, episode)
        after = extend(episode, (spoken,), account("assistant", reply))
        return Act(after) if spoken.calls else Speak(after)


def _with_unique_ids(spoken: AssistantMessage, episode: Episode) -> AssistantMessage:
    """The message as it is, or with call ids renumbered where the server repeated one or left it empty."""
    used = {
        call.id for earlier in episode.transcript if isinstance(earlier, AssistantMessage) for call in earlier.calls
    }
    ids = [call.id for call in spoken.calls]
    if not ids or (all(ids) and len(set(ids)) == len(ids) and used.isdisjoint(ids)):
        return spoken
    fresh = (f"call_{number}" for number in range(len(used) + len(ids) + 1) if f"call_{number}" not in used)
    calls = tuple(msgspec.structs.replace(call, id=name) for call, name in zip(spoken.calls, fresh, strict=False))
    return msgspec.structs.replace(spoken, tool_calls=calls)
