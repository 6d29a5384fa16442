"""The journal: takes the events of a run, says when they are safe, and knows where every row stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from ..messages import Outcome
from ..storage import DirectoryStorage, Storage
from .events import Abandoned, Assigned, Committed, Finished, encode_event
from .feed import Feed
from .index import INDEX, Index
from .past import QUARANTINE, Past
from .segments import LIMIT, Segments
from .writer import InlineWriter, Line, Shelf, ThreadWriter, Writer


class Journal(Protocol):
    """Keeps events. What is awaited returns once its event is durable; many may be under way at the same time."""

    @property
    def past(self) -> Past:
        """What was in it when it was opened."""
        ...

    def assigned(self, index: int, row_id: str) -> None:
        """An episode is admitted. Kept with what comes next."""
        ...

    async def finished(self, outcome: Outcome) -> None:
        """Keep that an episode ended. Raises OutputError."""
        ...

    async def committed(self, commits: Sequence[Committed]) -> None:
        """Keep that these outcomes, the next in order, were committed: at most 64. Raises OutputError."""
        ...

    def replayed(self, commit: Committed) -> None:
        """A commit of the past was taken again."""
        ...

    def note_cursor(self, name: str, seq: int) -> None:
        """A consumer has taken `seq` rows. Kept with what comes next."""
        ...

    def note_snapshot(self, commits: int, drawn: int, digest: str) -> None:
        """The digest of the controller's state after so many commits and draws. Kept with what comes next."""
        ...

    def quarantine(self, index: int, row_id: str, bug: str) -> None:
        """An episode ends the run with a bug: a resume must not play it again. Kept with what comes next."""
        ...

    def end(self) -> None:
        """No commit will follow: whoever follows the rows need not wait for another. Idempotent."""
        ...

    async def aclose(self) -> None:
        """Make everything durable and close. Idempotent. Raises OutputError."""
        ...


class SegmentJournal:
    """A journal in segments with an index."""

    def __init__(self, storage: Storage, past: Past, writer: Writer) -> None:
        """`past`: what the storage's segments hold; `writer`: writes behind them."""
        self.past = past
        self.feed = Feed(storage, past.places)
        """The accepted rows, in order, for whoever wants to follow them."""
        self._writer = writer
        self._cursors: dict[str, int] = {}
        self._cursors_due = False  # the writer was told to keep them and has not yet looked

    def assigned(self, index: int, row_id: str) -> None:
        """See Journal."""
        self._writer.later(Line(encode_event(Assigned(index, row_id)), None))

    async def finished(self, outcome: Outcome) -> None:
        """See Journal."""
        index, row_id = outcome.index, outcome.id
        if outcome.row is None:
            self.past.places.forget(index)
            await self._writer.keep([Line(encode_event(Abandoned(index, row_id, outcome.reason)), None)])
            return
        line = encode_event(Finished(index, row_id, outcome.row, outcome.others, outcome.twin))
        (place,) = await self._writer.keep([Line(line, (row_id, index))])
        self.past.places.put(index, place)

    async def committed(self, commits: Sequence[Committed]) -> None:
        """See Journal."""
        await self._writer.keep([Line(encode_event(commit), None) for commit in commits])
        for commit in commits:
            self.feed.add(commit)

    def replayed(self, commit: Committed) -> None:
        """See Journal."""
        self.feed.add(commit)

    def note_cursor(self, name: str, seq: int) -> None:
        """See Journal."""
        self._cursors[name] = seq
        if not self._cursors_due:
            self._cursors_due = True
            self._writer.later(None, self._keep_cursors)

    def note_snapshot(self, commits: int, drawn: int, digest: str) -> None:
        """See Journal."""
        self._writer.later(None, partial(_snapshot, commits, drawn, digest))

    def quarantine(self, index: int, row_id: str, bug: str) -> None:
        """See Journal."""
        self._writer.later(Line(encode_event(Abandoned(index, row_id, f"{QUARANTINE}{bug}")), None))

    @property
    def cursors(self) -> dict[str, int]:
        """`{consumer: rows taken}`, of all sessions."""
        return {**self.past.cursors, **self._cursors}

    def end(self) -> None:
        """See Journal."""
        self.feed.end()

    async def aclose(self) -> None:
        """See Journal."""
        self.past.close()
        self.feed.close()
        await self._writer.aclose()

    def _keep_cursors(self, index: Index) -> None:
        """In the writer's thread: what is noted from here on is due again, and what was noted before is in the copy."""
        self._cursors_due = False
        index.set_cursors(dict(self._cursors))


def _snapshot(commits: int, drawn: int, digest: str, index: Index) -> None:
    index.set_snapshot(commits, drawn, digest)


def open_journal(storage: DirectoryStorage, *, limit: int = LIMIT) -> SegmentJournal:
    """The journal of a run directory, whatever is in it so far.

    Raises:
        InputError: what was durable is damaged; the message names file and byte.
        OutputError: the directory cannot be used.
    """
    index = Index(str(storage.path / INDEX))
    past = Past(storage, index, str(storage.path))
    return SegmentJournal(storage, past, ThreadWriter(Shelf(Segments(storage, limit=limit), index)))


def open_inline(
    storage: Storage,
    *,
    pause: Callable[[], Awaitable[object]] | None = None,
    index: Index | None = None,
    limit: int = LIMIT,
) -> SegmentJournal:
    """A journal without a thread, its index in memory unless given. Raises as `open_journal`."""
    index = index or Index()
    past = Past(storage, index)
    return SegmentJournal(storage, past, InlineWriter(Shelf(Segments(storage, limit=limit), index), pause))
