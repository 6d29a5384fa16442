"""Requests and tokens per minute: never more than allowed, and not much less."""

from __future__ import annotations

import anyio
import pytest

from tdscaling.runtime.llm.rate import BURST, Pace, Rate
from tdscaling.runtime.simloop import simulate, virtual_ns

MINUTES = 10


def admitted(rate: Rate, tokens: int, lanes: int = 20) -> list[float]:
    """Seconds at which requests were in time, over some minutes in which everybody asks all the time."""
    times: list[float] = []

    async def main() -> None:
        pace = Pace(rate, virtual_ns, anyio.sleep)
        end = anyio.current_time() + MINUTES * 60

        async def lane() -> None:
            while anyio.current_time() < end:
                reckoned = await pace.wait()
                times.append(virtual_ns() / 1e9)
                await anyio.sleep(1.0)
                pace.answered(tokens, reckoned)

        async with anyio.create_task_group() as group:
            for _ in range(lanes):
                group.start_soon(lane)

    simulate(main, seed=1)
    return times


def busiest(times: list[float]) -> int:
    """Most of them in any minute."""
    return max(sum(begin <= one < begin + 60 for one in times) for begin in times)


def test_requests_keep_to_their_minute() -> None:
    """In any minute, but for the burst; and over all minutes the allowance is used."""
    times = admitted(Rate(requests=120), tokens=0)
    assert busiest(times) <= 120 * (1 + BURST) + 1
    assert len(times) >= 0.95 * 120 * MINUTES


@pytest.mark.parametrize("tokens", [50, 500, 4000])
def test_tokens_keep_to_their_minute_whatever_an_answer_takes(tokens: int) -> None:
    """What was reckoned wrongly at first is made good."""
    allowed = 100_000
    times = admitted(Rate(tokens=allowed), tokens=tokens)
    most = min(allowed * MINUTES / tokens, 20 * 60 * MINUTES)
    under_way = 20 * tokens  # when the first answers tell what an answer takes
    assert len(times) * tokens <= allowed * (MINUTES + BURST) + under_way
    assert len(times) >= 0.85 * most


def test_the_tighter_bound_counts() -> None:
    """Sixty requests a minute, or thirty by their tokens."""
    times = admitted(Rate(requests=60, tokens=30_000), tokens=1000)
    assert len(times) <= 1.2 * 30 * MINUTES
