"""Tool lists in files: a saved MCP `tools/list` answer, or the `tools` of an OpenAI request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec

from ...runtime.errors import ConfigError
from ..tools import JsonObject, JsonValue, ToolSpec
from .verbs import Hints

MAX_BYTES = 64 * 1024 * 1024
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ODD = re.compile(r"[^a-zA-Z0-9_-]+")


class ToolList(msgspec.Struct, frozen=True):
    """The tools of one list."""

    name: str
    """Short name, for rows: the file's own without its ending."""
    specs: tuple[ToolSpec, ...]
    hints: Mapping[str, Hints]
    """By tool name; tools of which nothing is said are absent."""
    renamed: Mapping[str, str]
    """{name in `specs`: name in the list}, for names that models' interfaces would not accept."""


def load_tools(path: Path) -> ToolList:
    """The tools in a JSON file.

    Raises:
        ConfigError: the file cannot be read, is not JSON, or holds no tools.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: is larger than {MAX_BYTES} bytes, which no list of tools is")
        document: JsonValue = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from None
    return parse_tools(document, _safe(path.stem), str(path))


def parse_tools(document: JsonValue, name: str, where: str) -> ToolList:
    """The tools of a decoded document; `where` begins every message.

    Raises:
        ConfigError: the document holds no list of tools, or a tool without a name or an input schema.
    """
    listed = _listed(document)
    if not listed:
        raise ConfigError(f"{where}: holds no tools; expected a saved tools/list answer or an OpenAI list of tools")
    specs: dict[str, ToolSpec] = {}
    hints: dict[str, Hints] = {}
    renamed: dict[str, str] = {}
    for number, entry in enumerate(listed):
        given, spec = _spec(entry, name, f"{where}: tool {number + 1}")
        safe = spec.name
        if safe in specs and renamed.get(safe, safe) != given:
            spec = msgspec.structs.replace(spec, name=f"{safe[:55]}_{_digest(given)}")
        if spec.name in specs:
            raise ConfigError(f"{where}: tool {number + 1}: {given[:80]!r} is listed twice")
        if spec.name != given:
            renamed[spec.name] = given
        specs[spec.name] = spec
        if found := _hints(entry):
            hints[spec.name] = found
    return ToolList(name, tuple(specs.values()), hints, renamed)


def _listed(document: JsonValue) -> Sequence[JsonValue]:
    """The list, wherever the usual envelopes have it."""
    for _ in range(3):
        if isinstance(document, list):
            return document
        if not isinstance(document, dict):
            return ()
        document = document.get("tools", document.get("result"))
    return document if isinstance(document, list) else ()


def _spec(entry: JsonValue, service: str, where: str) -> tuple[str, ToolSpec]:
    """The name as listed, and the spec under a name that models' interfaces accept."""
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: is no object")
    tool = cast("JsonObject", entry["function"] if isinstance(entry.get("function"), dict) else entry)
    name = tool.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{where}: has no name")
    takes = next((tool[key] for key in ("inputSchema", "input_schema", "parameters") if tool.get(key)), None)
    takes = {"type": "object", "properties": {}} if takes is None else takes
    if not isinstance(takes, dict):
        raise ConfigError(f"{where} ({name[:80]}): its input schema is no object")
    gives = tool.get("outputSchema", tool.get("output_schema"))
    if gives is not None and not isinstance(gives, dict):
        raise ConfigError(f"{where} ({name[:80]}): its output schema is no object")
    described = str(tool.get("description") or tool.get("title") or "")
    if "type" not in takes:
        takes = {"type": "object", **takes}
    safe = _safe(name)
    read_only = _annotations(entry).get("readOnlyHint") is True
    return name, ToolSpec(safe, described, service, takes, gives, read_only)


def _hints(entry: JsonValue) -> Hints | None:
    notes = _annotations(entry)
    read_only, destructive = notes.get("readOnlyHint"), notes.get("destructiveHint")
    found = Hints(
        read_only=read_only if isinstance(read_only, bool) else None,
        destructive=destructive if isinstance(destructive, bool) else None,
    )
    return None if found == Hints() else found


def _annotations(entry: JsonValue) -> JsonObject:
    notes = entry.get("annotations") if isinstance(entry, dict) else None
    return cast("JsonObject", notes) if isinstance(notes, dict) else {}


def _safe(name: str) -> str:
    """The name itself, or one made of it in the allowed letters, never empty."""
    if _NAME.fullmatch(name):
        return name
    plain = _ODD.sub("_", name).strip("_")[:55]
    return f"{plain or 'tool'}_{_digest(name)}" if len(plain) < len(name) // 2 or len(name) > 64 else plain


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
