"""What a streak of lost episodes means for the run."""

from __future__ import annotations

import pytest

from tdscaling.runtime.errors import EndpointError, EndpointFault, ToolServerError, UserError
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.tally import Commit, Tally
from tdscaling.tests.runtime.play import assignment, identity, row


def lost(index: int, reason: str) -> Commit:
    """An abandoned episode."""
    return Commit(index, identity(index), assignment(index), None, (reason,))


def failure(*reasons: str) -> UserError | None:
    """What a run with a breaker of three ends with after these losses."""
    tally = Tally(Limits(count=10, breaker=3))
    for index, reason in enumerate(reasons):
        tally.add(lost(index, reason))
    return tally.failure()


@pytest.mark.parametrize(
    ("last", "kind", "code"),
    [
        (f"infrastructure.{EndpointFault('unreachable', 'refused')}", EndpointError, 7),
        (f"infrastructure.{EndpointFault('http_503')}", EndpointError, 7),
        ("infrastructure.mcp_crashed: orders", ToolServerError, 4),
        ("deadline", ToolServerError, 4),
    ],
)
def test_a_broken_streak_is_named_by_its_last_loss(last: str, kind: type[UserError], code: int) -> None:
    """A dead model and a dead tool server have exit codes of their own."""
    ended = failure("infrastructure.mcp_crashed", "infrastructure.endpoint_reset", last)
    assert isinstance(ended, kind)
    assert ended.exit_code == code
    assert last in str(ended)


def test_two_losses_are_no_reason_to_stop_yet() -> None:
    """The breaker is a number of losses in a row."""
    assert failure("infrastructure.endpoint_reset", "infrastructure.endpoint_reset") is None


def test_an_accepted_row_ends_the_streak() -> None:
    """Losses before it do not count."""
    tally = Tally(Limits(count=10, breaker=3))
    for index in range(5):
        one = row(index)
        tally.add(
            Commit(index, identity(index), one.assignment, one, ())
            if index == 2
            else lost(index, "infrastructure.endpoint_reset")
        )
    assert tally.failure() is None
