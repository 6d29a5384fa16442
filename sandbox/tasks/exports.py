"""A business service whose records can be exported: one tool more, whose reply comes with the file.

box = ExportToolbox(builtin(("tickets",))[0])
world = await box.open(7)
reply = await world.call("export_records", {"table": "tickets", "file_format": "csv"})
reply.resources                      # (Resource("tickets.csv", b"ticket_id,customer_id,..."),)
"""

from __future__ import annotations

import csv
import io

import jsonschema_rs
import msgspec

from ..services.errors import error_reply
from ..tools import JsonObject, Resource, Snapshot, Toolbox, ToolReply, ToolSpec, World
from .moves import EXPORT

VERSION = "1"
"""Raised whenever an export looks otherwise."""
SUFFIX = "_export"
"""Of the name of a service with this tool."""
TABLES: dict[str, tuple[str, ...]] = {
    "tickets": ("requesters", "agents", "tickets", "comments"),
    "inventory": ("warehouses", "suppliers", "stock", "transfers", "purchases"),
    "payments": ("payers", "invoices", "payments", "reversals"),
    "orders": ("customers", "products", "orders", "shipments", "refunds"),
    "bookings": ("travelers", "tours", "departures", "bookings"),
    "files": ("folders", "documents", "shares"),
    "directory": ("offices", "employees", "leaves"),
    "analytics": ("reports", "exports"),
}
"""What can be exported of a service."""


class ExportToolbox:
    """A `Toolbox` around that of a service."""

    def __init__(self, inner: Toolbox) -> None:
        """`inner`: a built-in service, one of `TABLES`."""
        self._inner = inner
        self.name = inner.name + SUFFIX
        self.domain = inner.domain
        self.sector = inner.sector
        self.provenance = inner.provenance
        self.seeded = inner.seeded
        self.volatile = inner.volatile
        self._tool = export_tool(inner.name, self.name)

    @property
    def version(self) -> str:
        """Of the service, and of how it exports."""
        return f"{VERSION}.{self._inner.version}"

    def tools(self) -> tuple[ToolSpec, ...]:
        """The service's, and the export."""
        return (*self._inner.tools(), self._tool)

    async def open(self, seed: int) -> ExportWorld:
        """A fresh world of the service."""
        return ExportWorld(self._inner.name, await self._inner.open(seed), self._tool)


class ExportWorld:
    """A `World` around that of a service; it owns the inner one."""

    def __init__(self, service: str, inner: World, tool: ToolSpec) -> None:
        self._service = service
        self._inner = inner
        self._validator = jsonschema_rs.validator_for(tool.input_schema)

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """As the service answers; an export is of the records as they stand now. Raises as the service does."""
        if name != EXPORT:
            return await self._inner.call(name, arguments)
        problem = next(iter(self._validator.iter_errors(arguments)), None)
        if problem is not None:
            return error_reply("invalid_argument", problem.message[:300])
        table, form = arguments["table"], arguments.get("file_format", "csv")
        records = list((await self._inner.snapshot())[self._service][table].values())
        columns = list(dict.fromkeys(key for record in records for key in record))
        data = as_csv(columns, records) if form == "csv" else msgspec.json.format(msgspec.json.encode(records))
        path = f"{table}.{form}"
        told = {"path": path, "rows": len(records), "columns": columns, "size": len(data)}
        return ToolReply(msgspec.json.encode(told).decode(), resources=(Resource(path, data),))

    async def snapshot(self) -> dict[str, Snapshot]:
        """The service's."""
        return await self._inner.snapshot()

    async def aclose(self) -> None:
        """End the service's."""
        await self._inner.aclose()


def as_csv(columns: list[str], records: list[JsonObject]) -> bytes:
    """A header and a line per record; nothing for null, JSON for what is no scalar."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        values = [record.get(column) for column in columns]
        writer.writerow([msgspec.json.encode(v).decode() if isinstance(v, dict | list | bool) else v for v in values])
    return text.getvalue().encode()


def export_tool(service: str, owner: str) -> ToolSpec:
    """The export of a service. `owner`: name of the toolbox."""
    tables = list(TABLES[service])
    return ToolSpec(
        EXPORT,
        f"Export all records of a table of the {service} service as a file, which is laid into /workspace.",
        owner,
        {
            "type": "object",
            "properties": {
                "table": {"type": "string", "enum": tables, "description": f"Table name, for example {tables[-1]}"},
                "file_format": {"type": "string", "enum": ["csv", "json"], "description": "File format: csv or json"},
            },
            "required": ["table"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "File path: relative to /workspace."},
                "rows": {"type": "integer"},
                "columns": {"type": "array", "items": {"type": "string"}},
                "size": {"type": "integer", "description": "Bytes."},
            },
            "required": ["path", "rows", "columns", "size"],
        },
        read_only=True,
    )
