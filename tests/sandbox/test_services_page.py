"""The page of the documentation on the built-in services, and what it says about the worlds as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tdscaling.sandbox.services import BUILTIN, builtin
from tdscaling.sandbox.services.page import page

from .desk import Record, opened

PAGE = Path(__file__).parent.parent.parent / "docs" / "services.md"

Arguments: TypeAlias = Callable[[Record], dict[str, object]]
"""From a record to the other arguments of a write."""


def test_the_page_says_what_the_services_are() -> None:
    """Write it again with `python -m tdscaling.sandbox.services.page > docs/services.md` when this fails."""
    assert PAGE.read_text(encoding="utf-8") == page(builtin(BUILTIN))


def test_customers_and_colleagues_stand_in_many_services_under_one_number() -> None:
    """A customer has orders, tickets, invoices and bookings; a colleague has events, documents and messages."""
    holders: dict[str, set[str]] = {}
    for name in BUILTIN:
        for records in opened(name).tables().values():
            for record in records.values():
                for key in ("customer_id", "colleague_id", "product_id"):
                    if record.get(key) is not None:
                        holders.setdefault(f"{key} {record[key]}", set()).add(name)
    customers = [services for key, services in holders.items() if key.startswith("customer_id")]
    colleagues = [services for key, services in holders.items() if key.startswith("colleague_id")]
    products = [services for key, services in holders.items() if key.startswith("product_id")]
    assert (len(customers), len(colleagues), len(products)) == (8, 8, 12)
    assert all(services >= {"orders", "tickets", "payments", "bookings"} for services in customers)
    assert all(services >= {"calendar", "directory"} for services in colleagues)
    assert sum(services >= {"files", "messaging", "analytics"} for services in colleagues) >= 3
    assert all(services == {"orders", "inventory"} for services in products)


WRITES: list[tuple[str, str, str, Arguments]] = [
    ("orders", "orders", "cancel_order", lambda _: {}),
    ("calendar", "events", "cancel_event", lambda _: {}),
    ("tickets", "tickets", "close_ticket", lambda _: {"resolution": "fixed"}),
    ("inventory", "stock", "set_reorder_point", lambda _: {"reorder_point": 77}),
    ("inventory", "transfers", "complete_transfer", lambda _: {}),
    ("inventory", "purchases", "receive_purchase_order", lambda _: {}),
    ("payments", "invoices", "settle_invoice", lambda _: {"method": "card"}),
    ("directory", "employees", "change_job_title", lambda _: {"job_title": "Coach"}),
    ("directory", "leaves", "withdraw_leave", lambda _: {}),
    ("files", "documents", "rename_document", lambda _: {"title": "Other"}),
    ("messaging", "channels", "post_message", lambda r: {"colleague_id": r["members"][0]["colleague_id"], "text": "x"}),
    ("messaging", "messages", "delete_message", lambda _: {}),
    ("bookings", "bookings", "set_diet", lambda r: {"diet": "vegan" if r["diet"] != "vegan" else "none"}),
    ("analytics", "reports", "retitle_report", lambda r: {"report_title": f"{r['report_title']}, new"}),
]


@pytest.mark.parametrize(("service", "table", "tool", "arguments"), WRITES, ids=[write[2] for write in WRITES])
def test_about_half_of_the_records_or_more_can_be_written(
    service: str, table: str, tool: str, arguments: Arguments
) -> None:
    """Enough for a planner that draws a record at random, and some that refuse, where a rule can bite."""
    tried = done = 0
    for seed in range(12):
        first = opened(service, seed).tables()[table]
        for key, record in first.items():
            identity = next(name for name, value in record.items() if value == key)
            reply = opened(service, seed).call_nowait(tool, {identity: key, **arguments(record)})
            tried, done = tried + 1, done + (not reply.is_error)
    assert done / tried >= 0.5
