"""The served model answers exactly as the embedded one."""

from __future__ import annotations

from functools import partial

import anyio
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.agents.sim.model import answer
from tdscaling.agents.sim.server.service import ServerSettings
from tdscaling.agents.sim.server.wire import read_body, to_request
from tdscaling.runtime.chat import (
    AssistantMessage,
    FunctionCall,
    FunctionSpec,
    SystemMessage,
    ToolCall,
    ToolDefinition,
    ToolMessage,
    UserMessage,
)
from tdscaling.runtime.llm.http import HttpModel
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.llm.wire import Dialect, encode
from tdscaling.runtime.model import ModelReply, ModelRequest, ResponseFormat

from ..agents.play import Theatre
from .serving import endpoint

EPISODES = 8


@pytest.fixture(scope="module")
def exchanges() -> list[tuple[ModelRequest, ModelReply]]:
    """What the embedded model was asked in some episodes of every role, mistakes included, and what it answered."""
    theatre = Theatre(mistakes=3.0)
    anyio.run(theatre.play, EPISODES)
    return theatre.model.exchanges


async def ask_over_http(requests: list[ModelRequest], *, stream: bool) -> list[ModelReply]:
    """The answers of a served model, through the package's own client."""
    async with (
        endpoint(ServerSettings(mistakes=3.0)) as served,
        HttpModel(ModelSpec(name="sim", base_urls=(served.url,), stream=stream)) as model,
    ):
        return [await model.complete(request) for request in requests]


@pytest.mark.parametrize("stream", [False, True])
def test_answers_over_a_socket_are_those_of_the_embedded_model(
    exchanges: list[tuple[ModelRequest, ModelReply]], *, stream: bool
) -> None:
    """Byte for byte: text, calls, finish reason, usage and name, whole and streamed."""
    asked = [request for request, _ in exchanges]
    replies = anyio.run(partial(ask_over_http, asked, stream=stream))
    assert len(replies) > 30
    assert [msgspec.json.encode(r) for r in replies] == [msgspec.json.encode(r) for _, r in exchanges]


def test_a_client_that_encodes_json_its_own_way_gets_the_same_answers(
    exchanges: list[tuple[ModelRequest, ModelReply]],
) -> None:
    """OpenAI's client writes bodies with the standard library and leaves defaults out; the answers do not change."""

    async def ask() -> list[str | None]:
        said: list[str | None] = []
        async with (
            endpoint(ServerSettings(mistakes=3.0)) as served,
            openai.AsyncOpenAI(base_url=served.url, api_key="none", max_retries=0) as client,
        ):
            for request, _ in exchanges[:12]:
                body = msgspec.json.decode(msgspec.json.encode(request))
                if request.response_format is not None:
                    body["response_format"] = {"type": "json_schema", "json_schema": body["response_format"]}
                reply = await client.chat.completions.create(**body)
                message = reply.choices[0].message
                said.append(message.content or "")
                said += [call.function.arguments for call in message.tool_calls or ()]
        return said

    embedded: list[str] = []
    for _, reply in exchanges[:12]:
        embedded.append(reply.message.content)
        embedded += [call.function.arguments for call in reply.message.calls]
    assert anyio.run(ask) == embedded


texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
numbers = st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
schemas = st.dictionaries(texts, texts | numbers | st.booleans() | st.none() | st.lists(numbers), max_size=4).map(
    lambda schema: msgspec.Raw(msgspec.json.encode(schema))
)
calls = st.builds(ToolCall, id=names, function=st.builds(FunctionCall, names, texts))
messages = st.one_of(
    st.builds(SystemMessage, texts),
    st.builds(UserMessage, texts),
    st.builds(AssistantMessage, texts),
    st.builds(AssistantMessage, texts, tool_calls=st.lists(calls, min_size=1, max_size=2).map(tuple)),
    st.builds(
        AssistantMessage,
        texts,
        reasoning=texts.filter(bool),
        tool_calls=st.lists(calls, min_size=1, max_size=2).map(tuple),
    ),
    st.builds(ToolMessage, names, names, texts),
)
requests = st.builds(
    ModelRequest,
    model=st.just("sim"),
    messages=st.lists(messages, min_size=1, max_size=5).map(tuple),
    tools=st.lists(st.builds(ToolDefinition, st.builds(FunctionSpec, names, texts, schemas)), max_size=3).map(tuple),
    response_format=st.none() | st.builds(ResponseFormat, names, schemas),
    temperature=st.just(1.0) | st.floats(0, 2),
    top_p=st.just(1.0) | st.floats(0, 1),
    max_tokens=st.just(4096) | st.integers(1, 10**6),
    seed=st.just(0) | st.integers(0, 2**63 - 1),
)


def in_one_form(request: ModelRequest) -> ModelRequest:
    """The request as an agent builds it: what holds a default is the default itself, not an equal object."""
    plain = ModelRequest(model=request.model, messages=request.messages)
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    return msgspec.structs.replace(plain, **{k: v for k, v in fields.items() if v != getattr(plain, k)})


@given(requests)
def test_a_decoded_request_has_the_bytes_of_the_one_that_was_sent(request: ModelRequest) -> None:
    """Its hash seeds the simulated model's dice, so one byte more would be another answer."""
    sent = encode(request, ModelSpec(name="sim", base_urls=("http://127.0.0.1/v1",)), Dialect(), stream=False)
    decoded = to_request(read_body(sent), "sim")
    assert msgspec.json.encode(decoded) == msgspec.json.encode(in_one_form(request))


def test_fields_that_hold_their_defaults_do_not_change_the_answer() -> None:
    """A client may send `temperature: 1.0` or leave it out."""
    body = {"model": "sim", "messages": [{"role": "user", "content": "Hello"}]}
    spelt = body | {"temperature": 1, "top_p": 1.0, "max_tokens": 4096, "seed": 0, "tools": [], "stream": False}
    short, long = (to_request(read_body(msgspec.json.encode(sent)), "sim") for sent in (body, spelt))
    assert msgspec.json.encode(short) == msgspec.json.encode(long)
    assert answer(short) == answer(long)


def test_tool_messages_without_a_name_take_it_from_the_call() -> None:
    """OpenAI's own form has no name there."""
    call = {"id": "a", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    sent = [
        {"role": "user", "content": [{"type": "text", "text": "Find "}, {"type": "text", "text": "it."}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "{}"},
    ]
    decoded = to_request(read_body(msgspec.json.encode({"model": "sim", "messages": sent})), "sim")
    assert decoded.messages[0] == UserMessage("Find it.")
    assert decoded.messages[2] == ToolMessage("a", "find", "{}")
