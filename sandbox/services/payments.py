"""The billing desk of a shop: who owes what, what was paid, what was given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, date_argument, reads, writes
from .errors import ToolError
from .families import iso
from .order_records import CustomerId
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .payment_records import (
    INVOICE_IDS,
    PAYMENT_IDS,
    REVERSAL_IDS,
    CreditStanding,
    Invoice,
    InvoiceId,
    InvoiceStatus,
    Payer,
    Payment,
    PaymentId,
    PaymentMethod,
    Purpose,
    Reversal,
    ReversalId,
    ReversalReason,
    payment_tables,
)
from .schema import Day, amounts, says

VERSION = "1"
REVERSAL_LIMIT = 500
"""Dollars that may be given back without approval."""
LONGEST_CREDIT = timedelta(days=60)
"""How far away from the present an invoice may be due."""

POLICY = (
    "Payments above 500 dollars are reversed by finance only and refused here. "
    "Nothing is billed to a customer whose credit is blocked. Paid invoices are never voided; reverse the payment."
)

_DUE_DAYS = ("2026-04-14", "2026-04-21", "2026-04-28", "2026-05-05")


def payments() -> Service:
    """The billing service."""
    return Service(
        "payments", VERSION, domain="billing and payments", sector="finance", desk=PaymentDesk, policy=POLICY
    )


class InvoiceLine(msgspec.Struct, frozen=True):
    """An invoice as a list shows it."""

    invoice_id: InvoiceId
    amount: float
    due_date: Day
    status: InvoiceStatus


class InvoiceList(msgspec.Struct, frozen=True):
    """Invoices of one customer, the oldest first."""

    invoices: list[InvoiceLine]
    total: int
    """On all pages."""
    outstanding_amount: float
    """Dollars not paid yet on the invoices of all pages."""
    next_cursor: NextCursor


class PaymentDesk(Desk):
    """One world of the billing service."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = payment_tables(world)
        self.payers = self.table("payers", "customer", initial.payers)
        self.invoices = self.table("invoices", "invoice", initial.invoices)
        self.payments = self.table("payments", "payment", initial.payments)
        self.reversals = self.table("reversals", "reversal", initial.reversals)

    @reads
    def find_payer(
        self, email: Annotated[str, says("Billing email, for example jo.sample@example.com", kind="email")]
    ) -> Payer:
        """Find out who pays the bills behind an email address."""
        wanted = email.strip().lower()
        for payer in self.payers.all():
            if payer.email == wanted:
                return payer
        raise ToolError("not_found", f"nobody is billed at the email address {email}")

    @reads
    def list_invoices(
        self,
        customer_id: CustomerId,
        status: Annotated[InvoiceStatus | None, says("Invoice status, for example overdue")] = None,
        limit: PageSize = PAGE,
        cursor: PageCursor = None,
    ) -> InvoiceList:
        """List the invoices of a customer. A status narrows the list."""
        self.payers.need(customer_id)
        found = [i for i in self.invoices.all() if i.customer_id == customer_id and status in (None, i.status)]
        page, following = page_of(found, lambda invoice: invoice.invoice_id, limit, cursor)
        lines = [InvoiceLine(i.invoice_id, i.amount, i.due_date, i.status) for i in page]
        outstanding_amount = sum(i.amount for i in found if i.status in ("open", "overdue"))
        return InvoiceList(lines, len(found), round(outstanding_amount, 2), following)

    @reads
    def get_invoice(self, invoice_id: InvoiceId) -> Invoice:
        """Check whether an invoice is settled and when it is due."""
        return self.invoices.need(invoice_id)

    @writes
    def create_invoice(
        self,
        customer_id: CustomerId,
        purpose: Annotated[Purpose, says("Billed service, for example assembly")],
        amount: Annotated[float, amounts("Billed amount, for example 49.5", ge=1, le=5_000)],
    ) -> Invoice:
        """Bill a customer for a service. It falls due in 14 days."""
        payer = self.payers.need(customer_id)
        if payer.credit_standing == "blocked":
            raise ToolError("forbidden", f"the credit of customer {customer_id} is blocked")
        invoice_id, now = INVOICE_IDS.following(self.invoices.keys()), self.stamp()
        invoice = Invoice(
            invoice_id=invoice_id,
            customer_id=customer_id,
            order_id=None,
            purpose=purpose,
            amount=round(amount, 2),
            status="open",
            issued_at=now,
            due_date=iso(self.now + timedelta(days=14))[:10],
            updated_at=now,
        )
        return self.invoices.put(invoice_id, invoice)

    @writes
    def extend_due_date(
        self,
        invoice_id: InvoiceId,
        due_date: Annotated[str, says("New due date, for example 2026-04-14", examples=_DUE_DAYS, kind="date")],
    ) -> Invoice:
        """Give a customer more time for an unpaid invoice. At most 60 days from now."""
        invoice, day = self._unpaid(invoice_id), date_argument("due_date", due_date)
        if iso(day)[:10] <= invoice.due_date or day <= self.now:
            raise ToolError("invalid_argument", f"due_date: must be later than today and than {invoice.due_date}")
        if day - self.now > LONGEST_CREDIT:
            raise ToolError("forbidden", f"an invoice cannot fall due more than {LONGEST_CREDIT.days} days from now")
        extended = replace(invoice, due_date=due_date, status="open", updated_at=self.stamp())
        return self.invoices.put(invoice_id, extended)

    @writes
    def void_invoice(self, invoice_id: InvoiceId) -> Invoice:
        """Declare an unpaid invoice void."""
        invoice = self._unpaid(invoice_id)
        return self.invoices.put(invoice_id, replace(invoice, status="void", updated_at=self.stamp()))

    @writes
    def settle_invoice(
        self, invoice_id: InvoiceId, method: Annotated[PaymentMethod, says("Payment method, for example card")]
    ) -> Payment:
        """Take the payment for an invoice in full."""
        invoice = self._unpaid(invoice_id)
        payment_id = PAYMENT_IDS.following(self.payments.keys())
        now = self.stamp()
        self.invoices.put(invoice_id, replace(invoice, status="paid", payment_id=payment_id, updated_at=now))
        payment = Payment(payment_id, invoice_id, invoice.customer_id, invoice.amount, method, "captured", now)
        return self.payments.put(payment_id, payment)

    @reads
    def get_payment(self, payment_id: PaymentId) -> Payment:
        """Trace a payment that was made."""
        return self.payments.need(payment_id)

    @writes
    def reverse_payment(
        self,
        payment_id: PaymentId,
        reason: Annotated[ReversalReason, says("Reversal reason, for example duplicate")],
    ) -> Reversal:
        """Give the money of a payment back. The invoice is open again."""
        payment = self.payments.need(payment_id)
        if payment.status != "captured":
            raise ToolError("conflict", f"payment {payment_id} is {payment.status}")
        if payment.amount > REVERSAL_LIMIT:
            raise ToolError("forbidden", f"payments above {REVERSAL_LIMIT} dollars are reversed by finance only")
        invoice = self.invoices.need(payment.invoice_id)
        key, now = REVERSAL_IDS.following(self.reversals.keys()), self.stamp()
        overdue = datetime.fromisoformat(invoice.due_date).date() < self.now.date()
        reopened = replace(invoice, status="overdue" if overdue else "open", payment_id=None, updated_at=now)
        self.invoices.put(invoice.invoice_id, reopened)
        self.payments.put(payment_id, replace(payment, status="reversed", reversal_id=key))
        return self.reversals.put(key, Reversal(key, payment_id, payment.amount, reason, now))

    @reads
    def get_reversal(self, reversal_id: ReversalId) -> Reversal:
        """Look up why a reversal was made."""
        return self.reversals.need(reversal_id)

    @writes
    def set_credit_standing(
        self,
        customer_id: CustomerId,
        credit_standing: Annotated[CreditStanding, says("Credit standing, for example watched")],
    ) -> Payer:
        """Rate how safe the credit of a customer is. Nobody with overdue invoices is rated good."""
        payer = self.payers.need(customer_id)
        if payer.credit_standing == credit_standing:
            raise ToolError("conflict", f"the credit standing of customer {customer_id} is already {credit_standing}")
        late = any(i.customer_id == customer_id and i.status == "overdue" for i in self.invoices.all())
        if late and credit_standing == "good":
            raise ToolError("forbidden", f"customer {customer_id} has overdue invoices")
        # A payer has no time of its own, so the clock alone moves.
        self.stamp()
        return self.payers.put(customer_id, replace(payer, credit_standing=credit_standing))

    def _unpaid(self, invoice_id: str) -> Invoice:
        invoice = self.invoices.need(invoice_id)
        if invoice.status in ("paid", "void"):
            raise ToolError("conflict", f"invoice {invoice_id} is {invoice.status}")
        return invoice
