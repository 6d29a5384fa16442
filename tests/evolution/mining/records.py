"""Small catalogues of our own for the tests of mining."""

from __future__ import annotations

from typing import Any

from tdscaling.evolution.catalogs.record import Service, ToolRecord
from tdscaling.evolution.mining.edges import FactEdge, find_edges
from tdscaling.evolution.mining.facts import ToolFacts
from tdscaling.evolution.mining.reader import read_service

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def obj(required: str = "", /, **properties: Any) -> dict[str, Any]:
    """An object schema; `required` lists names with spaces between them."""
    return {"type": "object", "properties": properties, **({"required": required.split()} if required else {})}


def many(item: dict[str, Any], name: str = "items") -> dict[str, Any]:
    """A reply that wraps a list."""
    return {"type": "object", "properties": {name: {"type": "array", "items": item}}}


def http(
    call: str, takes: dict[str, Any] | None = None, gives: dict[str, Any] | None = None, *, name: str = "", **more: Any
) -> ToolRecord:
    """An HTTP operation: `http("GET /orders/{id}", obj("id", id=TEXT), ORDER)`."""
    method, path = call.split()
    return _record(name or call, method, path, takes, gives, more)


def function(
    name: str, takes: dict[str, Any] | None = None, gives: dict[str, Any] | None = None, **more: Any
) -> ToolRecord:
    """A function as MCP servers list them."""
    return _record(name, None, None, takes, gives, more)


def _record(
    name: str,
    method: str | None,
    path: str | None,
    takes: dict[str, Any] | None,
    gives: dict[str, Any] | None,
    more: dict[str, Any],
) -> ToolRecord:
    said: dict[str, Any] = {
        "catalog": "openapi" if method else "mcp",
        "provider": "shop.example",
        "service": "shop.example",
        "title": "The Shop",
        "description": "",
        "summary": "",
        "categories": (),
        "annotations": {},
        "credentials": (),
        "licence": "MIT",
        "source": "our own 1.0",
        "evaluation_only": False,
    }
    return ToolRecord(
        name=name, method=method, path=path, input_schema=takes or obj(), output_schema=gives, **(said | more)
    )


def service(*tools: ToolRecord) -> Service:
    """A service of these tools."""
    first = tools[0]
    return Service(first.catalog, first.provider, first.service, first.title, tools)


def edges_of(*tools: ToolRecord) -> tuple[list[ToolFacts], list[FactEdge]]:
    """The facts of a service and its edges."""
    facts = read_service(tools)
    return facts, find_edges(facts)


def told(*tools: ToolRecord) -> set[str]:
    """The edges as texts: `list_orders items.*.id -> get_order order_id`."""
    facts, edges = edges_of(*tools)
    return {f"{facts[e.src].record.name} {e.output.path} -> {facts[e.dst].record.name} {e.param.path}" for e in edges}


ORDER = obj(id=TEXT, name=TEXT, customer_id=TEXT, status={"type": "string", "enum": ["open", "paid", "sent"]})
CUSTOMER = obj(id=TEXT, name=TEXT, email=TEXT)
ITEM = obj(id=TEXT, sku=TEXT, quantity=WHOLE)
SHOP = (
    http("GET /customers", None, many(CUSTOMER, "customers"), name="listCustomers"),
    http("POST /customers", obj("name", name=TEXT, email=TEXT), CUSTOMER, name="createCustomer"),
    http("GET /customers/{customer_id}", obj("customer_id", customer_id=TEXT), CUSTOMER, name="getCustomer"),
    http("GET /orders", obj(customer_id=TEXT, page_token=TEXT), many(ORDER, "orders"), name="listOrders"),
    http("POST /orders", obj("customer_id", customer_id=TEXT, note=TEXT), ORDER, name="createOrder"),
    http("GET /orders/{order_id}", obj("order_id", order_id=TEXT), ORDER, name="getOrder"),
    http("PATCH /orders/{order_id}", obj("order_id", order_id=TEXT, note=TEXT), ORDER, name="updateOrder"),
    http("POST /orders/{order_id}/cancel", obj("order_id", order_id=TEXT), ORDER, name="cancelOrder"),
    http("DELETE /orders/{order_id}", obj("order_id", order_id=TEXT), None, name="deleteOrder"),
    http("GET /orders/{order_id}/items", obj("order_id", order_id=TEXT), many(ITEM, "items"), name="listItems"),
    http(
        "POST /orders/{order_id}/items",
        obj("order_id sku", order_id=TEXT, sku=TEXT, quantity=WHOLE),
        ITEM,
        name="addItem",
    ),
    http(
        "DELETE /orders/{order_id}/items/{item_id}",
        obj("order_id item_id", order_id=TEXT, item_id=TEXT),
        None,
        name="removeItem",
    ),
)
"""A shop with customers, orders and their items."""
