"""Slips that were refused and put right are forgiven, and nothing else is."""

from __future__ import annotations

import msgspec
import pytest

from tdscaling.agents.evidence import Exchange
from tdscaling.agents.gates.problem import Problem
from tdscaling.agents.gates.slips import without_mended
from tdscaling.runtime.chat import FunctionCall, ToolCall
from tdscaling.sandbox.tools import ToolReply

INVENTED = (Problem("provenance.invented", "order_id of get_order", 2),)


PLANNED = {"get_order"}


def call(position: int, order: str, *, ok: bool, tool: str = "get_order", turn: int = 1) -> Exchange:
    """One exchange, as a re-execution gives it."""
    arguments = {"order_id": order}
    text = msgspec.json.encode(arguments).decode()
    reply = ToolReply("{}", is_error=not ok)
    return Exchange(position, turn, ToolCall(f"c{position}", FunctionCall(tool, text)), arguments, "{}", reply, None)


def test_a_slip_that_was_refused_and_put_right_is_forgiven() -> None:
    """The next call of the tool in the same turn, with another argument, goes through."""
    assert without_mended(INVENTED, [call(2, "ORD-12", ok=False), call(4, "ORD-21", ok=True)], PLANNED) == ()


def test_a_refusal_by_policy_ends_a_slip_too() -> None:
    """The call that puts it right is sound, whatever it is answered."""
    found = (Problem("calls.arguments_not_json", "get_order", 2),)
    assert without_mended(found, [call(2, "ORD-12", ok=False), call(4, "ORD-21", ok=False)], PLANNED) == ()


def test_a_wrong_tool_need_not_be_called_again() -> None:
    """What the plan does not call is left, and the right tool is called."""
    found = (Problem("calls.schema", "get_user", 2),)
    slip = call(2, "ORD-12", ok=False, tool="get_user")
    assert without_mended(found, [slip, call(4, "ORD-12", ok=True)], PLANNED) == ()
    assert without_mended(found, [slip], PLANNED) == found


@pytest.mark.parametrize(
    "exchanges",
    [
        pytest.param([], id="nothing was run"),
        pytest.param([call(2, "ORD-12", ok=True), call(4, "ORD-21", ok=True)], id="answered, not refused"),
        pytest.param([call(2, "ORD-12", ok=False)], id="never made right"),
        pytest.param([call(2, "ORD-12", ok=False), call(4, "ORD-12", ok=True)], id="the same call again"),
        pytest.param([call(2, "ORD-12", ok=False), call(4, "A", ok=True, tool="get_user")], id="another tool"),
        pytest.param([call(2, "ORD-12", ok=False), call(6, "ORD-21", ok=True, turn=2)], id="the user had to speak"),
        pytest.param(
            [call(2, "ORD-12", ok=False), call(2, "ORD-13", ok=True), call(4, "ORD-21", ok=True)],
            id="beside a call that was answered",
        ),
    ],
)
def test_what_was_not_mended_stays(exchanges: list[Exchange]) -> None:
    """Anything short of a refusal and a right call stays a problem."""
    assert without_mended(INVENTED, exchanges, PLANNED) == INVENTED


def test_nothing_is_forgiven_beside_another_problem() -> None:
    """A row that is wrong for another reason keeps all its reasons."""
    found = (*INVENTED, Problem("facts.missing", "", 5))
    assert without_mended(found, [call(2, "ORD-12", ok=False), call(4, "ORD-21", ok=True)], PLANNED) == found
