"""A connection to a server that somebody else runs, over streamable HTTP, with the manifest's headers."""

from __future__ import annotations

import httpx2
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client

from .manifest import Manifest

MAX_EVENT = 64 * 2**20
"""Bytes of one event of a reply."""


def http_client(manifest: Manifest) -> httpx2.AsyncClient:
    """The HTTP client of one session; the caller enters and leaves it."""
    timeout = httpx2.Timeout(manifest.timeouts.call, connect=manifest.timeouts.start)
    # Neither proxies nor netrc: what reaches a server stands in its manifest.
    return httpx2.AsyncClient(headers=dict(manifest.headers), timeout=timeout, trust_env=False)


def http_streams(url: str, http: httpx2.AsyncClient) -> Transport:
    """What the SDK's client reads from and writes to; its session at the server ends with the context.

    Entering and use raise httpx2.TransportError when the server cannot be reached, possibly in a group.
    """
    return streamable_http_client(url, http_client=http, max_sse_event_size=MAX_EVENT)
