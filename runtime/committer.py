"""The committer: the one place where outcomes are taken in index order.

For each in turn: uniqueness, the controller's fold and its next assignment, the journal, delivery, counting. It knows
journal, controller and sinks only as protocols. With a lag L, assignments 0 … L-1 are drawn before anything is folded
and assignment j + L right after commit j is: each is a function of the commits up to L before it, never of timing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from .assignment import Assignment
from .chat import AssistantMessage, ChatMessage, SystemMessage
from .journal import Journal
from .limits import Limits
from .mailbox import Mailbox, Signal
from .messages import Outcome
from .row import Row, Verdict
from .sinks import Sink
from .tally import Commit, Tally

__all__ = ["Commit", "Committer", "Controller", "conversation_digest"]


class Controller(Protocol):
    """Decides what to synthesise next from what was committed. Both methods are called in index order, by one task."""

    def assign(self, index: int) -> Assignment:
        """Draw the assignment at `index`: a function of its seed, the index and what was folded so far."""
        ...

    def fold(self, commit: Commit) -> None:
        """Take one commit into account. An abandoned one (`row` is None) says nothing about its cluster."""
        ...


class Committer:
    """Reorders outcomes, commits them, and hands out assignments."""

    def __init__(
        self,
        limits: Limits,
        *,
        controller: Controller,
        journal: Journal,
        accepted: Sequence[Sink],
        rejected: Sink,
    ) -> None:
        """Draws the first `lag` assignments (fewer when `attempts` is lower)."""
        self._limits = limits
        self._controller = controller
        self._journal = journal
        self._accepted = accepted
        self._rejected = rejected
        self._encoder = msgspec.json.Encoder()
        self._next = 0  # index of the next commit
        self._drawn = 0  # index of the next assignment
        self._open: dict[int, Assignment] = {}  # {index: assignment}, drawn and not yet committed: at most lag
        self._pending: dict[int, Outcome] = {}  # {index: outcome}, arrived and not yet committed
        self._arriving: set[int] = set()  # indices that were handed in: at most lag
        self._seen: dict[bytes, int] = {}  # {digest of the conversation: index of the accepted row}
        self._arrived = Signal()
        self._closed = False
        self.tally = Tally(limits)
        self.assignments: Mailbox[Assignment] = Mailbox(limits.lag)
        """What to admit next, in index order; filled as commits allow."""
        for _ in range(limits.lag):
            self._draw()

    async def arrive(self, outcome: Outcome) -> None:
        """Take an outcome, in any order. Returns once the journal has it.

        Raises:
            RuntimeError: its index is not open or came before, or it does not hold together. A bug of the caller.
            OutputError: the journal cannot be written.
        """
        if outcome.index not in self._open or outcome.index in self._arriving:
            raise RuntimeError(f"an outcome for episode {outcome.index} was not expected")
        if (outcome.row is None) != (outcome.status == "abandoned") or (outcome.row and outcome.row.id != outcome.id):
            raise RuntimeError(f"the outcome of episode {outcome.index} contradicts itself")
        self._arriving.add(outcome.index)
        await self._journal.finished(outcome)
        self._pending[outcome.index] = outcome
        self._arrived.notify()

    async def run(self) -> None:
        """Commit until the target is reached, cannot be reached, or `close` was called and a gap comes next.

        Raises:
            OutputError: journal or sinks cannot be written.
        """
        while not self.tally.over():
            await self._arrived.until(lambda: self._closed or self._next in self._pending)
            outcome = self._pending.get(self._next)
            if outcome is None:
                return
            commit = self._decide(outcome)
            await self._journal.committed(commit.index, commit.id, commit.accepted)
            await self._deliver(commit)
            self.tally.add(commit)

    def close(self) -> None:
        """Say that nothing more will arrive: `run` commits what is consecutive and returns."""
        self._closed = True
        self._arrived.notify()

    @property
    def surplus(self) -> int:
        """Outcomes that finished but were not committed; while the run goes on, those that wait for their turn."""
        return len(self._pending)

    def _decide(self, outcome: Outcome) -> Commit:
        """All decisions about the next outcome, at once: nothing else can happen in between."""
        index = self._next
        assignment = self._open.pop(index)
        del self._pending[index]
        self._arriving.remove(index)
        row = outcome.row and self._unique(outcome.row, index)
        reasons = row.verdict.reasons if row else (outcome.reason,)
        commit = Commit(index, outcome.id, assignment, row, reasons)
        self._controller.fold(commit)
        self._next += 1
        self._draw()
        return commit

    def _unique(self, row: Row, index: int) -> Row:
        """The row, rejected when an accepted one has the same conversation."""
        if not row.verdict.accepted:
            return row
        first = self._seen.setdefault(conversation_digest(row.messages), index)
        if first == index:
            return row
        verdict = Verdict(False, (f"set.duplicate: of row {first}",), row.verdict.scores)
        return msgspec.structs.replace(row, verdict=verdict)

    def _draw(self) -> None:
        attempts = self._limits.attempts
        if attempts is None or self._drawn < attempts:
            assignment = self._controller.assign(self._drawn)
            self._open[self._drawn] = assignment
            self._drawn += 1
            self.assignments.put_nowait(assignment)

    async def _deliver(self, commit: Commit) -> None:
        if commit.row is None:
            return
        line = self._encoder.encode(commit.row) + b"\n"
        if commit.accepted:
            for sink in self._accepted:
                await sink.write(line)
        else:
            await self._rejected.write(line)


def conversation_digest(messages: Sequence[ChatMessage]) -> bytes:
    """16 bytes over what the two sides said, called and were answered.

    The system message, reasoning, call ids and training weights do not make a conversation another one.
    """
    said = [
        (type(message).__name__, message.content, _calls(message))
        for message in messages
        if not isinstance(message, SystemMessage)
    ]
    return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=16).digest()


def _calls(message: ChatMessage) -> list[tuple[str, str]]:
    if not isinstance(message, AssistantMessage):
        return []
    return [(call.function.name, call.function.arguments) for call in message.calls]
