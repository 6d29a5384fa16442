"""The limit finds the level that an endpoint can take, in simulated time: bounds, refusals, slowness, death, return."""

from __future__ import annotations

import random
from collections.abc import Callable

import anyio
import pytest

from tdscaling.runtime.llm.limiter import Limiter
from tdscaling.runtime.simloop import simulate, virtual_ns

LANES = 64


class Server:
    """Answers after a second; refuses at once what is above its capacity, and a share of everything."""

    def __init__(self, capacity: int = 10**9, refuses: float = 0.0, latency: Callable[[], float] = lambda: 1.0) -> None:
        self.capacity = capacity
        self.refuses = refuses
        self.latency = latency
        self.busy = self.answered = self.asked = 0
        self._dice = random.Random(5)

    async def ask(self) -> bool:
        """Whether there is an answer."""
        self.asked += 1
        if self.busy >= self.capacity or self._dice.random() < self.refuses:
            await anyio.sleep(0.05)
            return False
        self.busy += 1
        await anyio.sleep(self.latency())
        self.busy -= 1
        self.answered += 1
        return True


def played(server: Server, seconds: float) -> tuple[int, int]:
    """Answers in the second half of so many seconds, when everybody asks all the time and repeats as runs do; and the
    limit in the end."""
    halfway = limit = 0

    async def main() -> None:
        nonlocal halfway, limit
        limiter = Limiter(LANES, virtual_ns)
        end = anyio.current_time() + seconds

        async def lane(number: int) -> None:
            nonlocal halfway
            pause = 0.5
            dice = random.Random(number)
            while anyio.current_time() < end:
                sent = await limiter.acquire()
                good = await server.ask()
                if good:
                    limiter.succeeded(sent)
                else:
                    limiter.congested(sent)
                limiter.release()
                halfway += good and anyio.current_time() > end - seconds / 2
                pause = 0.5 if good else min(8.0, 2 * pause)
                if not good:
                    await anyio.sleep(pause * dice.uniform(0.5, 1.0))

        async with anyio.create_task_group() as group:
            for number in range(LANES):
                group.start_soon(lane, number)
        limit = limiter.statistics().limit

    simulate(main, seed=1)
    return halfway, limit


@pytest.mark.parametrize("refuses", [0.1, 0.3])
def test_refusals_at_random_cost_their_share_and_not_the_run(refuses: float) -> None:
    """Three of ten requests refused, whatever the load: the limit stays, and so do most of the answers."""
    steady, _ = played(Server(), 400)
    found, limit = played(Server(refuses=refuses), 400)
    assert limit >= LANES // 2
    # Repetitions wait half a second and more, which is the other half of what refusals cost.
    assert found >= steady * (1 - refuses) * 0.6


@pytest.mark.parametrize("capacity", [4, 16, 40])
def test_an_endpoint_with_a_bound_is_kept_full_and_not_pestered(capacity: int) -> None:
    """Most of what it can do is done; of a small one's answers about half are refusals, of a large one's few."""
    server = Server(capacity=capacity)
    found, limit = played(server, 600)
    assert found >= 0.75 * capacity * 300
    assert server.answered >= (0.45 if capacity < 10 else 0.7) * server.asked
    assert limit < 2 * capacity + 8


def test_an_endpoint_that_slows_down_tenfold_costs_a_tenth_and_comes_back() -> None:
    """Slowness is no overload: nothing is cut, and the slots stay full."""
    slow = Server(latency=lambda: 10.0 if 100e9 < virtual_ns() < 200e9 else 1.0)
    _, limit = played(slow, 300)
    assert limit == LANES
    assert slow.answered >= 0.95 * LANES * (100 + 10 + 90)


def test_an_endpoint_that_dies_for_a_while_is_found_again() -> None:
    """The limit is where it was long before the end."""

    class Dying(Server):
        async def ask(self) -> bool:
            self.capacity = 0 if 100e9 < virtual_ns() < 160e9 else 10**9
            return await super().ask()

    found, limit = played(Dying(), 600)
    assert limit == LANES
    assert found >= 0.9 * LANES * 300
