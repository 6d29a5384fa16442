"""The mailbox and the signal: order, bounds, and what a cancelled wait leaves behind."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from tdscaling.runtime.mailbox import Mailbox, MailboxFull, Signal
from tdscaling.tests.runtime.play import Runner, settled


def test_items_come_out_in_the_order_they_were_put(run: Runner) -> None:
    """First in, first out."""

    async def main() -> list[int]:
        box: Mailbox[int] = Mailbox(3)
        for item in (1, 2, 3):
            box.put_nowait(item)
        return [await box.get() for _ in range(3)]

    assert run(main) == [1, 2, 3]


def test_a_full_mailbox_refuses_at_once(run: Runner) -> None:
    """Nothing ever waits for room."""

    async def main() -> None:
        box: Mailbox[int] = Mailbox(1)
        box.put_nowait(1)
        with pytest.raises(MailboxFull, match="mailbox of 1"):
            box.put_nowait(2)

    run(main)


def test_a_waiting_task_is_handed_the_item_past_the_queue(run: Runner) -> None:
    """The item goes to the waiter and takes no room."""

    async def main() -> tuple[list[int], int]:
        box: Mailbox[int] = Mailbox(1)
        got: list[int] = []

        async def take() -> None:
            got.append(await box.get())

        async with anyio.create_task_group() as group:
            group.start_soon(take)
            await settled()
            box.put_nowait(5)
            length = len(box)
        return got, length

    assert run(main) == ([5], 0)


def test_a_get_that_is_cancelled_while_waiting_leaves_no_waiter(run: Runner) -> None:
    """The next item is not lost to a task that is gone."""

    async def main() -> tuple[int, int]:
        box: Mailbox[int] = Mailbox(1)
        with anyio.move_on_after(0):
            await box.get()
        waiting = box.waiting
        box.put_nowait(1)
        return waiting, await box.get()

    assert run(main) == (0, 1)


@pytest.mark.parametrize("others", [0, 1])
def test_an_item_that_reaches_a_task_in_the_moment_of_its_cancellation_is_not_lost(run: Runner, others: int) -> None:
    """It goes to another waiter, or back to the front of the queue."""

    async def main() -> list[int]:
        box: Mailbox[int] = Mailbox(4)
        got: list[int] = []

        async def take() -> None:
            got.append(await box.get())

        async with anyio.create_task_group() as group:
            for _ in range(others):
                group.start_soon(take)
            await settled()
            async with asyncio.TaskGroup() as doomed:  # anyio would not cancel a task whose item is there
                task = doomed.create_task(take())
                await settled()
                box.put_nowait(1)
                task.cancel()
            if not others:
                assert len(box) == 1
                box.put_nowait(2)
                got.append(await box.get())
        return got

    assert run(main) == [1]


def test_a_get_gives_way_even_when_items_are_there(run: Runner) -> None:
    """Two tasks that only get and put take turns; neither holds the loop."""

    async def main() -> list[str]:
        turns: list[str] = []

        async def spin(name: str) -> None:
            box: Mailbox[int] = Mailbox(1)
            for _ in range(50):
                box.put_nowait(0)
                await box.get()
                turns.append(name)

        async with anyio.create_task_group() as group:
            group.start_soon(spin, "a")
            group.start_soon(spin, "b")
        return turns

    turns = run(main)
    assert "b" in turns[: turns.index("a") + 40]
    assert "a" in turns[: turns.index("b") + 40]


def test_a_signal_lets_every_waiter_look_again(run: Runner) -> None:
    """Those whose state has come go on; the others keep waiting."""

    async def main() -> list[int]:
        signal, level, passed = Signal(), [0], list[int]()

        async def wait(height: int) -> None:
            await signal.until(lambda: level[0] >= height)
            passed.append(height)

        async with anyio.create_task_group() as group:
            for height in (2, 1):
                group.start_soon(wait, height)
            for level[0] in (1, 2):
                await settled()
                signal.notify()
        return passed

    assert run(main) == [1, 2]
