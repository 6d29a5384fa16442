"""The most that a run may ask of models: requests, tokens, money."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..errors import TargetUnreachable
from ..mailbox import Signal
from ..model import Model, ModelReply, ModelRequest, Usage

MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True):
    """Money per million tokens."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """What these tokens cost."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / MILLION


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds; None for no bound."""

    requests: int | None = None
    """Replies, however often a request had to be sent for one."""
    tokens: int | None = None
    """Prompt and completion tokens, as servers count them."""
    cost: float | None = None
    """Money, by the price table. Models without a price cost nothing."""


class Budget:
    """A model that stops asking another one when the allowance is used up.

    Requests are bounded exactly. Tokens and money are known when a reply comes: they may be exceeded by what is in
    flight at that moment. The request after that ends the run, but waits for the answers that are still on their way:
    they are paid for.
    """

    def __init__(self, model: Model, allowance: Allowance, prices: Mapping[str, Price]) -> None:
        """`prices`: {model name as in requests: price}."""
        self._model = model
        self._allowance = allowance
        self._prices = prices
        self._in_flight = 0
        self._changed = Signal()
        self.requests = 0
        """Replies, and what is in flight."""
        self.tokens = 0
        self.cost = 0.0

    @property
    def priced(self) -> bool:
        """Whether any model has a price."""
        return bool(self._prices)

    @property
    def simulated(self) -> bool:
        """As the model inside."""
        return self._model.simulated

    async def complete(self, request: ModelRequest) -> ModelReply:
        """As the model inside.

        Raises:
            TargetUnreachable: the allowance is used up.
        """
        spent = self._spent()
        if spent:
            await self._changed.until(lambda: self._in_flight == 0)
            raise TargetUnreachable(f"the budget of {spent} is used up")
        self._in_flight += 1
        self.requests += 1
        answered = False
        try:
            reply = await self._model.complete(request)
            answered = True
        finally:
            self._in_flight -= 1
            self.requests -= not answered
            self._changed.notify()
        self.tokens += reply.usage.prompt_tokens + reply.usage.completion_tokens
        price = self._prices.get(request.model)
        self.cost += price.of(reply.usage) if price else 0.0
        return reply

    def _spent(self) -> str:
        """The bound that is reached, in words; empty when none is."""
        allowance = self._allowance
        if allowance.requests is not None and self.requests >= allowance.requests:
            return f"{allowance.requests:,} requests"
        if allowance.tokens is not None and self.tokens >= allowance.tokens:
            return f"{allowance.tokens:,} tokens"
        if allowance.cost is not None and self.cost >= allowance.cost:
            return f"{allowance.cost:g} (money)"
        return ""
