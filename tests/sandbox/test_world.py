"""The world of several toolboxes: routing, closing, differences."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime.errors import ConfigError, InfrastructureFault
from tdscaling.sandbox.services import BUILTIN, builtin
from tdscaling.sandbox.tools import JsonObject, Snapshot, Toolbox, ToolReply, ToolSpec, World
from tdscaling.sandbox.world import changes, open_worlds


class Shed:
    """A toolbox with one tool of its own name, whose life is written to a log."""

    version, domain, sector, provenance = "1", "testing", "testing", "test"
    volatile: tuple[str, ...] = ()
    seeded: bool = True

    def __init__(self, name: str, log: list[str], *, tool: str = "", opens: bool = True, closes: bool = True) -> None:
        self.name = name
        self.log = log
        self._tool = tool or name
        self._opens = opens
        self._closes = closes

    def tools(self) -> tuple[ToolSpec, ...]:
        """The one tool."""
        return (ToolSpec(self._tool, "Do it.", self.name, {"type": "object"}, None, True),)

    async def open(self, seed: int) -> World:
        """The toolbox is its own world."""
        if not self._opens:
            raise InfrastructureFault("start", self.name)
        self.log.append(f"open {self.name} {seed}")
        return self

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Says who was asked."""
        return ToolReply(f"{self.name}.{name}")

    async def snapshot(self) -> dict[str, Snapshot]:
        """One table with nothing in it."""
        return {self.name: {"things": {}}}

    async def aclose(self) -> None:
        """Fails when told to."""
        await anyio.lowlevel.checkpoint()
        self.log.append(f"close {self.name}")
        if not self._closes:
            raise RuntimeError(f"{self.name} broke its contract")


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function to its end."""
    anyio.run(test)


def test_calls_go_to_the_toolbox_that_has_the_tool() -> None:
    """Every toolbox is opened with the one seed, and asked for its own tools only."""

    async def scene() -> None:
        log: list[str] = []
        world = await open_worlds([Shed("hoe", log), Shed("rake", log)], 9)
        assert log == ["open hoe 9", "open rake 9"]
        assert (await world.call("rake", {})).content == "rake.rake"
        assert (await world.call("hoe", {})).content == "hoe.hoe"
        assert await world.snapshot() == {"hoe": {"things": {}}, "rake": {"things": {}}}

    run(scene)


def test_an_unknown_name_is_answered_without_naming_the_others() -> None:
    """The reply is an error of a known code and holds no tool's name."""

    async def scene() -> None:
        world = await open_worlds([Shed("hoe", [])], 0)
        reply = await world.call("spade\ud800", {})
        assert reply.is_error
        assert '"unknown_tool"' in reply.content
        assert "hoe" not in reply.content

    run(scene)


def test_closing_ends_the_last_opened_first_and_once() -> None:
    """A second close does nothing."""

    async def scene() -> None:
        log: list[str] = []
        world = await open_worlds([Shed("hoe", log), Shed("rake", log)], 0)
        await world.aclose()
        await world.aclose()
        assert log[2:] == ["close rake", "close hoe"]

    run(scene)


def test_one_that_fails_to_close_does_not_keep_the_others_open() -> None:
    """All are closed; then the broken contract surfaces as the bug it is."""

    async def scene() -> None:
        log: list[str] = []
        world = await open_worlds([Shed("hoe", log), Shed("rake", log, closes=False)], 0)
        with pytest.raises(RuntimeError, match="rake broke its contract"):
            await world.aclose()
        assert log[2:] == ["close rake", "close hoe"]

    run(scene)


def test_when_the_second_cannot_be_opened_the_first_is_closed() -> None:
    """The fault passes through, and nothing stays open behind it."""

    async def scene() -> None:
        log: list[str] = []
        with pytest.raises(InfrastructureFault, match="start: rake"):
            await open_worlds([Shed("hoe", log), Shed("rake", log, opens=False)], 0)
        assert log == ["open hoe 0", "close hoe"]

    run(scene)


def test_closing_is_not_cut_short_by_cancellation() -> None:
    """A cancelled episode still ends its worlds."""

    async def scene() -> None:
        log: list[str] = []
        world = await open_worlds([Shed("hoe", log), Shed("rake", log)], 0)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await world.aclose()
        assert log[2:] == ["close rake", "close hoe"]

    run(scene)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (Shed("hoe", [], tool="dig"), "two tool sources are called 'hoe'"),
        (Shed("rake", [], tool="hoe"), "tool 'hoe' is offered by both 'hoe' and 'rake'"),
    ],
)
def test_names_must_be_unique(second: Shed, message: str) -> None:
    """A clash is found before anything is opened."""

    async def scene() -> None:
        log: list[str] = []
        with pytest.raises(ConfigError, match=message):
            await open_worlds([Shed("hoe", log), second], 0)
        assert log == []

    run(scene)


def test_the_built_in_services_make_one_world() -> None:
    """A customer met at the order desk is known to the support desk, and a ticket can name the order."""

    async def scene() -> None:
        toolboxes: tuple[Toolbox, ...] = builtin(BUILTIN)
        world = await open_worlds(toolboxes, 1000)
        before = await world.snapshot()
        order = next(iter(before["orders"]["orders"].values()))
        ticket = {"subject": "Late", "body": "Still not here.", "topic": "delivery", "order_id": order["order_id"]}
        assert not (await world.call("create_ticket", {"customer_id": order["customer_id"], **ticket})).is_error
        difference = changes(before, await world.snapshot())
        assert list(difference) == ["tickets"]
        (record,) = difference["tickets"]["tickets"].values()
        assert (record["customer_id"], record["order_id"]) == (order["customer_id"], order["order_id"])
        await world.aclose()

    run(scene)


def test_a_difference_holds_what_came_changed_and_went() -> None:
    """Equal records, tables and services are left out."""
    before: dict[str, Snapshot] = {"a": {"t": {"1": 1, "2": 2, "3": 3}, "same": {"1": 1}}, "b": {"t": {"1": 1}}}
    after: dict[str, Snapshot] = {"a": {"t": {"1": 1, "2": 9, "4": 4}, "same": {"1": 1}}, "b": {"t": {"1": 1}}}
    assert changes(before, after) == {"a": {"t": {"2": 9, "3": None, "4": 4}}}


def test_a_table_on_one_side_only_counts_as_empty_on_the_other() -> None:
    """New and vanished tables and services are whole differences."""
    assert changes({}, {"a": {"t": {"1": 1}}}) == {"a": {"t": {"1": 1}}}
    assert changes({"a": {"t": {"1": 1}}}, {}) == {"a": {"t": {"1": None}}}
    assert changes({"a": {"t": {}}}, {}) == {}


tables = st.dictionaries(st.sampled_from("tuv"), st.dictionaries(st.sampled_from("123"), st.integers(0, 2)))
states = st.dictionaries(st.sampled_from("ab"), tables)


@given(states, states)
def test_a_difference_leads_from_one_state_to_the_other(
    before: dict[str, Snapshot], after: dict[str, Snapshot]
) -> None:
    """Applied to the first state it gives the records of the second."""
    difference = changes(before, after)
    for service in {*before, *after}:
        old, new = before.get(service, {}), after.get(service, {})
        for table in {*old, *new}:
            patched = {**old.get(table, {}), **difference.get(service, {}).get(table, {})}
            assert {key: record for key, record in patched.items() if record is not None} == new.get(table, {})
    assert changes(after, after) == {}
