"""The counters: concurrency, bytes, and whether requests extend each other."""

from __future__ import annotations

from functools import partial

import anyio
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.agents.sim.server.latency import Latency
from tdscaling.agents.sim.server.service import ServerSettings
from tdscaling.agents.sim.server.stats import PrefixWatch, Stats
from tdscaling.runtime.chat import AssistantMessage

from ..agents.play import Theatre
from .serving import CALLS, endpoint


def rate(watch: PrefixWatch) -> float:
    """Share of the follow-ups that extend something."""
    return watch.extensions / watch.follow_ups


@given(st.lists(st.lists(st.binary(max_size=3), max_size=6), min_size=1, max_size=6), st.randoms())
def test_interleaved_append_only_conversations_extend_always(histories: list[list[bytes]], dice: object) -> None:
    """Whatever the order, also when openings are equal and when requests are sent twice."""
    watch = PrefixWatch()
    pending = [([b"system", b"user"], list(more)) for more in histories]
    for sent, _ in pending:
        watch.saw(sent, follow_up=False)
    while pending:
        place = dice.randrange(len(pending))  # type: ignore[attr-defined]  # hypothesis gives a random.Random
        sent, more = pending[place]
        if not more:
            pending.pop(place)
            continue
        sent.append(b"%d:%s" % (place, more.pop()))
        for _ in range(dice.choice((1, 2))):  # type: ignore[attr-defined]  # as above
            watch.saw(list(sent), follow_up=True)
    assert watch.extensions == watch.follow_ups


def test_a_rewritten_history_is_no_extension() -> None:
    """Although the beginning is still the same."""
    watch = PrefixWatch()
    watch.saw([b"s", b"u"], follow_up=False)
    watch.saw([b"s", b"u", b"a", b"t"], follow_up=True)
    watch.saw([b"s", b"u", b"A", b"t", b"b"], follow_up=True)
    assert rate(watch) == 0.5


def test_a_changing_system_prompt_is_no_extension() -> None:
    """A clock in the first message costs the whole cache."""
    watch = PrefixWatch()
    watch.saw([b"it is 10:01", b"u"], follow_up=False)
    watch.saw([b"it is 10:02", b"u", b"a", b"u"], follow_up=True)
    assert rate(watch) == 0.0


def test_what_is_remembered_is_bounded() -> None:
    """The oldest requests are forgotten first."""
    watch = PrefixWatch(remembered=2)
    for number in range(3):
        watch.saw([b"%d" % number], follow_up=False)
    watch.saw([b"2", b"a"], follow_up=True)
    watch.saw([b"0", b"a"], follow_up=True)
    assert rate(watch) == 0.5


def test_the_busiest_second_is_kept() -> None:
    """Rates are counted by whole seconds of the clock that was given."""
    times = iter([0.1, 0.2, 0.9, 1.0, 1.5, 7.0])
    stats = Stats(lambda: next(times))
    for _ in range(6):
        stats.begin()
        stats.end()
    assert stats.report().peak_rate == 3


def test_requests_and_bytes_and_concurrency_are_counted() -> None:
    """Ten requests at once for as long as an answer takes."""

    async def ask() -> None:
        together = anyio.Event()
        waiting = 0

        async def sleep(_: float) -> None:
            nonlocal waiting
            waiting += 1
            if waiting == 10:
                together.set()
            await together.wait()

        async with endpoint(ServerSettings(latency=Latency(5)), sleep=sleep) as served:
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(served.answer, CALLS)
            report = await served.stats()
        assert (report.requests, report.max_concurrency, report.in_flight) == (10, 10, 0)
        assert report.bytes_in == 10 * len(msgspec.json.encode(CALLS))
        assert report.bytes_out > 10 * 200
        assert report.prefix_extension_rate is None

    anyio.run(ask)


def test_the_agents_requests_extend_each_other() -> None:
    """The users' and the assistants' requests of whole episodes: a serving engine's prefix cache hits on every turn."""
    theatre = Theatre(mistakes=1.0)
    anyio.run(partial(theatre.play, 13))
    watch = PrefixWatch()
    for request, _ in theatre.model.exchanges:
        again = any(isinstance(message, AssistantMessage) for message in request.messages)
        watch.saw([msgspec.json.encode(message) for message in request.messages], follow_up=again)
    assert watch.follow_ups > 40
    assert rate(watch) == 1.0
