"""Worlds that do something by themselves: the same calls in the same order get the same replies."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from tdscaling.runtime.blueprint import Disturbance
from tdscaling.sandbox.disturbed import disturbed
from tdscaling.sandbox.services import builtin
from tdscaling.sandbox.tools import ToolReply, World
from tdscaling.sandbox.world import open_worlds

SEED = 5


async def _open(*disturbances: Disturbance, service: str = "orders") -> World:
    return disturbed(await open_worlds(builtin([service]), SEED), disturbances, SEED)


def _played(
    *calls: tuple[str, dict[str, object]], disturbances: tuple[Disturbance, ...], service: str = "orders"
) -> list[ToolReply]:
    async def play() -> list[ToolReply]:
        world = await _open(*disturbances, service=service)
        try:
            return [await world.call(name, dict(arguments)) for name, arguments in calls]
        finally:
            await world.aclose()

    return anyio.run(play)


def _table(service: str, name: str) -> dict[str, dict[str, Any]]:
    async def read() -> dict[str, dict[str, Any]]:
        world = await open_worlds(builtin([service]), SEED)
        snapshot = await world.snapshot()
        await world.aclose()
        return snapshot[service][name]

    return anyio.run(read)


ORDER = next(key for key, order in _table("orders", "orders").items() if order["status"] == "pending")
GET: tuple[str, dict[str, object]] = ("get_order", {"order_id": ORDER})
CANCEL: tuple[str, dict[str, object]] = ("cancel_order", {"order_id": ORDER})


def test_a_world_without_disturbances_is_itself() -> None:
    """Nothing stands between the caller and the world."""

    async def check() -> bool:
        inner = await open_worlds(builtin(["orders"]), SEED)
        same = disturbed(inner, (), SEED) is inner
        await inner.aclose()
        return same

    assert anyio.run(check)


def test_a_passing_error_passes_after_so_many_calls_of_that_tool() -> None:
    """Other tools are not touched, and the calls that fail change nothing."""
    disturbances = (Disturbance("error", "cancel_order", times=2),)
    replies = _played(CANCEL, GET, CANCEL, GET, CANCEL, disturbances=disturbances)
    assert [reply.is_error for reply in replies] == [True, False, True, False, False]
    assert json.loads(replies[3].content)["status"] == "pending"
    assert "try again" in replies[0].content


@pytest.mark.parametrize(("kind", "code"), [("denied", "permission_denied"), ("error", "unavailable internal_error")])
def test_what_stays_refused_is_refused_every_time(kind: str, code: str) -> None:
    """A missing permission and a tool that is out of order for good."""
    replies = _played(CANCEL, CANCEL, CANCEL, disturbances=(Disturbance(kind, "cancel_order"),))  # type: ignore[arg-type]  # parametrised
    assert all(reply.is_error for reply in replies)
    assert {json.loads(reply.content)["error"]["code"] for reply in replies} <= set(code.split())


def test_pages_are_small_whatever_is_asked_for() -> None:
    """A larger limit is cut, a smaller one stays, and the cursor leads through the whole list."""
    holder = max(
        (record["customer_id"] for record in _table("payments", "invoices").values()),
        key=lambda customer: sum(r["customer_id"] == customer for r in _table("payments", "invoices").values()),
    )
    asked: dict[str, object] = {"customer_id": holder}
    disturbances = (Disturbance("pages", "list_invoices", times=2),)
    whole = json.loads(_played(("list_invoices", asked), disturbances=(), service="payments")[0].content)["invoices"]
    calls = [("list_invoices", asked | extra) for extra in ({}, {"limit": 50}, {"limit": 1}, {"limit": 0})]
    cut, many, one, wrong = _played(*calls, disturbances=disturbances, service="payments")
    assert len(whole) > 2
    assert json.loads(cut.content)["invoices"] == json.loads(many.content)["invoices"] == whole[:2]
    assert json.loads(one.content)["invoices"] == whole[:1]
    assert wrong.is_error
    cursor = json.loads(cut.content)["next_cursor"]
    rest = ("list_invoices", asked | {"cursor": cursor})
    assert json.loads(_played(rest, disturbances=disturbances, service="payments")[0].content)["invoices"] == whole[2:4]


def test_somebody_else_acts_once_right_after_the_first_good_answer() -> None:
    """The reader sees the state as it was; what it then tries comes too late."""
    meddling = Disturbance("meddling", "get_order", other="cancel_order", arguments=json.dumps({"order_id": ORDER}))
    unknown: tuple[str, dict[str, object]] = ("get_order", {"order_id": "ORD-0"})
    replies = _played(unknown, GET, CANCEL, GET, disturbances=(meddling,))
    assert [reply.is_error for reply in replies] == [True, False, True, False]
    states = [json.loads(replies[number].content)["status"] for number in (1, 3)]
    assert states == ["pending", "cancelled"]


def test_the_same_calls_get_the_same_replies_again() -> None:
    """So a conversation in a disturbed world can be executed again."""
    disturbances = (
        Disturbance("error", "get_order", times=1),
        Disturbance("meddling", "get_order", other="cancel_order", arguments=json.dumps({"order_id": ORDER})),
    )
    calls = (GET, GET, CANCEL, GET)
    assert _played(*calls, disturbances=disturbances) == _played(*calls, disturbances=disturbances)
