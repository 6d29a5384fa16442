"""The faults: each is what its name says, on whole answers and on streams, and comes when it should."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import msgspec
import pytest

from tdscaling.agents.sim.server.faults import KINDS, Faults, parse_faults
from tdscaling.agents.sim.server.service import ServerSettings
from tdscaling.runtime.errors import ConfigError

from .serving import CALLS, TALKS, endpoint

STREAMED = CALLS | {"stream": True, "stream_options": {"include_usage": True}}


class Got:
    """A reply as far as it came."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.broken = ""

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


def fetch(kind: str, body: object) -> Got:
    """What a client gets from a server that always misbehaves in this one way; sleeps take no time."""

    async def no_sleep(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    async def ask() -> Got:
        got = Got()
        async with endpoint(ServerSettings(faults=Faults({kind: 1.0})), sleep=no_sleep) as served:
            try:
                async with served.post(body) as response:
                    got.status, got.headers = response.status, dict(response.headers)
                    async for piece in response.content.iter_any():
                        got.body += piece
            except (aiohttp.ClientError, ConnectionError) as error:
                got.broken = type(error).__name__
            faults = (await served.stats()).faults
            assert faults in ({kind: 1}, {kind: 2}), faults  # aiohttp's client sends again on a reset connection
        return got

    return anyio.run(ask)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rate_limit", 429),
        ("rate_limit_date", 429),
        ("timeout_408", 408),
        ("error_500", 500),
        ("bad_gateway_502", 502),
        ("unavailable_503", 503),
        ("overloaded_529", 529),
    ],
)
def test_a_status_fault_has_its_status(kind: str, status: int) -> None:
    """And a body that says something."""
    got = fetch(kind, CALLS)
    assert got.status == status
    assert got.body


def test_rate_limits_say_when_to_come_back() -> None:
    """In seconds, or as a date; the server's clock stands at 1.8e9."""
    assert fetch("rate_limit", CALLS).headers["Retry-After"] == "1"
    assert fetch("rate_limit_date", CALLS).headers["Retry-After"] == "Fri, 15 Jan 2027 08:00:02 GMT"


@pytest.mark.parametrize("body", [CALLS, STREAMED])
@pytest.mark.parametrize("kind", ["reset_before_header", "reset_mid_header", "reset_mid_body", "stall"])
def test_a_broken_connection_breaks_the_reply(kind: str, body: object) -> None:
    """The client never gets the whole answer (a stall that took no time ends with a reset, too)."""
    got = fetch(kind, body)
    assert got.broken
    assert b'"finish_reason":"tool_calls"},' not in got.body


def test_a_reset_in_the_body_comes_after_a_part_of_it() -> None:
    """The headers promised more."""
    got = fetch("reset_mid_body", CALLS)
    assert got.status == 200
    assert 0 < len(got.body) < int(got.headers["Content-Length"])


def test_a_dripping_answer_is_right_in_the_end() -> None:
    """Slow is not wrong."""
    assert fetch("slow_drip", CALLS).json["choices"][0]["message"]["tool_calls"]


@pytest.mark.parametrize("kind", ["truncated_json", "duplicate_chunk", "html", "malformed_sse"])
def test_a_spoiled_whole_answer_is_not_json(kind: str) -> None:
    """With status 200."""
    got = fetch(kind, CALLS)
    assert got.status == 200
    with pytest.raises(msgspec.DecodeError):
        got.json  # noqa: B018 -- decoding is the act


def events_of(got: Got) -> list[bytes]:
    """The data of the events of a stream."""
    return [part.removeprefix(b"data: ") for part in got.body.split(b"\n\n") if part]


def test_a_malformed_stream_holds_an_event_that_is_not_json() -> None:
    """In the middle; it still ends with the end mark."""
    events = events_of(fetch("malformed_sse", STREAMED))
    broken = 0
    for event in events[:-1]:
        try:
            msgspec.json.decode(event)
        except msgspec.DecodeError:
            broken += 1
    assert broken == 1
    assert events[-1] == b"[DONE]"


def test_a_duplicate_event_comes_twice_in_a_row() -> None:
    """The first one with a piece of the answer."""
    events = events_of(fetch("duplicate_chunk", STREAMED))
    assert events[1] == events[2]
    assert len(set(events)) == len(events) - 1


def test_a_missing_finish_is_null_or_the_end_of_the_stream() -> None:
    """A stream just stops."""
    assert fetch("missing_finish", CALLS).json["choices"][0]["finish_reason"] is None
    events = events_of(fetch("missing_finish", STREAMED))
    assert events[-1] != b"[DONE]"
    assert all(msgspec.json.decode(event)["choices"][0]["finish_reason"] is None for event in events)


def test_changed_bodies_have_the_change() -> None:
    """One field each."""
    assert fetch("choices_null", CALLS).json["choices"] is None
    assert "error" in fetch("error_200", CALLS).json
    assert "usage" not in fetch("missing_usage", CALLS).json
    assert fetch("null_content", TALKS).json["choices"][0]["message"]["content"] is None
    call = fetch("object_arguments", CALLS).json["choices"][0]["message"]["tool_calls"][0]
    assert call["function"]["arguments"] == {"city": "Lisbon"}
    assert fetch("wrong_content_type", CALLS).headers["Content-Type"].startswith("text/plain")


def test_leaked_markup_takes_the_place_of_calls_or_stands_before_a_text() -> None:
    """Calls as tags, thoughts as tags."""
    choice = fetch("leaked_markup", CALLS).json["choices"][0]
    assert choice["message"]["content"].startswith('<tool_call>\n{"name": "get_weather"')
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"
    assert fetch("leaked_markup", TALKS).json["choices"][0]["message"]["content"].startswith("<think>")


def test_a_gzip_bomb_is_small_on_the_wire_and_large_behind_it() -> None:
    """The client here reads it all; a careful one would not."""
    got = fetch("gzip_bomb", CALLS)
    assert int(got.headers["Content-Length"]) < 1 << 19
    assert len(got.body) == 64 << 20


def test_a_fault_that_finds_nothing_to_spoil_is_not_counted() -> None:
    """There are no arguments in a text."""

    async def ask() -> None:
        async with endpoint(ServerSettings(faults=Faults({"object_arguments": 1.0}))) as served:
            assert (await served.answer(TALKS))["choices"][0]["message"]["content"]
            assert (await served.stats()).faults == {}

    anyio.run(ask)


def test_which_request_meets_which_fault_is_settled_by_the_seed() -> None:
    """Equal seeds, equal faults; each kind about as often as it should come."""
    faults = parse_faults("all=0.02")
    drawn = [faults.pick(7, number) for number in range(5000)]
    assert drawn == [faults.pick(7, number) for number in range(5000)]
    assert drawn != [faults.pick(8, number) for number in range(5000)]
    counts = Counter(drawn)
    assert set(KINDS) < set(counts)
    assert all(50 <= counts[kind] <= 160 for kind in KINDS)


def test_a_kind_named_beside_all_keeps_its_own_rate() -> None:
    """And aliases are the statuses."""
    rates = parse_faults("all=0.01, 429=0.2, stall=0").rates
    assert rates["rate_limit"] == 0.2
    assert rates["error_500"] == 0.01
    assert "stall" not in rates
    assert parse_faults("").rates == {}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("reset_midbody=0.1", "did you mean 'reset_mid_body'"),
        ("418=0.1", "unknown kind '418'"),
        ("429", "429 needs a rate|rate_limit needs a rate"),
        ("429=2", "between 0 and 1"),
        ("429=nan", "between 0 and 1"),
        ("429=0.1,rate_limit=0.2", "two rates"),
        ("all=0.1", "add up to 2.5"),
    ],
)
def test_a_wrong_specification_is_one_line(spec: str, words: str) -> None:
    """It names the kind and what would be right."""
    with pytest.raises(ConfigError, match=words):
        parse_faults(spec)


def test_the_docs_describe_every_kind_in_the_words_of_its_function() -> None:
    """One table row each, and none for what does not exist."""
    text = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text()
    for kind, function in KINDS.items():
        assert f"| `{kind}` | {(function.__doc__ or '').strip()} |" in text
