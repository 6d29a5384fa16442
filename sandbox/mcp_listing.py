"""What a server lists: its tools, read page by page, checked, and turned into specs that say the truth."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from jsonschema_rs import Draft202012Validator, ReferencingError
from jsonschema_rs import ValidationError as SchemaError
from mcp import Client
from mcp_types import Tool

from ..runtime.errors import ToolServerError
from .facts import reads_by_name
from .manifest import Manifest
from .tools import JsonObject, ToolSpec

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAX_PAGES = 100
"""Pages of tools that are read: a server whose list never ends is refused."""


@dataclass(frozen=True)
class Listing:
    """The tools of one server as they were listed at the start."""

    specs: tuple[ToolSpec, ...]
    """In the server's order."""
    validators: Mapping[str, Draft202012Validator]
    """Of the structured content, by tool name; only tools that declare an output schema."""
    version: str
    """Hash of manifest, template, server and tools, 12 hex digits, after the server's own version."""
    digests: Mapping[str, str]
    """Of each tool as it was listed, by name."""
    trials: tuple[str, ...]
    """Tools that may be called once without harm: no arguments, read-only, closed world, output declared."""

    def shows_json(self, name: str) -> bool:
        """True when the tool's reply is shown as JSON that satisfies its output schema."""
        return any(spec.name == name and spec.output_schema is not None for spec in self.specs)


async def read_listing(client: Client, manifest: Manifest) -> Listing:
    """Read and check the tools of a connected server.

    Raises:
        ToolServerError: no tools, a bad or double name, a schema that is none, a filter or state call without its tool.
        MCPError, pydantic.ValidationError: the server's answer is an error or breaks the protocol.
    """
    listed = await _pages(client, manifest)
    names = {tool.name for tool in listed}
    _check_names(manifest, "tools.include", manifest.tools.include, names)
    _check_names(manifest, "tools.exclude", manifest.tools.exclude, names)
    _check_names(manifest, "tools.read_only", manifest.tools.read_only, names)
    _check_names(manifest, "state", [call.tool for call in manifest.state], names)
    kept = [tool for tool in listed if manifest.tools.keeps(tool.name)]
    if not kept:
        raise ToolServerError(f"{manifest.source}: the server lists no tools" + (" that are kept" if listed else ""))
    validators: dict[str, Draft202012Validator] = {}
    seen: set[str] = set()
    for tool in kept:
        _check_tool(manifest, tool, seen)
        seen.add(tool.name)
        if tool.output_schema is not None:
            validators[tool.name] = _compile(manifest, tool, "output", tool.output_schema)
    return Listing(
        specs=tuple(_spec(manifest, tool) for tool in kept),
        validators=validators,
        version=_version(client, manifest, kept),
        digests={tool.name: _digest(tool) for tool in kept},
        trials=tuple(tool.name for tool in kept if _harmless(tool)),
    )


async def what_changed(client: Client, manifest: Manifest, listing: Listing) -> str:
    """After a notification: what of the listing no longer holds, in a few words; empty when all of it does.

    Tools that were added do not count: nobody was given them.

    Raises as `read_listing`.
    """
    now = {tool.name: _digest(tool) for tool in await _pages(client, manifest)}
    gone = [name for name in listing.digests if name not in now]
    other = [name for name, digest in listing.digests.items() if name in now and now[name] != digest]
    return ", ".join([*(f"{name} is gone" for name in gone), *(f"{name} is another" for name in other)])


async def _pages(client: Client, manifest: Manifest) -> list[Tool]:
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return tools
    raise ToolServerError(f"{manifest.source}: the list of tools does not end after {MAX_PAGES} pages")


def _check_names(manifest: Manifest, key: str, wanted: Sequence[str], names: set[str]) -> None:
    for name in wanted:
        if name not in names:
            raise ToolServerError(f"{manifest.source}: {key}: the server has no tool {name}")


def _check_tool(manifest: Manifest, tool: Tool, seen: set[str]) -> None:
    if not NAME.fullmatch(tool.name):
        raise ToolServerError(
            f"{manifest.source}: tool {tool.name[:80]!r}: only a-z, A-Z, 0-9, _ and - may stand in a name, "
            "at most 64 of them; tools.exclude leaves a tool out"
        )
    if tool.name in seen:
        raise ToolServerError(f"{manifest.source}: tool {tool.name}: is listed twice")
    _compile(manifest, tool, "input", tool.input_schema)
    if tool.input_schema.get("type") != "object":
        raise ToolServerError(f"{manifest.source}: tool {tool.name}: the input schema is not that of an object")


def _compile(manifest: Manifest, tool: Tool, which: str, schema: JsonObject) -> Draft202012Validator:
    try:
        # Offline: a `$ref` to somewhere else must neither be fetched nor read from our disk.
        return Draft202012Validator(schema, offline=True)
    except (SchemaError, ReferencingError, ValueError) as error:
        reason = str(error).splitlines()[0][:160]
        raise ToolServerError(f"{manifest.source}: tool {tool.name}: invalid {which} schema: {reason}") from None


def _spec(manifest: Manifest, tool: Tool) -> ToolSpec:
    hint = None if tool.annotations is None else tool.annotations.read_only_hint
    return ToolSpec(
        name=tool.name,
        description=tool.description or tool.title or "",
        service=manifest.name,
        input_schema=tool.input_schema,
        output_schema=None if tool.output_schema is None or _wraps_text(tool.output_schema) else tool.output_schema,
        read_only=_reads(manifest, tool.name, hint),
    )


def _reads(manifest: Manifest, name: str, hint: bool | None) -> bool:
    """What the manifest lists; else what the server says; else, unless the manifest lists any, what the name says."""
    listed = manifest.tools.read_only
    if name in listed:
        return True
    return hint if hint is not None else not listed and reads_by_name(name)


def _wraps_text(schema: JsonObject) -> bool:
    """True for `{"content": …}` and `{"result": …}`: the text of such a reply is the bare value, not this object.

    Servers that wrap a text to have something structured show the model the text itself; so do we, and then the output
    schema describes nothing that the model sees.
    """
    properties: object = schema.get("properties")
    return isinstance(properties, dict) and set(cast("JsonObject", properties)) in ({"content"}, {"result"})


def _harmless(tool: Tool) -> bool:
    hints = tool.annotations
    return (
        tool.output_schema is not None
        and not tool.input_schema.get("required")
        and hints is not None
        and hints.read_only_hint is True
        and hints.open_world_hint is not True
    )


def _version(client: Client, manifest: Manifest, tools: Sequence[Tool]) -> str:
    info = client.server_info
    said = "0" if info is None else re.sub(r"[^\w.+-]", "", info.version) or "0"
    named = "" if info is None else info.name
    digest = hashlib.sha256(json.dumps([manifest.digest, named, said, _plain(tools)], sort_keys=True).encode())
    return f"{said}-{digest.hexdigest()[:12]}"


def _plain(tools: Sequence[Tool]) -> list[JsonObject]:
    return [tool.model_dump(by_alias=True, mode="json", exclude_none=True, exclude={"meta", "icons"}) for tool in tools]


def _digest(tool: Tool) -> str:
    return hashlib.sha256(json.dumps(_plain([tool]), sort_keys=True).encode()).hexdigest()
