"""Mixed tasks: what a service exports lands in the workspace, and what came out of it goes back into the service."""

from __future__ import annotations

import csv
import io
import json
from contextlib import AsyncExitStack

import anyio
import msgspec
import pytest
from mcp_types import BlobResourceContents, CallToolResult, EmbeddedResource, TextContent, TextResourceContents

from tdscaling.sandbox.code.base import Backend, FileRefused
from tdscaling.sandbox.mcp_reply import resources_of
from tdscaling.sandbox.services import builtin
from tdscaling.sandbox.tasks.catalogue import Task, draw
from tdscaling.sandbox.tasks.exports import TABLES, ExportToolbox
from tdscaling.sandbox.tasks.mixed import MIXED
from tdscaling.sandbox.tasks.moves import EXPORT, moves
from tdscaling.sandbox.tasks.toolbox import TaskToolbox
from tdscaling.sandbox.tools import JsonObject, Resource, Snapshot, ToolReply, World
from tdscaling.sandbox.world import CompositeWorld, changes, open_worlds

pytestmark = pytest.mark.anyio


class Shelf:
    """A world that only takes files."""

    def __init__(self, refuses: str = "") -> None:
        self.files: dict[str, bytes] = {}
        self._refuses = refuses

    async def put(self, path: str, data: bytes) -> None:
        """Keep it."""
        if self._refuses:
            raise FileRefused(self._refuses)
        self.files[path] = data

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """No tool."""
        return ToolReply("", is_error=True)

    async def snapshot(self) -> dict[str, Snapshot]:
        """No state."""
        return {}

    async def aclose(self) -> None:
        """Nothing to end."""


async def exporting(service: str) -> World:
    """A service's world with the export."""
    return await ExportToolbox(builtin((service,))[0]).open(3)


@pytest.mark.parametrize("service", TABLES)
async def test_an_export_holds_every_record_of_every_table(service: str) -> None:
    """As CSV and as JSON; the reply says what is in it."""
    world = await exporting(service)
    state = (await world.snapshot())[service]
    for table in TABLES[service]:
        for form in ("csv", "json"):
            reply = await world.call(EXPORT, {"table": table, "file_format": form})
            (resource,) = reply.resources
            said = json.loads(reply.content)
            assert resource.path == said["path"] == f"{table}.{form}"
            assert len(resource.data) == said["size"]
            text = resource.data.decode()
            rows = json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text)))
            assert len(rows) == said["rows"] == len(state[table])
            assert form == "csv" or rows == list(state[table].values())
            assert all(set(row) <= set(said["columns"]) for row in rows)


async def test_an_export_is_of_the_records_as_they_stand() -> None:
    """After a change it says something else; a table that is none is refused."""
    world = await exporting("tickets")
    before = (await world.call(EXPORT, {"table": "tickets"})).resources[0].data
    first = next(row for row in csv.DictReader(io.StringIO(before.decode())) if row["status"] == "open")
    rank = "low" if first["priority"] != "low" else "high"
    assert not (await world.call("set_ticket_priority", {"ticket_id": first["ticket_id"], "priority": rank})).is_error
    assert (await world.call(EXPORT, {"table": "tickets"})).resources[0].data != before
    for wrong in ({"table": "passwords"}, {"table": "tickets", "file_format": "xlsx"}, {}):
        reply = await world.call(EXPORT, wrong)
        assert reply.is_error
        assert reply.resources == ()


async def test_a_file_that_comes_with_a_reply_lands_in_every_workspace_of_the_episode() -> None:
    """Before the reply is told; what a workspace refuses is an error reply."""
    tickets, shelf, full = await exporting("tickets"), Shelf(), Shelf("big.csv: No space left on device")
    world = CompositeWorld({EXPORT: tickets}, (tickets, shelf), AsyncExitStack())
    assert not (await world.call(EXPORT, {"table": "tickets"})).is_error
    assert shelf.files["tickets.csv"].startswith(b"ticket_id,")
    refused = await CompositeWorld({EXPORT: tickets}, (tickets, full), AsyncExitStack()).call(
        EXPORT, {"table": "tickets"}
    )
    assert refused.is_error
    assert "No space left" in refused.content


def test_the_resources_of_an_outside_server_are_files() -> None:
    """Under the last part of their address; text and bytes; none of a reply that failed."""
    blocks = [
        TextContent(type="text", text="Here is the report."),
        EmbeddedResource(resource=TextResourceContents(uri="file:///srv/q%31/sales.csv", text="a,b\n")),
        EmbeddedResource(resource=BlobResourceContents(uri="export://x/../data.bin", blob="AAH/")),
        EmbeddedResource(resource=BlobResourceContents(uri="export://x/broken", blob="no base64!")),
    ]
    found = resources_of(CallToolResult(content=list(blocks)))
    assert found == (Resource("sales.csv", b"a,b\n"), Resource("data.bin", b"\0\x01\xff"))
    assert resources_of(CallToolResult(content=list(blocks), is_error=True)) == ()


async def play(task: Task, source: str, backend: Backend, places: anyio.Semaphore) -> dict[str, Snapshot]:
    """What the calls of a task change, with this solution."""
    errand = task.of.errand
    assert errand is not None
    boxes = (ExportToolbox(builtin((errand.service,))[0]), TaskToolbox(task.family, backend, places))
    world = await open_worlds(boxes, task.seed)
    try:
        before = await world.snapshot()
        told = ""
        for move in moves(task.of, task.slots, source):
            taken = {move.takes: told} if move.takes else {}
            reply = await world.call(move.tool, {**move.arguments, **taken})
            if move.told:
                told = str(msgspec.json.decode(reply.content, type=JsonObject)[move.told]).strip()
        return changes(before, await world.snapshot())
    finally:
        await world.aclose()


@pytest.mark.bubblewrap
async def test_a_reference_changes_the_record_that_is_meant_and_a_wrong_solution_does_not(backend: Backend) -> None:
    """One task of every family: one record of the service, and the tests where a module was to be mended."""
    places, free = anyio.Semaphore(4), anyio.Semaphore(4)
    seen: dict[str, tuple[dict[str, Snapshot], dict[str, Snapshot]]] = {}

    async def both(name: str) -> None:
        async with free:
            task = draw(name, 12)[0]
            seen[name] = (
                await play(task, task.reference, backend, places),
                await play(task, task.wrong, backend, places),
            )

    async with anyio.create_task_group() as group:
        for family in MIXED:
            group.start_soon(both, family.name)
    for family in MIXED:
        right, wrong = seen[family.name]
        assert family.errand is not None
        table = right[family.errand.service][family.errand.table]
        assert len(table) == 1, family.name
        for name, value in family.errand.others(draw(family.name, 12)[0].slots).items():
            (record,) = table.values()
            assert name == "reason" or record[name] == value
        assert right != wrong, family.name
        if family.mends:
            assert right[f"code_{family.name}"]["tests"] == {"passed": 14, "failed": 0}
