"""What the endpoint probe says and hears: raw chat completions, so that every deviation of a server stays visible."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import cast

import aiohttp
import msgspec
from pydantic import JsonValue

from ..runtime.llm.markup import LEAKED
from ..runtime.llm.secret import Key

REQUEST_S = 20.0
"""Most that one request may take."""
READ_LIMIT = 8 * 1024 * 1024
"""Bytes of a reply that are read."""
MAX_TOKENS = 1024
"""Room for a model that thinks before it answers."""
REASONING = ("reasoning", "reasoning_content")

Body = dict[str, JsonValue]


class Unusable(Exception):
    """A request was not answered with a completion. `advice` says what to change."""

    def __init__(self, detail: str, advice: str = "", *, status: int = 0) -> None:
        super().__init__(detail)
        self.advice = advice
        self.status = status
        """HTTP status; 0 when there was none."""


class Said(msgspec.Struct, frozen=True):
    """One answer."""

    message: Body
    finish_reason: str | None
    usage: Body
    model: str
    seconds: float

    @property
    def content(self) -> str:
        """The text; empty when there is none."""
        return _text(self.message.get("content"))

    @property
    def calls(self) -> list[Body]:
        """The function halves of the tool calls."""
        listed = self.message.get("tool_calls")
        calls = [_object(call) for call in listed] if isinstance(listed, list) else []
        return [_object(call.get("function")) for call in calls]

    @property
    def reasoning(self) -> str:
        """The name under which reasoning text came; empty when none came."""
        return next((name for name in REASONING if self.message.get(name)), "")

    @property
    def call_id(self) -> str:
        """The id of the first tool call; empty when there is none."""
        listed = self.message.get("tool_calls")
        return _text(_object(listed[0]).get("id")) if isinstance(listed, list) and listed else ""

    @property
    def leaked(self) -> str:
        """Template markup in the text, or an empty text."""
        found = LEAKED.search(self.content)
        return found[0] if found else ""


class Talk:
    """A conversation partner at an endpoint. Keeps every answer that it heard."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, key: Key) -> None:
        self._session = session
        self._base_url = base_url
        self._key = key
        self.model = ""
        """What requests ask for; settled by the check of the model's name."""
        self.heard: list[Said] = []

    async def models(self) -> list[str]:
        """The names of the endpoint's models. Raises Unusable."""
        data = await self._exchange("GET", "/models", None)
        listed = data.get("data")
        if not isinstance(listed, list):
            raise Unusable("/models answered something else than a list")
        return [_text(_object(entry).get("id")) for entry in listed]

    async def chat(self, messages: Sequence[Body], **more: JsonValue) -> Said:
        """The answer to a conversation. Raises Unusable."""
        begun = time.perf_counter()
        data = await self._exchange("POST", "/chat/completions", self.body(messages, **more))
        choices = data.get("choices")
        if not isinstance(choices, list) or not choices:
            shown = self._short(json.dumps(data))
            raise Unusable(f"no choices in the reply: {shown}", "look into the server's log")
        choice = _object(choices[0])
        said = Said(
            message=_object(choice.get("message")),
            finish_reason=_text(choice.get("finish_reason")) or None,
            usage=_object(data.get("usage")),
            model=_text(data.get("model")),
            seconds=time.perf_counter() - begun,
        )
        self.heard.append(said)
        return said

    def body(self, messages: Sequence[Body], **more: JsonValue) -> Body:
        """A request's body; tools are offered with `tool_choice: auto`."""
        body: Body = {"model": self.model, "messages": list(messages), "max_tokens": MAX_TOKENS, "temperature": 0.0}
        return body | ({"tool_choice": "auto"} if "tools" in more else {}) | more

    async def events(self, messages: Sequence[Body], **more: JsonValue) -> list[tuple[float, bytes]]:
        """The data of a stream's events with the seconds after which each came. Raises Unusable."""
        begun = time.perf_counter()
        wanted = self.body(messages, stream=True, stream_options={"include_usage": True}, **more)
        try:
            async with self._request("POST", "/chat/completions", wanted) as response:
                if response.status != 200:
                    raise self._refused(response.status, await response.content.read(READ_LIMIT))
                heard = [
                    (time.perf_counter() - begun, line[5:].strip())
                    async for line in response.content
                    if line.startswith(b"data:")
                ]
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise _unreachable(error) from None
        return heard

    async def _exchange(self, method: str, path: str, body: Body | None) -> Body:
        try:
            async with self._request(method, path, body) as response:
                raw = await response.content.read(READ_LIMIT)
                while not response.content.at_eof() and len(raw) < READ_LIMIT:
                    raw += await response.content.read(READ_LIMIT - len(raw))
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from None
        if status != 200:
            raise self._refused(status, raw)
        try:
            return cast("Body", msgspec.json.decode(raw, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            page = "a web page" if b"<html" in raw[:1000].lower() else "no JSON object"
            advice = "base URLs usually end with /v1"
            raise Unusable(f"{path} answered {page}: {self._short(raw.decode(errors='replace'))}", advice) from None

    def _request(
        self, method: str, path: str, body: Body | None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        headers: Mapping[str, str] = {"Content-Type": "application/json"} | self._key.headers()
        data = None if body is None else msgspec.json.encode(body)
        limit = aiohttp.ClientTimeout(total=REQUEST_S)
        return self._session.request(method, f"{self._base_url}{path}", data=data, headers=headers, timeout=limit)

    def _refused(self, status: int, raw: bytes) -> Unusable:
        advice = {
            401: "give the right key in the environment variable OPENAI_API_KEY, or name another with --api-key-env",
            403: "this key may not use this model or endpoint",
            404: "check the base URL (it usually ends with /v1) and the model's name",
            429: "wait, or ask for a higher rate limit",
        }.get(status, "look into the server's log" if status >= 500 else "")
        return Unusable(f"HTTP {status}: {self._short(raw.decode(errors='replace'))}", advice, status=status)

    def _short(self, text: str) -> str:
        """The beginning of a server's text, without the key that it may repeat."""
        return self._key.redact(" ".join(text.split()))[:160]


def _unreachable(error: Exception) -> Unusable:
    """A connection's failure in plain words."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Unusable(f"TLS failed: {error}", "check http or https, and the server's certificate")
        case aiohttp.ClientConnectorDNSError():
            return Unusable(f"unknown host: {error}", "check the host name in the base URL")
        case TimeoutError():
            return Unusable(f"no answer within {REQUEST_S:g} s", "the server hangs, loads its model, or is very slow")
        case aiohttp.ClientConnectorError(os_error=cause):
            detail = f"no connection to {error.host}:{error.port}: {cause.strerror or cause}"
            return Unusable(detail, "is the server running, and on this host and port?")
        case _:
            return Unusable(f"{type(error).__name__}: {error}", "is the server running, and on this host and port?")


def _object(value: object) -> Body:
    return cast("Body", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
