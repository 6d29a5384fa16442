"""The committer: index order whatever arrives when, the lag, uniqueness, delivery; and the tally's reasons to stop."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import TypedDict, Unpack

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tdscaling.runtime.chat import AssistantMessage, FunctionCall, SystemMessage, ToolCall, UserMessage
from tdscaling.runtime.committer import Committer, conversation_digest
from tdscaling.runtime.errors import TargetUnreachable, ToolServerError, UserError
from tdscaling.runtime.journal import Abandoned, Committed, Event, Finished, decode_event, open_inline
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.messages import Outcome
from tdscaling.runtime.row import Row
from tdscaling.runtime.simloop import simulate
from tdscaling.runtime.sinks import MemorySink
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.tests.runtime.play import Chronicle, abandoned, completed, identity, row, settled


class Bounds(TypedDict, total=False):
    """What a test may set."""

    count: int
    attempts: int
    lag: int
    patience: int
    breaker: int


class Desk:
    """A committer with everything around it in memory."""

    def __init__(self, **limits: Unpack[Bounds]) -> None:
        self.controller = Chronicle()
        self.storage = MemoryStorage()
        self.accepted, self.rejected = MemorySink(), MemorySink()
        self.committer = Committer(
            structs.replace(Limits(count=1000, concurrency=1, lag=8, attempts=1000), **limits),
            controller=self.controller,
            journal=open_inline(self.storage),
            accepted=[self.accepted],
            rejected=self.rejected,
        )

    def rows(self) -> list[int]:
        """Indices of the delivered accepted rows."""
        return [msgspec.json.decode(line, type=Row).assignment.index for line in self.accepted.lines]

    def events(self) -> list[Event]:
        """The journal."""
        return [decode_event(line) for line in self.storage.lines("journal-000000.jsonl")]


async def feed(desk: Desk, outcomes: list[Outcome]) -> None:
    """Run the committer while these arrive, every one after its assignment was taken, then close it."""
    taken = -1
    async with anyio.create_task_group() as group:
        group.start_soon(desk.committer.run)
        for outcome in outcomes:
            while taken < outcome.index:
                taken = (await desk.committer.assignments.get()).index
            await desk.committer.arrive(outcome)
            await settled()
        desk.committer.close()


def story(kinds: list[str]) -> list[Outcome]:
    """One outcome per letter: accepted, rejected, abandoned, twin (of the same conversation)."""
    makers: dict[str, Callable[[int], Outcome]] = {
        "a": completed,
        "r": lambda index: completed(index, "plan.bad: detail", "plan.worse"),
        "x": abandoned,
        "t": lambda index: completed(index, text="the same"),
    }
    return [makers[kind](index) for index, kind in enumerate(kinds)]


@given(st.lists(st.sampled_from("arxt"), min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_of_arrival_gives_the_same_commits(kinds: list[str], dice: random.Random) -> None:
    """Folds, rows, rejected rows and committed events are those of arrival in index order."""
    straight, mixed = Desk(), Desk()
    outcomes = story(kinds)
    simulate(lambda: feed(straight, outcomes))
    dice.shuffle(outcomes)
    simulate(lambda: feed(mixed, outcomes))
    assert mixed.controller.folded == straight.controller.folded
    assert mixed.controller.assigned == straight.controller.assigned
    assert mixed.accepted.lines == straight.accepted.lines
    assert mixed.rejected.lines == straight.rejected.lines
    committed = [event for event in mixed.events() if isinstance(event, Committed)]
    assert committed == [event for event in straight.events() if isinstance(event, Committed)]
    assert [event.index for event in committed] == list(range(len(kinds)))


def test_what_finished_is_journalled_on_arrival_and_committed_in_order() -> None:
    """Outcome 1 is on record before outcome 0, and committed after it."""
    desk = Desk()
    simulate(lambda: feed(desk, [completed(1), abandoned(0)]))
    assert desk.events() == [
        Finished(1, identity(1), row(1)),
        Abandoned(0, identity(0), "infrastructure.down"),
        Committed(0, identity(0), False),
        Committed(1, identity(1), True),
    ]


def test_a_gap_is_not_jumped_when_the_committer_is_closed() -> None:
    """What stands behind it is surplus, and stays in the journal."""
    desk = Desk()
    simulate(lambda: feed(desk, [completed(0), completed(2), completed(3)]))
    assert desk.rows() == [0]
    assert desk.committer.surplus == 2
    assert sum(isinstance(event, Finished) for event in desk.events()) == 3


@pytest.mark.parametrize("lag", [1, 2, 7])
def test_each_assignment_is_drawn_after_exactly_the_commits_that_the_lag_allows(lag: int) -> None:
    """0 … L-1 from the empty state, then j + L right after commit j."""
    desk = Desk(lag=lag)
    simulate(lambda: feed(desk, story(["a"] * 20)))
    folds = [int(assignment.why.split()[0]) for assignment in desk.controller.assigned]
    assert folds == [0] * lag + list(range(1, 21))
    assert [assignment.index for assignment in desk.controller.assigned] == list(range(20 + lag))


def test_no_assignment_is_drawn_beyond_the_attempts() -> None:
    """Five attempts, five assignments."""
    desk = Desk(attempts=5)
    assert len(desk.controller.assigned) == 5


def test_the_second_of_two_equal_conversations_is_rejected_as_a_duplicate() -> None:
    """It goes to the rejected rows with the index of the first; the system message makes no difference."""
    desk = Desk()
    simulate(lambda: feed(desk, story(["t", "a", "t"])))
    assert desk.rows() == [0, 1]
    verdict = msgspec.json.decode(desk.rejected.lines[0], type=Row).verdict
    assert (verdict.accepted, verdict.reasons) == (False, ("set.duplicate: of row 0",))
    assert desk.committer.tally.funnel() == {"set": {"duplicate": 1}}


def test_a_rejected_row_does_not_make_a_later_equal_one_a_duplicate() -> None:
    """Only what was accepted can be repeated."""
    desk = Desk()
    simulate(lambda: feed(desk, [completed(0, "plan.bad", text="same"), completed(1, text="same")]))
    assert desk.rows() == [1]


def test_the_digest_looks_at_what_is_visible() -> None:
    """Call ids, reasoning, weights and system text do not count; arguments do."""

    def talk(call_id: str, arguments: str, reasoning: str) -> bytes:
        call = ToolCall(call_id, FunctionCall("look", arguments))
        return conversation_digest(
            [SystemMessage(call_id), UserMessage("hi", train=0.0), AssistantMessage("", reasoning, (call,))]
        )

    assert talk("c1", "{}", "because") == talk("c2", "{}", "so")
    assert talk("c1", "{}", "because") != talk("c1", '{"a":1}', "because")


def test_the_target_is_the_lowest_indexed_accepted_rows() -> None:
    """Outcomes behind the last one needed are surplus, even when they came first."""
    desk = Desk(count=2)
    simulate(lambda: feed(desk, [completed(3), completed(2), completed(1), completed(0, "plan.bad")]))
    assert desk.rows() == [1, 2]
    assert desk.committer.surplus == 1
    assert desk.committer.tally.failure() is None


def test_an_outcome_that_was_not_expected_is_a_bug() -> None:
    """Never drawn, or handed in twice."""
    desk = Desk()

    async def main() -> None:
        with pytest.raises(RuntimeError, match="episode 8 was not expected"):
            await desk.committer.arrive(completed(8))
        await desk.committer.arrive(completed(3))
        with pytest.raises(RuntimeError, match="episode 3 was not expected"):
            await desk.committer.arrive(completed(3))

    simulate(main)


def failure_after(kinds: list[str], **limits: Unpack[Bounds]) -> UserError | None:
    """What the tally says after these commits; it must have said nothing before the last one."""
    limits["lag"] = 64
    desk = Desk(**limits)
    outcomes = story(kinds)
    simulate(lambda: feed(desk, outcomes[:-1]))
    assert not desk.committer.tally.over()
    desk = Desk(**limits)
    simulate(lambda: feed(desk, outcomes))
    return desk.committer.tally.failure()


def test_running_out_of_attempts_names_the_reasons() -> None:
    """Two of four, and what the others fell for."""
    error = failure_after(list("aarr"), count=3, attempts=4)
    assert isinstance(error, TargetUnreachable)
    assert str(error) == (
        "2 of 3 rows accepted after all 4 attempts; "
        "most frequent since the last accepted row: plan.bad x 2, plan.worse x 2"
    )


def test_the_target_counts_even_when_it_takes_the_last_attempt() -> None:
    """Reaching it comes before running out."""
    assert failure_after(list("ra"), count=1, attempts=2) is None


def test_patience_counts_commits_since_the_last_accepted_row() -> None:
    """Duplicates are not accepted rows."""
    error = failure_after(list("rratttt"), patience=3)
    assert isinstance(error, TargetUnreachable)
    assert "no accepted row in the last 3 attempts (2 of 1000 so far)" in str(error)
    assert "set.duplicate x 3" in str(error)


def test_the_breaker_counts_spoilt_episodes_in_a_row() -> None:
    """A row that was judged, accepted or not, shows that the world works."""
    error = failure_after(list("xxrxxaxxx"), breaker=3)
    assert isinstance(error, ToolServerError)
    assert str(error) == "stopped after 3 failures in a row, the last: infrastructure.down"


def test_commits_follow_one_another_without_a_gap() -> None:
    """Whatever the kinds, the controller sees every index once."""
    desk = Desk()
    simulate(lambda: feed(desk, story(list("axrt" * 5))))
    assert all(b.index - a.index == 1 for a, b in pairwise(desk.controller.folded))
    assert desk.committer.tally.committed == 20
