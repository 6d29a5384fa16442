"""The order desk: what its tools do and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.sandbox.services.orders import orders
from tdscaling.tests.sandbox.desk import ask, refusal, some


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return orders().open_nowait(7)


def test_a_customer_is_found_by_email_in_any_case(world: ServiceWorld) -> None:
    """Case and surrounding blanks do not matter; an unknown address is not found."""
    customer = some(world, "customers")
    assert ask(world, "find_customer", email=f" {customer['email'].upper()} ") == customer
    assert refusal(world, "find_customer", email="nobody@example.com")[0] == "not_found"


def test_a_customer_number_leads_to_orders_and_each_to_its_details(world: ServiceWorld) -> None:
    """find_customer → list_orders → get_order → track_shipment chains through ids."""
    shipped = some(world, "orders", status="shipped")
    listed = ask(world, "list_orders", customer_id=shipped["customer_id"])
    assert listed["total"] == len(listed["orders"])
    assert shipped["order_id"] in [line["order_id"] for line in listed["orders"]]
    order = ask(world, "get_order", order_id=shipped["order_id"])
    assert ask(world, "track_shipment", tracking_number=order["tracking_number"])["order_id"] == shipped["order_id"]


def test_a_status_narrows_the_list_of_orders(world: ServiceWorld) -> None:
    """Only orders of that status are shown, none for a status the customer has not."""
    pending = some(world, "orders", status="pending")
    lines = ask(world, "list_orders", customer_id=pending["customer_id"], status="pending")["orders"]
    assert {line["status"] for line in lines} == {"pending"}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_orders", {"customer_id": "CUS-0000"}),
        ("get_order", {"order_id": "ORD-1"}),
        ("cancel_order", {"order_id": "ORD-1"}),
        ("change_shipping_address", {"order_id": "ORD-1", "street": "1 A St", "city": "Reno", "postcode": "89501"}),
        ("track_shipment", {"tracking_number": "SHP1"}),
        ("get_product", {"product_id": "SKU-1"}),
        ("place_order", {"customer_id": "CUS-0000", "product_id": "SKU-1", "quantity": 1}),
        ("request_refund", {"order_id": "ORD-1", "reason": "damaged"}),
        ("get_refund", {"refund_id": "RF-1"}),
    ],
)
def test_unknown_numbers_are_not_found(world: ServiceWorld, tool: str, arguments: dict[str, object]) -> None:
    """Every tool that takes a number says which one it does not know."""
    code, message = refusal(world, tool, **arguments)
    assert code == "not_found"
    assert str(next(iter(arguments.values()))) in message


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_an_order_is_cancelled_until_it_ships_and_its_goods_return(world: ServiceWorld, status: str) -> None:
    """Cancelling shows in get_order and in the product's stock."""
    order = some(world, "orders", status=status)
    before = ask(world, "get_product", product_id=order["product_id"])
    assert ask(world, "cancel_order", order_id=order["order_id"], reason="found_cheaper")["status"] == "cancelled"
    after = ask(world, "get_order", order_id=order["order_id"])
    assert (after["status"], after["cancel_reason"]) == ("cancelled", "found_cheaper")
    assert after["updated_at"] == "2026-03-16T09:01:00Z"
    assert ask(world, "get_product", product_id=order["product_id"])["stock"] == before["stock"] + order["quantity"]


@pytest.mark.parametrize("status", ["shipped", "delivered", "cancelled"])
def test_an_order_that_left_or_is_cancelled_stays_as_it_is(world: ServiceWorld, status: str) -> None:
    """Neither cancelling nor redirecting is possible then, and the reason is told."""
    order_id = some(world, "orders", status=status)["order_id"]
    assert refusal(world, "cancel_order", order_id=order_id) == (
        "conflict",
        f"order {order_id} is {status} and cannot be cancelled",
    )
    place = {"street": "1 A St", "city": "Reno", "postcode": "89501"}
    assert refusal(world, "change_shipping_address", order_id=order_id, **place)[0] == "conflict"


def test_an_order_is_redirected_once(world: ServiceWorld) -> None:
    """The new address stands in get_order; asking for the same again is a conflict."""
    order_id = some(world, "orders", status="processing")["order_id"]
    place = {"street": "1 A Street", "city": "Reno", "postcode": "89501"}
    ask(world, "change_shipping_address", order_id=order_id, **place)
    assert place.items() <= ask(world, "get_order", order_id=order_id).items()
    assert refusal(world, "change_shipping_address", order_id=order_id, **place)[0] == "conflict"


def test_products_are_browsed_by_category_price_and_stock(world: ServiceWorld) -> None:
    """Each filter leaves out what it says."""
    sold_out = some(world, "products", status="out_of_stock")
    every = ask(world, "search_products", category=sold_out["category"])["products"]
    assert sold_out["product_id"] in [line["product_id"] for line in every]
    stocked = ask(world, "search_products", category=sold_out["category"], in_stock_only=True)["products"]
    assert sold_out["product_id"] not in [line["product_id"] for line in stocked]
    cheapest = min(line["price"] for line in every)
    assert ask(world, "search_products", category=sold_out["category"], max_price=cheapest)["total"] == 1


def test_a_bought_product_leaves_the_stock_and_becomes_a_new_order(world: ServiceWorld) -> None:
    """The order has the next number, the customer's address and the right amount."""
    customer = some(world, "customers", status="active")
    product = some(world, "products", status="available")
    last = max(world.tables()["orders"])
    order = ask(world, "place_order", customer_id=customer["customer_id"], product_id=product["product_id"], quantity=2)
    assert int(order["order_id"][4:]) == int(last[4:]) + 1
    assert order["amount"] == round(2 * product["price"], 2)
    assert order["street"] == customer["street"]
    assert ask(world, "get_order", order_id=order["order_id"]) == order
    assert ask(world, "get_product", product_id=product["product_id"])["stock"] == product["stock"] - 2


def test_the_last_unit_sells_a_product_out(world: ServiceWorld) -> None:
    """Stock zero is out of stock, and then a conflict."""
    customer_id = some(world, "customers", status="active")["customer_id"]
    product = some(world, "products", status="available")
    left = product["stock"]
    wish = {"customer_id": customer_id, "product_id": product["product_id"]}
    while left:
        ask(world, "place_order", **wish, quantity=min(left, 10))
        left -= min(left, 10)
    assert ask(world, "get_product", product_id=product["product_id"])["status"] == "out_of_stock"
    assert refusal(world, "place_order", **wish, quantity=1)[0] == "conflict"


def test_a_suspended_customer_buys_nothing(world: ServiceWorld) -> None:
    """The account's rule is a prohibition, not a clash."""
    customer_id = some(world, "customers", status="suspended")["customer_id"]
    product_id = some(world, "products", status="available")["product_id"]
    assert refusal(world, "place_order", customer_id=customer_id, product_id=product_id, quantity=1)[0] == "forbidden"


def test_a_discontinued_product_cannot_be_bought(world: ServiceWorld) -> None:
    """It is a conflict that says so."""
    customer_id = some(world, "customers", status="active")["customer_id"]
    product_id = some(world, "products", status="discontinued")["product_id"]
    code, message = refusal(world, "place_order", customer_id=customer_id, product_id=product_id, quantity=1)
    assert code == "conflict"
    assert "discontinued" in message


def test_a_delivered_order_is_refunded_once(world: ServiceWorld) -> None:
    """The refund is requested for the full amount, seen from the order, and not given again."""
    order = some(world, "orders", status="delivered", refund_id=None)
    refund = ask(world, "request_refund", order_id=order["order_id"], reason="wrong_item")
    assert (refund["amount"], refund["status"]) == (order["amount"], "requested")
    assert ask(world, "get_refund", refund_id=refund["refund_id"]) == refund
    assert ask(world, "get_order", order_id=order["order_id"])["refund_id"] == refund["refund_id"]
    assert refusal(world, "request_refund", order_id=order["order_id"], reason="damaged")[0] == "conflict"


def test_only_delivered_orders_are_refunded(world: ServiceWorld) -> None:
    """A pending one must be cancelled instead."""
    order_id = some(world, "orders", status="pending")["order_id"]
    assert refusal(world, "request_refund", order_id=order_id, reason="damaged")[0] == "conflict"


def test_the_refund_window_closes(world: ServiceWorld) -> None:
    """The order delivered long ago is past its thirty days."""
    oldest = min(
        (o for o in world.tables()["orders"].values() if o["status"] == "delivered"), key=lambda o: o["delivered_at"]
    )
    assert refusal(world, "request_refund", order_id=oldest["order_id"], reason="damaged")[0] == "forbidden"


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("get_order", {}, "order_id"),
        ("get_order", {"order_id": 5}, "order_id"),
        ("get_order", {"order_id": "ORD-1", "verbose": True}, "verbose"),
        ("list_orders", {"customer_id": "CUS-0000", "status": "lost"}, "status"),
        ("list_orders", {"customer_id": "CUS-0000", "status": None}, "status"),
        ("place_order", {"customer_id": "C", "product_id": "S", "quantity": 0}, "quantity"),
        ("place_order", {"customer_id": "C", "product_id": "S", "quantity": 1.5}, "quantity"),
        ("search_products", {"category": "kitchen", "max_price": -1}, "max_price"),
    ],
)
def test_an_argument_that_violates_the_schema_is_named(
    world: ServiceWorld, tool: str, arguments: dict[str, object], field: str
) -> None:
    """The refusal starts with the field that is wrong."""
    code, message = refusal(world, tool, **arguments)
    assert code == "invalid_argument"
    assert message.startswith(f"{field}: ")


@pytest.mark.parametrize("arguments", [{"order_id": "\ud800"}, {"\ud800": 1}, [], None, {1: b"x"}])
def test_arguments_that_no_json_text_can_hold_are_refused(world: ServiceWorld, arguments: Any) -> None:
    """Whatever a caller passes, the answer is a reply."""
    reply = world.call_nowait("get_order", arguments)
    assert reply.is_error
    assert '"invalid_argument"' in reply.content


def test_a_name_that_no_tool_has_is_refused(world: ServiceWorld) -> None:
    """The reply tells nothing about the tools there are."""
    assert refusal(world, "drop_tables") == ("unknown_tool", "there is no tool drop_tables")


def test_every_world_holds_a_case_of_every_rule() -> None:
    """Statuses, refundable and refunded orders, a suspended customer and unsellable products exist everywhere."""
    service = orders()
    for seed in range(WORLDS):
        tables = service.open_nowait(seed).tables()
        statuses = [order["status"] for order in tables["orders"].values()]
        assert len(statuses) == 15
        assert sum(status in ("pending", "processing") for status in statuses) == 8
        assert sum(order["refund_id"] is not None for order in tables["orders"].values()) == 1
        assert {product["status"] for product in tables["products"].values()} == {
            "available",
            "out_of_stock",
            "discontinued",
        }
        assert {order["customer_id"] for order in tables["orders"].values()} == tables["customers"].keys()
        assert list(tables["orders"]) == sorted(tables["orders"], key=lambda key: tables["orders"][key]["placed_at"])
