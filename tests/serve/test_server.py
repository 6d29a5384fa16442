"""The routes: who is let in, what is refused and how, streams, canned replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import msgspec
import openai
import pytest

from tdscaling.agents.sim.server.improvise import instance
from tdscaling.agents.sim.server.latency import Latency, parse_latency
from tdscaling.agents.sim.server.replay import Replay, load_replies
from tdscaling.agents.sim.server.service import ServerSettings
from tdscaling.runtime.errors import ConfigError, InputError

from .serving import CALLS, TALKS, endpoint


def refused(body: object, settings: ServerSettings | None = None, **headers: str) -> tuple[int, str]:
    """The status and the message of an error body."""

    async def ask() -> tuple[int, str]:
        async with endpoint(settings) as served, served.post(body, **headers) as response:
            error = msgspec.json.decode(await response.read())["error"]
            assert (await served.stats()).refused == 1
            return response.status, error["message"]

    return anyio.run(ask)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[]", 400, "not a chat completion request"),
        ({"model": "sim", "messages": []}, 400, "`messages` is empty"),
        ({"model": "sim", "messages": [3]}, 400, "messages[0]"),
        ({"model": "sim", "messages": [{"role": "poet", "content": "x"}]}, 400, "unknown role 'poet'"),
        (CALLS | {"n": 2}, 400, "`n` must be 1"),
        (CALLS | {"model": "other"}, 404, "'other' does not exist"),
        (CALLS | {"response_format": {"type": "grammar"}}, 400, "'grammar' is not supported"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(body: object, status: int, words: str) -> None:
    """In OpenAI's error form."""
    got, message = refused(body)
    assert got == status
    assert words in message


def test_without_the_key_nobody_is_let_in() -> None:
    """Neither without one nor with another."""
    settings = ServerSettings(api_key="right")
    assert refused(CALLS, settings) == (401, "Incorrect API key provided")
    assert refused(CALLS, settings, Authorization="Bearer wrong")[0] == 401


def test_openais_own_client_reads_models_answers_and_streams() -> None:
    """With a key, a served name, tools, and usage at the end of the stream."""

    async def ask() -> None:
        async with (
            endpoint(ServerSettings(model="stand-in", mistakes=0.0, api_key="right")) as served,
            openai.AsyncOpenAI(base_url=served.url, api_key="right", max_retries=0) as client,
        ):
            assert [model.id async for model in client.models.list()] == ["stand-in"]
            request = CALLS | {"model": "stand-in"}
            whole = await client.chat.completions.create(**request)
            pieces, usage = "", None
            options: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
            async for chunk in await client.chat.completions.create(**request, **options):
                usage = chunk.usage or usage
                for choice in chunk.choices:
                    for call in choice.delta.tool_calls or ():
                        pieces += call.function.arguments or ""
            assert whole.model == "sim"  # whatever it is called: rows must say that it was simulated
            assert whole.choices[0].message.tool_calls[0].function.arguments == pieces == '{"city":"Lisbon"}'
            assert usage == whole.usage

    anyio.run(ask)


def test_a_schema_of_ones_own_gets_a_value_of_that_shape() -> None:
    """The simulated model only drafts plans; a probe still learns that the endpoint keeps to schemas."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "kind": {"enum": ["a", "b"]}, "n": {"$ref": "#/$defs/n"}},
        "required": ["city", "kind", "n"],
        "$defs": {"n": {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 3}}},
    }

    async def ask() -> object:
        async with endpoint() as served:
            wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
            body = await served.answer({"model": "sim", "messages": TALKS["messages"], "response_format": wanted})
            return msgspec.json.decode(body["choices"][0]["message"]["content"])

    assert anyio.run(ask) == {"city": "text", "kind": "a", "n": [3, 3]}


def test_a_schema_that_refers_to_itself_ends() -> None:
    """Cut at some depth."""
    assert instance({"$ref": "#"}) is None


def test_canned_replies_come_in_a_cycle_byte_for_byte(tmp_path: Path) -> None:
    """Whatever was asked."""
    path = tmp_path / "replies.jsonl"
    path.write_bytes(b'{"choices": [{"a": 1}]}\n\n{"choices":[{"a":2}]}\n')

    async def ask() -> list[bytes]:
        async with endpoint(replay=Replay(load_replies(path))) as served:
            bodies: list[bytes] = []
            for _ in range(3):
                async with served.post(b"anything") as response:
                    bodies.append(await response.read())
            assert (await served.stats()).requests == 3
            return bodies

    assert anyio.run(ask) == [b'{"choices": [{"a": 1}]}', b'{"choices":[{"a":2}]}', b'{"choices": [{"a": 1}]}']


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"", "holds no replies"), (b'{"choices":[{}]}\n{', ":2: not a chat"), (b'{"choices":[]}', ":1: not a chat")],
)
def test_a_replay_file_that_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: bytes, words: str) -> None:
    """Before anything is served."""
    path = tmp_path / "replies.jsonl"
    path.write_bytes(text)
    with pytest.raises(InputError, match=words):
        load_replies(path)


def test_latency_is_fixed_or_drawn_with_the_given_median() -> None:
    """Equal seeds draw equal times."""
    assert parse_latency("200") == Latency(200.0)
    assert Latency(200.0).seconds(1, 2) == 0.2
    drawn = sorted(parse_latency("lognormal:200,0.5").seconds(3, number) for number in range(999))
    assert 0.18 < drawn[499] < 0.22
    assert drawn[950] > 0.35


@pytest.mark.parametrize("text", ["fast", "-1", "200,0.5", "lognormal:200", "lognormal:200,nan", "normal:1,1", ""])
def test_a_latency_that_is_none_is_one_line(text: str) -> None:
    """It says what would be right."""
    with pytest.raises(ConfigError, match=r"must be like 200 or lognormal:200,0\.5"):
        parse_latency(text)


def test_a_stream_spreads_its_latency() -> None:
    """A quarter before the first event, the rest evenly: together the latency."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    async def ask() -> None:
        settings = ServerSettings(latency=Latency(1000))
        async with endpoint(settings, sleep=sleep) as served, served.post(CALLS | {"stream": True}) as response:
            await response.read()

    anyio.run(ask)
    assert slept[0] == 0.25
    assert sum(slept) == pytest.approx(1.0)
