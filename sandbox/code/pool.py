"""Sandboxes kept ready: one takes longer to start than a cell to run, so some are started before anyone asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

import anyio
import msgspec
from anyio.abc import TaskGroup

from ...runtime.errors import InfrastructureFault


class Item(Protocol):
    """What a pool holds."""

    @property
    def gone(self) -> bool:
        """Whether it has ended by itself."""
        ...

    async def wait_finished(self) -> None:
        """Until it is given up by its user, or has ended by itself."""
        ...


T = TypeVar("T", bound=Item)
CALM_S = 0.03
"""Seconds before stock is made up: whoever has just taken an item runs the first cell in it now."""


class PoolState(msgspec.Struct, frozen=True):
    """A pool at one moment."""

    ready: int
    """Started, and waiting for someone."""
    starting: int
    running: int
    """All that exist: being started, ready, in use, being ended."""
    started: int
    """Since the beginning, those that came up."""


class _Ticket(Generic[T]):
    """Someone who waits, and what was given to them."""

    def __init__(self) -> None:
        self.filled = anyio.Event()
        self.item: T | None = None
        self.fault: InfrastructureFault | None = None


class Pool(Generic[T]):
    """Starts items in a task group, keeps some ready, never has more than a fixed number.

    All decisions are taken without waiting; only `take` waits. An item is used once: giving it up ends it.
    """

    def __init__(
        self,
        group: TaskGroup,
        make: Callable[[], AbstractAsyncContextManager[T]],
        *,
        ready: int,
        limit: int,
        at_once: int,
    ) -> None:
        """Start to fill up.

        Args:
            group: Holds the items' tasks; cancelling it ends every item.
            make: Starts an item when entered, raising InfrastructureFault when that fails, and ends it when left.
            ready: How many to keep ready.
            limit: How many may exist at once.
            at_once: How many may be started at once.
        """
        self._group = group
        self._make = make
        self._target = ready
        self._limit = limit
        self._at_once = at_once
        self._ready: deque[T] = deque()
        self._waiting: deque[_Ticket[T]] = deque()
        self._starting = self._running = self._started = 0
        self._failed = False
        self._fill()

    def state(self) -> PoolState:
        """The pool as it stands."""
        return PoolState(len(self._ready), self._starting, self._running, self._started)

    async def take(self) -> T:
        """An item that nobody had before; waits while the limit is reached.

        Raises:
            InfrastructureFault: what was started for the caller did not come up.
        """
        ticket: _Ticket[T] = _Ticket()
        self._waiting.append(ticket)
        self._hand_out()
        self._fill()
        try:
            await ticket.filled.wait()
        except BaseException:
            if ticket.item is not None:
                self._ready.append(ticket.item)
                self._hand_out()
            elif ticket.fault is None:
                self._waiting.remove(ticket)
            raise
        if ticket.item is None:
            raise ticket.fault or RuntimeError("a filled ticket holds an item or a fault")
        return ticket.item

    def _hand_out(self) -> None:
        """Ready items to those who wait, in order; one that ended while it was ready is passed over."""
        while self._waiting and self._ready:
            item = self._ready.popleft()
            if not item.gone:
                ticket = self._waiting.popleft()
                ticket.item = item
                ticket.filled.set()

    def _fill(self) -> None:
        """Start what is missing, within the limits. After a failure only for those who wait: never in a circle."""
        wanted = len(self._waiting) + (0 if self._failed else self._target)
        while (
            self._running < self._limit
            and self._starting < self._at_once
            and self._starting + len(self._ready) < wanted
        ):
            self._starting += 1
            self._running += 1
            self._group.start_soon(self._own, 0 if self._waiting else CALM_S)

    async def _own(self, calm_s: float) -> None:
        """An item's task, and the book-keeping at its ends."""
        came_up = False
        item: T | None = None
        try:
            await anyio.sleep(calm_s)
            async with self._make() as item:
                came_up = True
                self._starting -= 1
                self._started += 1
                self._failed = False
                self._ready.append(item)
                self._hand_out()
                self._fill()
                await item.wait_finished()
        except InfrastructureFault as fault:
            self._failed = True
            if not came_up and self._waiting:
                ticket = self._waiting.popleft()
                ticket.fault = fault
                ticket.filled.set()
        finally:
            self._running -= 1
            if not came_up:
                self._starting -= 1
            elif item is not None and item in self._ready:
                self._ready.remove(item)
        # Not in `finally`: a cancelled group must not start what it then has to cancel.
        self._fill()
