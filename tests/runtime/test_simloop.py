"""The simulated loop: virtual time, seeded order, deadlocks that raise; and the real loops' choice."""

from __future__ import annotations

import asyncio
import sys
import time

import anyio
import anyio.lowlevel
import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.mailbox import Mailbox
from tdscaling.runtime.simloop import Deadlock, SimLoop, simulate, virtual_ns


async def race() -> list[int]:
    """In which order eight equal tasks come through."""
    order: list[int] = []

    async def one(number: int) -> None:
        await anyio.lowlevel.checkpoint()
        order.append(number)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(one, number)
    return order


def test_the_same_seed_gives_the_same_order() -> None:
    """Run after run."""
    assert [simulate(race, seed=3) for _ in range(3)] == [simulate(race, seed=3)] * 3


def test_other_seeds_give_other_orders() -> None:
    """Of 30 schedules at least 20 differ."""
    assert len({tuple(simulate(race, seed=seed)) for seed in range(30)}) >= 20


def test_an_hour_of_waiting_takes_no_time() -> None:
    """Timers are instant and in order."""

    async def main() -> tuple[float, int]:
        async with anyio.create_task_group() as group:
            for hours in (3, 1, 2):
                group.start_soon(anyio.sleep, 3600 * hours)
        return anyio.current_time(), virtual_ns()

    begun = time.monotonic()
    seconds, nanoseconds = simulate(main)
    assert seconds == pytest.approx(10800)
    assert nanoseconds == pytest.approx(10800 * 10**9)
    assert time.monotonic() - begun < 5


def test_timeouts_fire_at_their_time() -> None:
    """anyio's scopes work on virtual time."""

    async def main() -> float:
        with anyio.move_on_after(12.5):
            await anyio.sleep_forever()
        return anyio.current_time()

    assert simulate(main) == pytest.approx(12.5)


def test_a_deadlock_raises() -> None:
    """Two tasks that wait for each other's mailbox, for ever."""

    async def main() -> None:
        box: Mailbox[int] = Mailbox(1)
        async with anyio.create_task_group() as group:
            group.start_soon(box.get)
            group.start_soon(box.get)

    with pytest.raises(Deadlock, match="no timer is left"):
        simulate(main)


def test_a_hook_runs_after_its_step() -> None:
    """Between two callbacks, outside of any task."""

    async def main() -> list[tuple[int, object]]:
        simulated, seen = asyncio.get_running_loop(), list[tuple[int, object]]()
        assert isinstance(simulated, SimLoop)
        at = simulated.steps + 3
        simulated.at_step(at, lambda: seen.append((simulated.steps - at, asyncio.current_task())))
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        return seen

    assert simulate(main) == [(0, None)]


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not exist for Windows")
def test_uvloop_is_the_default_and_asyncio_a_choice() -> None:
    """By the module that the running loop comes from."""

    async def main() -> str:
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]

    assert loop.run(main) == "uvloop"
    assert loop.run(main, use_uvloop=False) == "asyncio"
