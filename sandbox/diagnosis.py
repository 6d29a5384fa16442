"""The checks behind `tdscaling tools check`: a server is started twice, asked the same, and what it does is told.

Only tools that say (or whose manifest says) that they change nothing are called, with arguments from the manifest's
state calls, from schemas, and from the files of the world.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from ..runtime.errors import EnvironmentFault, InfrastructureFault, ToolServerError
from .facts import Param, params, snake
from .manifest import Manifest
from .mcp import McpToolbox
from .mcp_leftovers import claim
from .tools import JsonObject, JsonValue, Snapshot, ToolReply, ToolSpec

Status: TypeAlias = Literal["ok", "warn", "fail"]
Call: TypeAlias = tuple[str, JsonObject]

PATHS = re.compile(r"(^|_)(path|file|filename|directory|dir|folder)$")
LOOKS_WRONG = re.compile(r"\s*\W?(error|exception|traceback|[a-z]+ error|failed)\b", re.IGNORECASE)


class Check(msgspec.Struct, frozen=True):
    """One thing looked at."""

    name: str
    status: Status
    detail: str
    """What was found, in one line."""


class Seen(msgspec.Struct, frozen=True):
    """What one world answered."""

    replies: tuple[tuple[str, ToolReply], ...]
    """Tool and reply of each call, in order; calls that failed for the server's sake are left out."""
    faults: tuple[str, ...]
    """What went wrong in those."""
    before: dict[str, Snapshot]
    after: dict[str, Snapshot]
    """The snapshots around the calls."""


async def diagnose(manifest: Manifest, clock: Callable[[], float]) -> AsyncGenerator[Check]:
    """The checks in their order; the first failure of the server itself is the last check."""
    # Real paths are to be recognised in replies, so the folder is ours and has a long name.
    with tempfile.TemporaryDirectory(prefix="tdscaling-check-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        claim(root)
        began = clock()
        try:
            async with McpToolbox(manifest, root=root, prestart=0, max_servers=2) as box:
                yield Check("start", "ok", f"{clock() - began:.1f} s, version {box.version}")
                for check in _listing(manifest, box.tools()):
                    yield check
                async for check in _behaviour(manifest, box, root):
                    yield check
        except ToolServerError as error:
            yield Check("start", "fail", str(error))
        except (InfrastructureFault, EnvironmentFault) as fault:
            yield Check("calls", "fail", str(fault))


def _listing(manifest: Manifest, tools: Sequence[ToolSpec]) -> Iterator[Check]:
    reads = sum(tool.read_only for tool in tools)
    declared = sum(tool.output_schema is not None for tool in tools)
    yield Check("listing", "ok", f"{len(tools)} tools are used, {reads} of them only read")
    yield Check("schemas", "ok", f"all compile; {declared} tools declare what they reply")
    silent = [tool.name for tool in tools if not tool.description.strip()]
    if silent:
        yield Check("descriptions", "warn", f"no description, so nobody can ask for it: {', '.join(silent)}")
    if manifest.stateful and reads < len(tools) and not manifest.state and manifest.template is None:
        yield Check("state", "warn", "tools write, but neither state calls nor a template show what they changed")


async def _behaviour(manifest: Manifest, box: McpToolbox, root: Path) -> AsyncGenerator[Check]:
    one = await _play(manifest, box)
    two = await _play(manifest, box)
    called = len(one.replies) + len(one.faults)
    names = sorted({name for name, _ in one.replies})
    yield Check(
        "calls", "ok" if names else "warn", f"{called} calls of {len(names)} tools: {', '.join(names) or 'none'}"
    )
    status: Status = "fail" if one.faults else "ok"
    yield Check("outputs", status, one.faults[0] if one.faults else "every reply satisfies what is declared")
    yield _determinism(manifest, one, two)
    yield _fresh_worlds(one, two)
    changed = one.before != one.after
    detail = "a tool that should only read changed the state" if changed else "reading changed nothing"
    yield Check("read-only", "fail" if changed else "ok", detail)
    yield _leaks(manifest, root, [one, two])
    yield _unmarked(one)


async def _play(manifest: Manifest, box: McpToolbox) -> Seen:
    world = await box.open(0)
    replies: list[tuple[str, ToolReply]] = []
    faults: list[str] = []
    try:
        before = await world.snapshot()
        for name, arguments in _calls(manifest, box.tools(), before):
            try:
                replies.append((name, await world.call(name, arguments)))
            except EnvironmentFault as fault:
                faults.append(fault.detail)
        return Seen(tuple(replies), tuple(faults), before, await world.snapshot())
    finally:
        await world.aclose()


def _calls(manifest: Manifest, tools: Sequence[ToolSpec], world: Mapping[str, Snapshot]) -> list[Call]:
    """The manifest's own read calls, then every reading tool that arguments can be found for, well and badly called."""
    calls: list[Call] = [(call.tool, call.arguments) for call in manifest.state]
    root = next(iter(manifest.aliases), "/workspace")
    files = [key for tables in world.values() for key in tables.get("files", {}) if not key.endswith("/")]
    for tool in tools:
        if tool.read_only:
            found = {
                param.name: _value(param, tool, root, files) for param in params(tool.input_schema) if param.required
            }
            if all(value is not None for value in found.values()):
                calls.append((tool.name, found))
            if found:
                calls.append((tool.name, dict.fromkeys(found, "no such thing")))
    return calls


def _value(param: Param, tool: ToolSpec, root: str, files: Sequence[str]) -> JsonValue:
    schema, name = param.schema, snake(param.name)
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    if "default" in schema:
        return schema["default"]
    match param.kind:
        case "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "list" if PATHS.search(name.removesuffix("s")) and files:
            return [files[0]]
        case _ if "timezone" in name:
            return "UTC"
        case _ if name == "time":
            return "10:00"
        case _ if PATHS.search(name):
            folder = re.search(r"dir|folder|tree|list|search|repo", f"{name} {tool.name}")
            return root if folder or not files else files[0]
        case "text" | "free text" if re.search(r"query|pattern|search", name) and "SQL" not in str(schema):
            return "a"
        case _:
            return None


def _determinism(manifest: Manifest, one: Seen, two: Seen) -> Check:
    differing = [
        (name, first, second)
        for (name, first), (_, second) in zip(one.replies, two.replies, strict=False)
        if first != second
    ]
    labels = {label for _, first, second in differing for label in _moving(first.content, second.content)}
    new = sorted(labels - set(manifest.volatile))
    if not differing:
        return Check("determinism", "ok", "two fresh worlds answer alike")
    tools = ", ".join(sorted({name for name, _, _ in differing}))
    if labels and not new:
        return Check("determinism", "ok", f"only what the manifest calls volatile differs: {tools}")
    hint = f"; volatile: [{', '.join(new)}]" if new else ""
    return Check("determinism", "warn", f"two fresh worlds answer differently: {tools}{hint}")


def _moving(first: str, second: str) -> Iterator[str]:
    """Keys and line labels whose values differ between two replies."""
    try:
        yield from _moving_keys(json.loads(first), json.loads(second), "")
    except ValueError:
        for a, b in zip(first.splitlines(), second.splitlines(), strict=False):
            label = re.match(r"\s*([\w -]{1,40}?)\s*[:=]", a)
            if a != b and label:
                yield label[1]


def _moving_keys(first: JsonValue, second: JsonValue, key: str) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for name in first.keys() & second.keys():
            yield from _moving_keys(first[name], second[name], name)
    elif isinstance(first, list) and isinstance(second, list):
        for a, b in zip(first, second, strict=False):
            yield from _moving_keys(a, b, key)
    elif first != second and key:
        yield key


def _fresh_worlds(one: Seen, two: Seen) -> Check:
    if one.before == two.before:
        return Check("fresh worlds", "ok", "two of them are equal")
    different = [
        f"{table} {key}"
        for service, tables in one.before.items()
        for table, records in tables.items()
        for key in records
        if records[key] != two.before.get(service, {}).get(table, {}).get(key)
    ]
    return Check("fresh worlds", "fail", f"they differ in {', '.join(different[:3])}; ignore leaves paths out")


def _leaks(manifest: Manifest, root: Path, worlds: Sequence[Seen]) -> Check:
    places = {str(root.resolve()), str(root), str(manifest.source.resolve().parent), str(Path.home())} - {"/"}
    for seen in worlds:
        for name, text in [*((n, r.content) for n, r in seen.replies), ("the snapshot", str(seen.before))]:
            leaked = next((place for place in places if place in text), None)
            if leaked:
                return Check("paths", "fail", f"{name} names {leaked}: aliases gives it another name")
    return Check("paths", "ok", "no reply names a real folder of this machine")


def _unmarked(seen: Seen) -> Check:
    """Replies that read like an error and are not marked as one."""
    odd = [(name, reply) for name, reply in seen.replies if not reply.is_error and LOOKS_WRONG.match(reply.content)]
    if not odd:
        marked = sum(reply.is_error for _, reply in seen.replies)
        return Check("errors", "ok", f"{marked} bad calls were answered as errors")
    name, reply = odd[0]
    start = reply.content.strip()[:24]
    return Check("errors", "warn", f"{name} answers an error as if it were none; errors: [{json.dumps(start)}]")
