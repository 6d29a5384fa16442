"""BFCL's multi-turn classes as an MCP server on stdio: their classes do the work, this file only speaks the protocol.

Runs in the environment that `install.sh` makes. What is played on a benchmark's tools must never be trained on.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import anyio
import bfcl_eval
from bfcl_eval.constants.executable_backend_config import (
    CLASS_FILE_PATH_MAPPING,
    MULTI_TURN_FUNC_DOC_FILE_MAPPING,
    STATELESS_CLASSES,
)
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

DATA = Path(bfcl_eval.__file__).parent / "data"
CATEGORIES = ("base", "miss_func", "miss_param", "long_context")
CLASSES = "GorillaFileSystem MathAPI MessageAPI TwitterAPI TicketAPI TradingBot TravelAPI VehicleControlAPI".split()
TYPES = {"dict": "object", "float": "number", "tuple": "array", "list": "array", "any": None}
"""Their names of JSON Schema's types; `any` says nothing."""
LARGEST = 200_000
"""Characters of one class's state that are told; of a larger one, the hash."""
ADMIN = {
    "world_load": Tool(
        name="world_load",
        description="Begin anew as an entry of the benchmark does.",
        input_schema={"type": "object", "properties": {"entry": {"type": "string"}}, "required": ["entry"]},
    ),
    "world_state": Tool(
        name="world_state",
        description="The state of every class.",
        input_schema={"type": "object", "properties": {}},
        annotations=ToolAnnotations(read_only_hint=True),
    ),
}
"""Not for the assistant: manifests exclude them."""


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A file of theirs: one object per line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def schema(node: Any) -> Any:
    """Their schema as JSON Schema."""
    if isinstance(node, list):
        return [schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: value if key in ("enum", "default") else schema(value) for key, value in node.items()}
    if isinstance(node.get("type"), str):
        named = TYPES.get(node["type"], node["type"])
        out = {**out, "type": named} if named else {key: value for key, value in out.items() if key != "type"}
    return {key: value for key, value in out.items() if key not in ("optional", "format") or isinstance(value, dict)}


class Backend:
    """One world: instances of their classes in the state of one entry."""

    def __init__(self, classes: list[str], entry: str) -> None:
        self._docs = {
            name: read_lines(DATA / "multi_turn_func_doc" / MULTI_TURN_FUNC_DOC_FILE_MAPPING[name]) for name in classes
        }
        self._owner = {doc["name"]: name for name, docs in self._docs.items() for doc in docs}
        self.load(entry)

    def load(self, entry: str) -> None:
        """Begin anew; KeyError for an entry that there is none of."""
        category = entry.removeprefix("multi_turn_").rpartition("_")[0]
        found: dict[str, Any] = {}
        if category in CATEGORIES:
            rows = read_lines(DATA / f"BFCL_v4_multi_turn_{category}.json")
            found = next((row["initial_config"] for row in rows if row["id"] == entry), found)
        self._instances: dict[str, Any] = {}
        for name in self._docs:
            self._instances[name] = getattr(importlib.import_module(CLASS_FILE_PATH_MAPPING[name]), name)()
            if name not in STATELESS_CLASSES:
                config = copy.deepcopy(found.get(name, {}))
                self._instances[name]._load_scenario(config, long_context=category == "long_context")  # noqa: SLF001

    def tools(self) -> list[Tool]:
        """Their documents as tools."""
        return [
            Tool(name=doc["name"], description=doc["description"], input_schema=schema(doc["parameters"]))
            for docs in self._docs.values()
            for doc in docs
        ]

    def state(self) -> dict[str, Any]:
        """`{class: {attribute: value}}` of what they keep in the open."""
        kept: dict[str, Any] = {}
        for name, instance in self._instances.items():
            open_ones = {key: value for key, value in vars(instance).items() if not key.startswith("_")}
            text = json.dumps(open_ones, default=str, sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            kept[name] = json.loads(text) if len(text) <= LARGEST else {"sha256": digest}
        return kept

    def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """One call, its answer written as their own runner writes it."""
        try:
            answer = getattr(self._instances[self._owner[name]], name)(**arguments)
            failed = isinstance(answer, dict) and "error" in answer
            return said(answer if isinstance(answer, str) else json.dumps(answer, default=str), failed=failed)
        except Exception as error:  # noqa: BLE001 -- the boundary to their code: whatever it raises is the tool's answer
            return said(f"Error during execution: {error}", failed=True)


def said(text: str, *, failed: bool = False) -> CallToolResult:
    """A reply of one text."""
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)


async def serve(backend: Backend) -> None:
    """Speak MCP until stdin ends."""

    async def list_tools(_: Any, __: Any) -> ListToolsResult:
        return ListToolsResult(tools=[*backend.tools(), *ADMIN.values()])

    async def call_tool(_: Any, params: Any) -> CallToolResult:
        arguments = dict(params.arguments or {})
        if params.name == "world_load":
            backend.load(arguments["entry"])
            return said("ready")
        if params.name == "world_state":
            return said(json.dumps(backend.state()))
        return backend.call(params.name, arguments)

    server = Server("bfcl", version="1", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", nargs="+", default=CLASSES, choices=CLASSES)
    parser.add_argument("--entry", default="", help="the entry whose initial state is loaded")
    options = parser.parse_args()
    anyio.run(serve, Backend(options.classes, options.entry))
