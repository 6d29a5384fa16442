"""Several models behind one protocol: a request goes to the one that it names."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Model, ModelReply, ModelRequest


class Router:
    """Models by name."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models

    @property
    def simulated(self) -> bool:
        """True where any of them is the stand-in."""
        return any(model.simulated for model in self._models.values())

    async def complete(self, request: ModelRequest) -> ModelReply:
        """As the model that the request names. Raises KeyError when there is none: a bug of the caller."""
        return await self._models[request.model].complete(request)
