"""Requests carried by OpenAI's SDK on its aiohttp transport: for Azure, and for whoever wants the vendor's own client.

Only the carrying differs. What is said, when it is said again and how the answer is read is the same for every
client, so rows cannot depend on it: the SDK's own retries are off, and its parsing, which would lose fields that it
does not know, is not used.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import anyio
import httpx2
import msgspec
from openai import APIStatusError, AsyncAzureOpenAI, AsyncOpenAI, DefaultAioHttpClient, Omit, OpenAIError

from .secret import AUTHORIZATION, AZURE_HEADER
from .spec import ModelSpec
from .transport import ENCODINGS, ERROR_BYTES, KEEP_ALIVE, Answer, Incoming, name, too_large
from .trouble import Trouble

PATH = "/chat/completions"
NO_KEY = "none"
"""The SDK does not start without a key; it is left out of the headers again."""


class SdkCarrier:
    """A `Carrier`. Open it with `async with`; tasks of one loop share it."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._clients: dict[str, AsyncOpenAI] = {}  # {request's URL: client}
        self._headers = _headers(spec)
        self._closing = AsyncExitStack()
        self.resent = 0
        """Always 0: the SDK does not tell on which connection a request went, so no resend is free."""

    async def __aenter__(self) -> SdkCarrier:
        for base_url in self._spec.base_urls:
            client = await self._closing.enter_async_context(_client(self._spec, base_url))
            self._clients[f"{base_url}{PATH}"] = client
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._closing.aclose()
        self._clients.clear()

    async def post(self, url: str, body: bytes, read_seconds: float) -> Answer:
        """The whole response to one request, silent for no longer than this. Raises Trouble when there is none."""
        async with self.open(url, body, read_seconds) as response:
            most = self._spec.max_bytes if response.status == 200 else ERROR_BYTES
            pieces, total = list[bytes](), 0
            async for piece in response.pieces():
                total += len(piece)
                if total > most:
                    raise too_large(most)
                pieces.append(piece)
            return Answer(response.status, response.headers, b"".join(pieces))

    @asynccontextmanager
    async def open(self, url: str, body: bytes, read_seconds: float) -> AsyncGenerator[Incoming]:
        """The response as far as its headers. Raises Trouble, also while the body is read inside."""
        spec = self._spec
        try:
            with anyio.fail_after(spec.total_seconds):  # the SDK's transport has no bound of its own
                async with AsyncExitStack() as stack:
                    yield await self._send(self._clients[url], body, read_seconds, stack)
        except (OpenAIError, httpx2.HTTPError, aiohttp.ClientError, TimeoutError) as error:
            raise _named(error) from None

    async def _send(self, client: AsyncOpenAI, body: bytes, read_seconds: float, stack: AsyncExitStack) -> Incoming:
        connect = self._spec.connect_seconds
        sending = client.chat.completions.with_streaming_response.create(
            model=self._spec.name,  # Azure makes the path from it
            messages=(),
            # Everything stands here, the messages too: the SDK sends these keys as they are. Through its own
            # arguments it would walk every message of every request to rename keys that need no renaming.
            extra_body=msgspec.json.decode(body),
            extra_headers=self._headers,
            timeout=httpx2.Timeout(connect=connect, read=read_seconds, write=read_seconds, pool=connect),
        )
        try:
            response = await stack.enter_async_context(sending)
        except APIStatusError as refused:
            said = refused.response.content
            return Incoming(refused.status_code, refused.response.headers, lambda: _once(said))
        return Incoming(response.status_code, response.headers, response.iter_bytes)


def _client(spec: ModelSpec, base_url: str) -> AsyncOpenAI:
    """The SDK's client for one address, without retries and without a key of its own choice."""
    transport = DefaultAioHttpClient(
        # 0 is no bound: the limiter bounds connections
        limits=httpx2.Limits(max_connections=0, keepalive_expiry=KEEP_ALIVE),
        follow_redirects=False,
        trust_env=spec.use_proxies,
    )
    if spec.client == "azure":
        return AsyncAzureOpenAI(
            azure_endpoint=base_url.removesuffix("/openai"),
            api_version=spec.api_version,
            api_key=NO_KEY,
            http_client=transport,
            max_retries=0,
        )
    return AsyncOpenAI(base_url=base_url, api_key=NO_KEY, http_client=transport, max_retries=0)


def _headers(spec: ModelSpec) -> dict[str, str | Omit]:
    """What every request carries: our own secrets, and none of those that the SDK would add."""
    secret = spec.key.headers()
    own = {header.lower() for header in secret}
    absent = {header: Omit() for header in (AUTHORIZATION, AZURE_HEADER) if header.lower() not in own}
    return {"Accept-Encoding": ENCODINGS, **absent, **secret}


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _named(error: BaseException) -> Trouble:
    """The trouble behind the SDK's exception: it wraps httpx2's, which wraps aiohttp's, which has a name."""
    inner: BaseException | None = error
    while inner is not None:
        if trouble := name(inner):
            return trouble
        inner = inner.__cause__
    if isinstance(error, httpx2.TimeoutException):
        return Trouble("timeout", "ease", "no answer in time")
    if isinstance(error, httpx2.DecodingError):
        return Trouble("bad_http", "wait", f"not HTTP as it should be: {error}"[:200])
    return Trouble("transport", "wait", str(error)[:200])
