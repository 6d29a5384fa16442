"""The meter: counts the model requests that were answered, the tokens they took and, in a profile, the time."""

from __future__ import annotations

from .model import Model, ModelReply, ModelRequest
from .profile.here import step


class Meter:
    """A model that counts what another model answers."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.calls = 0
        """Requests answered."""
        self.prompt_tokens = 0
        self.completion_tokens = 0

    @property
    def simulated(self) -> bool:
        """As the model inside."""
        return self._model.simulated

    async def complete(self, request: ModelRequest) -> ModelReply:
        """As the model inside, counted when it answers."""
        with step("model call"):
            reply = await self._model.complete(request)
        self.calls += 1
        self.prompt_tokens += reply.usage.prompt_tokens
        self.completion_tokens += reply.usage.completion_tokens
        return reply
