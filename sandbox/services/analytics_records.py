"""The records of the analytics desk: saved reports and exports, and the tables that a world of it starts with."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .calendar_records import ColleagueId
from .families import BASE36, WORLDS, IdFormat, ago, iso
from .people import people
from .schema import Moment, says

REPORT_IDS = IdFormat("rpt_", 5, BASE36)
EXPORT_IDS = IdFormat("EXP-", 5)

ReportId: TypeAlias = Annotated[str, says("Report number, for example rpt_x8k2q")]
ExportId: TypeAlias = Annotated[str, says("Export number, for example EXP-00417")]

Rhythm: TypeAlias = Literal["never", "daily", "weekly", "monthly"]
ExportFormat: TypeAlias = Literal["csv", "json", "xlsx"]
ExportStatus: TypeAlias = Literal["ready", "expired"]
Dataset: TypeAlias = Literal["customers", "products", "orders", "tickets", "invoices", "bookings"]

REPORTS: tuple[tuple[str, str], ...] = (
    ("Orders by status", "SELECT status, COUNT(*) AS orders FROM orders GROUP BY status ORDER BY status"),
    ("Revenue by product", "SELECT product_name, SUM(amount) AS revenue FROM orders GROUP BY product_name"),
    ("Open tickets by priority", "SELECT priority, COUNT(*) AS tickets FROM tickets WHERE status = 'open' GROUP BY 1"),
    ("Unpaid invoices", "SELECT invoice_id, amount, due_date FROM invoices WHERE status IN ('open', 'overdue')"),
    ("Stock value by category", "SELECT category, SUM(price * stock) AS value FROM products GROUP BY category"),
    (
        "Best customers",
        "SELECT name, SUM(amount) AS spent FROM customers JOIN orders USING (customer_id) GROUP BY 1 ORDER BY 2 DESC",
    ),
    ("Tickets per topic", "SELECT topic, COUNT(*) AS tickets FROM tickets GROUP BY topic ORDER BY tickets DESC"),
    ("Booked seats", "SELECT tour_title, SUM(party_size) AS seats FROM bookings WHERE status = 'confirmed' GROUP BY 1"),
    ("Average order", "SELECT ROUND(AVG(amount), 2) AS average, MAX(amount) AS largest FROM orders"),
    ("Products sold out", "SELECT product_id, name FROM products WHERE stock = 0 ORDER BY name"),
)
"""Title and statement of what colleagues may have saved."""


class Report(msgspec.Struct, frozen=True):
    """A question that is kept, as a statement."""

    report_id: ReportId
    colleague_id: ColleagueId
    """The owner."""
    report_title: str
    sql: str
    rhythm: Rhythm
    """How often it is sent to its owner."""
    updated_at: Moment


class Export(msgspec.Struct, frozen=True):
    """The rows of a report, as a file to fetch."""

    export_id: ExportId
    report_id: ReportId
    export_format: ExportFormat
    row_count: int
    status: ExportStatus
    exported_at: Moment


class AnalyticsTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    reports: dict[str, Report]
    exports: dict[str, Export]


@lru_cache(maxsize=WORLDS)
def analytics_tables(world: int) -> AnalyticsTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"analytics/{world}")
    staff = people(world).colleagues
    chosen = rng.sample(REPORTS, 8)
    reports: dict[str, Report] = {}
    for rank, (key, (title, sql)) in enumerate(zip(REPORT_IDS.scattered(rng, len(chosen)), chosen, strict=True)):
        rhythm: Rhythm = rng.choice(("never", "never", "daily", "weekly", "monthly"))
        owner = staff[(rank * 3 + world) % len(staff)].colleague_id
        reports[key] = Report(key, owner, title, sql, rhythm, iso(ago(rng.uniform(1, 90))))
    exports: dict[str, Export] = {}
    for rank, key in enumerate(EXPORT_IDS.ascending(rng, 4, 2_200)):
        report_id, made = rng.choice(list(reports)), ago(20 if rank < 2 else rng.uniform(0.2, 4))
        form: ExportFormat = rng.choice(("csv", "json", "xlsx"))
        exports[key] = Export(key, report_id, form, rng.randint(1, 9), "expired" if rank < 2 else "ready", iso(made))
    return AnalyticsTables(reports, exports)
