"""`tdscaling verify`: recorded rows are executed and judged again, one line out for every line in."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import ObjectSendStream
from cyclopts import Parameter

from ..runtime.config import BackendName
from ..runtime.errors import ConfigError
from ..runtime.foreign import Form
from .safe import one_line
from .show import open_rows

if TYPE_CHECKING:
    from ..agents.reverify import Finding, Reverifier
    from ..sandbox.tasks.shelf import TaskShelf
    from .verify_foreign import Replay

READY_SERVERS = 2
"""Servers kept started in advance, per manifest."""
SERVERS = 8
"""Servers at one time, per manifest, and rows judged at one time where there are manifests."""
FAILED = 1


def verify(
    file: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    unique: Annotated[bool, Parameter(negative=())] = False,
    strict: Annotated[bool, Parameter(negative=())] = False,
    mcp: tuple[Path, ...] = (),
    tools: tuple[Path, ...] = (),
    clusters: tuple[Path, ...] = (),
    code: Annotated[bool, Parameter(negative=())] = False,
    backend: BackendName | None = None,
    form: Form | None = None,
    contamination: tuple[Path, ...] = (),
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        A file of trajectories, one JSON object per line; - for stdin. Files of others are told by their first record.
    json
        One JSON object per line: id, accepted, reasons, scores; for files of others their form and the checks made.
    unique
        Reject an accepted row whose conversation stood in the file before.
    strict
        Exit code 1 when a line is not accepted.
    mcp
        Manifests of the external MCP servers that rows played with.
    tools
        Saved lists of tools that rows played on the entity store; for files of others, the tools that were given.
    clusters
        Files of clusters that rows played on the entity store.
    code
        Run the code of code tasks again, in a sandbox.
    backend
        What contains it; the one that the rows were made with.
    form
        What a file of others holds, where its first record does not tell.
    contamination
        Benchmarks that no row may repeat: JSON, JSON lines or text.
    """
    from ..agents.reverify import MAX_LINE
    from .code_box import open_tasks
    from .verify_foreign import Replay, is_foreign, verify_foreign

    if backend and not code:
        raise ConfigError("verify: --backend says where code runs, and there is none without --code")
    tasks = open_tasks(backend) if code else None
    with open_rows(file) as (opened, name):
        stream = Replay(opened)
        if form or is_foreign(stream, MAX_LINE + 2):
            if mcp or clusters or code:
                raise ConfigError(
                    "verify: --mcp, --clusters and --code are for rows of ours; nothing of others is run again"
                )
            accepted, total = verify_foreign(name, stream, form, tools, contamination, as_json=json, unique=unique)
        else:
            accepted, total = _again(
                partial(_verify, stream, mcp, tools, clusters, tasks, contamination, as_json=json, unique=unique)
            )
    sys.stderr.write(f"tdscaling: {total} lines: {accepted} accepted, {total - accepted} not\n")
    return FAILED if strict and accepted < total else 0


def _again(check: Callable[[], Awaitable[tuple[int, int]]]) -> tuple[int, int]:
    """Run the check in an event loop; its errors as they were before task groups wrapped them."""
    from ..runtime import loop

    try:
        return loop.run(check)
    except BaseExceptionGroup as errors:
        from ..runtime.supervisor import first_cause

        raise first_cause(errors) from None


async def _verify(
    stream: Replay,
    mcp: Sequence[Path],
    tools: Sequence[Path],
    clusters: Sequence[Path],
    tasks: TaskShelf | None,
    contamination: Sequence[Path],
    *,
    as_json: bool,
    unique: bool,
) -> tuple[int, int]:
    """How many lines were accepted, and how many there were."""
    from ..agents.contamination import Contamination
    from ..agents.reverify import Reverifier
    from ..sandbox.services import BUILTIN, builtin
    from ..sandbox.tools import Toolbox
    from .clusters_box import open_shelf

    gates = (Contamination.of_files(contamination).no_benchmark,) if contamination else ()

    toolboxes: list[Toolbox] = list(builtin(BUILTIN))
    if tools:
        from ..sandbox.entities import EntityToolbox, load_tools

        for path in tools:
            listed = load_tools(path)
            toolboxes.append(EntityToolbox(listed.name, listed.specs, hints=listed.hints, source=path.name))
    async with AsyncExitStack() as stack:
        if mcp:
            from ..sandbox.manifest import load_manifest
            from ..sandbox.mcp import McpToolbox

            for path in mcp:
                box = McpToolbox(load_manifest(path), prestart=READY_SERVERS, max_servers=SERVERS)
                toolboxes.append(await stack.enter_async_context(box))
        shelf = open_shelf(clusters)
        if tasks is not None:
            await stack.enter_async_context(tasks)
        shelves = [one for one in (shelf, tasks) if one is not None]
        reverifier = Reverifier(toolboxes, shelves, unique=unique, gates=gates)
        accepted = total = 0

        def write(finding: Finding) -> None:
            nonlocal accepted, total
            total += 1
            accepted += finding.accepted
            sys.stdout.write(_shown(finding, as_json=as_json) + "\n")
            sys.stdout.flush()

        await judge_all(_lines(stream), reverifier, write, width=SERVERS if mcp or tasks else 1)
        return accepted, total


class _Slot:
    """The place of one line in the order of output."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.finding: Finding | None = None
        self.digest = b""


async def judge_all(
    lines: AsyncIterator[bytes], reverifier: Reverifier, write: Callable[[Finding], None], *, width: int
) -> None:
    """Write a finding per line, in the lines' order; at most `width` rows are judged and as many wait at one time.

    Raises what `write` raises, in the groups that task groups make of it.
    """
    send, receive = anyio.create_memory_object_stream[_Slot](width)
    async with anyio.create_task_group() as group:
        group.start_soon(_feed, lines, reverifier, anyio.Semaphore(width), send)
        number = 0
        async with receive:
            async for slot in receive:
                number += 1
                await slot.done.wait()
                if slot.finding is None:
                    raise RuntimeError("a slot that is done holds a finding")
                write(reverifier.settle(slot.finding, slot.digest, number))


async def _feed(
    lines: AsyncIterator[bytes], reverifier: Reverifier, free: anyio.Semaphore, send: ObjectSendStream[_Slot]
) -> None:
    async def work(slot: _Slot, line: bytes) -> None:
        try:
            slot.finding, slot.digest = await reverifier.judge(line)
        finally:
            free.release()
            slot.done.set()

    async with send, anyio.create_task_group() as group:
        async for line in lines:
            slot = _Slot()
            await free.acquire()
            group.start_soon(work, slot, line)
            await send.send(slot)


async def _lines(stream: Replay) -> AsyncIterator[bytes]:
    """The lines one by one; what goes beyond the longest allowed one is read in parts and dropped."""
    from ..agents.reverify import MAX_LINE

    while line := await anyio.to_thread.run_sync(stream.readline, MAX_LINE + 2, abandon_on_cancel=True):
        rest = line
        while len(rest) == MAX_LINE + 2 and not rest.endswith(b"\n"):
            rest = await anyio.to_thread.run_sync(stream.readline, MAX_LINE + 2, abandon_on_cancel=True)
        yield line


def _shown(finding: Finding, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(finding).decode()
    verdict = "accepted" if finding.accepted else "rejected  " + "; ".join(finding.reasons)
    return one_line(f"{finding.id or '-'}  {verdict}")
