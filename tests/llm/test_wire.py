"""What a request looks like on the wire, and what is learnt from refusals."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime import loop
from tdscaling.runtime.chat import (
    AssistantMessage,
    ChatMessage,
    FunctionCall,
    FunctionSpec,
    SystemMessage,
    ToolCall,
    ToolDefinition,
    ToolMessage,
    UserMessage,
)
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.llm.wire import Dialect, encode
from tdscaling.runtime.model import ModelRequest, ResponseFormat
from tdscaling.tests.llm.server import REQUEST, ask, body, fails, gives, model_of, says, serve

SPEC = ModelSpec(name="m", base_urls=("http://x/v1",))
TOOL = ToolDefinition(FunctionSpec("get_order", "Look it up.", msgspec.Raw(b'{"type": "object"}')))
PLAN = ResponseFormat("plan", msgspec.Raw(b'{"type": "object"}'))
STRUCTURED = msgspec.structs.replace(REQUEST, response_format=PLAN)


def sent(request: ModelRequest, **spec: Any) -> dict[str, Any]:
    """The body, decoded."""
    decoded: dict[str, Any] = json.loads(
        encode(request, msgspec.structs.replace(SPEC, **spec), Dialect(), stream=False)
    )
    return decoded


def test_a_request_without_tools_has_only_what_it_says() -> None:
    """No key of ours is on the wire."""
    assert sent(REQUEST) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "seed": 7,
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": 4096,
    }


def test_tools_are_native() -> None:
    """With `tool_choice: auto` and the schema as it is."""
    whole = sent(msgspec.structs.replace(REQUEST, tools=(TOOL,)))
    assert whole["tool_choice"] == "auto"
    assert whole["tools"][0]["function"]["parameters"] == {"type": "object"}


def test_the_settings_of_a_model_replace_sampling_and_add_keys() -> None:
    """For what a request does not know."""
    whole = sent(REQUEST, temperature=0.2, max_tokens=9, extra=msgspec.Raw(b'{"chat_template_kwargs": {"x": 1}}'))
    assert (whole["temperature"], whole["max_tokens"], whole["chat_template_kwargs"]) == (0.2, 9, {"x": 1})


texts = st.text(max_size=8)
calls = st.builds(ToolCall, id=texts, function=st.builds(FunctionCall, name=texts, arguments=texts))
later = st.one_of(
    st.builds(UserMessage, texts),
    st.builds(AssistantMessage, texts, reasoning=st.one_of(st.just(msgspec.UNSET), texts)),
    st.builds(
        AssistantMessage,
        texts,
        reasoning=st.one_of(st.just(msgspec.UNSET), texts),
        tool_calls=st.lists(calls, min_size=1, max_size=2).map(tuple),
    ),
    st.builds(ToolMessage, texts, texts, texts),
)


@given(st.lists(later, max_size=6), st.lists(later, min_size=1, max_size=3), st.sampled_from([None, PLAN]))
def test_each_request_extends_the_one_before(
    first: list[ChatMessage], more: list[ChatMessage], wanted: ResponseFormat | None
) -> None:
    """Byte for byte, whatever was said, with reasoning and schemas in words: a server's prefix cache depends on it."""
    dialect = Dialect()
    dialect.structured = "prompt"
    start = (SystemMessage("s"), *first)
    encoded: list[list[bytes]] = []
    for messages in (start, (*start, *more)):
        request = msgspec.structs.replace(REQUEST, messages=messages, response_format=wanted)
        whole = msgspec.json.decode(encode(request, SPEC, dialect, stream=False), type=dict[str, msgspec.Raw])
        encoded.append([bytes(raw) for raw in msgspec.json.decode(whole["messages"], type=list[msgspec.Raw])])
    assert encoded[1][: len(start)] == encoded[0]


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_goes_back_with_calls_under_the_name_it_came_with(key: str) -> None:
    """And stays out of messages that only speak."""

    async def main() -> None:
        call = {"id": "c", "function": {"name": "get_order", "arguments": "{}"}}
        async with serve(
            says("", tool_calls=[call], **{key: "because"}), says("done", **{key: "so"}), says("hi")
        ) as it:
            async with model_of(it) as model:
                first = (await model.complete(REQUEST)).message
                loop_request = (*REQUEST.messages, first, ToolMessage("c", "get_order", "{}"))
                second = (await model.complete(msgspec.structs.replace(REQUEST, messages=loop_request))).message
                rest = (*loop_request, second, UserMessage("thanks"))
                await model.complete(msgspec.structs.replace(REQUEST, messages=rest))
            last = it.requests[-1]["messages"]
            assert last[2][key] == "because"
            assert set(last[4]) == {"role", "content"}

    loop.run(main)


@pytest.mark.parametrize(
    ("refusals", "format_", "learnt"),
    [
        (["response_format.json_schema is not supported"], {"type": "json_object"}, {"structured_by_json_object": 1}),
        (
            ["unknown json_schema", "json_object unavailable"],
            None,
            {"structured_by_json_object": 1, "structured_by_prompt": 1},
        ),
    ],
)
def test_structured_output_falls_back(refusals: list[str], format_: object, learnt: dict[str, int]) -> None:
    """To what the server knows; the schema is then told in words; it is learnt once and counted."""

    async def main() -> None:
        script = [*[fails(400, text) for text in refusals], says("```json\n{}\n```"), says("{}")]
        async with serve(*script) as endpoint, model_of(endpoint) as model:
            assert (await model.complete(STRUCTURED)).message.content == "{}"
            await model.complete(STRUCTURED)
            assert model.statistics().adaptations == learnt
            assert model.statistics().deviations == {"fenced_json": 1}
            assert len(endpoint.bodies) == len(refusals) + 2
            last = endpoint.requests[-1]
            assert last.get("response_format") == format_
            assert '{"type": "object"}' in last["messages"][0]["content"]

    loop.run(main)


@pytest.mark.parametrize(
    ("refusal", "absent", "present"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", "max_tokens", "max_completion_tokens"),
        ("Unsupported value: 'temperature' does not support 1.0", "temperature", "top_p"),
        ("Unrecognized request argument: seed", "seed", "temperature"),
    ],
)
def test_a_key_that_is_refused_is_left_out_from_then_on(refusal: str, absent: str, present: str) -> None:
    """One more request, not one more for every request."""

    async def main() -> None:
        async with serve(fails(400, refusal), says("hi")) as endpoint, model_of(endpoint) as model:
            await model.complete(REQUEST)
            await model.complete(REQUEST)
            assert len(endpoint.bodies) == 3
            assert absent not in endpoint.requests[-1]
            assert present in endpoint.requests[-1]

    loop.run(main)


def test_a_refusal_of_an_older_form_teaches_nothing_new() -> None:
    """Many requests in flight are refused at one time: the server is not asked for less and less."""
    dialect = Dialect()
    assert dialect.adapt("json_schema is unknown", STRUCTURED, 0) == "structured_by_json_object"
    assert dialect.adapt("json_schema is unknown", STRUCTURED, 0) == "learnt_meanwhile"
    assert dialect.structured == "json_object"


def test_raw_arguments_reach_the_server_as_the_model_wrote_them() -> None:
    """Broken JSON, too."""
    call = ToolCall("c", FunctionCall("f", '{"a": 1.50'))
    whole = sent(msgspec.structs.replace(REQUEST, messages=(AssistantMessage("", tool_calls=(call,)),)))
    assert whole["messages"][0]["tool_calls"][0]["function"]["arguments"] == '{"a": 1.50'


def test_the_answer_of_another_model_name_is_kept() -> None:
    """The name that the server gives stands beside the one that was asked for."""
    reply, model, _ = loop.run(lambda: ask(gives(body(model="m-2026-01"))))
    assert reply.model == "m-2026-01"
    assert model.statistics().served == {"m-2026-01": 1}
    assert not model.simulated


def test_a_served_stand_in_is_known_by_its_name() -> None:
    """Rows it touched say so."""
    _, model, _ = loop.run(lambda: ask(gives(body(model="sim"))))
    assert model.simulated


def test_a_crash_over_the_format_teaches_like_a_refusal() -> None:
    """Some servers answer a format that they do not know with a 500; asking again would change nothing."""
    crash = fails(500, "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type')}]")
    _, model, endpoint = loop.run(lambda: ask(crash, says("{}"), request=STRUCTURED))
    assert model.statistics().adaptations == {"structured_by_json_object": 1}
    assert endpoint.requests[1]["response_format"] == {"type": "json_object"}


def test_a_crash_that_does_not_name_the_format_teaches_nothing() -> None:
    """It passes, and the next request asks for the schema as before."""
    _, model, endpoint = loop.run(lambda: ask(fails(500, "out of memory"), says("{}"), request=STRUCTURED))
    assert model.statistics().adaptations == {}
    assert endpoint.requests[1]["response_format"]["type"] == "json_schema"
