"""A simulated event loop for tests: virtual time, a schedule drawn from a seed, and deadlocks that raise.

The same seed gives the same order of everything; another seed gives another legal order. Timers are instant, so an
hour of waiting costs nothing. Files work as usual; threads, sockets and subprocesses have no place in it.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")


class Deadlock(Exception):
    """Nothing is ready to run and no timer is left: the tasks wait for one another forever."""


def simulate(main: Callable[[], Awaitable[T]], *, seed: int = 0) -> T:
    """Run `main` on a SimLoop under anyio and return what it returns.

    Raises:
        Deadlock: every task waits and none can be woken.
    """
    return anyio.run(main, backend_options={"loop_factory": partial(SimLoop, seed)})


def virtual_ns() -> int:
    """The running loop's time in nanoseconds: the clock to hand to a bus that is simulated."""
    return round(asyncio.get_running_loop().time() * 1e9)


class SimLoop(asyncio.SelectorEventLoop):
    """Runs one ready callback at a time, chosen at random from a seed; when none is ready, time jumps."""

    _ready: deque[asyncio.Handle]

    def __init__(self, seed: int = 0) -> None:
        self.steps = 0
        """Callbacks run so far. Every suspension of every task lies between two of them."""
        self._random = random.Random(seed)
        self._time = 0.0
        self._hooks: dict[int, Callable[[], object]] = {}
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._time

    def at_step(self, step: int, hook: Callable[[], object]) -> None:
        """Call `hook` right after callback number `step` (from 1), outside of every task. One hook per step."""
        self._hooks[step] = hook

    def _run_once(self) -> None:
        """One turn of asyncio's own loop, with all but one of the ready callbacks held back."""
        ready = self._ready
        held: deque[asyncio.Handle] = deque()
        if len(ready) > 1:
            ready.rotate(-self._random.randrange(len(ready)))
            held.extend(ready)
            ready.clear()
            ready.append(held.popleft())
        super()._run_once()  # type: ignore[misc]  # not in the stubs, but stable from Python 3.4 to 3.14
        ready.extendleft(reversed(held))
        self.steps += 1
        if hook := self._hooks.pop(self.steps, None):
            hook()

    def _jump(self, seconds: float | None) -> None:
        if seconds is None:
            raise Deadlock(f"every task waits and no timer is left, at {self._time:.3f} virtual seconds")
        self._time += seconds


class _JumpingSelector(selectors.BaseSelector):
    """A selector that moves the virtual clock where a real one would sleep."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        self._real = selectors.DefaultSelector()
        self._jump = jump

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = self._real.select(0)
        if not found and (timeout is None or timeout > 0):
            self._jump(timeout)
        return found

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()
