"""Lists of tools as they are saved: MCP's `tools/list`, OpenAI's `tools`, and many servers in one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .arguments import object_schema
from .benchmarks import is_benchmark, is_benchmark_tool
from .decode import Malformed, decode_as
from .pointers import Pointers
from .record import Reading, Service, Skip, ToolRecord, heading, service_of
from .refs import Expander, telling
from .source import Document
from .texts import FIELD, OPERATION, SUMMARY, plain

_PLACES = 4
"""Last parts of a file's path that may name a benchmark."""
HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_INPUTS = ("inputSchema", "input_schema", "parameters", "input")
_OUTPUTS = ("outputSchema", "output_schema", "output", "response")


def decode_lines(content: bytes) -> JsonValue:
    """A JSON document, or one JSON value per line. Raises Malformed as `decode` does."""
    try:
        return decode_as(content, object)
    except Malformed as problem:
        lines = [line for line in content.splitlines() if line.strip()]
        if problem.reason != "malformed" or len(lines) < 2:
            raise
        try:
            return [decode_as(line, object) for line in lines]
        except Malformed:
            raise problem from None


class ToolsOf(msgspec.Struct, frozen=True):
    """A list of tools as it was found, and what stands beside it."""

    server: str
    """The server's name; the file's where the list has none."""
    tools: JsonValue
    """The list, of which nothing is known yet."""
    summary: str = ""
    category: str = ""
    benchmark: bool = False
    """True for an entry in the form that LiveMCPBench alone has."""


def lists_in(value: JsonValue, name: str) -> list[ToolsOf]:
    """Every list of tools in a decoded document: one in most files, one per server in a collection.

    Raises:
        Malformed: `no_tools`, when nothing in it looks like one.
    """
    found = list(_lists(value, name))
    if not found:
        raise Malformed("no_tools", "neither a tools/list answer nor a list of tools")
    return found


def _lists(value: JsonValue, name: str) -> Iterator[ToolsOf]:
    for _ in range(3):
        if not isinstance(value, dict) or isinstance(value.get("tools"), dict):
            break
        value = value.get("tools", value.get("result"))
    entries = value if isinstance(value, list) else [value]
    holders = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("tools"), list | dict)]
    if not holders and any(isinstance(entry, dict) and _name(entry) for entry in entries):
        yield ToolsOf(name, entries)
    for entry in holders:
        server = str(entry.get("server") or entry.get("name") or name)[:120]
        facts = plain(entry.get("description"), SUMMARY), plain(entry.get("category"), FIELD)
        tools = entry["tools"]
        if isinstance(tools, list):
            yield ToolsOf(server, tools, *facts)
            continue
        benchmark = isinstance(entry.get("config"), dict) and "mcpServers" in entry["config"]
        for key, inner in tools.items():  # {server: {tools: […]}}
            yield ToolsOf(str(key)[:120], inner.get("tools") if isinstance(inner, dict) else inner, *facts, benchmark)


def read_list(head: ToolRecord, entries: JsonValue) -> Reading:
    """The tools of one list under the heading of their service."""
    found: dict[str, ToolRecord] = {}
    skips: list[Skip] = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            record = read_tool(head, entry, skips)
        except Malformed as problem:
            skips.append(Skip(problem.reason, head.service, problem.detail))
            continue
        if record.name in found:
            skips.append(Skip("duplicate_id", head.service, record.name))
        found.setdefault(record.name, record)
    return Reading(service_of(head, found.values()), tuple(skips))


def read_tool(head: ToolRecord, entry: JsonValue, skips: list[Skip]) -> ToolRecord:
    """One tool of a list. Raises Malformed: `no_name`, `no_schema` when its input schema is something else."""
    if not isinstance(entry, dict):
        raise Malformed("no_name", "an entry that is no object")
    name = _name(entry)
    if not name:
        raise Malformed("no_name", "a tool without a name")
    tool = cast("JsonObject", entry["function"] if isinstance(entry.get("function"), dict) else entry)
    given: JsonValue = next((tool[key] for key in _INPUTS if tool.get(key)), {})
    if not isinstance(given, dict):
        raise Malformed("no_schema", f"{name}: its input schema is no object")
    takes = Expander(Pointers(given))
    schema, credentials = object_schema(takes, given)
    reply: JsonValue = next((tool[key] for key in _OUTPUTS if isinstance(tool.get(key), dict)), {})
    gives = Expander(Pointers(reply))
    output = gives.expand(reply)
    skips.extend(
        Skip(why, head.service, f"{name}: {ref[:80]}") for ref, why in {**takes.failed, **gives.failed}.items()
    )
    return msgspec.structs.replace(
        head,
        name=name,
        description=plain(tool.get("description") or tool.get("title"), OPERATION),
        input_schema=schema,
        output_schema=telling(output),
        annotations=_hints(entry.get("annotations")),
        credentials=credentials,
        evaluation_only=head.evaluation_only or is_benchmark_tool(tool),
    )


def _name(entry: Mapping[str, JsonValue]) -> str:
    inner = entry.get("function")
    name = (inner if isinstance(inner, dict) else entry).get("name")
    return name.strip()[:200] if isinstance(name, str) else ""


def _hints(notes: JsonValue) -> dict[str, bool]:
    if not isinstance(notes, dict):
        return {}
    return {hint: notes[hint] for hint in HINTS if isinstance(notes.get(hint), bool)}


def read_lists(catalog: str, heads: Iterable[tuple[ToolRecord, JsonValue]]) -> Reading:
    """The services of several lists; a name that comes again gets a number."""
    services: list[Service] = []
    skips: list[Skip] = []
    seen: dict[str, int] = {}
    for head, entries in heads:
        seen[head.service] = count = seen.get(head.service, 0) + 1
        if count > 1:
            head = msgspec.structs.replace(head, service=f"{head.service}~{count}")
        reading = read_list(head, entries)
        services.extend(reading.services)
        skips.extend(reading.skips)
    if not services and not skips:
        skips.append(Skip("no_tools", catalog, "every list is empty"))
    return Reading(tuple(services), tuple(skips))


def listed_heading(catalog: str, document: Document, listed: ToolsOf) -> ToolRecord:
    """The heading for a list in a file that says little about where it comes from."""
    whole = "/".join(document.path.resolve().parts[-_PLACES:])
    return heading(
        catalog,
        listed.server.lower(),
        f"{catalog}/{listed.server}",
        listed.server,
        summary=listed.summary,
        categories=(listed.category,) if listed.category else (),
        source=document.name,
        evaluation_only=listed.benchmark or is_benchmark(whole),
    )
