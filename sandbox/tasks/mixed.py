"""Families that go through a business service and back: export its records, find something out, write it back.

In some of them the analysis is a function in the workspace that fails its tests, and is mended first. What is asked
does not depend on the records: there is always one that fits, and the questions say how a tie is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from . import picks
from .family import Errand, Family, Scene, Slots, filled
from .repairs import Cases, repository

FIELD = "data operations"
DRAWN: dict[str, Callable[[Random], str]] = {
    "rank": lambda random: random.choice(("urgent", "high", "low")),
    "level": lambda random: str(random.randint(41, 160)),
    "day": lambda random: f"2026-04-{random.randint(20, 30)}",
    "before": lambda random: f"2026-03-{random.randint(12, 16)}",
    "diet": lambda random: random.choice(("vegan", "vegetarian", "gluten_free")),
    "reason": lambda random: random.choice(("found_cheaper", "ordered_by_mistake", "arrives_too_late")),
    "rhythm": lambda random: random.choice(("daily", "weekly", "monthly")),
    "state": lambda random: random.choice(("final", "archived")),
    "most": lambda random: random.choice("2345"),
    "spare": lambda random: str(random.randint(2, 25)),
}
"""What fills the gaps of the wordings."""
_READ = """import csv
with open("{file}", newline="") as file:
    rows = list(csv.DictReader(file))
"""
_TELL = 'print(found["{key}"], end="")\n'


def _empty(random: Random) -> Scene:
    """Nothing but what is exported."""
    del random
    return Scene({}, {})


def _ask(scene: Scene, random: Random) -> Slots:
    about = scene.about
    module = {"module": f"{about['module']}.py", "function": about["function"]} if about else {}
    return {**{name: draw(random) for name, draw in DRAWN.items()}, **module}


def _family(name: str, label: str, errand: Errand, wordings: tuple[str, ...], right: str, wrong: str) -> Family:
    """`right` and `wrong` bind `found` to a row of `rows`; its key is what is written back."""
    read, tell = _READ.format(file=errand.file), _TELL.format(key=errand.param)
    solve, hasty = (filled(f"{read}{body}{tell}") for body in (right, wrong))
    return Family(name, FIELD, "mixed", wordings, _empty, _ask, solve, hasty, label=label, errand=errand)


def _broken(
    function: Callable[..., Any],
    label: str,
    errand: Errand,
    slot: str,
    cases: Cases,
    faults: tuple[tuple[str, str], ...],
    wordings: tuple[str, ...],
    names: tuple[str, ...],
) -> Family:
    """The analysis is a call of a function that has to be mended first; `slot`: its second argument."""

    def solve(slots: Slots) -> str:
        module, called = slots["module"].removesuffix(".py"), slots["function"]
        value = slots[slot] if slots[slot].isdigit() else repr(slots[slot])
        read = _READ.format(file=errand.file)
        return f'{read}from {module} import {called}\nprint({called}(rows, {value}), end="")\n'

    mends = tuple((faulty, piece) for piece, faulty in faults)
    scene = repository(function, cases, faults, names)
    name = f"mend_and_{function.__name__}"
    return Family(name, FIELD, "mixed", wordings, scene, _ask, solve, solve, label=label, mends=mends, errand=errand)


def _rows(random: Random, columns: dict[str, Callable[[Random], object]], key: str, form: str) -> list[dict[str, str]]:
    """Three to five records for a test; keys in no order."""
    numbers = random.sample(range(100, 999), random.randint(3, 5))
    return [{key: form.format(n), **{name: str(draw(random)) for name, draw in columns.items()}} for n in numbers]


def _tickets(random: Random) -> tuple[Any, ...]:
    columns: dict[str, Callable[[Random], object]] = {
        "status": lambda random: random.choice(("open", "pending", "closed")),
        "priority": lambda random: random.choice(("low", "normal", "high", "urgent")),
        "created_at": lambda random: f"2026-0{random.randint(1, 3)}-{random.randint(10, 28)}T09:00:00Z",
    }
    return _rows(random, columns, "ticket_id", "#TCK-00{}"), random.choice(("urgent", "high", "low"))


def _stock(random: Random) -> tuple[Any, ...]:
    columns: dict[str, Callable[[Random], object]] = {
        "units_on_hand": lambda random: random.randint(0, 20),
        "reorder_point": lambda random: random.randint(0, 12),
    }
    return _rows(random, columns, "stock_id", "STK245{}"), random.randint(0, 9)


def _invoices(random: Random) -> tuple[Any, ...]:
    columns: dict[str, Callable[[Random], object]] = {
        "amount": lambda random: random.choice((random.randint(20, 400) / 2, 80)),
        "status": lambda random: random.choice(("open", "overdue", "paid", "void")),
        "due_date": lambda random: f"2026-03-{random.randint(10, 16)}",
    }
    return _rows(random, columns, "invoice_id", "INV-26-03{}"), f"2026-03-{random.randint(12, 16)}"


def _orders(random: Random) -> tuple[Any, ...]:
    columns: dict[str, Callable[[Random], object]] = {
        "quantity": lambda random: random.randint(1, 4),
        "amount": lambda random: random.choice((random.randint(20, 400) / 2, 75.0)),
        "status": lambda random: random.choice(("pending", "processing", "shipped", "delivered")),
    }
    return _rows(random, columns, "order_id", "ORD-20{}"), random.randint(2, 3)


PRIORITY = Errand("tickets", "tickets", "set_ticket_priority", "ticket_id", {"priority": "{rank}"})
REORDER = Errand("inventory", "stock", "set_reorder_point", "stock_id", {"reorder_point": "{level}"})
EXTEND = Errand("payments", "invoices", "extend_due_date", "invoice_id", {"due_date": "{day}"})
CANCEL = Errand("orders", "orders", "cancel_order", "order_id", {"reason": "{reason}"})

MIXED: tuple[Family, ...] = (
    _family(
        "oldest_ticket",
        "ticket number",
        PRIORITY,
        (
            "export the tickets as CSV, find the one created first among those that are not closed and not of priority {rank} yet, the lower ticket number where two are equal, and set its priority to {rank}",
            "take an export of the tickets, see which ticket that is neither closed nor of priority {rank} was created first, by number where two were at once, and give it the priority {rank}",
        ),
        """left = [row for row in rows if row["status"] != "closed" and row["priority"] != <rank>]
found = min(left, key=lambda row: (row["created_at"], row["ticket_id"]))
""",
        """left = [row for row in rows if row["status"] != "closed" and row["priority"] != <rank>]
found = max(left, key=lambda row: (row["created_at"], row["ticket_id"]))
""",
    ),
    _family(
        "dearest_stock",
        "stock number",
        REORDER,
        (
            "export the stock as CSV, work out which stock item is worth most, units on hand times unit cost, the lower stock number where two are equal, and set its reorder point to {level}",
            "find out from an export of the stock in which stock item most money lies, units on hand times unit cost, by stock number where two are equal, and change its reorder point to {level}",
        ),
        """def worth(row):
    return int(row["units_on_hand"]) * float(row["unit_cost"])
found = min(rows, key=lambda row: (-round(worth(row), 2), row["stock_id"]))
""",
        'found = min(rows, key=lambda row: (int(row["units_on_hand"]), row["stock_id"]))\n',
    ),
    _family(
        "largest_overdue",
        "invoice number",
        EXTEND,
        (
            "export the invoices as CSV, find the overdue one with the largest amount, the lower invoice number where two are equal, and extend its due date to {day}",
            "look through an export of the invoices for the overdue invoice with the largest amount, by invoice number where two are equal, and let it fall due on {day}",
        ),
        """late = [row for row in rows if row["status"] == "overdue"]
found = min(late, key=lambda row: (-float(row["amount"]), row["invoice_id"]))
""",
        """late = [row for row in rows if row["status"] == "overdue"]
found = min(late, key=lambda row: (float(row["amount"]), row["invoice_id"]))
""",
    ),
    _family(
        "largest_unsent",
        "order number",
        CANCEL,
        (
            "export the orders as CSV, find the pending or processing one with the largest amount, the lower order number where two are equal, and cancel it with the reason {reason}",
            "see in an export of the orders which order that is pending or processing has the largest amount, by order number where two are equal, and cancel that order for the reason {reason}",
        ),
        """waiting = [row for row in rows if row["status"] in ("pending", "processing")]
found = min(waiting, key=lambda row: (-float(row["amount"]), row["order_id"]))
""",
        """waiting = [row for row in rows if row["status"] in ("pending", "processing")]
found = min(waiting, key=lambda row: (float(row["amount"]), row["order_id"]))
""",
    ),
    _family(
        "largest_party",
        "booking number",
        Errand("bookings", "bookings", "set_diet", "booking_id", {"diet": "{diet}"}),
        (
            "export the bookings as CSV, find the confirmed one with the largest party among those without the diet {diet}, the lower booking number where two are equal, and note the diet {diet} for it",
            "take an export of the bookings, pick the confirmed booking with the largest party whose diet is not {diet}, by booking number where two are equal, and set its diet to {diet}",
        ),
        """left = [row for row in rows if row["status"] == "confirmed" and row["diet"] != <diet>]
found = min(left, key=lambda row: (-int(row["party_size"]), row["booking_id"]))
""",
        """left = [row for row in rows if row["status"] == "confirmed" and row["diet"] != <diet>]
found = max(left, key=lambda row: (-int(row["party_size"]), row["booking_id"]))
""",
    ),
    _family(
        "longest_draft",
        "document number",
        Errand("files", "documents", "set_document_status", "document_id", {"status": "{state}"}),
        (
            "export the documents as CSV, find the draft with the most words, the lower document number where two are equal, and mark it as {state}",
            "find out from an export of the documents which draft has the most words, by document number where two are equal, and make that document {state}",
        ),
        """drafts = [row for row in rows if row["status"] == "draft"]
found = min(drafts, key=lambda row: (-int(row["word_count"]), row["document_id"]))
""",
        """drafts = [row for row in rows if row["status"] == "draft"]
found = min(drafts, key=lambda row: (int(row["word_count"]), row["document_id"]))
""",
    ),
    _family(
        "quietest_report",
        "report number",
        Errand("analytics", "reports", "schedule_report", "report_id", {"rhythm": "{rhythm}"}),
        (
            "export the reports as CSV, find the one that was updated longest ago and is not sent {rhythm}, the lower report number where two are equal, and schedule it to be sent {rhythm}",
            "see in an export of the reports which report with another rhythm than {rhythm} was updated longest ago, by report number where two are equal, and set its rhythm to {rhythm}",
        ),
        """left = [row for row in rows if row["rhythm"] != <rhythm>]
found = min(left, key=lambda row: (row["updated_at"], row["report_id"]))
""",
        """left = [row for row in rows if row["rhythm"] != <rhythm>]
found = max(left, key=lambda row: (row["updated_at"], row["report_id"]))
""",
    ),
    _broken(
        picks.longest_waiting,
        "ticket number",
        PRIORITY,
        "rank",
        _tickets,
        (('row["created_at"], row["ticket_id"]', 'row["ticket_id"], row["created_at"]'), ("!= rank", "== rank")),
        (
            "export the tickets as CSV, mend {function} in {module} until its tests pass, let it pick the ticket for the priority {rank} from the export, and set the priority of that ticket to {rank}",
            "get the tests of {module} to pass, then have {function} choose a ticket for the priority {rank} from an export of the tickets as CSV, and give that ticket the priority {rank}",
        ),
        ("next", "first", "waiting"),
    ),
    _broken(
        picks.deepest_shortage,
        "stock number",
        REORDER,
        "spare",
        _stock,
        (("lacking > 0", "lacking > 3"), ("(-short[name], name)", "(short[name], name)")),
        (
            "export the stock as CSV, correct {function} in {module} as its tests demand, ask it with {spare} spare units which item of the export is furthest short, and set the reorder point of that one to {level}",
            "repair {module}, whose tests fail, run {function} with {spare} spare units over an export of the stock as CSV, and change the reorder point of the item that it picks to {level}",
        ),
        ("shortest", "lacking", "scarcest"),
    ),
    _broken(
        picks.dearest_unpaid,
        "invoice number",
        EXTEND,
        "before",
        _invoices,
        (('row["due_date"] < day', 'row["due_date"] > day'), ('-float(row["amount"])', '+float(row["amount"])')),
        (
            "export the invoices as CSV, put {function} in {module} right, whose tests fail, let it find the dearest invoice due before {before} in the export, and extend the due date of that one to {day}",
            "make the tests of {module} pass, use {function} on an export of the invoices as CSV to pick the dearest one due before {before}, and let that invoice fall due on {day}",
        ),
        ("dearest", "debt", "claim"),
    ),
    _broken(
        picks.largest_waiting,
        "order number",
        CANCEL,
        "most",
        _orders,
        (('("pending", "processing")', '("pending",)'), ("> top", ">= top")),
        (
            "export the orders as CSV, mend {function} in {module}, which fails its tests, have it pick the largest waiting order of at most {most} units from the export, and cancel that order with the reason {reason}",
            "see why {module} fails its tests and correct it, let {function} pick the largest waiting order of at most {most} units from an export of the orders as CSV, and cancel that one for the reason {reason}",
        ),
        ("largest", "heaviest", "leading"),
    ),
)
