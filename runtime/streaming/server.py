"""The run's side of the socket: lets consumers in, a bounded number, and serves each in a task of its own."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio.abc import ByteStream

from ..journal import SegmentJournal
from ..mailbox import Signal
from .consumer import BREAKS, Consumer, Refused
from .listener import Access, Door, admit

MOST_CONSUMERS = 32
"""Connections at one time."""
HELLO_SECONDS = 10.0
"""Most that a connection may take to say who it is."""
TOLD = 20
"""Refusals that are noted one by one; the others are counted."""


class Server:
    """Serves the rows of one run. A follower of the run: `serve` returns when nobody takes rows any more."""

    def __init__(
        self,
        door: Door,
        journal: SegmentJournal,
        *,
        run: str,
        access: Access,
        linger: float,
        note: Callable[[str], None],
    ) -> None:
        """`linger`: seconds after the end of the run for a consumer that takes nothing; `note` hears what happens."""
        self._door = door
        self._journal = journal
        self._run = run
        self._access = access
        self._linger = linger
        self._note = note
        self._left = Signal()
        self._named: dict[str, anyio.CancelScope] = {}
        self.connections = 0
        """Open at this moment."""
        self.refused = 0
        """Connections that were not served, or not to their end."""

    async def serve(self) -> None:
        """Let consumers in until the run is over and every one of them has what it wants, or takes nothing.

        Raises:
            OutputError: the journal cannot be read.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(self._door.serve, self._handle)
            await self._journal.feed.over()
            await self._left.until(lambda: self.connections == 0)
            group.cancel_scope.cancel()
        if self.refused > TOLD:
            self._note(f"{self.refused} consumers were refused in all")

    async def _handle(self, raw: ByteStream) -> None:
        """One connection. Whatever a consumer does ends it and nothing else."""
        if self.connections >= MOST_CONSUMERS:
            self._refuse(f"a consumer: {MOST_CONSUMERS} are connected already")
            await raw.aclose()
            return
        self.connections += 1
        try:
            with anyio.CancelScope() as scope:
                await self._converse(raw, scope)
        except BREAKS:
            return
        finally:
            self.connections -= 1
            self._left.notify()
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await anyio.aclose_forcefully(raw)

    async def _converse(self, raw: ByteStream, scope: anyio.CancelScope) -> None:
        consumer: Consumer | None = None
        try:
            with anyio.fail_after(HELLO_SECONDS):
                stream = await admit(raw, self._access)
                if stream is None:
                    self._refuse("a consumer: it belongs to another user")
                    return
                consumer = Consumer(stream, self._journal, run=self._run, token=self._access.token)
                await consumer.greet()
            self._note(f"consumer {consumer.name or 'without a name'} begins after row {consumer.sent}")
            self._replace(consumer.name, scope)
            await consumer.serve(self._linger)
            await stream.aclose()
            self._note(f"consumer {consumer.name or 'without a name'} leaves after row {consumer.sent}")
        except TimeoutError:
            self._refuse(f"a consumer: no hello within {HELLO_SECONDS:.0f} s")
        except Refused as refused:
            self._refuse(f"a consumer: {str(refused) or 'wrong token or broken hello'}")
            if consumer is not None and str(refused):
                await consumer.refuse(str(refused))
        finally:
            if consumer is not None and self._named.get(consumer.name) is scope:
                del self._named[consumer.name]

    def _replace(self, name: str, scope: anyio.CancelScope) -> None:
        """One connection per name: the newest, because the older one is likely to be dead."""
        if not name:
            return
        if (older := self._named.get(name)) is not None:
            older.cancel()
        self._named[name] = scope

    def _refuse(self, what: str) -> None:
        self.refused += 1
        if self.refused <= TOLD:
            self._note(f"refused {what}")
