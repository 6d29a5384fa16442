"""Sinks that follow the journal at their own pace: a reader of stdout that stalls does not hold up the run.

A follower is a function that the run starts beside itself, and that ends when it has delivered the last row. How far it
came is kept in the journal's index: after a crash the last rows may be delivered a second time, and none is left out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import anyio
import anyio.lowlevel

from .journal import SegmentJournal
from .sinks import Sink

CLOSING_SECONDS = 5.0
"""Most that closing the sink may take."""

FLUSH_SECONDS = 1.0
"""How long followers may go on for after the run failed."""

Follower: TypeAlias = Callable[[], Awaitable[None]]
"""Delivers the rows of a run from its journal. Returns after the last one. Raises OutputError."""


@asynccontextmanager
async def followed(
    followers: Sequence[Follower], end: Callable[[], None], hurried: Callable[[], Awaitable[float]]
) -> AsyncGenerator[None]:
    """Run followers beside what is done inside, and leave when they have delivered everything.

    `end` tells them that no row will follow. `hurried` returns when they are not to be waited for without end: the
    moment, on the loop's clock, until which they are.

    Raises what a follower raises, in a group.
    """
    left, done = len(followers), anyio.Event()

    async def run(follower: Follower) -> None:
        nonlocal left
        try:
            await follower()
        finally:
            left -= 1
            if left == 0:
                done.set()

    async def wait(scope: anyio.CancelScope) -> None:
        scope.deadline = await hurried()

    async with anyio.create_task_group() as group:
        for follower in followers:
            group.start_soon(run, follower)
        try:
            yield
        except Exception:  # a boundary: rows that are safe are still delivered, then it is passed on as it is
            end()
            with anyio.move_on_after(FLUSH_SECONDS, shield=True):
                await _all(left, done)
            raise
        end()
        with anyio.CancelScope() as scope:
            group.start_soon(wait, scope)
            await _all(left, done)
        group.cancel_scope.cancel()


async def _all(left: int, done: anyio.Event) -> None:
    if left:
        await done.wait()


class FollowingSink:
    """Writes the accepted rows to a sink that cannot be read again."""

    def __init__(self, sink: Sink, journal: SegmentJournal, name: str) -> None:
        """`name`: under which the journal keeps how many rows the sink was given in all sessions."""
        self._sink = sink
        self._journal = journal
        self._name = name

    async def follow(self) -> None:
        """See Follower."""
        feed = self._journal.feed
        seq = self._journal.cursors.get(self._name, 0) + 1
        try:
            while await feed.until(seq):
                await self._sink.write(feed.read(seq))
                self._journal.note_cursor(self._name, seq)
                seq += 1
                await anyio.lowlevel.checkpoint()
        finally:
            with anyio.move_on_after(CLOSING_SECONDS, shield=True):
                await self._sink.aclose()
