"""The warehouses: what their tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.families import WORLDS

from .desk import ask, every, opened, refusal, some


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("inventory")


def test_a_city_leads_to_a_supplier_in_four_steps(world: ServiceWorld) -> None:
    """find_warehouse → list_stock → get_stock_item → get_supplier chains through ids."""
    item = some(world, "stock")
    city = world.tables()["warehouses"][item["warehouse_id"]]["city"]
    house = ask(world, "find_warehouse", city=city.upper())
    listed = ask(world, "list_stock", warehouse_id=house["warehouse_id"], limit=50)["items"]
    assert item["stock_id"] in [line["stock_id"] for line in listed]
    details = ask(world, "get_stock_item", stock_id=item["stock_id"])
    assert ask(world, "get_supplier", supplier_id=details["supplier_id"])["supplier_id"] == item["supplier_id"]
    assert refusal(world, "find_warehouse", city="Nowhere")[0] == "not_found"


def test_a_count_changes_the_units_and_what_they_mean(world: ServiceWorld) -> None:
    """Zero is empty; the same count again is a conflict; found goods are not fewer."""
    item = some(world, "stock", status="in_stock")
    key = item["stock_id"]
    assert ask(world, "adjust_stock", stock_id=key, counted_units=0, reason="theft")["status"] == "empty"
    assert refusal(world, "adjust_stock", stock_id=key, counted_units=0, reason="found")[0] == "conflict"
    assert ask(world, "adjust_stock", stock_id=key, counted_units=50, reason="found")["status"] == "in_stock"
    assert refusal(world, "adjust_stock", stock_id=key, counted_units=1, reason="found")[0] == "invalid_argument"


def test_a_reorder_point_decides_what_is_low(world: ServiceWorld) -> None:
    """Raising it above the units makes an item low; setting what is set is a conflict."""
    item = some(world, "stock", status="in_stock")
    point = item["units_on_hand"] + 1
    assert ask(world, "set_reorder_point", stock_id=item["stock_id"], reorder_point=point)["status"] == "low"
    assert refusal(world, "set_reorder_point", stock_id=item["stock_id"], reorder_point=point)[0] == "conflict"


def test_a_transfer_takes_units_away_and_adds_them_when_it_arrives(world: ServiceWorld) -> None:
    """The sum over all warehouses is the same before and after, and the arrival happens once."""
    item = max(every(world, "stock"), key=lambda record: record["units_on_hand"])
    elsewhere = [w for w in every(world, "warehouses", status="operating") if w["warehouse_id"] != item["warehouse_id"]]
    to = elsewhere[0]["warehouse_id"]

    def units() -> int:
        return sum(record["units_on_hand"] for record in every(world, "stock", product_id=item["product_id"]))

    before = units()
    move = ask(world, "transfer_stock", stock_id=item["stock_id"], warehouse_id=to, units=2)
    assert units() == before - 2
    bound = ask(world, "list_transfers", warehouse_id=to)["transfers"]
    assert move["transfer_id"] in [line["transfer_id"] for line in bound]
    ask(world, "complete_transfer", transfer_id=move["transfer_id"])
    assert units() == before
    assert ask(world, "get_transfer", transfer_id=move["transfer_id"])["status"] == "completed"
    assert refusal(world, "complete_transfer", transfer_id=move["transfer_id"])[0] == "conflict"


def test_goods_go_to_another_open_warehouse_and_no_further_than_they_reach(world: ServiceWorld) -> None:
    """The own and a closed warehouse conflict, and so do more units than there are."""
    item = some(world, "stock", status="in_stock")
    closed = some(world, "warehouses", status="closed")["warehouse_id"]
    other = next(
        w["warehouse_id"]
        for w in every(world, "warehouses", status="operating")
        if w["warehouse_id"] != item["warehouse_id"]
    )
    for to, units in ((item["warehouse_id"], 1), (closed, 1), (other, 500)):
        code, _ = refusal(world, "transfer_stock", stock_id=item["stock_id"], warehouse_id=to, units=units)
        assert code == "conflict"


def test_a_purchase_is_made_once_and_received_once(world: ServiceWorld) -> None:
    """The item names the purchase until the goods are in."""
    active = {supplier["supplier_id"] for supplier in every(world, "suppliers", status="active")}
    item = next(i for i in every(world, "stock", purchase_order_id=None) if i["supplier_id"] in active)
    order = ask(world, "order_supplies", stock_id=item["stock_id"], units=3)
    assert order["cost"] == round(3 * item["unit_cost"], 2)
    assert refusal(world, "order_supplies", stock_id=item["stock_id"], units=3)[0] == "conflict"
    ask(world, "receive_purchase_order", purchase_order_id=order["purchase_order_id"])
    now = ask(world, "get_stock_item", stock_id=item["stock_id"])
    assert (now["units_on_hand"], now["purchase_order_id"]) == (item["units_on_hand"] + 3, None)
    assert refusal(world, "cancel_purchase_order", purchase_order_id=order["purchase_order_id"])[0] == "conflict"


def test_large_sums_and_paused_suppliers_are_refused(world: ServiceWorld) -> None:
    """The limit is a rule, the pause a clash with the present."""
    paused = some(world, "suppliers", status="paused")["supplier_id"]
    free = every(world, "stock", purchase_order_id=None)
    dear = max((i for i in free if i["supplier_id"] != paused), key=lambda item: item["unit_cost"])
    assert refusal(world, "order_supplies", stock_id=dear["stock_id"], units=500)[0] == "forbidden"
    for item in free:
        if item["supplier_id"] == paused:
            assert refusal(world, "order_supplies", stock_id=item["stock_id"], units=1)[0] == "conflict"


def test_a_withdrawn_purchase_frees_its_item(world: ServiceWorld) -> None:
    """The item can be ordered again."""
    order = some(world, "purchases", status="ordered")
    ask(world, "cancel_purchase_order", purchase_order_id=order["purchase_order_id"])
    assert ask(world, "get_purchase_order", purchase_order_id=order["purchase_order_id"])["status"] == "cancelled"
    assert ask(world, "get_stock_item", stock_id=order["stock_id"])["purchase_order_id"] is None


def test_the_warehouses_hold_what_the_shop_sells() -> None:
    """In every world the units of a product add up to the shop's stock of it."""
    for seed in range(WORLDS):
        shop, store = opened("orders", seed).tables(), opened("inventory", seed).tables()
        held: dict[str, int] = {}
        for item in store["stock"].values():
            held[item["product_id"]] = held.get(item["product_id"], 0) + item["units_on_hand"]
        assert held == {key: product["stock"] for key, product in shop["products"].items()}
