"""Slips that were refused and put right are forgiven, and nothing else is."""

from __future__ import annotations

import msgspec
import pytest

from tdscaling.agents.evidence import Evidence, Exchange
from tdscaling.agents.gates.problem import Problem
from tdscaling.agents.gates.slips import mended
from tdscaling.agents.talk import Talk
from tdscaling.runtime.blueprint import Blueprint, Goal, Plan, Step, WorldRef
from tdscaling.runtime.chat import ChatMessage, FunctionCall, ToolCall, UserMessage
from tdscaling.sandbox.tools import ToolReply

SAID: tuple[ChatMessage, ...] = (UserMessage("Show an order."), UserMessage("Assign a ticket."))
GOALS = (Goal("show an order"), Goal("assign a ticket"))
STEPS = (Step(0, "get_order", ()), Step(1, "assign_ticket", ()))


def evidence(*exchanges: Exchange) -> Evidence:
    """Two wishes in two turns; the first is met by `get_order`, the second by `assign_ticket`."""
    blueprint = Blueprint(Plan(GOALS, STEPS), WorldRef((), 0), (), (), (0, 1), ("{}", "{}"), "{}")
    return Evidence(Talk(SAID), blueprint, exchanges, {}, {}, {}, {}, frozenset())


def call(position: int, order: str, *, ok: bool, tool: str = "get_order", turn: int = 1) -> Exchange:
    """One exchange, as a re-execution gives it; its id is tool and argument."""
    arguments = {"order_id": order}
    text = msgspec.json.encode(arguments).decode()
    made = ToolCall(f"{tool} {order}", FunctionCall(tool, text))
    return Exchange(position, turn, made, arguments, "{}", ToolReply("{}", is_error=not ok), None)


def slip(position: int = 2, tool: str = "get_order") -> tuple[Problem, ...]:
    """What the gates say of the call with `ORD-12`."""
    return (Problem("provenance.invented", "order_id", position, f"{tool} ORD-12"),)


REFUSED = call(2, "ORD-12", ok=False)
RIGHT = call(4, "ORD-21", ok=True)


def test_a_slip_that_was_refused_and_put_right_is_forgiven() -> None:
    """The tool's next sound call in the same turn, with another argument."""
    assert mended(slip(), evidence(REFUSED, RIGHT)) == {2}


def test_one_slip_among_parallel_calls_is_forgiven() -> None:
    """What stands beside it was right."""
    assert mended(slip(), evidence(REFUSED, call(2, "ORD-13", ok=True), RIGHT)) == {2}


def test_a_sound_call_that_a_rule_refuses_ends_a_slip_too() -> None:
    """The call that puts it right is sound, whatever it is answered."""
    assert mended(slip(), evidence(REFUSED, call(4, "ORD-21", ok=False))) == {2}


def test_a_wrong_tool_need_not_be_called_again() -> None:
    """What the plan does not call for the wishes so far is left, and the right tool is called."""
    wrong = call(2, "ORD-12", ok=False, tool="assign_ticket")
    assert mended(slip(tool="assign_ticket"), evidence(wrong, RIGHT)) == {2}
    assert not mended(slip(tool="assign_ticket"), evidence(wrong))


@pytest.mark.parametrize(
    "exchanges",
    [
        pytest.param([], id="nothing was run"),
        pytest.param([call(2, "ORD-12", ok=True), RIGHT], id="answered, not refused"),
        pytest.param([REFUSED], id="never made right"),
        pytest.param([REFUSED, call(4, "A", ok=True, tool="get_user")], id="another tool after the right one"),
        pytest.param([REFUSED, call(6, "ORD-21", ok=True, turn=2)], id="the user had to speak"),
        pytest.param([call(0, "ORD-21", ok=True), REFUSED], id="right before and wrong after"),
    ],
)
def test_what_was_not_mended_stays(exchanges: list[Exchange]) -> None:
    """Anything short of a refusal and a right call stays a problem."""
    assert not mended(slip(), evidence(*exchanges))


def test_nothing_is_forgiven_beside_another_problem() -> None:
    """A row that is wrong for another reason keeps all its reasons."""
    assert not mended((*slip(), Problem("facts.missing", "", 5)), evidence(REFUSED, RIGHT))
