"""What a settings file says about models: the `models:` section, and how it becomes the record that a client needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..errors import ConfigError
from .budget import Price
from .rate import Rate
from .secret import AUTHORIZATION, AZURE_HEADER, Key
from .spec import Client, ModelSpec

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
AZURE_VERSION = "2024-10-21"
"""Azure's stable version of the interface, for entries that name none."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PriceSettings(BaseModel):
    """Money per million tokens, in whatever currency the budget is in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    completion: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class ModelSettings(BaseModel):
    """One entry of `models:`. Its key is the name that --model and the rows use."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str | None = None
    """What the endpoint calls it; the entry's key when absent."""
    base_url: str | None = None
    """Its endpoint; --base-url, then OPENAI_BASE_URL when absent."""
    base_urls: tuple[str, ...] = ()
    """Several endpoints that serve the same model, in place of `base_url`."""
    api_key_env: str = KEY_VARIABLE
    """The environment variable that holds the key. The key itself never stands in a file of ours."""
    client: Client | None = None
    """What carries its requests; --client when absent."""
    api_version: str = AZURE_VERSION
    """Only for the client `azure`."""
    auth_header: str | None = None
    """The header that carries the key: `Authorization: Bearer KEY`, for Azure `api-key: KEY`, when absent."""
    headers_env: dict[str, str] = {}
    """{header: environment variable that holds its value}, for gateways that want more than a key."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Most tokens of one reply."""
    extra_body: dict[str, JsonValue] = {}
    """Further keys of every request's body."""
    connect_timeout: Positive = 5.0
    read_timeout: Positive = 120.0
    """Seconds of silence after which a request has failed."""
    total_timeout: Positive = 300.0
    outage_timeout: Positive = 20.0
    """Seconds of nothing but failures after which the run ends; more for servers that are restarted meanwhile."""
    max_concurrency: Annotated[int, Field(ge=1)] | None = None
    """Most requests in flight per endpoint; --concurrency when absent."""
    requests_per_minute: Positive | None = None
    """Most requests a minute over all its endpoints, repetitions included; no bound when absent."""
    tokens_per_minute: Positive | None = None
    """Most prompt and completion tokens a minute; no bound when absent."""
    proxies: bool = False
    """Use the proxies that the environment names."""
    price: PriceSettings | None = None

    def semantic(self) -> dict[str, JsonValue]:
        """What of it changes rows."""
        return self.model_dump(
            mode="json", include={"name", "temperature", "top_p", "max_tokens", "extra_body"}, exclude_defaults=True
        )

    def pricing(self) -> Price | None:
        """The price as the budget wants it."""
        return Price(self.price.prompt, self.price.completion) if self.price else None


def resolve(
    key: str,
    settings: ModelSettings,
    *,
    base_urls: Sequence[str],
    environ: Mapping[str, str],
    concurrency: int,
    stream: bool,
    logprobs: int | None,
    client: Client = "http",
) -> ModelSpec:
    """The record for one model; `base_urls` and `client` are the run's own, for entries without any.

    Raises:
        ConfigError: there is no address, or one that cannot be used, or a header's variable is not set.
    """
    own = settings.base_urls or ((settings.base_url,) if settings.base_url else ())
    environment = environ.get(URL_VARIABLE, "").strip()
    urls = own or tuple(base_urls) or ((environment,) if environment else ())
    if not urls:
        raise ConfigError(
            f"model {key!r} needs an endpoint: give --base-url or {URL_VARIABLE} (without one there is only 'sim')"
        )
    client = settings.client or client
    return ModelSpec(
        name=settings.name or key,
        client=client,
        api_version=settings.api_version if client == "azure" else "",
        base_urls=tuple(dict.fromkeys(map(root, urls))),
        key=_key(key, settings, client, environ),
        concurrency=settings.max_concurrency or concurrency,
        rate=Rate(requests=settings.requests_per_minute, tokens=settings.tokens_per_minute),
        stream=stream,
        logprobs=logprobs,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens,
        extra=msgspec.Raw(json.dumps(settings.extra_body).encode()),
        connect_seconds=settings.connect_timeout,
        read_seconds=settings.read_timeout,
        total_seconds=settings.total_timeout,
        outage_seconds=settings.outage_timeout,
        use_proxies=settings.proxies,
    )


def _key(name: str, settings: ModelSettings, client: Client, environ: Mapping[str, str]) -> Key:
    """The secrets that the environment holds for this entry. Raises ConfigError when a header's variable is not set."""
    more: dict[str, str] = {}
    for header, variable in settings.headers_env.items():
        more[header] = environ.get(variable, "").strip()
        if not more[header]:
            raise ConfigError(f"model {name!r}: headers_env: {header}: the environment has no {variable}")
    usual = AZURE_HEADER if client == "azure" else AUTHORIZATION
    text = environ.get(settings.api_key_env, "").strip()
    return Key(text, header=settings.auth_header or usual, more=more)


def root(url: str) -> str:
    """The address without a slash at the end.

    Raises:
        ConfigError: it is no HTTP address, or it holds what must not be written into a run directory.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"base url {url!r}: {error}") from None
    if parts.username or parts.password:
        raise ConfigError(f"base url of {parts.hostname}: a key or password has no place in it; use {KEY_VARIABLE}")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigError(f"base url {url!r} is not an address such as http://127.0.0.1:8000/v1")
    if parts.query or parts.fragment:
        raise ConfigError(f"base url of {parts.hostname}: leave out what follows ? or #")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/chat/completions')}"
