"""The planner's view: tools, dependencies and records, as read back from a blueprint prompt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from random import Random

import msgspec

from ...runtime.chat import ChatMessage
from ...sandbox.facts import Leaf, Param, snake
from ...sandbox.tools import JsonObject, JsonValue
from .pointing import is_secret, nameable, naming, sure_leaves
from .words import KnownTool, ToolIndex, intent_of, known_tool, stems

_SECTION = re.compile(r"(?ms)^# (\w+)\n(.*?)(?=^# \w+\n|\Z)")
_JSON = re.compile(r"(?s)```json\n(.*?)\n```")
_FAILED = re.compile(r"^This plan does not hold: step \d+ \((\w+)\)")
LAST_DRAFT = 3
"""Failed drafts after which every tool that one of them failed on is left alone."""
_PATHISH = re.compile(r"(^|_)(path|file|filename|directory|dir|folder|source|destination)$")


_FOLDERS = {"dir", "directory", "directories", "folder", "tree", "search"}


class Feed(msgspec.Struct, frozen=True):
    """A dependency: where a tool's reply holds what another takes."""

    producer: str
    path: str
    consumer: str
    param: str


class Planned(msgspec.Struct, frozen=True):
    """A tool as the planner sees it."""

    tool: KnownTool
    intent: str
    """How a user would ask for it."""
    service: str
    leaves: tuple[Leaf, ...]
    """Of the reply, those that are sure to be there."""
    read_only: bool
    plain: bool = False
    """True when nothing says what a reply holds."""
    naming: frozenset[str] = frozenset()
    """Required parameters that name an entry of the world though they look like plain values."""

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.tool.name

    @property
    def ids(self) -> list[Param]:
        """Required parameters that point at something."""
        return [param for param in self.tool.required if param.kind == "identifier" or param.name in self.naming]


class Order(msgspec.Struct, frozen=True, dict=True):
    """What the prompt asks for, with everything the planner may use."""

    mode: str
    goals: int
    tools: dict[str, Planned]
    feeds: tuple[Feed, ...]
    tables: dict[str, dict[str, JsonObject]]
    """{service.table: {key: record}}; a record that is no object stands under `value`."""
    index: ToolIndex
    perturbation: str = ""
    """What is to go otherwise than the user thought; empty when nothing is."""
    avoid: tuple[str, ...] = ()
    """Tools on which earlier drafts failed often enough to leave them alone."""
    careful: bool = False
    """The last draft: nothing is changed where a look will do, since rules that nobody told may forbid it."""

    @cached_property
    def speakable(self) -> list[Planned]:
        """Tools whose wish leads back to them and whose required parameters can all be put into words."""
        return [
            planned
            for planned in self.tools.values()
            if (chosen := self.index.choose(planned.intent)) is not None
            and chosen.name == planned.name
            and all(param.kind != "object" and not is_secret(param) for param in planned.tool.required)
        ]


def read_order(messages: Sequence[ChatMessage]) -> Order:
    """The order in a blueprint prompt."""
    prompt = next(spoken.content for spoken in messages if spoken.content.startswith("# Structure"))
    failed = Counter(name for spoken in messages for name in _FAILED.findall(spoken.content[:200]))
    sections = dict(_SECTION.findall(prompt))
    listed = _load(sections["Tools"])
    tables = _tables(_load(sections["World"]))
    tools = {entry["name"]: _planned(entry, tables) for entry in listed}
    return Order(
        mode=_word(r"mode: (\w+)", sections["Structure"]),
        goals=int(_word(r"number of goals: (\d+)", sections["Structure"])),
        tools=tools,
        feeds=tuple(
            Feed(*entry["from"].split(": ", 1), *entry["to"].split(": ", 1))
            for entry in _load(sections["Dependencies"])
        ),
        tables=tables,
        index=ToolIndex([planned.tool for planned in tools.values()]),
        perturbation=_word(r"(?m)^perturbation: (\w+)", sections["Structure"]),
        avoid=tuple(name for name, often in failed.items() if often >= 2 or failed.total() >= LAST_DRAFT),
        careful=failed.total() >= LAST_DRAFT,
    )


def _planned(entry: JsonObject, tables: dict[str, dict[str, JsonObject]]) -> Planned:
    tool = known_tool(entry["name"], entry["description"], entry["parameters"])
    returns = entry["returns"]
    return Planned(
        tool=tool,
        intent=intent_of(entry["description"]),
        service=entry["service"],
        leaves=sure_leaves(returns, tool.name, tool.params, tables),
        read_only=entry["read_only"],
        plain=returns is None,
        naming=naming(tool.params, tables),
    )


def _load(section: str) -> JsonValue:
    match = _JSON.search(section)
    return msgspec.json.decode(match.group(1)) if match else {}


def _word(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match.group(1) if match else ""


def _tables(world: JsonObject) -> dict[str, dict[str, JsonObject]]:
    """The tables of all services, one level deep, and those that a server's own listings show."""
    tables = {
        f"{service}.{table}": {key: r if isinstance(r, dict) else {"value": r} for key, r in records.items()}
        for service, contents in world.items()
        for table, records in contents.items()
    }
    for service, contents in world.items():
        for call, reply in contents.get("state", {}).items():
            for name, entries in _listed(call, reply):
                tables.setdefault(f"{service}.{name}", {_key(entry): entry for entry in entries})
    return tables


def _listed(call: str, reply: JsonValue) -> Iterator[tuple[str, list[JsonObject]]]:
    """The lists of objects in a reply, by name: a list's key, or what a query reads from."""
    source = re.search(r"\bfrom (\w+)", call, re.IGNORECASE)
    lists = reply.items() if isinstance(reply, dict) else [(source[1] if source else "", reply)]
    for name, entries in lists:
        if name and isinstance(entries, list) and entries and all(isinstance(e, dict) and e for e in entries):
            yield name, entries


def _key(record: JsonObject) -> str:
    return str(next(iter(record.values())))


class Records:
    """Finds records for parameters: what stands under a key, and what hangs together with it."""

    def __init__(self, order: Order, dice: Random) -> None:
        self._tables = order.tables
        self._dice = dice

    def anchors(self, param: Param, service: str = "", tool: str = "") -> list[JsonObject]:
        """Records that a parameter of a service's tool can point at, in random order.

        Those of the service itself before others, and those that are named by it before those that mention it.
        """
        near = {name: table for name, table in self._tables.items() if name.startswith(f"{service}.")}
        for tables in (near, self._tables):
            found = nameable(param, tables)
            found = found or [r for table in tables.values() for r in table.values() if r.get(param.name) is not None]
            if found:
                return self._dice.sample(found, len(found))
        paths = self._paths(param, tool) if _PATHISH.search(snake(param.name)) else []
        return [{param.name: path} for path in self._dice.sample(paths, len(paths))]

    def covering(self, tool: Planned) -> list[JsonObject]:
        """Records that a tool can point at: those that answer most of its identifiers, in random order."""
        names = {param.name for param in tool.ids}
        found = [self.anchors(param, tool.service, tool.name) for param in tool.ids]
        return max(found, key=lambda records: len(names & records[0].keys()) if records else -1)

    def alike(self, names: set[str], service: str) -> list[JsonObject]:
        """Records of the service's table that shares most fields with these names, in random order."""
        tables = [t for name, t in self._tables.items() if name.startswith(f"{service}.") and t]
        best = max(tables, key=lambda t: len(names & next(iter(t.values())).keys()), default={})
        return self._dice.sample(list(best.values()), len(best))

    def mentioned(self, entity: str) -> list[str]:
        """The words that a server's own listing of such entities holds, where the world shows one."""
        listings = [
            str(record.get("value", ""))
            for name, table in self._tables.items()
            if name.endswith(".state")
            for key, record in table.items()
            if entity in key
        ]
        return sorted({word for text in listings for word in re.findall(r"[\w./-]{3,}", text)})

    def paths(self) -> list[str]:
        """The files of the world."""
        return [
            key
            for name, table in self._tables.items()
            if name.endswith(".files")
            for key in table
            if not key.endswith("/")
        ]

    def named(self, entity: str) -> list[str]:
        """The names of entities of this sort: records of the table called like them, or the tables themselves."""
        if entity == "table":
            return sorted(self.queryable())
        found = [t for name, t in self._tables.items() if stems(entity) & stems(name.partition(".")[2])]
        return sorted({r["name"] for table in found for r in table.values() if isinstance(r.get("name"), str)})

    def queryable(self) -> dict[str, list[JsonObject]]:
        """The tables of a database with their rows: those whose listing is the reply of a query."""
        queries = [key for n, t in self._tables.items() if n.endswith(".state") for key in t]
        found: dict[str, list[JsonObject]] = {}
        for name, table in self._tables.items():
            short = name.partition(".")[2]
            shown = re.compile(r"\* from " + re.escape(short) + r"\b", re.IGNORECASE)
            if any(shown.search(query) for query in queries):
                found[short] = list(table.values())
        return found

    def joined(self, record: JsonObject) -> JsonObject:
        """The record with the fields of the records it points at."""
        merged = dict(record)
        for inner in record.values():
            if isinstance(inner, dict):
                merged = inner | merged
        for name, value in list(merged.items()):
            if name.endswith("_id") and isinstance(value, str):
                for table in self._tables.values():
                    other = table.get(value)
                    if other is not None and other.get(name) == value:
                        merged = other | merged
        return merged

    def pointed(self, name: str, value: JsonValue) -> JsonObject | None:
        """The record that an identifier names."""
        found = (table.get(value) for table in self._tables.values() if isinstance(value, str))
        return next((record for record in found if record is not None and record.get(name) == value), None)

    def peers(self, record: JsonObject, given: JsonObject) -> list[JsonObject]:
        """Records of the same table that agree with the given fields."""
        table = next((t for t in self._tables.values() if any(r is record for r in t.values())), {})
        return [r for r in table.values() if all(r.get(k, v) == v for k, v in given.items())]

    def holds(self, value: str) -> bool:
        """True when a key or field of this value exists."""
        return any(value == key or value in r.values() for table in self._tables.values() for key, r in table.items())

    def _paths(self, param: Param, tool: str) -> list[str]:
        """File paths of the world, or their folders where tool or parameter speak of a folder or a repository."""
        paths = self.paths()
        about = {*snake(param.name).split("_"), *snake(tool).split("_")}
        if "repo" in about or "repository" in about:
            return [_root(paths)] if paths else []
        if about & _FOLDERS:
            return sorted({path.rsplit("/", 1)[0] for path in paths})
        return paths


def _root(paths: list[str]) -> str:
    return "/" + paths[0].strip("/").split("/")[0]
