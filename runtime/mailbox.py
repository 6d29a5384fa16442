"""How tasks wait for one another: a `Mailbox` for items, a `Signal` for a state.

Both decide synchronously and only wait asynchronously. They are used in place of asyncio.Queue and anyio streams
because they lie on the path of every message: `bench/bus.py` has the figures.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class MailboxFull(RuntimeError):
    """More was put than the capacity. The bus never lets that happen, so this is a bug of the caller."""


class Mailbox(Generic[T]):
    """A bounded queue between tasks of one loop. Items come out in the order they were put."""

    def __init__(self, capacity: int) -> None:
        """`capacity` is the most items that wait at a time; items already handed to a waiting task do not count."""
        self.capacity = capacity
        self._items: deque[T] = deque()
        self._waiters: deque[asyncio.Future[T]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def waiting(self) -> int:
        """How many tasks wait in `get`."""
        return len(self._waiters)

    def put_nowait(self, item: T) -> None:
        """Hand the item to the task that began to wait last (its stack is warm), or queue it.

        Raises:
            MailboxFull: nobody waits and `capacity` items are queued.
        """
        waiters = self._waiters
        while waiters:
            waiter = waiters.pop()
            if not waiter.done():
                waiter.set_result(item)
                return
        if len(self._items) >= self.capacity:
            raise MailboxFull(f"mailbox of {self.capacity} is full")
        self._items.append(item)

    async def get(self) -> T:
        """The next item, as soon as there is one. A cancelled `get` loses nothing.

        It gives way to other tasks even when an item is there: a chain of handlers that never wait must not hold the
        loop.
        """
        if self._items:
            await asyncio.sleep(0)
            if self._items:
                return self._items.popleft()
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise

    def _give_back(self, waiter: asyncio.Future[T]) -> None:
        """Undo a wait: forget the waiter, or pass on the item that reached it in the moment of its cancellation."""
        if not waiter.cancelled() and waiter.done():
            item = waiter.result()
            while self._waiters:
                other = self._waiters.pop()
                if not other.done():
                    other.set_result(item)
                    return
            self._items.appendleft(item)
        elif waiter in self._waiters:
            self._waiters.remove(waiter)


class Signal:
    """Wakes the tasks that wait for a state to change; `notify` costs nothing when nobody waits."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify(self) -> None:
        """Let every waiting task look again."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def until(self, ready: Callable[[], bool]) -> None:
        """Return as soon as `ready()` is true; it is asked now and after every `notify`."""
        while not ready():
            if self._event is None:
                self._event = anyio.Event()
            await self._event.wait()
