"""The models of a run, from its settings: who plays which role, embedded or behind an endpoint, within which budget."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
from pydantic import JsonValue

from ..agents.sim.model import SimModel
from ..runtime.casting import Casting, Pool, parse_pool
from ..runtime.config import RunConfig
from ..runtime.errors import ConfigError
from ..runtime.llm.budget import Allowance, Budget
from ..runtime.llm.cache import CachedModel
from ..runtime.llm.raw import RAW, FileRawLog
from ..runtime.llm.router import Router
from ..runtime.llm.settings import ModelSettings, resolve
from ..runtime.model import SIMULATED, Model, ModelRequest
from ..runtime.storage import Storage

if TYPE_CHECKING:
    from ..runtime.llm.http import HttpModel

ENDPOINTS = "endpoints.json"
"""File of the run directory with every endpoint's statistics."""


class Load(msgspec.Struct, frozen=True):
    """What endpoints carry at one moment, summed over them."""

    requests: int
    """In flight."""
    slots: int
    """That may be in flight now."""
    maximum: int
    """That may ever be in flight."""
    waiting: int
    """For a slot."""
    busy_s: float
    """Seconds that slots were held."""
    troubles: int
    """Requests that failed so far."""


class Models:
    """Every model of a run behind one, and who plays which role."""

    def __init__(
        self,
        casting: Casting,
        http: Mapping[str, HttpModel],
        budget: Budget,
        *,
        keep_raw: bool,
        cache: CachedModel | None = None,
    ) -> None:
        """`http`: the models that have endpoints, by the names that requests use; `cache`: what stands before all."""
        self.casting = casting
        self.model: Model = cache or budget
        self._cache = cache
        self._budget = budget
        self._http = http
        self._keep_raw = keep_raw

    @property
    def remote(self) -> int:
        """How many of them are behind endpoints."""
        return len(self._http)

    @asynccontextmanager
    async def open(self, storage: Storage, hide: Callable[[str], str] = str) -> AsyncGenerator[None]:
        """Connections and files, for as long as the context lasts; at its end `endpoints.json` is written.

        Raw replies go through `hide`.

        Raises:
            OutputError: the storage cannot be written.
        """
        if not self._http:
            yield
            return
        async with AsyncExitStack() as stack:
            raw = storage.open_append(RAW) if self._keep_raw else None
            if raw is not None:
                stack.callback(raw.close)
            for model in self._http.values():
                model.keep_raw(FileRawLog(raw, hide) if raw is not None else None)
                await stack.enter_async_context(model)
            try:
                yield
            finally:
                storage.write_text(ENDPOINTS, self.report())

    def load(self) -> Load:
        """What all endpoints together carry now."""
        found = [model.statistics() for model in self._http.values()]
        limiters = [limiter for one in found for limiter in one.replicas.values()]
        return Load(
            requests=sum(one.in_flight for one in limiters),
            slots=sum(one.limit for one in limiters),
            maximum=sum(one.maximum for one in limiters),
            waiting=sum(one.waiting for one in limiters),
            busy_s=sum(one.busy_s for one in limiters),
            troubles=sum(sum(one.troubles.values()) for one in found),
        )

    def report(self) -> str:
        """What was asked of every endpoint and what came back, as JSON text."""
        whole = {
            "requests": self._budget.requests,
            "tokens": self._budget.tokens,
            "cost": round(self._budget.cost, 6),
            "models": {name: model.statistics() for name, model in self._http.items()},
        }
        return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"

    def closing_line(self) -> str:
        """What a person should know of the endpoints; empty when all was as it should be."""
        if not self._http:
            return ""
        found = [model.statistics() for model in self._http.values()]
        requests, answered = sum(one.requests for one in found), sum(one.answered for one in found)
        troubles = sum(sum(one.troubles.values()) for one in found)
        deviations = sum(sum(one.deviations.values()) for one in found)
        kept = f", {self._cache.hits:,} replies from the request cache" if self._cache else ""
        cost = f", cost {self._budget.cost:.4f}" if self._budget.priced else ""
        return (
            f"endpoints: {requests:,} requests for {answered:,} replies, {troubles:,} failed and were repeated, "
            f"{deviations:,} deviations repaired{cost}{kept}; details in {ENDPOINTS}"
        )


def build_models(config: RunConfig, environ: Mapping[str, str] = os.environ) -> Models:
    """The models that the settings name; nothing is connected yet.

    Raises:
        ConfigError: a pool cannot be read, or a model has no endpoint, or one that cannot be used.
    """
    assistant = parse_pool(config.model, "model")
    casting = Casting(
        blueprint=parse_pool(config.blueprint_model, "blueprint_model") if config.blueprint_model else assistant,
        user=parse_pool(config.user_model, "user_model") if config.user_model else assistant,
        assistant=assistant,
        judge=Pool({config.judge_model: 1.0}) if config.judge_model else None,
    )
    embedded: dict[str, Model] = {}
    http: dict[str, HttpModel] = {}
    for name in casting.names:
        entry = config.models.get(name)
        if name == SIMULATED and not config.base_url and not (entry and (entry.base_url or entry.base_urls)):
            embedded[name] = SimModel(config.mistakes)
        else:
            http[name] = _http_model(name, entry or ModelSettings(), config, environ)
    for name in config.models:
        if name not in casting.names:
            roles = "--model, --user-model, --blueprint-model, --judge-model"
            raise ConfigError(f"models: {name!r} is configured but plays no role: {roles}")
    prices = {name: price for name, entry in config.models.items() if (price := entry.pricing())}
    if config.budget_cost is not None and not prices:
        raise ConfigError("budget_cost needs prices: models: {name: {price: {prompt: ..., completion: ...}}} in a file")
    allowance = Allowance(requests=config.budget_requests, tokens=config.budget_tokens, cost=config.budget_cost)
    keep_raw = config.keep_raw or config.logprobs is not None
    budget = Budget(Router({**embedded, **http}), allowance, prices)
    cache = None
    if config.request_cache is not None:
        own = {name: json.dumps(entry.semantic(), sort_keys=True) for name, entry in config.models.items()}
        own |= dict.fromkeys(embedded, f"mistakes {config.mistakes}")
        cache = CachedModel(budget, config.request_cache, own)
    return Models(casting, http, budget, keep_raw=keep_raw, cache=cache)


def _http_model(name: str, entry: ModelSettings, config: RunConfig, environ: Mapping[str, str]) -> HttpModel:
    # Here and not above: a run on the embedded model starts without the HTTP client.
    from ..runtime.llm.http import HttpModel

    spec = resolve(
        name,
        entry,
        base_urls=config.base_url,
        environ=environ,
        concurrency=config.concurrency,
        stream=config.stream,
        logprobs=config.logprobs,
        client=config.client,
    )
    if spec.client == "http":
        return HttpModel(spec)
    from ..runtime.llm.sdk import SdkCarrier  # half a second: only who asks for it pays

    return HttpModel(spec, carrier=SdkCarrier(spec))


def sampling_of(config: RunConfig) -> str:
    """The sampling parameters of every request, as JSON text: the request's own, and what models have of their own."""
    request = ModelRequest(model="", messages=())
    own: dict[str, JsonValue] = {name: entry.semantic() for name, entry in config.models.items() if entry.semantic()}
    common = {"temperature": request.temperature, "top_p": request.top_p, "max_tokens": request.max_tokens}
    return json.dumps({**common, **({"models": own} if own else {})})
