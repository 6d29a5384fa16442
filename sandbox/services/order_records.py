"""The records of the order service, and the tables that a world of it starts with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .catalogue import GOODS, Category
from .families import WORLDS, IdFormat, ago, iso, retail
from .people import CustomerPerson, people
from .schema import Day, Moment, says
from .vocabulary import CARRIERS

ORDER_IDS = IdFormat("ORD-", 5)
PRODUCT_IDS = IdFormat("SKU-", 6)
PARCEL_IDS = IdFormat("SHP", 9)
REFUND_IDS = IdFormat("RF-2026-", 4)

CustomerId: TypeAlias = Annotated[str, says("Customer number, for example CUS-W7Q2")]
OrderId: TypeAlias = Annotated[str, says("Order number, for example ORD-10423")]
ProductId: TypeAlias = Annotated[str, says("Product number, for example SKU-704817")]
RefundId: TypeAlias = Annotated[str, says("Refund number, for example RF-2026-0117")]
TrackingNumber: TypeAlias = Annotated[str, says("Tracking number, for example SHP904881730")]

AccountStatus: TypeAlias = Literal["active", "suspended"]
ProductStatus: TypeAlias = Literal["available", "out_of_stock", "discontinued"]
OrderStatus: TypeAlias = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
ParcelStatus: TypeAlias = Literal["in_transit", "out_for_delivery", "delivered"]
RefundStatus: TypeAlias = Literal["requested", "approved", "paid"]
RefundReason: TypeAlias = Literal["damaged", "wrong_item", "not_as_described", "no_longer_needed"]
CancelReason: TypeAlias = Literal["changed_mind", "ordered_by_mistake", "found_cheaper", "arrives_too_late"]

REFUND_WINDOW = timedelta(days=30)
"""How long after its delivery an order can be refunded."""

# Two of the four delivered orders can be refunded; eight of the fifteen orders can still be cancelled.
_STATUSES: dict[OrderStatus, int] = {"pending": 4, "processing": 4, "shipped": 2, "delivered": 4, "cancelled": 1}
_ORDERS_EACH = (1, 1, 1, 2, 2, 2, 3, 3)
_AGE_DAYS: dict[OrderStatus, tuple[float, float]] = {
    "pending": (0.1, 1.4),
    "processing": (1.5, 3.4),
    "shipped": (3.5, 6.4),
    "delivered": (12, 28),
    "cancelled": (6.5, 11),
}


class Customer(msgspec.Struct, frozen=True):
    """A customer account."""

    customer_id: CustomerId
    name: str
    email: str
    phone_number: str
    company: str | None
    status: AccountStatus
    street: str
    city: str
    postcode: str


class Product(msgspec.Struct, frozen=True):
    """A product on sale."""

    product_id: ProductId
    name: str
    category: Category
    price: float
    """Dollars."""
    stock: int
    """Units that can be ordered."""
    status: ProductStatus
    warranty_months: int


class Order(msgspec.Struct, frozen=True):
    """An order of one product."""

    order_id: OrderId
    customer_id: CustomerId
    product_id: ProductId
    product_name: str
    quantity: int
    unit_price: float
    amount: float
    """Dollars: quantity times unit price."""
    status: OrderStatus
    street: str
    city: str
    postcode: str
    placed_at: Moment
    updated_at: Moment
    delivered_at: Moment | None = None
    tracking_number: TrackingNumber | None = None
    """Set when it ships."""
    refund_id: RefundId | None = None
    cancel_reason: CancelReason | None = None


class Shipment(msgspec.Struct, frozen=True):
    """A parcel on its way."""

    tracking_number: TrackingNumber
    order_id: OrderId
    carrier: str
    status: ParcelStatus
    last_seen_in: str
    """City."""
    shipped_at: Moment
    expected_on: Day
    """For a delivered parcel the day it arrived."""


class Refund(msgspec.Struct, frozen=True):
    """Money that goes back."""

    refund_id: RefundId
    order_id: OrderId
    amount: float
    reason: RefundReason
    status: RefundStatus
    requested_at: Moment


class OrderTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    customers: dict[str, Customer]
    products: dict[str, Product]
    orders: dict[str, Order]
    shipments: dict[str, Shipment]
    refunds: dict[str, Refund]


@lru_cache(maxsize=WORLDS)
def order_tables(world: int) -> OrderTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"orders/{world}")
    everyone = people(world).customers
    suspended = rng.choice(everyone).customer_id
    customers = {person.customer_id: _account(person, person.customer_id == suspended) for person in everyone}
    products = {product.product_id: product for product in _products(rng)}
    drawn = _orders(rng, everyone, [p for p in products.values() if p.status != "discontinued"])
    orders = {order.order_id: order for order in drawn}
    shipments = {parcel.tracking_number: parcel for parcel in _shipments(rng, orders)}
    refunds = {refund.refund_id: refund for refund in _refunds(rng, orders)}
    return OrderTables(customers, products, orders, shipments, refunds)


def _account(person: CustomerPerson, suspended: bool) -> Customer:
    return Customer(
        customer_id=person.customer_id,
        name=person.name,
        email=person.email,
        phone_number=person.phone_number,
        company=person.company,
        status="suspended" if suspended else "active",
        street=person.street,
        city=person.city,
        postcode=person.postcode,
    )


def _products(rng: Random) -> Iterator[Product]:
    """Two of each category; one is sold out and one discontinued."""
    chosen: list[tuple[Category, str, float]] = [
        (category, *goods) for category, all_goods in GOODS.items() for goods in rng.sample(all_goods, 2)
    ]
    sold_out, gone = rng.sample(range(len(chosen)), 2)
    ids = PRODUCT_IDS.scattered(rng, len(chosen))
    for position, (product_id, (category, name, list_price)) in enumerate(zip(ids, chosen, strict=True)):
        status: ProductStatus = "available"
        if position in (sold_out, gone):
            status = "out_of_stock" if position == sold_out else "discontinued"
        yield Product(
            product_id=product_id,
            name=name,
            category=category,
            price=retail(rng, list_price),
            stock=rng.randint(3, 40) if status == "available" else 0,
            status=status,
            warranty_months=rng.choice((12, 24, 36)),
        )


def _orders(rng: Random, everyone: tuple[CustomerPerson, ...], products: list[Product]) -> list[Order]:
    """One to three orders per customer, of different products, numbered by age."""
    statuses: list[OrderStatus] = [status for status, n in _STATUSES.items() for _ in range(n)]
    counts = list(_ORDERS_EACH)
    rng.shuffle(statuses)
    rng.shuffle(counts)
    drafts: list[tuple[datetime, OrderStatus, CustomerPerson, Product]] = []
    for person, count in zip(everyone, counts, strict=True):
        for product in rng.sample(products, count):
            status = statuses.pop()
            drafts.append((ago(rng.uniform(*_AGE_DAYS[status])), status, person, product))
    drafts.sort(key=lambda draft: draft[0])
    ids = ORDER_IDS.ascending(rng, len(drafts), 20_400)
    orders = [_order(rng, order_id, *draft) for order_id, draft in zip(ids, drafts, strict=True)]
    return _with_past(rng, orders)


def _order(
    rng: Random, order_id: str, placed: datetime, status: OrderStatus, person: CustomerPerson, product: Product
) -> Order:
    quantity = rng.choice((1, 1, 1, 2, 2, 3))
    days = {"pending": 0.0, "processing": 0.3, "shipped": 1.5, "delivered": 5.0, "cancelled": 0.8}[status]
    return Order(
        order_id=order_id,
        customer_id=person.customer_id,
        product_id=product.product_id,
        product_name=product.name,
        quantity=quantity,
        unit_price=product.price,
        amount=round(quantity * product.price, 2),
        status=status,
        street=person.street,
        city=person.city,
        postcode=person.postcode,
        placed_at=iso(placed),
        updated_at=iso(placed + timedelta(days=days)),
        delivered_at=iso(placed + timedelta(days=days)) if status == "delivered" else None,
        cancel_reason="changed_mind" if status == "cancelled" else None,
    )


def _with_past(rng: Random, orders: list[Order]) -> list[Order]:
    """Give sent orders a parcel; the oldest delivered one is too old for a refund, the next was refunded."""
    sent = sum(order.status in ("shipped", "delivered") for order in orders)
    parcels = iter(PARCEL_IDS.scattered(rng, sent))
    (refund_id,) = REFUND_IDS.ascending(rng, 1, 300)
    delivered = 0
    out: list[Order] = []
    for order in orders:
        if order.status in ("shipped", "delivered"):
            order = msgspec.structs.replace(order, tracking_number=next(parcels))
        if order.status == "delivered":
            delivered += 1
            if delivered == 1:
                arrived = iso(ago(47))
                order = msgspec.structs.replace(order, placed_at=iso(ago(52)), updated_at=arrived, delivered_at=arrived)
            elif delivered == 2:
                order = msgspec.structs.replace(order, refund_id=refund_id)
        out.append(order)
    return out


def _shipments(rng: Random, orders: dict[str, Order]) -> Iterator[Shipment]:
    for order in orders.values():
        if order.tracking_number is None:
            continue
        placed = datetime.fromisoformat(order.placed_at)
        arrived = order.status == "delivered"
        status: ParcelStatus = "delivered" if arrived else rng.choice(("in_transit", "out_for_delivery"))
        expected = datetime.fromisoformat(order.updated_at) if arrived else ago(-rng.randint(0, 2))
        yield Shipment(
            tracking_number=order.tracking_number,
            order_id=order.order_id,
            carrier=rng.choice(CARRIERS),
            status=status,
            last_seen_in=order.city if status != "in_transit" else rng.choice(("Memphis", "Louisville", "Oakland")),
            shipped_at=iso(placed + timedelta(days=1.5)),
            expected_on=iso(expected)[:10],
        )


def _refunds(rng: Random, orders: dict[str, Order]) -> Iterator[Refund]:
    for order in orders.values():
        if order.refund_id is not None:
            yield Refund(
                refund_id=order.refund_id,
                order_id=order.order_id,
                amount=order.amount,
                reason=rng.choice(("damaged", "wrong_item", "not_as_described")),
                status=rng.choice(("approved", "paid")),
                requested_at=iso(datetime.fromisoformat(order.updated_at) + timedelta(days=2)),
            )
