"""The committer: the one place where outcomes are taken in index order.

For each in turn: uniqueness, the controller's fold and its next assignment, the journal, delivery, counting. It knows
journal, controller and sinks only as protocols. With a lag L, assignments 0 … L-1 are drawn before anything is folded
and assignment j + L right after commit j is: each is a function of the commits up to L before it, never of timing.

A run that goes on takes the commits of its past again, in the same way: that brings the controller, the set of
conversations and the counts to where they were, and sinks are given every row once more (they know what they have).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import anyio.lowlevel
import msgspec

from .assignment import Assignment
from .chat import AssistantMessage, ChatMessage, SystemMessage
from .errors import InputError
from .fingerprint import fingerprint
from .journal import Committed, Journal
from .limits import Limits
from .mailbox import Mailbox, Signal
from .messages import Outcome
from .profile.here import step
from .row import Row, Verdict
from .sinks import Sink
from .tally import Commit, Tally

__all__ = ["Commit", "Committer", "Controller", "conversation_digest"]

BATCH = 64
"""Most commits that become durable together."""
SNAPSHOT_EVERY = 1024
"""Commits between two digests of the controller's state, by which a resume is checked."""


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
        snapshot_every: int = SNAPSHOT_EVERY,
        alternatives: Sink | None = None,
    ) -> None:
        """`alternatives` takes the plays of a blueprint that did not become its row; without one they are dropped.

        Draws the first `lag` assignments (fewer when `attempts` is lower)."""
        self._limits = limits
        self._controller = controller
        self._journal = journal
        self._accepted = accepted
        self._rejected = rejected
        self._snapshot_every = snapshot_every
        self._alternatives = alternatives
        self._encoder = msgspec.json.Encoder()
        self._next = 0  # index of the next commit
        self._drawn = 0  # index of the next assignment
        self._open: dict[int, Assignment] = {}  # {index: assignment}, drawn and not yet committed: at most lag
        self._pending: dict[int, Outcome] = {}  # {index: outcome}, arrived and not yet committed
        self._arriving: set[int] = set()  # indices that were handed in: at most lag
        self._seen: dict[bytes, int] = {}  # {digest of the conversation: index of the accepted row}
        self._arrived = Signal()
        self._closed = False
        self._ahead = Tally(limits)  # as `tally`, but with what is decided and not yet delivered
        self.tally = Tally(limits)
        """What was delivered."""
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
        with step("journal ack"):
            await self._journal.finished(outcome)
        self._pending[outcome.index] = outcome
        self._arrived.notify()

    async def restore(self) -> None:
        """Take the commits of the journal's past again. Call it once, before `run`.

        Raises:
            InputError: the past does not lead to the same decisions: it was made by other code, or is damaged.
            OutputError: sinks cannot be written.
        """
        past = self._journal.past
        while self._next < past.committed:
            index = self._next
            outcome = past.outcome(index)
            if outcome is None or (outcome.row is not None and outcome.row.assignment != self._open[index]):
                raise InputError(f"episode {index} was committed for another assignment than is drawn now{_STALE}")
            self._pending[index] = outcome
            commit = self._decide(outcome)
            event = _event(outcome, commit)
            if (event.accepted, event.late, event.twin) != past.decision(index):
                raise InputError(f"episode {index} was committed with another decision than is taken now{_STALE}")
            self._journal.replayed(event)
            self._check_snapshot()
            await self._deliver(commit)
            await anyio.lowlevel.checkpoint()
        for tally in (self.tally, self._ahead):
            tally.begin_anew()

    async def run(self) -> None:
        """Commit until the target is reached, cannot be reached, or `close` was called and a gap comes next.

        Raises:
            OutputError: journal or sinks cannot be written.
        """
        while not self._ahead.over():
            await self._arrived.until(lambda: self._closed or self._next in self._pending)
            commits: list[Commit] = []
            events: list[Committed] = []
            while len(commits) < BATCH and not self._ahead.over() and (outcome := self._pending.get(self._next)):
                commit = self._decide(outcome)
                commits.append(commit)
                events.append(_event(outcome, commit))
            if not commits:
                return
            with step("journal commit"):
                await self._journal.committed(events)
            for commit in commits:
                await self._deliver(commit)

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
        self._arriving.discard(index)
        row = outcome.row and self._unique(outcome.row, index)
        reasons = row.verdict.reasons if row else (outcome.reason,)
        twin = self._second(row, outcome.twin, index)
        commit = Commit(index, outcome.id, assignment, row, reasons, outcome.others, twin)
        self._controller.fold(commit)
        self._ahead.add(commit)
        self._next += 1
        self._draw()
        if self._next % self._snapshot_every == 0 and self._next > self._journal.past.committed:
            self._journal.note_snapshot(self._next, self._drawn, fingerprint(self._controller))
        return commit

    def _unique(self, row: Row, index: int) -> Row:
        """The row, rejected when an accepted one has the same conversation."""
        if not row.verdict.accepted:
            return row
        digest = conversation_digest(row.messages)
        first = self._seen.get(digest)
        if first is None:
            self._seen[digest] = index
            return row
        verdict = Verdict(False, (f"set.duplicate: of row {first}",), row.verdict.scores)
        return msgspec.structs.replace(row, verdict=verdict)

    def _second(self, row: Row | None, twin: Row | None, index: int) -> Row | None:
        """The second row of a pair with its final verdict: it falls with the first, since half a pair is no pair."""
        if row is None or twin is None or not twin.verdict.accepted:
            return twin
        if row.verdict.accepted:
            return self._unique(twin, index)
        verdict = Verdict(False, (f"set.half_pair: of row {index}",), twin.verdict.scores)
        return msgspec.structs.replace(twin, verdict=verdict)

    def _draw(self) -> None:
        """The next assignment: to be played, unless the journal knows how it ended."""
        index, attempts, past = self._drawn, self._limits.attempts, self._journal.past
        if attempts is not None and index >= max(attempts, past.committed):
            return
        self._drawn += 1
        assignment = self._open[index] = self._controller.assign(index)
        if index < past.committed:  # `restore` will take it
            return
        outcome = past.outcome(index)
        if outcome is None or (outcome.row is not None and outcome.row.assignment != assignment):
            self.assignments.put_nowait(assignment)
            return
        self._arriving.add(index)
        self._pending[index] = outcome
        self._arrived.notify()

    def _check_snapshot(self) -> None:
        """Compare the controller's state with what it was at this commit, where that is known."""
        known = self._journal.past.snapshots.get(self._next)
        if known is not None and known[0] == self._drawn and known[1] != fingerprint(self._controller):
            raise InputError(f"the controller is not in the state that it had after {self._next} commits{_STALE}")

    async def _deliver(self, commit: Commit) -> None:
        await self._hand_out(commit)
        self.tally.add(commit)

    async def _hand_out(self, commit: Commit) -> None:
        if commit.row is None:
            return
        await self._write(commit.row)
        if commit.twin is not None:
            await self._write(commit.twin)
        if self._alternatives is not None:
            for other in commit.others:
                await self._alternatives.write(self._encoder.encode(other) + b"\n")

    async def _write(self, row: Row) -> None:
        line = self._encoder.encode(row) + b"\n"
        if row.verdict.accepted:
            with step("sink write"):
                for sink in self._accepted:
                    await sink.write(line)
        else:
            await self._rejected.write(line)


_STALE = ": the run was made by another version of the program, or its journal was changed; start a new run"


def _event(outcome: Outcome, commit: Commit) -> Committed:
    """What the journal keeps of a commit. `late` are the reasons that the row did not have when it finished."""
    late = commit.reasons if outcome.row is not None and outcome.row.verdict.reasons != commit.reasons else ()
    twin = commit.twin is not None and commit.twin.verdict.accepted
    return Committed(commit.index, commit.id, commit.accepted, late, twin)


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
