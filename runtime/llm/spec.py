"""What is known of a model behind HTTP before the first request: addresses, key, sampling, bounds."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .rate import Rate
from .secret import Key

MEBIBYTE = 1 << 20
Client: TypeAlias = Literal["http", "sdk", "azure"]
"""What carries requests: our own HTTP client, OpenAI's SDK, or the SDK as Azure wants it."""


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one or several endpoints that serve the same thing."""

    name: str
    """What requests call it."""
    base_urls: tuple[str, ...]
    """Roots such as `http://127.0.0.1:8000/v1`, without a slash at the end. At least one. For Azure the resource's
    address, without a path."""
    client: Client = "http"
    api_version: str = ""
    """Azure's date-like version; empty for the other clients."""
    key: Key = msgspec.field(default_factory=lambda: Key(""))
    concurrency: int = 64
    """Most requests in flight, per address."""
    rate: Rate = Rate()
    """Requests and tokens per minute, over all addresses."""
    stream: bool = False
    """Ask for server-sent events: slower, but gives the time to the first token and between tokens."""
    logprobs: int | None = None
    """Ask for log probabilities with this many alternatives per token."""
    temperature: float | None = None
    """In place of the request's own, as the two below; None leaves it."""
    top_p: float | None = None
    max_tokens: int | None = None
    extra: msgspec.Raw = msgspec.Raw(b"{}")
    """JSON object of further keys of the request's body, for what one kind of server understands."""
    connect_seconds: float = 5.0
    """Most that opening a connection may take, TLS included."""
    read_seconds: float = 120.0
    """Most silence between two pieces of an answer; without streaming that is the whole generation."""
    total_seconds: float = 300.0
    """Most that one request may take, however steadily it drips."""
    outage_seconds: float = 20.0
    """Nothing but failures for so long, from an endpoint that has answered before, ends the run."""
    max_bytes: int = 16 * MEBIBYTE
    """Most of an answer, after decompression."""
    use_proxies: bool = False
    """Follow HTTP_PROXY and the like. Off, because a run should not depend on what a shell happens to export."""
