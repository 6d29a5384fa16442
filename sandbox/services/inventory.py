"""The warehouses of a shop: what lies where, transfers between them, orders at suppliers."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, reads, writes
from .errors import ToolError
from .families import iso
from .inventory_records import (
    PURCHASE_IDS,
    STOCK_IDS,
    TRANSFER_IDS,
    CountReason,
    PurchaseId,
    PurchaseOrder,
    StockId,
    StockItem,
    StockStatus,
    Supplier,
    SupplierId,
    Transfer,
    TransferId,
    TransferStatus,
    Warehouse,
    WarehouseId,
    inventory_tables,
    stock_status,
)
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .schema import amounts, says

VERSION = "1"
SPENDING_LIMIT = 2_000
"""Dollars that may be spent at a supplier without approval."""

POLICY = (
    "Purchases at suppliers above 2,000 dollars need approval by finance and are refused here. "
    "A stock item has at most one purchase under way. Closed warehouses take in no goods."
)


def inventory() -> Service:
    """The warehouse service."""
    return Service(
        "inventory", VERSION, domain="warehouse inventory", sector="logistics", desk=InventoryDesk, policy=POLICY
    )


class StockLine(msgspec.Struct, frozen=True):
    """A stock item as a list shows it."""

    stock_id: StockId
    product_name: str
    shelf: str
    units_on_hand: int
    status: StockStatus


class StockList(msgspec.Struct, frozen=True):
    """Stock items of one warehouse."""

    items: list[StockLine]
    total: int
    """On all pages."""
    next_cursor: NextCursor


class TransferLine(msgspec.Struct, frozen=True):
    """A transfer as a list shows it."""

    transfer_id: TransferId
    product_name: str
    units: int
    status: TransferStatus


class TransferList(msgspec.Struct, frozen=True):
    """Transfers to one warehouse, the oldest first."""

    transfers: list[TransferLine]
    total: int


class InventoryDesk(Desk):
    """One world of the warehouse service."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = inventory_tables(world)
        self.warehouses = self.table("warehouses", "warehouse", initial.warehouses)
        self.suppliers = self.table("suppliers", "supplier", initial.suppliers)
        self.stock = self.table("stock", "stock item", initial.stock)
        self.transfers = self.table("transfers", "transfer", initial.transfers)
        self.purchases = self.table("purchases", "purchase order", initial.purchases)

    @reads
    def find_warehouse(self, city: Annotated[str, says("Warehouse city, for example Samplton")]) -> Warehouse:
        """Locate the warehouse in a city."""
        wanted = city.strip().casefold()
        for warehouse in self.warehouses.all():
            if warehouse.city.casefold() == wanted:
                return warehouse
        raise ToolError("not_found", f"there is no warehouse in {city}")

    @reads
    def list_stock(
        self,
        warehouse_id: WarehouseId,
        status: Annotated[StockStatus | None, says("Stock status, for example low")] = None,
        limit: PageSize = PAGE,
        cursor: PageCursor = None,
    ) -> StockList:
        """List the goods kept in a warehouse. A status narrows the list."""
        self.warehouses.need(warehouse_id)
        items = [i for i in self.stock.all() if i.warehouse_id == warehouse_id and status in (None, i.status)]
        page, following = page_of(items, lambda item: item.stock_id, limit, cursor)
        lines = [StockLine(i.stock_id, i.product_name, i.shelf, i.units_on_hand, i.status) for i in page]
        return StockList(lines, len(items), following)

    @reads
    def get_stock_item(self, stock_id: StockId) -> StockItem:
        """Count the units left of a stock item."""
        return self.stock.need(stock_id)

    @writes
    def adjust_stock(
        self,
        stock_id: StockId,
        counted_units: Annotated[int, amounts("Counted units, for example 14", ge=0, le=10_000)],
        reason: Annotated[CountReason, says("Correction reason, for example breakage")],
    ) -> StockItem:
        """Set the books of a stock item right after checking its shelf."""
        item = self.stock.need(stock_id)
        if item.units_on_hand == counted_units:
            raise ToolError("conflict", f"stock item {stock_id} is already recorded with {counted_units} units")
        if reason == "found" and counted_units < item.units_on_hand:
            raise ToolError("invalid_argument", "reason: found goods cannot make the units fewer")
        return self._counted(item, counted_units)

    @writes
    def set_reorder_point(
        self,
        stock_id: StockId,
        reorder_point: Annotated[int, amounts("Reorder point, for example 8", ge=0, le=1_000)],
    ) -> StockItem:
        """Change the level at which a stock item counts as low."""
        item = self.stock.need(stock_id)
        if item.reorder_point == reorder_point:
            raise ToolError("conflict", f"the reorder point of stock item {stock_id} is already {reorder_point}")
        return self._counted(replace(item, reorder_point=reorder_point), item.units_on_hand)

    @writes
    def transfer_stock(
        self,
        stock_id: StockId,
        warehouse_id: WarehouseId,
        units: Annotated[int, amounts("Units to move, for example 3", ge=1, le=500)],
    ) -> Transfer:
        """Ship units of a stock item over to another warehouse."""
        item = self.stock.need(stock_id)
        target = self.warehouses.need(warehouse_id)
        if target.status == "closed":
            raise ToolError("conflict", f"warehouse {warehouse_id} is closed")
        if item.warehouse_id == warehouse_id:
            raise ToolError("conflict", f"stock item {stock_id} is in warehouse {warehouse_id} already")
        if item.units_on_hand < units:
            raise ToolError("conflict", f"stock item {stock_id} has only {item.units_on_hand} units")
        transfer_id = TRANSFER_IDS.following(self.transfers.keys())
        item = self._counted(item, item.units_on_hand - units)
        move = Transfer(transfer_id, stock_id, item.product_name, warehouse_id, units, "in_transit", item.updated_at)
        return self.transfers.put(transfer_id, move)

    @reads
    def list_transfers(self, warehouse_id: WarehouseId) -> TransferList:
        """List the transfers bound for a warehouse."""
        self.warehouses.need(warehouse_id)
        lines = [
            TransferLine(t.transfer_id, t.product_name, t.units, t.status)
            for t in self.transfers.all()
            if t.warehouse_id == warehouse_id
        ]
        return TransferList(lines, len(lines))

    @reads
    def get_transfer(self, transfer_id: TransferId) -> Transfer:
        """Follow up on a transfer between warehouses."""
        return self.transfers.need(transfer_id)

    @writes
    def complete_transfer(self, transfer_id: TransferId) -> Transfer:
        """Put a transfer that has arrived onto the shelf."""
        move = self.transfers.need(transfer_id)
        if move.status != "in_transit":
            raise ToolError("conflict", f"transfer {transfer_id} is already {move.status}")
        item = self._counterpart(self.stock.need(move.stock_id), move.warehouse_id)
        item = self._counted(item, item.units_on_hand + move.units)
        return self.transfers.put(transfer_id, replace(move, status="completed", completed_at=item.updated_at))

    @reads
    def get_supplier(self, supplier_id: SupplierId) -> Supplier:
        """Check how fast a supplier delivers."""
        return self.suppliers.need(supplier_id)

    @writes
    def order_supplies(
        self, stock_id: StockId, units: Annotated[int, amounts("Units to buy, for example 12", ge=1, le=500)]
    ) -> PurchaseOrder:
        """Buy more units of a stock item from its supplier. Small sums only, and one purchase at a time."""
        item = self.stock.need(stock_id)
        supplier = self.suppliers.need(item.supplier_id)
        if item.purchase_order_id is not None:
            raise ToolError("conflict", f"stock item {stock_id} already waits for {item.purchase_order_id}")
        if supplier.status == "paused":
            raise ToolError("conflict", f"supplier {supplier.supplier_id} takes no orders at present")
        cost = round(units * item.unit_cost, 2)
        if cost > SPENDING_LIMIT:
            raise ToolError("forbidden", f"{cost} dollars are above the limit of {SPENDING_LIMIT} without approval")
        key, now = PURCHASE_IDS.following(self.purchases.keys()), self.stamp()
        self.stock.put(stock_id, replace(item, purchase_order_id=key, updated_at=now))
        expected = iso(self.now + timedelta(days=supplier.lead_days))[:10]
        order = PurchaseOrder(key, stock_id, item.supplier_id, units, cost, "ordered", now, expected)
        return self.purchases.put(key, order)

    @reads
    def get_purchase_order(self, purchase_order_id: PurchaseId) -> PurchaseOrder:
        """See when a purchase order at a supplier is due."""
        return self.purchases.need(purchase_order_id)

    @writes
    def receive_purchase_order(self, purchase_order_id: PurchaseId) -> PurchaseOrder:
        """Take in the goods of a purchase order. They are added to the stock item."""
        order = self._ordered(purchase_order_id)
        item = self.stock.need(order.stock_id)
        self._counted(replace(item, purchase_order_id=None), item.units_on_hand + order.units)
        return self.purchases.put(purchase_order_id, replace(order, status="received"))

    @writes
    def cancel_purchase_order(self, purchase_order_id: PurchaseId) -> PurchaseOrder:
        """Withdraw a purchase order that the supplier has not delivered."""
        order = self._ordered(purchase_order_id)
        item = self.stock.need(order.stock_id)
        self.stock.put(item.stock_id, replace(item, purchase_order_id=None, updated_at=self.stamp()))
        return self.purchases.put(purchase_order_id, replace(order, status="cancelled"))

    def _ordered(self, purchase_order_id: str) -> PurchaseOrder:
        order = self.purchases.need(purchase_order_id)
        if order.status != "ordered":
            raise ToolError("conflict", f"purchase order {purchase_order_id} is already {order.status}")
        return order

    def _counted(self, item: StockItem, units: int) -> StockItem:
        status = stock_status(units, item.reorder_point)
        return self.stock.put(item.stock_id, replace(item, units_on_hand=units, status=status, updated_at=self.stamp()))

    def _counterpart(self, item: StockItem, warehouse_id: str) -> StockItem:
        """The item of the same product in another warehouse, a new and empty one when there is none."""
        for other in self.stock.all():
            if (other.product_id, other.warehouse_id) == (item.product_id, warehouse_id):
                return other
        key = STOCK_IDS.following(self.stock.keys())
        return replace(
            item, stock_id=key, warehouse_id=warehouse_id, units_on_hand=0, shelf="new", purchase_order_id=None
        )
