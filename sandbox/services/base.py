"""What a built-in service is made of: a desk with typed tools over its tables, its worlds, and its toolbox.

A service is declared by subclassing `Desk`: tables are opened in `__init__`, tools are methods marked `@reads` or
`@writes`. A tool's name, description, parameters and reply come from its signature and docstring.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import jsonschema_rs
import msgspec

from ..tools import JsonObject, Snapshot, ToolReply, ToolSpec
from .errors import ToolError, error_reply, unknown_tool
from .families import LOGICAL_NOW, WORLDS, iso, parse_date, parse_time
from .schema import Operation, description_of, input_schema, output_schema, whole_numbers
from .tables import Record, Table, TableView

TICK = timedelta(minutes=1)
"""How far a write moves a world's clock."""

_LONGEST = 300
"""Characters of a validator's message that are passed on: it may quote the whole argument."""


class Service:
    """A built-in service as a toolbox. Its worlds share one compiled tool table."""

    volatile: tuple[str, ...] = ()
    seeded = True
    provenance = "built in, Apache-2.0"

    def __init__(
        self, name: str, version: str, *, domain: str, sector: str, desk: type[Desk], policy: str = ""
    ) -> None:
        """`version` must change whenever a seed would give another world or a call another reply."""
        self.name = name
        self.version = version
        self.domain = domain
        self.sector = sector
        self.policy = policy
        """The house rules that the tools enforce, in sentences for a system prompt; empty when there are none."""
        self._desk = desk

    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools in the order in which the desk declares them."""
        return tuple(tool.spec for tool in self._compiled.values())

    async def open(self, seed: int) -> ServiceWorld:
        """A fresh world; there are `WORLDS` different ones."""
        return self.open_nowait(seed)

    def open_nowait(self, seed: int) -> ServiceWorld:
        """`open` without the need to wait: a world is only memory."""
        return ServiceWorld(self.name, self._desk(seed % WORLDS), self._compiled)

    @cached_property
    def _compiled(self) -> Mapping[str, CompiledTool]:
        marks = {name: mark for name, mark in vars(self._desk).items() if isinstance(mark, Mark)}
        return {name: CompiledTool(self.name, name, mark) for name, mark in marks.items()}


class Mark:
    """A method of a desk that is offered as a tool."""

    def __init__(self, operation: Operation, *, read_only: bool) -> None:
        self.operation = operation
        self.read_only = read_only


def reads(operation: Operation) -> Mark:
    """Offer a method as a tool that never changes state."""
    return Mark(operation, read_only=True)


def writes(operation: Operation) -> Mark:
    """Offer a method as a tool that may change state. It must raise its ToolError before its first write."""
    return Mark(operation, read_only=False)


class Desk:
    """One world of one service: tables, a logical clock, and the tools of the subclass."""

    def __init__(self, world: int) -> None:
        """Open the tables of a world, 0 ≤ world < WORLDS. Subclasses do."""
        self.world = world
        self.tables: dict[str, TableView] = {}
        self._written = 0

    def table(self, name: str, noun: str, initial: Mapping[str, Record]) -> Table[Record]:
        """Open a table under its name in snapshots. `noun` names one record in messages."""
        opened = Table(noun, initial)
        self.tables[name] = opened
        return opened

    @property
    def now(self) -> datetime:
        """The present of this world: it moves by a `TICK` with every write."""
        return LOGICAL_NOW + TICK * self._written

    def stamp(self) -> str:
        """Move the clock for a write, and return its time."""
        self._written += 1
        return iso(self.now)


class CompiledTool:
    """A tool ready to be called: its spec, the validator of its arguments, its function."""

    __slots__ = ("_integers", "_operation", "_validator", "spec")

    def __init__(self, service: str, name: str, mark: Mark) -> None:
        takes = input_schema(mark.operation)
        self._operation = mark.operation
        self._validator = jsonschema_rs.validator_for(takes)
        self._integers = whole_numbers(takes)
        self.spec = ToolSpec(
            name=name,
            description=description_of(mark.operation),
            service=service,
            input_schema=takes,
            output_schema=output_schema(mark.operation),
            read_only=mark.read_only,
        )

    def answer(self, desk: Desk, arguments: JsonObject) -> ToolReply:
        """Validate, run, encode. A refusal is a reply."""
        try:
            self._check(arguments)
            if self._integers:
                whole = {name: int(arguments[name]) for name in self._integers if name in arguments}
                arguments = {**arguments, **whole}
            record = self._operation(desk, **arguments)
        except ToolError as refusal:
            return error_reply(refusal.code, refusal.message)
        return ToolReply(msgspec.json.encode(record).decode())

    def _check(self, arguments: JsonObject) -> None:
        try:
            # A lone surrogate is a string to Python and to JSON's grammar, but no text that a reply could repeat.
            msgspec.json.encode(arguments)
            if self._validator.is_valid(arguments):
                return
            problem = next(self._validator.iter_errors(arguments))
        except (ValueError, TypeError):
            raise ToolError("invalid_argument", "the arguments are not valid JSON text") from None
        raise ToolError("invalid_argument", _worded(problem))


def _worded(problem: jsonschema_rs.ValidationError) -> str:
    """One line that names the field and what is wrong with it."""
    detail = problem.kind.as_dict()
    if problem.kind.name == "required":
        return f"{detail['property']}: is required"
    if problem.kind.name == "additionalProperties":
        return f"{detail['unexpected'][0]}: is not a parameter of this tool"[:_LONGEST]
    field = ".".join(str(part) for part in problem.instance_path)
    return f"{field}: {problem.message}"[:_LONGEST] if field else problem.message[:_LONGEST]


class ServiceWorld:
    """One episode's private copy of a service's state."""

    def __init__(self, service: str, desk: Desk, tools: Mapping[str, CompiledTool]) -> None:
        self._service = service
        self._desk = desk
        self._tools = tools

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool; every refusal is an error reply. Raises nothing on purpose."""
        return self.call_nowait(name, arguments)

    def call_nowait(self, name: str, arguments: JsonObject) -> ToolReply:
        """`call` without the need to wait."""
        tool = self._tools.get(name)
        if tool is None:
            return unknown_tool(name)
        return tool.answer(self._desk, arguments)

    async def snapshot(self) -> dict[str, Snapshot]:
        """The present state under the service's name, deep-copied to JSON values."""
        return {self._service: self.tables()}

    def tables(self) -> Snapshot:
        """The present state: `{table: {key: record}}`, deep-copied to JSON values."""
        return _json({name: table.present() for name, table in self._desk.tables.items()})

    def changes(self) -> Snapshot:
        """What differs from the initial state: `{table: {key: record or None}}`, unchanged tables left out."""
        changed = {name: table.changes() for name, table in self._desk.tables.items()}
        return _json({name: records for name, records in changed.items() if records})

    async def aclose(self) -> None:
        """Nothing to end: a world is only memory."""


def _json(state: Mapping[str, Mapping[str, msgspec.Struct | None]]) -> Snapshot:
    """Through JSON text and back: a copy in JSON's own types, in which a tuple compares equal to what was decoded."""
    return msgspec.json.decode(msgspec.json.encode(state), type=dict[str, dict[str, Any]])


def time_argument(field: str, text: str) -> datetime:
    """A moment from an argument. Raises ToolError `invalid_argument` that names the field."""
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as problem:
        raise ToolError("invalid_argument", f"{field}: {problem}") from None


def date_argument(field: str, text: str) -> datetime:
    """Midnight UTC of a day from an argument. Raises ToolError `invalid_argument` that names the field."""
    try:
        return parse_date(text)
    except (ValueError, OverflowError) as problem:
        raise ToolError("invalid_argument", f"{field}: {problem}") from None
