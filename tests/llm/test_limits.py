"""How many requests are in flight, where they go, and when there are enough of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import anyio
import anyio.lowlevel
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime import loop
from tdscaling.runtime.casting import Casting, Pool, parse_pool
from tdscaling.runtime.chat import AssistantMessage, SystemMessage, UserMessage
from tdscaling.runtime.errors import ConfigError, TargetUnreachable
from tdscaling.runtime.llm.budget import Allowance, Budget, Price
from tdscaling.runtime.llm.limiter import Limiter
from tdscaling.runtime.llm.replicas import REMEMBERED, REST_NS, SICK, Replicas
from tdscaling.runtime.llm.settings import root
from tdscaling.runtime.model import ModelReply, ModelRequest, Usage
from tdscaling.tests.llm.conftest import Runner
from tdscaling.tests.llm.server import REQUEST, fails, model_of, says, serve


def clock() -> Limiter:
    """A limiter of 64 whose clock ticks at every look."""
    return Limiter(64, count().__next__)


def overload(limiter: Limiter, refusals: int) -> None:
    """So many refusals in a row, each of a request that was sent just then."""

    async def main() -> None:
        for _ in range(refusals):
            sent = await limiter.acquire()
            limiter.congested(sent)
            limiter.release()

    loop.run(main)


def test_a_run_of_refusals_halves_the_limit() -> None:
    """Once for every so many of them."""
    limiter = clock()
    overload(limiter, 10)
    assert limiter.statistics().limit == 32
    overload(limiter, 10)
    assert (limiter.statistics().limit, limiter.statistics().cuts) == (16, 2)


def test_a_refusal_now_and_then_does_not() -> None:
    """One in twenty is repeated, not throttled."""
    limiter = clock()
    for _ in range(200):
        overload(limiter, 1)
        for _ in range(19):
            limiter.succeeded()
    assert limiter.statistics().cuts == 0


def test_requests_sent_before_a_cut_do_not_cut_again() -> None:
    """Sixty-four refusals of one moment are one sign."""

    async def main() -> None:
        limiter = clock()
        sent = [await limiter.acquire() for _ in range(64)]
        for one in sent:
            limiter.congested(one)
        assert limiter.statistics().cuts == 1

    loop.run(main)


def test_a_window_of_answers_raises_the_limit_by_one_up_to_the_maximum() -> None:
    """Back to where it began, slowly, and no further."""
    limiter = clock()
    overload(limiter, 10)
    for _ in range(32):
        limiter.succeeded()
    assert limiter.statistics().limit == 33
    for _ in range(5000):
        limiter.succeeded()
    assert limiter.statistics().limit == 64


def test_the_limit_never_falls_below_one() -> None:
    """An endpoint that always refuses is still asked."""
    limiter = clock()
    overload(limiter, 500)
    assert limiter.statistics().limit == 1


def test_no_more_than_the_limit_are_in_flight_and_nobody_is_forgotten(run: Runner[object]) -> None:
    """Forty tasks, some cancelled while they wait, over three slots."""

    async def main() -> None:
        limiter, done = Limiter(3, count().__next__), list[int]()

        async def work(number: int) -> None:
            with anyio.CancelScope() as scope:
                if number % 4 == 0:
                    scope.cancel()
                await limiter.acquire()
                assert limiter.statistics().in_flight <= 3
                try:
                    await anyio.lowlevel.checkpoint()
                    done.append(number)
                finally:
                    limiter.release()

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(work, number)
        assert len(done) == 30
        assert limiter.statistics().in_flight == limiter.statistics().waiting == 0

    run(main)


def request(text: str) -> ModelRequest:
    """One whose conversation begins with this."""
    return msgspec.structs.replace(REQUEST, messages=(SystemMessage("s"), UserMessage(text)))


def test_new_conversations_go_where_least_is_going_on() -> None:
    """By what was assigned and is not over."""
    replicas = Replicas(("a", "b"), 8, count().__next__)
    replicas.all[0].assigned = 2
    assert replicas.choose(request("one")).base_url == "b"


def test_a_conversation_stays_where_it_began() -> None:
    """Later turns do not change how it begins, and load does not move it."""
    replicas = Replicas(("a", "b"), 8, count().__next__)
    first = replicas.choose(request("one"))
    first.assigned = 7
    more = (*request("one").messages, AssistantMessage("hm"), UserMessage("and?"))
    assert replicas.choose(msgspec.structs.replace(REQUEST, messages=more)) is first


def test_a_conversation_leaves_a_sick_replica() -> None:
    """And stays where it went."""
    replicas = Replicas(("a", "b"), 8, count().__next__)
    first = replicas.choose(request("one"))
    first.failures = SICK
    second = replicas.choose(request("one"))
    first.failures = 0
    assert second is not first
    assert replicas.choose(request("one")) is second


def test_a_replica_that_comes_back_is_found() -> None:
    """One conversation at a time tries it, some seconds apart; when it answers, it gets its share again."""
    now = 0
    replicas = Replicas(("a", "b", "c"), 8, lambda: now)
    dead = replicas.choose(request("first"))
    dead.failures = SICK
    homes = [replicas.choose(request(f"early {number}")) for number in range(20)]
    assert dead not in homes
    for healthy in replicas.all:
        healthy.assigned = 0 if healthy is dead else 20
    now += REST_NS + 1
    tries = [replicas.choose(request(f"later {number}")) for number in range(20)]
    assert tries.count(dead) == 1
    dead.failures = 0
    assert replicas.choose(request("back")) is dead


def test_homes_are_bounded() -> None:
    """Whatever ran before is forgotten some day."""
    replicas = Replicas(("a", "b"), 8, count().__next__)
    for number in range(REMEMBERED + 10):
        replicas.choose(request(str(number)))
    assert len(replicas._homes) == REMEMBERED


def test_a_dead_replica_costs_repetitions_and_no_answers() -> None:
    """What began there goes on elsewhere."""

    async def main() -> None:
        async with serve(fails(503)) as dead, serve(says("hi")) as alive:
            dead_first = msgspec.structs.replace(model_of(dead)._spec, base_urls=(dead.url, alive.url))
            async with type(model_of(dead))(dead_first, policy=model_of(dead)._policy) as model:
                for number in range(20):
                    assert (await model.complete(request(str(number)))).message.content == "hi"
            assert len(dead.bodies) <= SICK

    loop.run(main)


class Paid:
    """A model that answers with fixed tokens."""

    simulated = False

    async def complete(self, request: ModelRequest) -> ModelReply:
        """After giving way once."""
        await anyio.lowlevel.checkpoint()
        return ModelReply(AssistantMessage("hi"), "stop", Usage(100, 10), "m")


@pytest.mark.parametrize(
    ("allowance", "answers", "words"),
    [
        (Allowance(requests=5), 5, "5 requests"),
        (Allowance(tokens=330), 3, "330 tokens"),
        (Allowance(cost=0.0004), 4, "0.0004"),
        (Allowance(requests=9, tokens=110), 1, "110 tokens"),
    ],
)
def test_a_budget_ends_the_run_when_it_is_used_up(allowance: Allowance, answers: int, words: str) -> None:
    """With its own line; what was answered before is kept."""

    async def main() -> None:
        budget = Budget(Paid(), allowance, {"m": Price(1.0, 1.0)})
        for _ in range(answers):
            await budget.complete(REQUEST)
        with pytest.raises(TargetUnreachable, match=words):
            await budget.complete(REQUEST)

    loop.run(main)


def test_the_end_of_a_budget_waits_for_answers_on_their_way() -> None:
    """They are paid for."""

    async def main() -> None:
        budget, answers = Budget(Paid(), Allowance(requests=3), {}), list[str]()

        async def ask() -> None:
            answers.append((await budget.complete(REQUEST)).finish_reason)

        with pytest.RaisesGroup(TargetUnreachable):
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(ask)
        assert answers == ["stop"] * 3

    loop.run(main)


@given(st.integers(0, 2**63 - 1))
def test_an_episode_keeps_its_model(seed: int) -> None:
    """The choice is a function of seed and role."""
    pool = parse_pool("a=3,b=1", "model")
    assert pool.choose(seed, "assistant") == pool.choose(seed, "assistant")


def test_weights_are_kept_on_average() -> None:
    """Three to one, over two thousand episodes."""
    pool = parse_pool("a=3,b=1", "model")
    share = sum(pool.choose(seed, "assistant") == "a" for seed in range(2000)) / 2000
    assert share == pytest.approx(0.75, abs=0.04)


def test_names_may_look_like_anything() -> None:
    """Slashes, colons and dots are common in them."""
    assert parse_pool("org/model:7b-q4", "model") == Pool({"org/model:7b-q4": 1.0})
    assert parse_pool("org/a:1=2, b.c=0.5", "model").weights == {"org/a:1": 2.0, "b.c": 0.5}


@pytest.mark.parametrize("text", ["", "a,b", "a=1,b", "a=0,b=1", "a=1,a=2", ","])
def test_a_pool_that_cannot_be_read_is_refused(text: str) -> None:
    """In one line that names the setting."""
    with pytest.raises(ConfigError, match=r"^model "):
        parse_pool(text, "model")


def test_every_model_is_named_once() -> None:
    """However many roles it plays."""
    casting = Casting(Pool({"b": 1.0}), Pool({"a": 1.0}), Pool({"a": 1.0, "c": 2.0}))
    assert casting.names == ("a", "c", "b")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://h.example/v1/chat/completions", "https://h.example/v1"),
        (" http://[::1]:80 ", "http://[::1]:80"),
    ],
)
def test_an_address_is_brought_into_one_form(url: str, expected: str) -> None:
    """People paste what they have."""
    assert root(url) == expected


BAD: Sequence[str] = ("", "localhost:8000", "ftp://h/v1", "http://", "http://h:99999/v1", "http://h/v1?key=abcdef")


@pytest.mark.parametrize("url", [*BAD, "http://user:abcdef@h/v1"])
def test_an_address_that_cannot_be_used_is_refused_without_showing_a_key(url: str) -> None:
    """A run directory holds the settings; keys must not get there."""
    with pytest.raises(ConfigError) as caught:
        root(url)
    assert "abcdef" not in str(caught.value)
