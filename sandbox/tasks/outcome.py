"""What came of a task, found out by running it: files as read, queries as answered, tables as they stand, tests as run.

Everything is run in a fresh session that holds the workspace as it began, the hidden tests, and of what was made only
the file that the task asks for. Changed tests, patched modules and edited data are of no use there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..code.base import Backend, CodeSession, FileRefused
from ..code.toolbox import CodeWorld
from ..tools import JsonObject, JsonValue, Snapshot
from .catalogue import Task, scene_of
from .queries import DATABASE

PLACES = 4
"""Decimals to which numbers are compared."""
SHOWN = 200
"""Characters kept of what cannot be read or run."""


async def outcome(task: Task, session: CodeSession | None, backend: Backend) -> Snapshot:
    """What stands for the task's result: `{"files" | "queries" | a table | "tests": {key: value}}`.

    Args:
        task: What was to be done.
        session: Where it was done; None for the workspace as it began.
        backend: Opens the fresh session.

    Raises:
        InfrastructureFault: as the sessions do.
    """
    kind = task.of.kind
    if kind == "answer" or (kind == "mixed" and not task.output):
        return {}
    made = await _made(task, session)
    if kind == "file":
        return {"files": {task.output: _content(task.output, made)}} if made is not None else {"files": {}}
    files = dict(scene_of(task.family, task.seed).files)
    if kind == "query":
        if made is None:
            return {"queries": {}}
        return {"queries": {task.output: await _rows(backend, files, made.decode("utf-8", "replace"))}}
    if made is not None:
        files[task.output] = made
    elif session is not None:
        files.pop(task.output, None)
    return await _tables(backend, files) if kind == "change" else await _tests(task, backend, files)


async def _made(task: Task, session: CodeSession | None) -> bytes | None:
    if session is None:
        return None
    try:
        return await session.read(task.output)
    except FileRefused:
        return None


def _content(path: str, data: bytes) -> JsonValue:
    """JSON as decoded, any other text line by line; blanks at line ends and blank last lines do not count."""
    text = data.decode("utf-8", "backslashreplace")
    if path.endswith(".json"):
        try:
            return rounded(msgspec.json.decode(text))
        except msgspec.DecodeError:
            return {"unreadable": text[:SHOWN]}
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n")


def rounded(value: JsonValue) -> JsonValue:
    """A JSON value with its numbers as they are compared."""
    if isinstance(value, float):
        return round(value, PLACES)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


async def _rows(backend: Backend, files: Mapping[str, bytes], query: str) -> JsonValue:
    """The rows of a query in an order of their own, or the reason why there are none."""
    if not query.strip().strip(";"):
        return {"unreadable": "there is no statement"}
    reply = await _asked(backend, files, "sql", {"query": query, "database": DATABASE})
    if "rows" not in reply:
        return {"unreadable": str(reply.get("error", reply))[:SHOWN]}
    return sorted((rounded(row) for row in reply["rows"]), key=msgspec.json.encode)


async def _tables(backend: Backend, files: Mapping[str, bytes]) -> Snapshot:
    """The rows of every table by their first column."""
    room = CodeWorld(backend, files)
    try:
        names = await _reply(
            room, "sql", {"query": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"}
        )
        tables: Snapshot = {}
        for (name,) in names.get("rows", []):
            quoted = str(name).replace('"', '""')
            found = await _reply(room, "sql", {"query": f'SELECT * FROM "{quoted}"'})  # noqa: S608 -- runs in the sandbox
            tables[str(name)] = {str(row[0]): rounded(row) for row in found.get("rows", [])}
        return tables
    finally:
        await room.aclose()


async def _tests(task: Task, backend: Backend, files: Mapping[str, bytes]) -> Snapshot:
    """How many tests pass and how many do not, the hidden ones with them."""
    everything = {**files, **scene_of(task.family, task.seed).hidden}
    reply = await _asked(backend, everything, "run_tests", {})
    return {"tests": {name: reply.get(name) for name in ("passed", "failed", "error")}}


async def _asked(backend: Backend, files: Mapping[str, bytes], tool: str, arguments: JsonObject) -> JsonObject:
    room = CodeWorld(backend, files)
    try:
        return await _reply(room, tool, arguments)
    finally:
        await room.aclose()


async def _reply(room: CodeWorld, tool: str, arguments: JsonObject) -> JsonObject:
    reply = await room.call(tool, arguments)
    return msgspec.json.decode(reply.content, type=JsonObject)
