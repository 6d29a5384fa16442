"""Copy-on-write tables."""

from __future__ import annotations

from types import MappingProxyType

import msgspec
import pytest

from tdscaling.sandbox.services.errors import ToolError
from tdscaling.sandbox.services.tables import Table


class Pot(msgspec.Struct, frozen=True):
    """A record to keep."""

    pot_id: str
    size: int


# A read-only mapping: any attempt to write into the initial state raises.
INITIAL = MappingProxyType({"p-1": Pot("p-1", 1), "p-2": Pot("p-2", 2)})


def test_a_write_leaves_the_initial_state_alone() -> None:
    """Two tables over one initial mapping do not see each other."""
    one, other = Table("pot", INITIAL), Table("pot", INITIAL)
    one.put("p-1", Pot("p-1", 9))
    assert one.need("p-1").size == 9
    assert other.need("p-1").size == 1


def test_a_dropped_record_is_gone_and_counts_as_a_change() -> None:
    """None stands for a removed record in the difference."""
    table = Table("pot", INITIAL)
    table.drop("p-2")
    assert table.get("p-2") is None
    assert [pot.pot_id for pot in table.all()] == ["p-1"]
    assert table.changes() == {"p-2": None}


def test_a_record_that_was_changed_back_is_no_change() -> None:
    """The difference compares states, not writes."""
    table = Table("pot", INITIAL)
    table.put("p-1", Pot("p-1", 9))
    table.put("p-1", Pot("p-1", 1))
    table.put("p-3", Pot("p-3", 3))
    table.drop("p-3")
    assert table.changes() == {}


def test_new_records_come_after_the_initial_ones() -> None:
    """The order is stable under replacement."""
    table = Table("pot", INITIAL)
    table.put("p-3", Pot("p-3", 3))
    table.put("p-1", Pot("p-1", 9))
    assert list(table.keys()) == ["p-1", "p-2", "p-3"]


def test_a_missing_record_is_refused_by_its_noun() -> None:
    """The refusal names what is missing."""
    with pytest.raises(ToolError, match=r"there is no pot p-7"):
        Table("pot", INITIAL).need("p-7")
    with pytest.raises(ToolError, match=r"there is no pot p-7"):
        Table("pot", INITIAL).drop("p-7")
