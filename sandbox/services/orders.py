"""The order desk of a shop: customers, products, orders, parcels, refunds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, reads, writes
from .catalogue import Category
from .errors import ToolError
from .order_records import (
    ORDER_IDS,
    REFUND_IDS,
    REFUND_WINDOW,
    CancelReason,
    Customer,
    CustomerId,
    Order,
    OrderId,
    OrderStatus,
    Product,
    ProductId,
    ProductStatus,
    Refund,
    RefundId,
    RefundReason,
    Shipment,
    TrackingNumber,
    order_tables,
)
from .schema import Moment, amounts, says

VERSION = "1"

_STREETS = ("12 Elm Row", "208 Orchard Road", "7 Market Square", "91 Lakeshore Drive")
_CITIES = ("Boulder", "Savannah", "Portland", "Ithaca")
_CODES = ("80302", "31401", "97205", "14850")

POLICY = (
    "Orders are cancelled or redirected only until they ship. A delivered order is refunded once, within 30 days of "
    "its delivery. Nothing is sold to a suspended account."
)


def orders() -> Service:
    """The order service."""
    return Service("orders", VERSION, domain="order management", sector="commerce", desk=OrderDesk, policy=POLICY)


class OrderLine(msgspec.Struct, frozen=True):
    """An order as a list shows it."""

    order_id: OrderId
    product_name: str
    quantity: int
    amount: float
    status: OrderStatus
    placed_at: Moment


class OrderList(msgspec.Struct, frozen=True):
    """Orders, the oldest first."""

    orders: list[OrderLine]
    total: int


class ProductLine(msgspec.Struct, frozen=True):
    """A product as a list shows it."""

    product_id: ProductId
    name: str
    price: float
    status: ProductStatus


class ProductList(msgspec.Struct, frozen=True):
    """Products of one category."""

    products: list[ProductLine]
    total: int


class OrderDesk(Desk):
    """One world of the order service."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = order_tables(world)
        self.customers = self.table("customers", "customer", initial.customers)
        self.products = self.table("products", "product", initial.products)
        self.orders = self.table("orders", "order", initial.orders)
        self.shipments = self.table("shipments", "parcel", initial.shipments)
        self.refunds = self.table("refunds", "refund", initial.refunds)

    @reads
    def find_customer(
        self, email: Annotated[str, says("Email address, for example jo.sample@example.com", kind="email")]
    ) -> Customer:
        """Look up a customer by email address."""
        wanted = email.strip().lower()
        for customer in self.customers.all():
            if customer.email == wanted:
                return customer
        raise ToolError("not_found", f"no customer has the email address {email}")

    @reads
    def list_orders(
        self,
        customer_id: CustomerId,
        status: Annotated[OrderStatus | None, says("Order status, for example shipped")] = None,
    ) -> OrderList:
        """Show the orders of a customer. A status narrows the list."""
        self.customers.need(customer_id)
        lines = [
            OrderLine(o.order_id, o.product_name, o.quantity, o.amount, o.status, o.placed_at)
            for o in self.orders.all()
            if o.customer_id == customer_id and status in (None, o.status)
        ]
        return OrderList(lines, len(lines))

    @reads
    def get_order(self, order_id: OrderId) -> Order:
        """Check the details and the state of an order."""
        return self.orders.need(order_id)

    @writes
    def cancel_order(
        self,
        order_id: OrderId,
        reason: Annotated[CancelReason | None, says("Cancellation reason, for example changed_mind")] = None,
    ) -> Order:
        """Cancel an order that has not shipped yet. The goods go back on sale."""
        order = self._unshipped(order_id, "cancelled")
        product = self.products.need(order.product_id)
        self._restock(product, order.quantity)
        return self.orders.put(
            order_id,
            replace(order, status="cancelled", cancel_reason=reason or "changed_mind", updated_at=self.stamp()),
        )

    @writes
    def change_shipping_address(
        self,
        order_id: OrderId,
        street: Annotated[
            str, says("Street address, for example 12 Elm Row", examples=_STREETS, min_length=3, max_length=80)
        ],
        city: Annotated[
            str, says("Destination city, for example Boulder", examples=_CITIES, min_length=2, max_length=60)
        ],
        postcode: Annotated[str, says("Postal code, for example 80302", examples=_CODES, min_length=3, max_length=10)],
    ) -> Order:
        """Send an order to a different address. Possible only until it ships."""
        order = self._unshipped(order_id, "redirected")
        if (order.street, order.city, order.postcode) == (street, city, postcode):
            raise ToolError("conflict", f"order {order_id} already goes to that address")
        moved = replace(order, street=street, city=city, postcode=postcode, updated_at=self.stamp())
        return self.orders.put(order_id, moved)

    @reads
    def track_shipment(self, tracking_number: TrackingNumber) -> Shipment:
        """Find out where a parcel is and when it should arrive."""
        return self.shipments.need(tracking_number)

    @reads
    def search_products(
        self,
        category: Annotated[Category, says("Product category, for example kitchen")],
        max_price: Annotated[float | None, amounts("Highest price, for example 99.95", ge=0, le=100_000)] = None,
        in_stock_only: Annotated[bool, says("In stock only, true leaves out what cannot be ordered")] = False,
    ) -> ProductList:
        """Browse the products of a category."""
        lines = [
            ProductLine(p.product_id, p.name, p.price, p.status)
            for p in self.products.all()
            if p.category == category
            and (max_price is None or p.price <= max_price)
            and (p.status == "available" or not in_stock_only)
        ]
        return ProductList(lines, len(lines))

    @reads
    def get_product(self, product_id: ProductId) -> Product:
        """Check the price and the stock of a product."""
        return self.products.need(product_id)

    @writes
    def place_order(
        self,
        customer_id: CustomerId,
        product_id: ProductId,
        quantity: Annotated[int, amounts("Number of units, for example 2", ge=1, le=10)],
    ) -> Order:
        """Buy a product for a customer. It goes to the address on the account, which must not be suspended."""
        customer = self.customers.need(customer_id)
        product = self.products.need(product_id)
        if customer.status == "suspended":
            raise ToolError("forbidden", f"the account of customer {customer_id} is suspended")
        if product.status == "discontinued":
            raise ToolError("conflict", f"product {product_id} is discontinued")
        if product.stock < quantity:
            raise ToolError("conflict", f"only {product.stock} units of product {product_id} are in stock")
        self._restock(product, -quantity)
        order_id, now = ORDER_IDS.following(self.orders.keys()), self.stamp()
        order = Order(
            order_id=order_id,
            customer_id=customer_id,
            product_id=product_id,
            product_name=product.name,
            quantity=quantity,
            unit_price=product.price,
            amount=round(quantity * product.price, 2),
            status="pending",
            street=customer.street,
            city=customer.city,
            postcode=customer.postcode,
            placed_at=now,
            updated_at=now,
        )
        return self.orders.put(order_id, order)

    @writes
    def request_refund(
        self, order_id: OrderId, reason: Annotated[RefundReason, says("Refund reason, for example damaged")]
    ) -> Refund:
        """Ask for a refund of a delivered order. It is possible once, within 30 days of the delivery."""
        order = self.orders.need(order_id)
        if order.status != "delivered" or order.delivered_at is None:
            raise ToolError("conflict", f"order {order_id} is {order.status}; only a delivered order can be refunded")
        if order.refund_id is not None:
            raise ToolError("conflict", f"order {order_id} already has the refund {order.refund_id}")
        if self.now - datetime.fromisoformat(order.delivered_at) > REFUND_WINDOW:
            raise ToolError("forbidden", f"order {order_id} was delivered more than {REFUND_WINDOW.days} days ago")
        refund_id = REFUND_IDS.following(self.refunds.keys())
        refund = Refund(refund_id, order_id, order.amount, reason, "requested", self.stamp())
        self.orders.put(order_id, replace(order, refund_id=refund_id, updated_at=refund.requested_at))
        return self.refunds.put(refund_id, refund)

    @reads
    def get_refund(self, refund_id: RefundId) -> Refund:
        """Check how far a refund has got."""
        return self.refunds.need(refund_id)

    def _unshipped(self, order_id: str, wish: str) -> Order:
        order = self.orders.need(order_id)
        if order.status not in ("pending", "processing"):
            raise ToolError("conflict", f"order {order_id} is {order.status} and cannot be {wish}")
        return order

    def _restock(self, product: Product, units: int) -> None:
        stock = product.stock + units
        status: ProductStatus = product.status
        if status != "discontinued":
            status = "available" if stock else "out_of_stock"
        self.products.put(product.product_id, replace(product, stock=stock, status=status))
