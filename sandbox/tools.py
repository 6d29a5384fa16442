"""The tool contract: what a tool is, and the world in which an episode's calls run.

A `Toolbox` is a service or an external server; it lists `ToolSpec`s and opens `World`s. A `World` is one episode's
private state: calls change it, `snapshot()` reads it, `aclose()` ends it.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from ..runtime.errors import TdscalingError

JsonValue: TypeAlias = Any
"""A decoded JSON value: None, bool, int, float, str, list or dict of such."""

JsonObject: TypeAlias = dict[str, Any]
"""A decoded JSON object. Any stands for JSON values only."""

EVALUATION_ONLY = "evaluation only"
"""In the provenance of a benchmark's tools: what is played on them is no training data."""

Snapshot: TypeAlias = dict[str, dict[str, Any]]
"""State of one service: `{table: {key: record}}`, records are JSON values compared by equality."""


class ToolSpec(msgspec.Struct, frozen=True):
    """One callable with JSON Schemas for input and output."""

    name: str
    """`^[a-zA-Z0-9_-]{1,64}$`, unique among the tools of a run."""
    description: str
    service: str
    input_schema: JsonObject
    """JSON Schema of an object."""
    output_schema: JsonObject | None
    """JSON Schema of the reply when the reply is JSON; None when nothing is declared."""
    read_only: bool
    """True when a call never changes state."""


class Resource(msgspec.Struct, frozen=True):
    """A file that a tool hands over beside its answer."""

    path: str
    """Where it belongs in a workspace, relative."""
    data: bytes


class ToolReply(msgspec.Struct, frozen=True):
    """What a tool answered, good or bad. A tool that refuses is an answer, not an exception."""

    content: str
    """The text a model is shown: JSON text for a tool with an output schema, else as the server wrote it."""
    is_error: bool = False
    resources: tuple[Resource, ...] = ()
    """Files that come with it: they land in the workspaces of the same episode, before the answer is told."""


class World(Protocol):
    """One episode's private copy of a toolbox's state. Not shared between tasks at one time."""

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool. Bad arguments, unknown ids and broken rules come back as `is_error` replies.

        Raises:
            EnvironmentFault: the tool broke its own contract (a reply that violates its output schema).
            InfrastructureFault: the server died, hung past its deadline, or cannot be reached.
        """
        ...

    async def snapshot(self) -> dict[str, Snapshot]:
        """The present state by service name, deep-copied or immutable. Raises InfrastructureFault as `call` does."""
        ...

    async def aclose(self) -> None:
        """End the world and everything it started. Idempotent, never raises, bounded in time."""
        ...


@runtime_checkable
class Workspace(Protocol):
    """What a world with files of its own can do beside."""

    async def put(self, path: str, data: bytes) -> None:
        """Lay a file into it. Raises ResourceRefused, and InfrastructureFault as `World.call` does."""
        ...


class ResourceRefused(TdscalingError):
    """A workspace does not take a file: outside of it, too large, disk full. One line."""


class Toolbox(Protocol):
    """A source of tools: a built-in service or an external server."""

    @property
    def name(self) -> str:
        """Short, unique within a run; the service's name in rows."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same seed or template would give another world or another reply."""
        ...

    @property
    def domain(self) -> str:
        """Label for the diversity statistics, for instance `order management`."""
        ...

    @property
    def sector(self) -> str:
        """Label above the domain, for instance `commerce`."""
        ...

    @property
    def provenance(self) -> str:
        """Where the tool schemas come from and under which licence, for instance `built in, Apache-2.0`."""
        ...

    @property
    def seeded(self) -> bool:
        """True when the seed decides what a world holds; False when every world is the same."""
        ...

    @property
    def volatile(self) -> tuple[str, ...]:
        """JSON keys and line labels whose values differ between two equal runs; compared by presence only."""
        ...

    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools, in a stable order."""
        ...

    async def open(self, seed: int) -> World:
        """A fresh world; equal seeds give equal worlds. Raises InfrastructureFault."""
        ...
