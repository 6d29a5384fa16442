"""Tool lists for the tests of the entity store: a small shop, and the shared listings where they are at hand."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tdscaling.sandbox.entities import EntityToolbox, ToolList, parse_tools
from tdscaling.sandbox.tools import ToolSpec

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def tool(
    name: str,
    properties: dict[str, Any],
    required: list[str] | None = None,
    *,
    description: str = "",
    output: dict[str, Any] | None = None,
    read_only: bool = False,
) -> ToolSpec:
    """A spec; every parameter is required unless said."""
    needed = list(properties) if required is None else required
    takes = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    return ToolSpec(name, description, "shop", takes, output, read_only)


TEXT = {"type": "string"}
STATUS = {"type": "string", "enum": ["open", "paid", "cancelled"]}
ORDER = {
    "type": "object",
    "properties": {"order_id": TEXT, "customer_id": TEXT, "status": STATUS, "note": TEXT},
    "required": ["order_id", "customer_id", "status"],
    "additionalProperties": False,
}
SHOP = (
    tool("create_order", {"customer_id": TEXT, "note": TEXT}, ["customer_id"]),
    tool("get_order", {"order_id": TEXT}, output=ORDER),
    tool("list_orders", {"customer_id": TEXT, "status": STATUS, "limit": {"type": "integer"}}, []),
    tool("update_order", {"order_id": TEXT, "note": TEXT}),
    tool("cancel_order", {"order_id": TEXT}),
    tool("delete_order", {"order_id": TEXT}),
    tool("get_customer", {"customer_id": TEXT}),
    tool("estimate_shipping", {"city": TEXT, "weight": {"type": "number", "minimum": 1}}),
)


def shop() -> EntityToolbox:
    """The shop on the entity store."""
    return EntityToolbox("shop", SHOP, source="a test")


def _data(name: str) -> Any:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout (../shared/data)")
    return json.loads(path.read_text(encoding="utf-8"))


def listings() -> Iterator[ToolList]:
    """The tools/list answers of real servers, those that could be read."""
    for server in _data("mcp_listings.json"):
        if server.get("tools"):
            yield parse_tools({"tools": server["tools"]}, server["server"], server["server"])


def sampled(count: int = 500, seed: int = 7) -> Iterator[ToolList]:
    """A sample of catalogued tools, by server; a name that a server lists twice counts once."""
    servers: dict[str, dict[str, Any]] = {}
    for entry in random.Random(seed).sample(_data("toucan_tools.json"), count):
        wire = {"name": entry["name"], "description": entry["description"], "inputSchema": entry["input"]}
        servers.setdefault(entry["server"], {}).setdefault(entry["name"], wire)
    for server, tools in servers.items():
        yield parse_tools(list(tools.values()), server[:40], server)
