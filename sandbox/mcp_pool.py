"""Sessions kept ready: servers take a second to start, so a few are started before anyone asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup
from mcp import Client

from ..runtime.errors import InfrastructureFault
from .mcp_session import Session


class _Ticket:
    """Someone who waits for a session, and what was given to them."""

    def __init__(self) -> None:
        self.filled = anyio.Event()
        self.session: Session | None = None
        self.fault: InfrastructureFault | None = None


class SessionPool:
    """Starts sessions in a task group, keeps some ready, never runs more than a fixed number.

    All decisions are taken without waiting, in `_fill` and `_hand_out`; only `take` waits.
    """

    def __init__(self, group: TaskGroup, make: Callable[[], Session], *, ready: int, limit: int) -> None:
        """Start to fill up.

        Args:
            group: Holds the sessions' tasks; cancelling it ends every session.
            make: Makes a session that is not started.
            ready: How many sessions to keep ready.
            limit: How many may run at once, ready ones included.
        """
        self._group = group
        self._make = make
        self._target = ready
        self._limit = limit
        self._ready: deque[Session] = deque()
        self._waiting: deque[_Ticket] = deque()
        self._starting = 0
        self._running = 0
        self._failed = False
        self._fill()

    @property
    def running(self) -> int:
        """Sessions whose server runs or is being started or ended."""
        return self._running

    @property
    def ready(self) -> int:
        """Sessions that wait to be taken."""
        return len(self._ready)

    async def take(self) -> Session:
        """A fresh session; waits while the limit is reached.

        Raises:
            InfrastructureFault: the server that was started for the caller did not come up.
        """
        ticket = _Ticket()
        self._waiting.append(ticket)
        self._hand_out()
        self._fill()
        try:
            await ticket.filled.wait()
        except BaseException:
            if ticket.session is not None:
                self._ready.append(ticket.session)
                self._hand_out()
            elif ticket.fault is None:
                self._waiting.remove(ticket)
            raise
        if ticket.session is None:
            raise ticket.fault or RuntimeError("a filled ticket holds a session or a fault")
        return ticket.session

    def give_back(self, session: Session) -> None:
        """Take back a session that may serve another world."""
        self._ready.append(session)
        self._hand_out()

    def _hand_out(self) -> None:
        """Ready sessions to those who wait, in order; a session that broke while it was ready is passed over."""
        while self._waiting and self._ready:
            session = self._ready.popleft()
            if session.broken:
                session.end()
                continue
            ticket = self._waiting.popleft()
            ticket.session = session
            ticket.filled.set()

    def _fill(self) -> None:
        """Start what is missing, within the limit. After a failure only for those who wait: never start in a circle."""
        wanted = len(self._waiting) + (0 if self._failed else self._target)
        while self._running < self._limit and self._starting + len(self._ready) < wanted:
            self._starting += 1
            self._running += 1
            self._group.start_soon(self._own, self._make())

    async def _own(self, session: Session) -> None:
        """The session's task, and the book-keeping at its ends."""
        came_up = False

        async def serve(client: Client) -> None:
            nonlocal came_up
            came_up = True
            self._starting -= 1
            self._failed = False
            self._ready.append(session)
            self._hand_out()
            await session.serve(client)

        try:
            await session.run(serve)
        except InfrastructureFault as fault:
            self._failed = True
            if self._waiting:
                ticket = self._waiting.popleft()
                ticket.fault = fault
                ticket.filled.set()
        finally:
            self._running -= 1
            if not came_up:
                self._starting -= 1
            elif session in self._ready:
                self._ready.remove(session)
        # Not in `finally`: a cancelled group must not start what it then has to cancel.
        self._fill()
