"""The billing desk: what its tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.families import WORLDS

from .desk import ask, every, opened, refusal, some


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("payments")


def test_an_email_leads_to_a_payment_in_four_steps(world: ServiceWorld) -> None:
    """find_payer → list_invoices → get_invoice → get_payment chains through ids."""
    payment = some(world, "payments")
    email = world.tables()["payers"][payment["customer_id"]]["email"]
    payer = ask(world, "find_payer", email=email.upper())
    lines = ask(world, "list_invoices", customer_id=payer["customer_id"])["invoices"]
    assert payment["invoice_id"] in [line["invoice_id"] for line in lines]
    invoice = ask(world, "get_invoice", invoice_id=payment["invoice_id"])
    assert ask(world, "get_payment", payment_id=invoice["payment_id"] or payment["payment_id"]) == payment
    assert refusal(world, "find_payer", email="nobody@example.com")[0] == "not_found"


def test_a_bill_for_a_service_adds_to_what_is_outstanding(world: ServiceWorld) -> None:
    """It is open and due in 14 days; a blocked customer gets none."""
    payer = some(world, "payers", credit_standing="good")["customer_id"]
    before = ask(world, "list_invoices", customer_id=payer)["outstanding_amount"]
    invoice = ask(world, "create_invoice", customer_id=payer, purpose="assembly", amount=49.5)
    assert (invoice["status"], invoice["due_date"]) == ("open", "2026-03-30")
    assert ask(world, "list_invoices", customer_id=payer)["outstanding_amount"] == round(before + 49.5, 2)
    blocked = some(world, "payers", credit_standing="blocked")["customer_id"]
    code, _ = refusal(world, "create_invoice", customer_id=blocked, purpose="assembly", amount=49.5)
    assert code == "forbidden"


def test_a_settled_invoice_names_its_payment_and_is_not_settled_twice(world: ServiceWorld) -> None:
    """Neither can it be voided or given more time."""
    key = some(world, "invoices", status="open")["invoice_id"]
    payment = ask(world, "settle_invoice", invoice_id=key, method="card")
    settled = ask(world, "get_invoice", invoice_id=key)
    assert (settled["status"], settled["payment_id"]) == ("paid", payment["payment_id"])
    assert refusal(world, "settle_invoice", invoice_id=key, method="card")[0] == "conflict"
    assert refusal(world, "void_invoice", invoice_id=key)[0] == "conflict"
    assert refusal(world, "extend_due_date", invoice_id=key, due_date="2026-04-21")[0] == "conflict"


def test_more_time_makes_an_overdue_invoice_open_again(world: ServiceWorld) -> None:
    """An earlier day is invalid, one beyond sixty days forbidden."""
    key = some(world, "invoices", status="overdue")["invoice_id"]
    assert refusal(world, "extend_due_date", invoice_id=key, due_date="2026-03-01")[0] == "invalid_argument"
    assert refusal(world, "extend_due_date", invoice_id=key, due_date="2026-09-01")[0] == "forbidden"
    assert ask(world, "extend_due_date", invoice_id=key, due_date="2026-04-14")["status"] == "open"


def test_a_reversal_opens_the_invoice_again(world: ServiceWorld) -> None:
    """The payment names the reversal and cannot be reversed twice."""
    open_one = min(every(world, "invoices", status="open"), key=lambda invoice: invoice["amount"])
    payment = ask(world, "settle_invoice", invoice_id=open_one["invoice_id"], method="wallet")["payment_id"]
    reversal = ask(world, "reverse_payment", payment_id=payment, reason="goodwill")
    assert ask(world, "get_reversal", reversal_id=reversal["reversal_id"]) == reversal
    assert ask(world, "get_payment", payment_id=payment)["reversal_id"] == reversal["reversal_id"]
    again = ask(world, "get_invoice", invoice_id=open_one["invoice_id"])
    assert (again["status"], again["payment_id"]) == ("open", None)
    assert refusal(world, "reverse_payment", payment_id=payment, reason="goodwill")[0] == "conflict"


def test_large_payments_are_reversed_by_finance_only(world: ServiceWorld) -> None:
    """The limit of 500 dollars is a rule."""
    payer = some(world, "payers", credit_standing="good")["customer_id"]
    bill = ask(world, "create_invoice", customer_id=payer, purpose="membership", amount=600)
    payment = ask(world, "settle_invoice", invoice_id=bill["invoice_id"], method="card")["payment_id"]
    assert refusal(world, "reverse_payment", payment_id=payment, reason="duplicate")[0] == "forbidden"


def test_nobody_with_overdue_invoices_is_rated_good(world: ServiceWorld) -> None:
    """Another rating is possible; the present one is a conflict."""
    late = some(world, "invoices", status="overdue")["customer_id"]
    now = world.tables()["payers"][late]["credit_standing"]
    other = "blocked" if now != "blocked" else "watched"
    assert ask(world, "set_credit_standing", customer_id=late, credit_standing=other)["credit_standing"] == other
    assert refusal(world, "set_credit_standing", customer_id=late, credit_standing=other)[0] == "conflict"
    assert refusal(world, "set_credit_standing", customer_id=late, credit_standing="good")[0] == "forbidden"


def test_every_world_bills_each_order_that_stands_once() -> None:
    """With its amount, to its customer; every payer is a customer of the shop."""
    for seed in range(WORLDS):
        shop, desk = opened("orders", seed).tables(), opened("payments", seed).tables()
        assert desk["payers"].keys() == shop["customers"].keys()
        billed = {i["order_id"]: (i["customer_id"], i["amount"]) for i in desk["invoices"].values() if i["order_id"]}
        standing = [order for order in shop["orders"].values() if order["status"] != "cancelled"]
        assert billed == {order["order_id"]: (order["customer_id"], order["amount"]) for order in standing}
        assert list(desk["invoices"]) == sorted(desk["invoices"], key=lambda key: desk["invoices"][key]["issued_at"])
