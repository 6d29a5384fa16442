"""A connection to a server that somebody else runs, over streamable HTTP, with the manifest's headers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
from mcp.client.streamable_http import (
    TransportStreams,  # pyright: ignore[reportPrivateImportUsage] -- public nowhere
    streamable_http_client,
)

from .manifest import Manifest

MAX_EVENT = 64 * 2**20
"""Bytes of one event of a reply."""


@asynccontextmanager
async def http_streams(manifest: Manifest) -> AsyncGenerator[TransportStreams]:
    """What the SDK's client reads from and writes to; its session at the server ends with the context.

    Raises:
        httpx2.TransportError: the server cannot be reached; from within the SDK, possibly in a group.
    """
    if manifest.url is None:
        raise RuntimeError(f"{manifest.source} starts a process: it has no url")
    timeout = httpx2.Timeout(manifest.timeouts.call, connect=manifest.timeouts.start)
    async with (
        # Neither proxies nor netrc: what reaches a server stands in its manifest.
        httpx2.AsyncClient(headers=dict(manifest.headers), timeout=timeout, trust_env=False) as http,
        streamable_http_client(manifest.url, http_client=http, max_sse_event_size=MAX_EVENT) as streams,
    ):
        yield streams
