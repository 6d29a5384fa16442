"""OpenAI's SDK as the carrier: the same requests, replies, troubles and rows as our own client's."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tdscaling.runtime import loop
from tdscaling.runtime.errors import ConfigError, EndpointError, EndpointFault
from tdscaling.runtime.llm.http import HttpModel
from tdscaling.runtime.llm.raw import FileRawLog
from tdscaling.runtime.llm.sdk import SdkCarrier
from tdscaling.runtime.llm.secret import Key
from tdscaling.runtime.llm.settings import ModelSettings, resolve
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.model import ModelReply
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.tests.llm.server import (
    QUICK,
    REQUEST,
    USAGE,
    Endpoint,
    Handler,
    ask,
    body,
    breaks_off,
    delta,
    fails,
    gives,
    resets,
    says,
    sends,
    serve,
    stalls,
    streams,
)

CALL = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": '{"id": "A-1"}'}}
ODD = body(
    {"role": "assistant", "content": None, "reasoning": "Look it up.", "tool_calls": [CALL], "unheard_of": {"of": 1}},
)


def sdk_model(endpoint: Endpoint, **spec: Any) -> HttpModel:
    """A model on one endpoint, over the SDK."""
    wanted = ModelSpec(**{"name": "m", "base_urls": (endpoint.url,), "client": "sdk", **spec})
    return HttpModel(wanted, policy=QUICK, carrier=SdkCarrier(wanted))


async def ask_sdk(*script: Handler, **spec: Any) -> tuple[ModelReply, HttpModel, Endpoint]:
    """One request against a script, over the SDK."""
    async with serve(*script) as endpoint, sdk_model(endpoint, **spec) as model:
        return await model.complete(REQUEST), model, endpoint


def dated(arguments: str) -> Handler:
    """A streamed call."""
    piece = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": arguments}}
    return streams(delta(reasoning="Hm."), delta(tool_calls=[piece]), delta("tool_calls"), USAGE)


@pytest.mark.parametrize(
    ("script", "spec"),
    [
        ([says("hi")], {}),
        ([gives(ODD)], {}),
        ([fails(429), fails(500), says("hi")], {}),
        ([resets, breaks_off, says("hi")], {}),
        ([sends(b"<html>"), sends(b'{"choices": null}'), says("hi")], {}),
        ([dated('{"a": "\\u00fc"}')], {"stream": True}),
        ([fails(503), streams(delta(content="a"), done=False), dated("{}")], {"stream": True}),
    ],
    ids=["text", "odd", "statuses", "connections", "bodies", "stream", "stream again"],
)
def test_both_clients_say_and_read_the_same(script: list[Handler], spec: dict[str, Any]) -> None:
    """Bodies as JSON, replies, troubles, deviations, adaptations."""
    reply, model, endpoint = loop.run(lambda: ask(*script, **spec))
    other, other_model, other_endpoint = loop.run(lambda: ask_sdk(*script, **spec))
    assert msgspec.json.encode(reply) == msgspec.json.encode(other)
    assert endpoint.requests == other_endpoint.requests
    one, two = model.statistics(), other_model.statistics()
    assert (one.troubles, one.deviations, one.requests) == (two.troubles, two.deviations, two.requests)


@pytest.mark.parametrize(
    ("bad", "spec", "reason"),
    [
        (stalls, {"read_seconds": 0.05}, "timeout"),
        (stalls, {"total_seconds": 0.05}, "timeout"),
        (sends(b" " * 5000 + b"{}"), {"max_bytes": 4000}, "too_large"),
        (resets, {}, "reset"),
        (breaks_off, {}, "truncated"),
        (sends(b"hello", headers={"Content-Encoding": "gzip"}), {}, "bad_http"),
    ],
)
def test_a_failure_has_the_name_that_it_has_over_http(bad: Handler, spec: dict[str, Any], reason: str) -> None:
    """The SDK's exceptions are looked through."""

    async def main() -> None:
        async with serve(says("hi"), bad) as endpoint, sdk_model(endpoint, **spec) as model:
            await model.complete(REQUEST)
            with pytest.raises(EndpointFault) as caught:
                await model.complete(REQUEST)
            assert caught.value.reason == f"endpoint_{reason}"

    loop.run(main)


def test_a_wrong_key_is_one_line_without_the_key() -> None:
    """As over HTTP, after one request: the SDK does not try again by itself."""

    async def main() -> None:
        bad = fails(401, "no such key sk-abcdef123456")
        async with serve(bad) as endpoint, sdk_model(endpoint, key=Key("sk-abcdef123456")) as model:
            with pytest.raises(EndpointError) as caught:
                await model.complete(REQUEST)
            assert "http_401" in str(caught.value)
            assert "abcdef" not in str(caught.value)
            assert len(endpoint.bodies) == 1

    loop.run(main)


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, {"Authorization": "Bearer k-1"}),
        ({"auth_header": "X-Api-Key"}, {"X-Api-Key": "k-1"}),
        ({"api_key_env": "NONE"}, {}),
        ({"headers_env": {"X-Team": "TEAM"}}, {"Authorization": "Bearer k-1", "X-Team": "red"}),
    ],
    ids=["bearer", "own header", "no key", "more headers"],
)
@pytest.mark.parametrize("client", ["http", "sdk"])
def test_secrets_go_where_the_settings_say(settings: dict[str, Any], sent: dict[str, str], client: str) -> None:
    """And nowhere else, with either client."""

    async def main() -> None:
        async with serve(says("hi")) as endpoint:
            spec = resolved(ModelSettings.model_validate({**settings, "client": client}), endpoint.url)
            async with HttpModel(spec, carrier=SdkCarrier(spec) if client == "sdk" else None) as model:
                await model.complete(REQUEST)
            told = {name.lower(): value for name, value in endpoint.headers[0].items()}
            names = ("authorization", "api-key", "x-api-key", "x-team")
            assert {name: told[name] for name in names if name in told} == {
                name.lower(): value for name, value in sent.items()
            }

    loop.run(main)


def resolved(settings: ModelSettings, url: str) -> ModelSpec:
    """The record of one entry, in an environment with a key and a team."""
    environ = {"OPENAI_API_KEY": "k-1", "TEAM": "red"}
    return resolve("m", settings, base_urls=(url,), environ=environ, concurrency=4, stream=False, logprobs=None)


def test_a_header_without_its_variable_is_a_wrong_setting() -> None:
    """Named with the header and the variable."""
    settings = ModelSettings(headers_env={"X-Team": "NOT_SET"})
    with pytest.raises(ConfigError, match="X-Team: the environment has no NOT_SET"):
        resolved(settings, "http://127.0.0.1:1")


def test_azure_gets_its_own_path_version_and_header() -> None:
    """The deployment in the path, the version in the query, the key as `api-key`; the reply is read as any other."""
    seen: list[tuple[str, dict[str, str], str | None, str | None]] = []

    async def deployment(request: web.Request) -> web.StreamResponse:
        told = request.headers
        seen.append((request.path, dict(request.query), told.get("api-key"), told.get("Authorization")))
        return web.json_response(body())

    async def main() -> ModelReply:
        app = web.Application()
        app.router.add_post("/{path:.*}", deployment)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            settings = ModelSettings(client="azure", api_version="2024-06-01", name="my-deployment")
            spec = resolved(settings, f"http://127.0.0.1:{runner.addresses[0][1]}")
            async with HttpModel(spec, carrier=SdkCarrier(spec)) as model:
                return await model.complete(REQUEST)
        finally:
            await runner.cleanup()

    assert loop.run(main).message.content == "hi"
    path = "/openai/deployments/my-deployment/chat/completions"
    assert seen == [(path, {"api-version": "2024-06-01"}, "k-1", None)]


def test_raw_replies_are_kept_as_the_server_sent_them() -> None:
    """Not as the SDK's records would write them again."""
    storage = MemoryStorage()
    text = json.dumps(ODD, indent=3).encode()

    async def main() -> None:
        async with serve(sends(text)) as endpoint, sdk_model(endpoint) as model:
            model.keep_raw(FileRawLog(storage.open_append("raw.jsonl")))
            await model.complete(REQUEST)

    loop.run(main)
    assert json.loads(storage.files["raw.jsonl"])["body"].encode() == text
