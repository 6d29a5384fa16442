"""The analytics desk: SQL over the reporting database, saved reports, exports."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec.structs import replace

from .analytics_records import (
    EXPORT_IDS,
    REPORT_IDS,
    REPORTS,
    Dataset,
    Export,
    ExportFormat,
    ExportId,
    ExportStatus,
    Report,
    ReportId,
    Rhythm,
    analytics_tables,
)
from .base import Desk, Service, reads, writes
from .calendar_records import ColleagueId
from .errors import ToolError
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .people import people
from .reporting import DATASETS, MOST_ROWS, Answer, Cell, database
from .schema import amounts, says

VERSION = "1"

POLICY = (
    "The reporting database holds the state at the start of the day and is only read. Reports that use the customers "
    "table hold personal data and are never exported. Reports with a ready export are not deleted."
)

_TITLES = ("Orders per city", "Late invoices", "Quiet products", "Tickets this week")

Sql: TypeAlias = Annotated[
    str,
    says(
        "SQL statement, a single SELECT",
        examples=[
            "SELECT COUNT(*) AS orders FROM orders",
            "SELECT city, COUNT(*) AS orders FROM orders GROUP BY city ORDER BY orders DESC",
            "SELECT name, stock FROM products WHERE stock < 10 ORDER BY stock",
            "SELECT subject FROM tickets WHERE priority = 'urgent'",
            "SELECT status, SUM(amount) AS total FROM invoices GROUP BY status",
            *(sql for _, sql in REPORTS[:3]),
        ],
        min_length=8,
        max_length=2_000,
    ),
]
ReportTitle: TypeAlias = Annotated[
    str, says("Report title, for example Late invoices", examples=_TITLES, min_length=3, max_length=80)
]
RowLimit: TypeAlias = Annotated[int, amounts("Row limit, for example 20", ge=1, le=MOST_ROWS)]
ROWS = 50
"""Rows of an answer when the caller does not say."""


def analytics() -> Service:
    """The analytics desk."""
    return Service(
        "analytics", VERSION, domain="SQL analytics", sector="data and analytics", desk=AnalyticsDesk, policy=POLICY
    )


class Column(msgspec.Struct, frozen=True):
    """A column of a table."""

    column: str
    kind: str
    """The SQL type."""


class DatasetDetails(msgspec.Struct, frozen=True):
    """A table of the reporting database."""

    dataset: Dataset
    columns: list[Column]
    row_count: int
    colleague_id: ColleagueId
    """Who looks after it."""
    steward_name: str


class Figures(msgspec.Struct, frozen=True):
    """The rows that a statement returns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    row_count: int
    """Of the rows shown."""
    truncated: bool
    """True when there are more rows than shown."""


class ReportLine(msgspec.Struct, frozen=True):
    """A report as a list shows it."""

    report_id: ReportId
    report_title: str
    rhythm: Rhythm


class ReportList(msgspec.Struct, frozen=True):
    """Reports of one colleague."""

    reports: list[ReportLine]
    total: int
    """On all pages."""
    next_cursor: NextCursor


class ExportLine(msgspec.Struct, frozen=True):
    """An export as a list shows it."""

    export_id: ExportId
    export_format: ExportFormat
    status: ExportStatus


class ExportList(msgspec.Struct, frozen=True):
    """Exports of one report, the oldest first."""

    report_id: ReportId
    exports: list[ExportLine]
    total: int


class AnalyticsDesk(Desk):
    """One world of the analytics desk."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = analytics_tables(world)
        self.reports = self.table("reports", "report", initial.reports)
        self.exports = self.table("exports", "export", initial.exports)

    @reads
    def describe_dataset(self, dataset: Annotated[Dataset, says("Dataset name, for example orders")]) -> DatasetDetails:
        """Explain the columns of a dataset and who looks after it."""
        base = database(self.world)
        columns = [Column(name, kind) for name, kind in base.columns(dataset).items()]
        staff = people(self.world).colleagues
        steward = staff[DATASETS.index(dataset) % len(staff)]
        return DatasetDetails(dataset, columns, base.rows(dataset), steward.colleague_id, steward.name)

    @reads
    def run_sql(self, sql: Sql, limit: RowLimit = ROWS) -> Figures:
        """Evaluate an SQL statement over the reporting database."""
        return _figures(database(self.world).ask(sql, limit))

    @reads
    def list_reports(self, colleague_id: ColleagueId, limit: PageSize = PAGE, cursor: PageCursor = None) -> ReportList:
        """List the saved reports that a colleague owns."""
        self._colleague(colleague_id)
        found = [report for report in self.reports.all() if report.colleague_id == colleague_id]
        page, following = page_of(found, lambda report: report.report_id, limit, cursor)
        lines = [ReportLine(report.report_id, report.report_title, report.rhythm) for report in page]
        return ReportList(lines, len(found), following)

    @reads
    def get_report(self, report_id: ReportId) -> Report:
        """Show title and rhythm of a saved report."""
        return self.reports.need(report_id)

    @reads
    def run_report(self, report_id: ReportId, limit: RowLimit = ROWS) -> Figures:
        """Compute the present figures of a saved report."""
        return _figures(database(self.world).ask(self.reports.need(report_id).sql, limit))

    @writes
    def save_report(self, colleague_id: ColleagueId, report_title: ReportTitle, sql: Sql) -> Report:
        """Keep an SQL statement as a report for a colleague. It must run."""
        self._colleague(colleague_id)
        self._title_free(colleague_id, report_title)
        database(self.world).ask(sql, 1)
        key = REPORT_IDS.following(self.reports.keys())
        return self.reports.put(key, Report(key, colleague_id, report_title, sql, "never", self.stamp()))

    @writes
    def retitle_report(self, report_id: ReportId, report_title: ReportTitle) -> Report:
        """Give a saved report a new title."""
        report = self.reports.need(report_id)
        self._title_free(report.colleague_id, report_title)
        return self.reports.put(report_id, replace(report, report_title=report_title, updated_at=self.stamp()))

    @writes
    def schedule_report(
        self, report_id: ReportId, rhythm: Annotated[Rhythm, says("Sending rhythm, for example weekly")]
    ) -> Report:
        """Decide how often a saved report is mailed to its owner."""
        report = self.reports.need(report_id)
        if report.rhythm == rhythm:
            raise ToolError("conflict", f"the rhythm of report {report_id} is already {rhythm}")
        return self.reports.put(report_id, replace(report, rhythm=rhythm, updated_at=self.stamp()))

    @writes
    def export_report(
        self, report_id: ReportId, export_format: Annotated[ExportFormat, says("Export format, for example csv")]
    ) -> Export:
        """Export the rows of a saved report to a file. Personal data stays in the house."""
        answer = database(self.world).ask(self.reports.need(report_id).sql, MOST_ROWS)
        if "customers" in answer.datasets:
            raise ToolError("forbidden", f"report {report_id} holds personal data and cannot be exported")
        key = EXPORT_IDS.following(self.exports.keys())
        export = Export(key, report_id, export_format, len(answer.rows), "ready", self.stamp())
        return self.exports.put(key, export)

    @reads
    def list_exports(self, report_id: ReportId) -> ExportList:
        """List the exports that were made of a report."""
        self.reports.need(report_id)
        found = [export for export in self.exports.all() if export.report_id == report_id]
        lines = [ExportLine(export.export_id, export.export_format, export.status) for export in found]
        return ExportList(report_id, lines, len(lines))

    @reads
    def get_export(self, export_id: ExportId) -> Export:
        """Check if an export is ready to fetch."""
        return self.exports.need(export_id)

    @writes
    def delete_report(self, report_id: ReportId) -> Report:
        """Delete a saved report for good, with its expired exports. Not possible while an export of it is ready."""
        report = self.reports.need(report_id)
        if any((export.report_id, export.status) == (report_id, "ready") for export in self.exports.all()):
            raise ToolError("conflict", f"report {report_id} has an export that is ready")
        self.stamp()
        for export in [export for export in self.exports.all() if export.report_id == report_id]:
            self.exports.drop(export.export_id)
        self.reports.drop(report_id)
        return report

    def _colleague(self, colleague_id: str) -> None:
        if not any(person.colleague_id == colleague_id for person in people(self.world).colleagues):
            raise ToolError("not_found", f"there is no colleague {colleague_id}")

    def _title_free(self, colleague_id: str, title: str) -> None:
        if any((r.colleague_id, r.report_title) == (colleague_id, title) for r in self.reports.all()):
            raise ToolError("conflict", f"colleague {colleague_id} already has a report called {title}")


def _figures(answer: Answer) -> Figures:
    return Figures(answer.columns, answer.rows, len(answer.rows), answer.truncated)
