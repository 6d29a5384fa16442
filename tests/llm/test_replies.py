"""Servers that deviate: what is repaired and counted, and what is not taken for an answer."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.errors import EndpointError, EndpointFault, InfrastructureFault
from tdscaling.tests.llm.server import (
    QUICK,
    REQUEST,
    USAGE,
    Handler,
    ask,
    body,
    breaks_off,
    delta,
    gives,
    model_of,
    resets,
    says,
    sends,
    serve,
    streams,
)

CALL = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": '{"order_id": "ORD-1"}'}}


def call(**changes: Any) -> dict[str, Any]:
    """A tool call with its function changed."""
    return CALL | {"function": CALL["function"] | changes}  # type: ignore[operator]  # a dict of mixed values


def answered(*script: Handler, **spec: Any) -> tuple[Any, Any, Any]:
    """`ask` on a fresh loop."""
    return loop.run(lambda: ask(*script, **spec))


def test_a_plain_answer_is_taken_as_it_is() -> None:
    """Text, finish reason, tokens and the server's model name; no deviation."""
    reply, model, _ = answered(says("hi"))
    assert (reply.message.content, reply.finish_reason, reply.model) == ("hi", "stop", "served")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (5, 2)
    assert model.statistics().deviations == {}


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (body({"content": None, "tool_calls": [CALL]}), ""),
        (body(usage=None), "missing_usage"),
        (body(model=None), "missing_model"),
        (body(choices=[{"message": {"content": "hi"}}]), "missing_finish_reason"),
        (body({"content": [{"type": "text", "text": "hi"}]}), "content_parts"),
        (body({"content": "", "tool_calls": [call(arguments={"order_id": "ORD-1"})]}), "object_arguments"),
        (body({"content": "", "tool_calls": [call(arguments=None)]}), "missing_arguments"),
        (body({"content": "", "tool_calls": [call(arguments="")]}), "empty_arguments"),
        (body({"content": "", "tool_calls": [CALL | {"id": None}]}), "missing_call_id"),
        (body({"content": "", "function_call": CALL["function"]}), "function_call"),
        (body({"content": "hi", "reasoning": "why", "reasoning_content": "why"}), "both_reasoning_names"),
    ],
)
def test_a_deviation_is_repaired_and_counted(payload: dict[str, Any], name: str) -> None:
    """One request is enough, and the deviation has its name in the statistics."""
    reply, model, endpoint = answered(gives(payload))
    assert reply.message.content == "hi" or reply.message.calls
    assert name in model.statistics().deviations or not name
    assert len(endpoint.bodies) == 1


def test_arguments_that_come_as_an_object_keep_every_byte() -> None:
    """What the model wrote becomes the text, not a rendering of it."""
    text = b'{"choices":[{"message":{"tool_calls":[{"id":"1","function":{"name":"f","arguments":{ "a" : 1.50 }}}]}}]}'
    reply, _, _ = answered(sends(text))
    assert reply.message.calls[0].function.arguments == '{ "a" : 1.50 }'


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_kept_under_either_name(key: str) -> None:
    """Servers renamed the field; the text must not be lost."""
    reply, _, _ = answered(says("hi", **{key: "because"}))
    assert reply.message.reasoning == "because"


def test_json_with_another_content_type_is_read_and_counted() -> None:
    """Some proxies say text/plain."""
    _, model, _ = answered(sends(json.dumps(body()).encode(), "text/plain"))
    assert model.statistics().deviations == {"content_type": 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (gives(body(choices=None)), "no_choices"),
        (gives({"choices": None, "model": "served"}), "no_choices"),
        (gives({"error": {"message": "overloaded", "code": 500}}), "error_with_200"),
        (gives({"choices": [{"message": {"content": "x", "tool_calls": 3}}]}), "malformed_reply"),
        (sends(b"<!doctype html><title>Gateway</title>", "text/html"), "html"),
        (sends(json.dumps(body()).encode()[:40]), "truncated"),
        (sends(b""), "not_json"),
        (sends(b"\xff\xfe\x00"), "not_json"),
        (breaks_off, "truncated"),
        (resets, "reset"),
        (says("<tool_call>{}</tool_call>"), "leaked_markup"),
        (says(""), "empty_answer"),
        (says(None), "empty_answer"),
        (sends(gzip.compress(b" " * (64 << 20)), headers={"Content-Encoding": "gzip"}), "too_large"),
        (sends(b" " * (17 << 20)), "too_large"),
    ],
)
def test_a_serving_fault_is_asked_again(bad: Handler, reason: str) -> None:
    """The second answer is the one that counts; the first is counted by its reason."""
    reply, model, endpoint = answered(bad, says("hi"))
    assert reply.message.content == "hi"
    assert model.statistics().troubles == {reason: 1}
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "f"}\n</tool_call>',
        "Sure.</think> hi",
        "<think>hm",
        "<|tool_calls_section_begin|>",
        "<|im_end|>",
        "<\uff5ctool\u2581calls\u2581begin\uff5c>",
        '[TOOL_CALLS][{"name": "f"}]',
        "<function=get_order><parameter=order_id>",
        '<invoke name="f">',
    ],
)
def test_leaked_markup_is_never_an_answer(text: str) -> None:
    """Asked again once, then the episode is lost to the infrastructure."""

    async def main() -> None:
        async with serve(says(text)) as endpoint, model_of(endpoint) as model:
            with pytest.raises(InfrastructureFault) as caught:
                await model.complete(REQUEST)
            assert caught.value.reason == "endpoint_leaked_markup"
            assert len(endpoint.bodies) == 2

    loop.run(main)


@pytest.mark.parametrize("text", ["a < b and b > c", "see [1] and <https://example.com>", "2 <3 hearts", "x <- y |> f"])
def test_ordinary_text_with_brackets_is_no_markup(text: str) -> None:
    """People write like that."""
    reply, _, _ = answered(says(text))
    assert reply.message.content == text


def test_a_tool_name_with_special_tokens_is_a_serving_fault() -> None:
    """A parser that stopped too late leaves them in the name."""
    bad = says("", tool_calls=[call(name="get_order<|channel|>commentary")])
    reply, model, _ = answered(bad, says("", tool_calls=[CALL]))
    assert reply.message.calls[0].function.name == "get_order"
    assert model.statistics().troubles == {"leaked_markup": 1}


def test_a_model_that_says_nothing_twice_said_nothing() -> None:
    """Silence is the model's fault in the end, which the agents judge."""
    reply, _, endpoint = answered(says(""))
    assert reply.message.content == ""
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    ("reasoning", "usage", "finish"),
    [
        (None, {"prompt_tokens": 5, "completion_tokens": 40}, "stop"),
        (None, {"prompt_tokens": 5, "completion_tokens": 0}, "stop"),
        (None, None, "stop"),
        (None, {"prompt_tokens": 5, "completion_tokens": 2}, None),
        ("Hm.", {"prompt_tokens": 5, "completion_tokens": 30}, "tool_calls"),
    ],
    ids=["text lost", "nothing generated", "no usage", "no finish reason", "calls lost"],
)
@pytest.mark.parametrize("content", ["", None])
def test_a_silence_that_the_server_does_not_account_for_is_its_own_fault(
    content: str | None, reasoning: str | None, usage: dict[str, int] | None, finish: str | None
) -> None:
    """Asked again once, then the episode is lost: the model is not judged for it."""
    said = {"content": content, "reasoning": reasoning}
    empty = gives(body(choices=[{"message": said, "finish_reason": finish}], usage=usage))

    async def main() -> None:
        async with serve(says("hi"), empty) as endpoint, model_of(endpoint) as model:
            await model.complete(REQUEST)
            with pytest.raises(EndpointFault) as caught:
                await model.complete(REQUEST)
            assert caught.value.reason == "endpoint_empty_answer"
            assert len(endpoint.bodies) == 3

    loop.run(main)


def test_a_model_that_only_thought_said_nothing() -> None:
    """It stopped by itself after reasoning, as its tokens show: that is judged."""
    thought = {"content": None, "reasoning": "Nothing to add."}
    usage = {"prompt_tokens": 5, "completion_tokens": 30}
    reply, _, _ = answered(gives(body(choices=[{"message": thought, "finish_reason": "stop"}], usage=usage)))
    assert (reply.message.content, reply.message.reasoning) == ("", "Nothing to add.")


def test_an_answer_cut_at_the_token_limit_is_taken_as_it_is() -> None:
    """The agent knows what `length` means."""
    payload = body(choices=[{"message": {"content": ""}, "finish_reason": "length"}])
    reply, _, endpoint = answered(gives(payload))
    assert reply.finish_reason == "length"
    assert len(endpoint.bodies) == 1


def test_a_stream_becomes_the_same_reply() -> None:
    """Text, reasoning and calls in pieces, usage in a last chunk; times are recorded."""
    piece = {"index": 0, "id": "c1", "function": {"name": "get_order", "arguments": '{"order'}}
    rest = {"index": 0, "function": {"arguments": '_id": "ORD-1"}'}}
    chunks = (
        delta(role="assistant", content=""),
        delta(reasoning="be"),
        delta(reasoning="cause"),
        delta(content="On "),
        delta(content="it."),
        delta(tool_calls=[piece]),
        delta(tool_calls=[rest]),
        delta(finish="tool_calls"),
        USAGE,
    )
    reply, model, endpoint = answered(streams(*chunks), stream=True)
    assert (reply.message.content, reply.message.reasoning) == ("On it.", "because")
    assert reply.message.calls[0].function.arguments == '{"order_id": "ORD-1"}'
    assert (reply.finish_reason, reply.usage.completion_tokens, reply.model) == ("tool_calls", 2, "served")
    assert endpoint.requests[0]["stream_options"] == {"include_usage": True}
    assert model.statistics().first_token_ms.max > 0
    assert model.statistics().between_tokens_ms.max > 0


WHOLE = (delta(content="hi"), delta(finish="stop"), USAGE)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (streams(delta(content="h"), done=False), "truncated_stream"),
        (streams(delta(content="h")), "truncated_stream"),
        (streams(delta(content="h"), delta(finish="stop"), done=False), "truncated_stream"),
        (streams(delta(content="h"), b'{"choices": [{"del'), "truncated"),
        (streams(delta(content="h"), b'{"error": {"message": "out of memory"}}'), "error_with_200"),
        (gives(body()), "no_stream"),
        (streams(delta(content="<tool_"), delta(content="call>"), delta(finish="stop")), "leaked_markup"),
    ],
)
def test_a_broken_stream_is_asked_again(bad: Handler, reason: str) -> None:
    """Nothing of it is kept."""
    reply, model, _ = answered(bad, streams(*WHOLE), stream=True)
    assert reply.message.content == "hi"
    assert model.statistics().troubles == {reason: 1}


def test_a_repeated_chunk_is_settled_without_streaming() -> None:
    """A token said twice and a chunk sent twice look alike: the whole answer tells."""
    twice = streams(delta(content="ha"), delta(content="ha"), delta(finish="stop"), USAGE)
    reply, model, endpoint = answered(twice, says("haha"), stream=True)
    assert reply.message.content == "haha"
    assert [request.get("stream") for request in endpoint.requests] == [True, None]
    assert model.statistics().troubles == {"repeated_chunk": 1}


def test_logprobs_are_asked_for_and_kept() -> None:
    """As the server gave them."""
    choice = {"message": {"content": "hi"}, "finish_reason": "stop", "logprobs": {"content": [{"logprob": -0.5}]}}
    reply, _, endpoint = answered(gives(body(choices=[choice])), logprobs=3)
    assert json.loads(reply.logprobs) == {"content": [{"logprob": -0.5}]}
    assert (endpoint.requests[0]["logprobs"], endpoint.requests[0]["top_logprobs"]) == (True, 3)


def test_an_endpoint_that_only_sends_pages_ends_the_run() -> None:
    """It never answered anything: that is an address of something else."""

    async def main() -> None:
        page = sends(b"<html><title>Welcome</title>", "text/html")
        async with serve(page) as endpoint, model_of(endpoint, policy=QUICK) as model:
            with pytest.raises(EndpointError, match="HTML page: Welcome"):
                await model.complete(REQUEST)

    loop.run(main)
