"""The records of the warehouses, and the tables that a world of them starts with.

The goods are the shop's products, and their units add up to the stock that the shop starts with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .families import LOGICAL_NOW, WORLDS, IdFormat, ago, iso
from .order_records import Product, ProductId, order_tables
from .schema import Day, Moment, says
from .vocabulary import CITIES, COMPANY_HEADS

WAREHOUSE_IDS = IdFormat("WH-", 3)
STOCK_IDS = IdFormat("STK", 6)
TRANSFER_IDS = IdFormat("TRF-26-", 4)
PURCHASE_IDS = IdFormat("PO-2026-", 4)
SUPPLIER_IDS = IdFormat("SUP/", 4)

WarehouseId: TypeAlias = Annotated[str, says("Warehouse number, for example WH-085")]
StockId: TypeAlias = Annotated[str, says("Stock item number, for example STK093312")]
TransferId: TypeAlias = Annotated[str, says("Transfer number, for example TRF-26-0009")]
PurchaseId: TypeAlias = Annotated[str, says("Purchase order number, for example PO-2026-0017")]
SupplierId: TypeAlias = Annotated[str, says("Supplier number, for example SUP/0815")]

WarehouseStatus: TypeAlias = Literal["operating", "closed"]
StockStatus: TypeAlias = Literal["in_stock", "low", "empty"]
CountReason: TypeAlias = Literal["stocktake", "breakage", "found", "theft"]
TransferStatus: TypeAlias = Literal["in_transit", "completed"]
PurchaseStatus: TypeAlias = Literal["ordered", "received", "cancelled"]
SupplierStatus: TypeAlias = Literal["active", "paused"]

_UNDER_WAY: tuple[PurchaseStatus, ...] = ("ordered",) * 5
_SUPPLIER_TAILS = ("Wholesale", "Trading", "Imports", "Supply")


class Warehouse(msgspec.Struct, frozen=True):
    """A place where goods are kept."""

    warehouse_id: WarehouseId
    city: str
    docks: int
    status: WarehouseStatus


class Supplier(msgspec.Struct, frozen=True):
    """A company that goods are bought from."""

    supplier_id: SupplierId
    supplier_name: str
    lead_days: int
    """Days from order to arrival."""
    status: SupplierStatus


class StockItem(msgspec.Struct, frozen=True):
    """One product in one warehouse."""

    stock_id: StockId
    product_id: ProductId
    product_name: str
    warehouse_id: WarehouseId
    supplier_id: SupplierId
    shelf: str
    units_on_hand: int
    """Units there."""
    reorder_point: int
    """Units below which the item counts as low."""
    unit_cost: float
    """Dollars that the supplier asks for a unit."""
    status: StockStatus
    purchase_order_id: PurchaseId | None
    """The order at the supplier that is under way."""
    updated_at: Moment


class Transfer(msgspec.Struct, frozen=True):
    """Units on their way from one warehouse to another."""

    transfer_id: TransferId
    stock_id: StockId
    product_name: str
    warehouse_id: WarehouseId
    """Where they go."""
    units: int
    status: TransferStatus
    sent_at: Moment
    completed_at: Moment | None = None


class PurchaseOrder(msgspec.Struct, frozen=True):
    """Units ordered at a supplier for one stock item."""

    purchase_order_id: PurchaseId
    stock_id: StockId
    supplier_id: SupplierId
    units: int
    cost: float
    """Dollars: units times unit cost."""
    status: PurchaseStatus
    ordered_at: Moment
    expected_date: Day


class InventoryTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    warehouses: dict[str, Warehouse]
    suppliers: dict[str, Supplier]
    stock: dict[str, StockItem]
    transfers: dict[str, Transfer]
    purchases: dict[str, PurchaseOrder]


def stock_status(units_on_hand: int, reorder_point: int) -> StockStatus:
    """What a count means."""
    if units_on_hand == 0:
        return "empty"
    return "low" if units_on_hand < reorder_point else "in_stock"


@lru_cache(maxsize=WORLDS)
def inventory_tables(world: int) -> InventoryTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"inventory/{world}")
    warehouses = {house.warehouse_id: house for house in _warehouses(rng)}
    suppliers = {supplier.supplier_id: supplier for supplier in _suppliers(rng)}
    stock = {
        item.stock_id: item for item in _stock(rng, list(warehouses), list(suppliers), order_tables(world).products)
    }
    purchases = {order.purchase_order_id: order for order in _purchases(rng, list(stock.values()), suppliers)}
    for order in purchases.values():
        if order.status == "ordered":
            item = stock[order.stock_id]
            stock[order.stock_id] = msgspec.structs.replace(item, purchase_order_id=order.purchase_order_id)
    transfers = {move.transfer_id: move for move in _transfers(rng, list(stock.values()), list(warehouses)[:3])}
    return InventoryTables(warehouses, suppliers, stock, transfers, purchases)


def _warehouses(rng: Random) -> Iterator[Warehouse]:
    """Three that operate, one that is closed."""
    ids = WAREHOUSE_IDS.scattered(rng, 4)
    for rank, (warehouse_id, (city, _)) in enumerate(zip(ids, rng.sample(CITIES, 4), strict=True)):
        yield Warehouse(warehouse_id, city, rng.randint(2, 14), "closed" if rank == 3 else "operating")


def _suppliers(rng: Random) -> Iterator[Supplier]:
    heads = rng.sample(COMPANY_HEADS, 4)
    for rank, supplier_id in enumerate(SUPPLIER_IDS.scattered(rng, 4)):
        name = f"{heads[rank]} {rng.choice(_SUPPLIER_TAILS)}"
        yield Supplier(supplier_id, name, rng.choice((3, 5, 7, 12)), "paused" if rank == 3 else "active")


def _stock(
    rng: Random, warehouses: list[str], suppliers: list[str], products: dict[str, Product]
) -> Iterator[StockItem]:
    """Every product in one open warehouse, every other one in a second, too."""
    ids = iter(STOCK_IDS.scattered(rng, 2 * len(products)))
    for rank, product in enumerate(products.values()):
        homes = rng.sample(warehouses[:3], 1 + rank % 2)
        # The paused supplier has one product in twelve.
        supplier_id = suppliers[3] if rank == 5 else rng.choice(suppliers[:3])
        left, unit_cost = product.stock, round(product.price * rng.uniform(0.5, 0.7), 2)
        for place, warehouse_id in enumerate(homes):
            units = left if place == len(homes) - 1 else rng.randint(0, left)
            left -= units
            reorder_point = rng.choice((4, 6, 8))
            yield StockItem(
                stock_id=next(ids),
                product_id=product.product_id,
                product_name=product.name,
                warehouse_id=warehouse_id,
                supplier_id=supplier_id,
                shelf=f"{rng.choice('ABCDEF')}{rng.randint(1, 30):02d}",
                units_on_hand=units,
                reorder_point=reorder_point,
                unit_cost=unit_cost,
                status=stock_status(units, reorder_point),
                purchase_order_id=None,
                updated_at=iso(ago(rng.uniform(0.5, 9))),
            )


def _purchases(rng: Random, stock: list[StockItem], suppliers: dict[str, Supplier]) -> Iterator[PurchaseOrder]:
    """Five under way, one that came, one that was called off; each for an item of its own."""
    statuses: tuple[PurchaseStatus, ...] = ("received", "cancelled", *_UNDER_WAY)
    chosen = rng.sample(stock, len(statuses))
    for key, item, status in zip(PURCHASE_IDS.ascending(rng, len(statuses), 400), chosen, statuses, strict=True):
        units = rng.randint(5, 20)
        ordered = ago(rng.uniform(13, 20) if status != "ordered" else rng.uniform(0.5, 2.5))
        expected = ordered + timedelta(days=suppliers[item.supplier_id].lead_days)
        yield PurchaseOrder(
            purchase_order_id=key,
            stock_id=item.stock_id,
            supplier_id=item.supplier_id,
            units=units,
            cost=round(units * item.unit_cost, 2),
            status=status,
            ordered_at=iso(ordered),
            expected_date=iso(expected)[:10],
        )


def _transfers(rng: Random, stock: list[StockItem], warehouses: list[str]) -> Iterator[Transfer]:
    """Three on their way, one that arrived."""
    for rank, key in enumerate(TRANSFER_IDS.ascending(rng, 4, 300)):
        item = rng.choice(stock)
        target = rng.choice([house for house in warehouses if house != item.warehouse_id])
        sent = ago(4 if rank == 0 else rng.uniform(0.2, 1.5))
        arrived = iso(min(sent + timedelta(days=2), LOGICAL_NOW)) if rank == 0 else None
        yield Transfer(
            transfer_id=key,
            stock_id=item.stock_id,
            product_name=item.product_name,
            warehouse_id=target,
            units=rng.randint(1, 6),
            status="completed" if rank == 0 else "in_transit",
            sent_at=iso(sent),
            completed_at=arrived,
        )
