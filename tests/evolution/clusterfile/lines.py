"""Cluster lines for tests: small shops of our own, as many services as a test wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tdscaling.evolution.clusterfile.line import ClusterLine, encode, line_of
from tdscaling.evolution.mining.cluster import (
    Kind,
    MinedCluster,
    MinedEdge,
    MinedTool,
    Scores,
    cluster_id,
    provenance_of,
)
from tdscaling.sandbox.entities import EntityToolbox
from tdscaling.tests.sandbox.entity_lists import SHOP

SCORES = Scores(2, 1, 0.4, 1, 0, 0, 1.0, 0.8, 0.6)
ORDERS = ("list_orders", "get_order", "update_order", "cancel_order")
CUSTOMERS = ("get_customer", "list_orders", "create_order")
_PLAYED = {spec.name: spec for spec in EntityToolbox("shop", SHOP).tools()}
_PLAYS = EntityToolbox("shop", SHOP).explanations


def raw(value: object) -> msgspec.Raw:
    """A value as encoded JSON."""
    return msgspec.Raw(msgspec.json.encode(value))


def mined_tool(name: str, service: str = "shop/orders") -> MinedTool:
    """A tool of the shop, as one of this service."""
    spec, play = _PLAYED[name], _PLAYS[name]
    return MinedTool(
        id=f"openapi:{service}#{name}",
        name=name,
        original=name,
        service=service,
        provider=service.partition("/")[0],
        description=f"{name.replace('_', ' ').capitalize()} of the shop.",
        verb=play.verb,  # type: ignore[union-attr]
        entity=play.entity,  # type: ignore[union-attr]
        input_schema=raw(spec.input_schema),
        output_schema=raw(spec.output_schema),
        inferred=False,
        confidence=1.0,
        licence="MIT",
        source=f"{service} 1.0",
        evaluation_only=False,
    )


def mined(tools: Sequence[MinedTool], *, kind: Kind = "closure", domain: str = "orders") -> MinedCluster:
    """A cluster of these tools; whoever takes an order's number is fed by the list of orders."""
    names = [tool.name for tool in tools]
    takers = [n for n in names if n in ("get_order", "update_order", "cancel_order")] if "list_orders" in names else []
    return MinedCluster(
        id=cluster_id(tool.id for tool in tools),
        kind=kind,
        services=tuple(dict.fromkeys(tool.service for tool in tools)),
        providers=tuple(dict.fromkeys(tool.provider for tool in tools)),
        tools=tuple(tools),
        edges=tuple(
            MinedEdge("list_orders", "orders.*.order_id", taker, "order_id", 0.8, "same name") for taker in takers
        ),
        shared=(),
        entities=("order",),
        sector="commerce",
        domain=domain,
        plan=tuple(names),
        entry=(),
        read_only=False,
        scores=SCORES,
        provenance=provenance_of(tools),
        licences=("MIT",),
    )


def shop_line(service: str = "shop/orders", names: Sequence[str] = ORDERS, **labels: Any) -> ClusterLine:
    """One cluster of one service."""
    return line_of(mined([mined_tool(name, service) for name in names], **labels))


def joined_line(first: str, second: str) -> ClusterLine:
    """A cluster with tools of two services."""
    tools = [mined_tool("list_orders", first), mined_tool("get_order", first), mined_tool("get_customer", second)]
    return line_of(mined(tools, kind="join", domain="orders + customers"))


def shops(number: int) -> list[ClusterLine]:
    """Two clusters each of so many services, in as many domains; they share one tool."""
    return [
        shop_line(f"shop{index}.example/api", names, domain=f"domain {index}")
        for index in range(number)
        for names in (ORDERS, CUSTOMERS)
    ]


def write(path: Path, lines: Iterable[ClusterLine]) -> Path:
    """A cluster file."""
    path.write_bytes(b"".join(map(encode, lines)))
    return path


def changed(line: ClusterLine, **keys: Any) -> bytes:
    """The line as JSON with other values; None leaves a key out."""
    document = msgspec.json.decode(encode(line)) | keys
    return msgspec.json.encode({key: value for key, value in document.items() if value is not None})
