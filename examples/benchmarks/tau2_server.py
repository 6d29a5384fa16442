"""τ²-bench's retail tools as an MCP server on stdio: their classes do the work, this file only speaks the protocol.

Runs in the environment that `install.sh` makes, not in ours. For evaluation only: what is played on a benchmark's tools
must never be trained on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import types
from pathlib import Path
from random import Random
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

ADMIN = {
    "world_load": Tool(name="world_load", description="Begin anew.", input_schema={"type": "object", "properties": {}}),
    "world_state": Tool(
        name="world_state",
        description="The records as they stand, or those that differ from the beginning.",
        input_schema={"type": "object", "properties": {"changed": {"type": "boolean"}}},
        annotations=ToolAnnotations(read_only_hint=True),
    ),
}
"""Not for the assistant: manifests exclude them."""
TABLES = {"users": "user_id", "orders": "order_id", "products": "product_id"}


def load_retail() -> tuple[Any, Any, Path]:
    """Their toolkit, their database class and the database's file. Their top package is left out: it imports every
    model client there is."""
    source = Path(__file__).resolve().parents[2] / ".servers" / "tau2-bench" / "src" / "tau2"
    if not source.is_dir():
        sys.exit(
            "tau2_server.py: .servers/tau2-bench is missing; run examples/benchmarks/install.sh with TAU2_CHECKOUT"
        )
    package = types.ModuleType("tau2")
    package.__path__ = [str(source)]
    sys.modules["tau2"] = package
    sys.path.insert(0, str(source.parent))
    os.environ.setdefault("TAU2_DATA_DIR", str(source.parents[1] / "data"))
    from loguru import logger

    logger.remove()
    from tau2.domains.retail.data_model import RetailDB
    from tau2.domains.retail.tools import RetailTools
    from tau2.domains.retail.utils import RETAIL_DB_PATH

    return RetailTools, RetailDB, Path(RETAIL_DB_PATH)


def some_customers(data: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """The database of a few customers: their orders, and the products that are in them."""
    users = [name for name, user in sorted(data["users"].items()) if user["orders"]]
    chosen = {name: data["users"][name] for name in sorted(Random(seed).sample(users, count))}
    wanted = {order for user in chosen.values() for order in user["orders"]}
    orders = {name: order for name, order in data["orders"].items() if name in wanted}
    held = {item["product_id"] for order in orders.values() for item in order["items"]}
    return {
        "users": chosen,
        "orders": orders,
        "products": {name: product for name, product in data["products"].items() if name in held},
    }


class Shop:
    """One world: the toolkit over a database that its calls change."""

    def __init__(self, customers: int, seed: int) -> None:
        self._toolkit, self._database, file = load_retail()
        data = json.loads(file.read_text(encoding="utf-8"))
        self._data = some_customers(data, customers, seed) if customers else data
        self.load()

    def load(self) -> None:
        """Begin anew."""
        self._tools = self._toolkit(self._database.model_validate(self._data))

    def tools(self) -> list[Tool]:
        """Their tools with the schemas that they generate."""
        listed: list[Tool] = []
        for name, tool in self._tools.get_tools().items():
            function = tool.openai_schema["function"]
            hints = ToolAnnotations(read_only_hint=not self._tools.tool_mutates_state(name))
            listed.append(
                Tool(
                    name=name,
                    description=function["description"],
                    input_schema=function["parameters"],
                    annotations=hints,
                )
            )
        return listed

    def state(self, *, changed: bool) -> dict[str, Any]:
        """Lists of all records by table, or `{table: {id: record}}` of those that changed."""
        now = self._tools.db.model_dump(mode="json")
        if not changed:
            return {table: list(now[table].values()) for table in TABLES}
        before = self._database.model_validate(self._data).model_dump(mode="json")
        return {table: {k: r for k, r in now[table].items() if before[table].get(k) != r} for table in TABLES}

    def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """One call; a tool's exception is an error of the tool, written as their environment writes it."""
        try:
            answer = self._tools.use_tool(name, **arguments)
        except Exception as error:  # noqa: BLE001 -- the boundary to their code: whatever it raises is the tool's answer
            return said(f"Error: {error}", failed=True)
        return said(answer if isinstance(answer, str) else answer.model_dump_json())


def said(text: str, *, failed: bool = False) -> CallToolResult:
    """A reply of one text."""
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)


async def serve(shop: Shop) -> None:
    """Speak MCP until stdin ends."""

    async def list_tools(_: Any, __: Any) -> ListToolsResult:
        return ListToolsResult(tools=[*shop.tools(), *ADMIN.values()])

    async def call_tool(_: Any, params: Any) -> CallToolResult:
        arguments = dict(params.arguments or {})
        if params.name == "world_load":
            shop.load()
            return said("ready")
        if params.name == "world_state":
            return said(json.dumps(shop.state(changed=bool(arguments.get("changed")))))
        return shop.call(params.name, arguments)

    server = Server("tau2-retail", version="1", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=0, help="keep so many customers; 0 keeps all")
    parser.add_argument("--seed", type=int, default=0, help="another seed keeps others")
    options = parser.parse_args()
    anyio.run(serve, Shop(options.customers, options.seed))
