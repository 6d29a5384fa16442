"""The analytics desk and its database: what may be read, what is kept, what is refused."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.analytics_records import REPORTS
from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.errors import ToolError
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.sandbox.services.reporting import DATASETS, MOST_ROWS, database

from .desk import ask, every, opened, refusal, some

ORDERS = "SELECT order_id FROM orders"


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("analytics")


def test_a_statement_is_answered_from_the_world_s_own_records(world: ServiceWorld) -> None:
    """The rows are the orders that the shop of the same seed starts with."""
    reply = ask(world, "run_sql", sql="SELECT order_id, amount FROM orders ORDER BY order_id")
    shop = opened("orders").tables()["orders"]
    assert reply["columns"] == ["order_id", "amount"]
    assert reply["rows"] == [[key, shop[key]["amount"]] for key in sorted(shop)]
    assert (reply["row_count"], reply["truncated"]) == (len(shop), False)


def test_rows_beyond_the_limit_are_left_out_and_that_is_said(world: ServiceWorld) -> None:
    """The default is fifty; more than two hundred cannot be asked for."""
    assert ask(world, "run_sql", sql=ORDERS, limit=3)["truncated"] is True
    product = "SELECT a.order_id FROM orders a, orders b"
    assert ask(world, "run_sql", sql=product)["row_count"] == 50
    assert refusal(world, "run_sql", sql=product, limit=MOST_ROWS + 1)[0] == "invalid_argument"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE orders",
        "DELETE FROM orders",
        "UPDATE orders SET amount = 0",
        "PRAGMA table_info(orders)",
        "ATTACH DATABASE 'x' AS y",
        "WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM x",
        "CREATE TEMP TABLE x AS SELECT 1",
        "VACUUM INTO 'x'",
        "EXPLAIN SELECT 1",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM pragma_table_info('orders')",
        "SELECT random()",
        "SELECT date('now')",
        "SELECT current_timestamp",
        "SELECT load_extension('x')",
        "-- nothing at all",
    ],
)
def test_what_is_no_plain_read_is_forbidden(world: ServiceWorld, sql: str) -> None:
    """Writes, the schema, files, the clock and dice; also when it is kept as a report."""
    assert refusal(world, "run_sql", sql=sql)[0] == "forbidden"
    owner = some(world, "reports")["colleague_id"]
    assert refusal(world, "save_report", colleague_id=owner, report_title="Try", sql=sql)[0] == "forbidden"
    assert ask(world, "run_sql", sql=ORDERS)["row_count"] == 15


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing FROM orders",
        "SELECT 1; SELECT 2",
        "SELECT x'00ff'",
        "SELECT 9e999",
        "SELECT cast(x'ff' AS text)",
        "SELECT zeroblob(1000000000)",
        "SELECT ?",
        "SELECT 1\x00",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
        "WITH RECURSIVE t(x) AS (SELECT 'ab' UNION ALL SELECT x || x FROM t) SELECT max(length(x)) FROM t",
    ],
)
def test_what_cannot_be_answered_is_an_invalid_argument(world: ServiceWorld, sql: str) -> None:
    """Also what would take for ever or grow without end; the message names the field on one line."""
    code, message = refusal(world, "run_sql", sql=sql)
    assert (code, message[:5]) == ("invalid_argument", "sql: ")
    assert "\n" not in message
    assert ask(world, "run_sql", sql=ORDERS)["row_count"] == 15


def test_every_seeded_report_runs() -> None:
    """The statements that worlds are seeded with are good in the first world and in the last."""
    for seed in (0, WORLDS - 1):
        assert all(database(seed).ask(sql, 5).columns for _, sql in REPORTS)


def test_a_dataset_is_described_as_it_is(world: ServiceWorld) -> None:
    """Columns in order, and all rows."""
    for dataset in DATASETS:
        details = ask(world, "describe_dataset", dataset=dataset)
        names = [column["column"] for column in details["columns"]]
        assert ask(world, "run_sql", sql=f"SELECT * FROM {dataset}")["columns"] == names  # noqa: S608  our own name
        (held,) = ask(world, "run_sql", sql=f"SELECT count(*) FROM {dataset}")["rows"]  # noqa: S608  our own name
        assert held == [details["row_count"]]


def test_a_repeated_statement_is_checked_again() -> None:
    """What it reads is known every time, although SQLite could have kept it ready."""
    base = database(3)
    sql = "SELECT name FROM customers"
    assert base.ask(sql, 1).datasets == base.ask(sql, 1).datasets == frozenset({"customers"})
    with pytest.raises(ToolError):
        base.ask("SELECT random()", 1)
    with pytest.raises(ToolError):
        base.ask("SELECT random()", 1)


def test_a_steward_leads_to_figures_in_three_steps(world: ServiceWorld) -> None:
    """describe_dataset → list_reports → run_report chains through ids."""
    report = some(world, "reports")
    stewards = {ask(world, "describe_dataset", dataset=dataset)["colleague_id"] for dataset in DATASETS}
    owners = {r["colleague_id"] for r in every(world, "reports")}
    assert stewards & owners
    lines = ask(world, "list_reports", colleague_id=report["colleague_id"])["reports"]
    assert report["report_id"] in [line["report_id"] for line in lines]
    assert ask(world, "get_report", report_id=report["report_id"]) == report
    direct = ask(world, "run_sql", sql=report["sql"])
    assert ask(world, "run_report", report_id=report["report_id"]) == direct


def test_a_report_is_kept_under_a_title_of_its_own(world: ServiceWorld) -> None:
    """A second one of the same title and owner is a conflict, also by renaming."""
    owner = some(world, "reports")["colleague_id"]
    made = {"colleague_id": owner, "report_title": "Late invoices", "sql": ORDERS}
    report = ask(world, "save_report", **made)
    assert report["rhythm"] == "never"
    assert refusal(world, "save_report", **made)[0] == "conflict"
    other = next(r for r in every(world, "reports", colleague_id=owner) if r != report)
    clash = {"report_id": other["report_id"], "report_title": "Late invoices"}
    assert refusal(world, "retitle_report", **clash)[0] == "conflict"
    assert ask(world, "retitle_report", report_id=other["report_id"], report_title="New")["report_title"] == "New"


def test_a_rhythm_is_changed_to_another_one(world: ServiceWorld) -> None:
    """Setting what is set already is a conflict."""
    report = some(world, "reports")
    other = "daily" if report["rhythm"] != "daily" else "weekly"
    assert ask(world, "schedule_report", report_id=report["report_id"], rhythm=other)["rhythm"] == other
    assert refusal(world, "schedule_report", report_id=report["report_id"], rhythm=other)[0] == "conflict"


def test_personal_data_is_never_exported(world: ServiceWorld) -> None:
    """A report on customers is forbidden every time, any other one is exported with its rows counted."""
    owner = some(world, "reports")["colleague_id"]
    names = {"colleague_id": owner, "report_title": "Names", "sql": "SELECT count(*) AS n FROM customers"}
    private = ask(world, "save_report", **names)["report_id"]
    for _ in range(2):
        assert refusal(world, "export_report", report_id=private, export_format="csv")[0] == "forbidden"
    plain = {"colleague_id": owner, "report_title": "Numbers", "sql": ORDERS}
    report = ask(world, "save_report", **plain)["report_id"]
    export = ask(world, "export_report", report_id=report, export_format="json")
    assert (export["row_count"], export["status"]) == (15, "ready")
    assert ask(world, "get_export", export_id=export["export_id"]) == export
    listed = ask(world, "list_exports", report_id=report)["exports"]
    assert [line["export_id"] for line in listed] == [export["export_id"]]
    assert refusal(world, "delete_report", report_id=report)[0] == "conflict"


def test_a_deleted_report_takes_its_expired_exports_along(world: ServiceWorld) -> None:
    """What is ready stands in the way."""
    ready = {export["report_id"] for export in every(world, "exports", status="ready")}
    expired = [e for e in every(world, "exports", status="expired") if e["report_id"] not in ready]
    keys = [e["report_id"] for e in expired] or [
        r["report_id"] for r in every(world, "reports") if r["report_id"] not in ready
    ]
    ask(world, "delete_report", report_id=keys[0])
    assert refusal(world, "get_report", report_id=keys[0])[0] == "not_found"
    for export in expired:
        if export["report_id"] == keys[0]:
            assert refusal(world, "get_export", export_id=export["export_id"])[0] == "not_found"
