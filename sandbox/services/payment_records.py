"""The records of the billing desk, and the tables that a world of it starts with.

Payers are the customers of the order service, and most invoices bill one of its orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .families import BASE36, LOGICAL_NOW, WORLDS, IdFormat, ago, iso
from .order_records import CustomerId, Order, OrderId, order_tables
from .people import people
from .schema import Day, Moment, says

INVOICE_IDS = IdFormat("INV-26-", 5)
PAYMENT_IDS = IdFormat("pay_", 7, BASE36)
REVERSAL_IDS = IdFormat("REV/", 5)

InvoiceId: TypeAlias = Annotated[str, says("Invoice number, for example INV-26-00731")]
PaymentId: TypeAlias = Annotated[str, says("Payment number, for example pay_k2x9m4t")]
ReversalId: TypeAlias = Annotated[str, says("Reversal number, for example REV/00052")]

InvoiceStatus: TypeAlias = Literal["open", "overdue", "paid", "void"]
PaymentMethod: TypeAlias = Literal["card", "bank_transfer", "direct_debit", "wallet"]
PaymentStatus: TypeAlias = Literal["captured", "reversed", "disputed"]
ReversalReason: TypeAlias = Literal["duplicate", "fraud_suspected", "goodwill", "service_failure"]
Purpose: TypeAlias = Literal["express_delivery", "assembly", "extended_warranty", "gift_wrapping", "membership"]
CreditStanding: TypeAlias = Literal["good", "watched", "blocked"]

PURPOSES: dict[Purpose, float] = {
    "express_delivery": 14.9,
    "assembly": 49,
    "extended_warranty": 39,
    "gift_wrapping": 6.5,
    "membership": 79,
}
"""What is billed apart from orders, with a typical price in dollars."""
METHODS: tuple[PaymentMethod, ...] = ("card", "card", "bank_transfer", "direct_debit", "wallet")


class Payer(msgspec.Struct, frozen=True):
    """Someone who is billed; the same person as the customer of that number."""

    customer_id: CustomerId
    name: str
    email: str
    credit_standing: CreditStanding
    default_method: PaymentMethod


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """A bill."""

    invoice_id: InvoiceId
    customer_id: CustomerId
    order_id: OrderId | None
    """The order it bills, None for a service."""
    purpose: Purpose | None
    amount: float
    """Dollars."""
    status: InvoiceStatus
    issued_at: Moment
    due_date: Day
    payment_id: PaymentId | None = None
    """Set when it is paid."""
    updated_at: Moment


class Payment(msgspec.Struct, frozen=True):
    """Money that came in for an invoice."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    customer_id: CustomerId
    amount: float
    method: PaymentMethod
    status: PaymentStatus
    received_at: Moment
    reversal_id: ReversalId | None = None


class Reversal(msgspec.Struct, frozen=True):
    """A payment that was given back."""

    reversal_id: ReversalId
    payment_id: PaymentId
    amount: float
    reason: ReversalReason
    reversed_at: Moment


class PaymentTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    payers: dict[str, Payer]
    invoices: dict[str, Invoice]
    payments: dict[str, Payment]
    reversals: dict[str, Reversal]


@lru_cache(maxsize=WORLDS)
def payment_tables(world: int) -> PaymentTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"payments/{world}")
    crowd = people(world).customers
    watched, blocked = rng.sample(range(len(crowd)), 2)
    payers: dict[str, Payer] = {}
    for rank, person in enumerate(crowd):
        standing: CreditStanding = "watched" if rank == watched else "blocked" if rank == blocked else "good"
        payers[person.customer_id] = Payer(person.customer_id, person.name, person.email, standing, rng.choice(METHODS))
    drafts = sorted([*_for_orders(world), *_for_services(rng, list(payers))], key=lambda draft: draft[0])
    ids = INVOICE_IDS.ascending(rng, len(drafts), 3_100)
    paid_ids = iter(PAYMENT_IDS.scattered(rng, len(drafts)))
    invoices: dict[str, Invoice] = {}
    payments: dict[str, Payment] = {}
    for rank, (invoice_id, (issued, customer_id, about, amount)) in enumerate(zip(ids, drafts, strict=True)):
        invoice = _invoice(rng, invoice_id, issued, customer_id, about, amount)
        # Half of what is old enough was paid.
        if invoice.status == "overdue" and rank % 2 == 0:
            payment = _payment(rng, next(paid_ids), invoice, payers[customer_id])
            payments[payment.payment_id] = payment
            invoice = msgspec.structs.replace(
                invoice, status="paid", payment_id=payment.payment_id, updated_at=payment.received_at
            )
        invoices[invoice_id] = invoice
    reversals = _reverse_one(rng, payments)
    return PaymentTables(payers, invoices, payments, reversals)


Draft: TypeAlias = tuple[datetime, str, Order | Purpose, float]
"""When a bill was issued, whom and what it bills, dollars."""


def _for_orders(world: int) -> Iterator[Draft]:
    for order in order_tables(world).orders.values():
        if order.status != "cancelled":
            yield datetime.fromisoformat(order.placed_at), order.customer_id, order, order.amount


def _for_services(rng: Random, customers: list[str]) -> Iterator[Draft]:
    """One bill for a service to each customer."""
    for customer_id in customers:
        purpose = rng.choice(list(PURPOSES))
        yield ago(rng.uniform(1, 40)), customer_id, purpose, round(PURPOSES[purpose] * rng.choice((1, 1, 2)), 2)


def _invoice(
    rng: Random, invoice_id: str, issued: datetime, customer_id: str, about: Order | Purpose, amount: float
) -> Invoice:
    due = issued + timedelta(days=7)
    return Invoice(
        invoice_id=invoice_id,
        customer_id=customer_id,
        order_id=about.order_id if isinstance(about, Order) else None,
        purpose=None if isinstance(about, Order) else about,
        amount=amount,
        status="overdue" if due < LOGICAL_NOW else "open",
        issued_at=iso(issued),
        due_date=iso(due)[:10],
        updated_at=iso(issued + timedelta(minutes=rng.randint(0, 50))),
    )


def _payment(rng: Random, payment_id: str, invoice: Invoice, payer: Payer) -> Payment:
    paid = datetime.fromisoformat(invoice.issued_at) + timedelta(days=rng.uniform(0.5, 6.5))
    return Payment(
        payment_id, invoice.invoice_id, payer.customer_id, invoice.amount, payer.default_method, "captured", iso(paid)
    )


def _reverse_one(rng: Random, payments: dict[str, Payment]) -> dict[str, Reversal]:
    """One payment of the seeded ones was given back, one is disputed."""
    given_back, disputed = rng.sample(list(payments), 2)
    (key,) = REVERSAL_IDS.ascending(rng, 1, 700)
    payment = payments[given_back]
    payments[given_back] = msgspec.structs.replace(payment, status="reversed", reversal_id=key)
    payments[disputed] = msgspec.structs.replace(payments[disputed], status="disputed")
    moment = iso(min(datetime.fromisoformat(payment.received_at) + timedelta(days=2), LOGICAL_NOW))
    return {key: Reversal(key, given_back, payment.amount, rng.choice(("duplicate", "goodwill")), moment)}
