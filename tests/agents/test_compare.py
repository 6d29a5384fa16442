"""Comparators by the kind of field: what must be equal, what only must be there."""

from __future__ import annotations

import pytest

from tdscaling.agents.compare import same_changes, same_reply

BEFORE = {"shop": {"orders": {"O1": {"order_id": "O1", "status": "pending", "updated_at": "2026-03-01T00:00:00Z"}}}}


def _changes(table: str = "orders", **records: object) -> dict[str, dict[str, dict[str, object]]]:
    return {"shop": {table: dict(records)}}


CANCELLED = {"order_id": "O1", "status": "cancelled", "updated_at": "2026-03-16T09:01:00Z"}


def test_time_stamps_of_writes_compare_by_kind() -> None:
    """The same write a minute later is the same write."""
    later = CANCELLED | {"updated_at": "2026-03-16T09:05:00Z"}
    assert same_changes(BEFORE, _changes(O1=CANCELLED), _changes(O1=later)) == ""


def test_a_new_record_may_have_been_issued_another_id() -> None:
    """Server-issued ids are matched with their counterpart, also inside the record."""
    made = _changes("tickets", T1={"ticket_id": "T1", "subject": "Late", "order_id": "O1"})
    other = _changes("tickets", T2={"ticket_id": "T2", "subject": "Late", "order_id": "O1"})
    assert same_changes(BEFORE, made, other) == ""


def test_free_text_compares_by_kind_and_titles_by_value() -> None:
    """A comment in other words is a comment; another subject is another ticket."""
    made = _changes("tickets", T1={"ticket_id": "T1", "subject": "Late", "body": "It did not come."})
    reworded = _changes("tickets", T1={"ticket_id": "T1", "subject": "Late", "body": "Nothing arrived."})
    renamed = _changes("tickets", T1={"ticket_id": "T1", "subject": "Early", "body": "It did not come."})
    assert same_changes(BEFORE, made, reworded) == ""
    assert same_changes(BEFORE, made, renamed).startswith("not_created")


@pytest.mark.parametrize(
    ("expected", "changed", "reason"),
    [
        (_changes(O1=CANCELLED), {}, "unchanged"),
        (_changes(O1=CANCELLED), _changes(O1=CANCELLED | {"status": "lost"}), "differs"),
        ({}, _changes(O1=CANCELLED), "extra_change"),
        ({}, _changes("tickets", T1={"ticket_id": "T1"}), "extra_record"),
        (_changes("tickets", T1={"ticket_id": "T1"}), {}, "not_created"),
        (_changes("files", **{"/w/a": "text"}), _changes("files", **{"/w/b": "text"}), "not_created"),
        (_changes(O1=None), _changes(O1=CANCELLED), "differs"),
    ],
)
def test_another_state_is_named(expected: dict, changed: dict, reason: str) -> None:  # type: ignore[type-arg]  # JSON
    """The reason says what kind of difference it is, and where."""
    assert same_changes(BEFORE, expected, changed).startswith(reason)


def test_replies_differ_only_in_volatile_places() -> None:
    """Volatile keys of JSON and labelled lines of text are compared by presence."""
    assert same_reply('{"a":1,"at":"x"}', '{"a":1,"at":"y"}', ["at"])
    assert not same_reply('{"a":1,"at":"x"}', '{"a":2,"at":"x"}', ["at"])
    assert not same_reply('{"a":1,"at":"x"}', '{"a":1}', ["at"])
    assert same_reply("size: 3\nmodified: Monday", "size: 3\nmodified: Tuesday", ["modified"])
    assert not same_reply("size: 3\nmodified: Monday", "size: 4\nmodified: Tuesday", ["modified"])
