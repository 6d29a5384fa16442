"""What must hold in every state of a built-in service, whatever was called before: one function per service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import TypeAlias

from ..tools import JsonObject, Snapshot
from .inventory_records import stock_status

Invariant: TypeAlias = Callable[[Snapshot], Iterator[str]]
"""From a state to a line for everything that is wrong with it."""


def broken(service: str, state: Snapshot) -> list[str]:
    """What is wrong with a state of a service, empty when nothing is. Every record must stand under its own key."""
    found = [f"{service}: {line}" for line in INVARIANTS[service](state)]
    for table, records in state.items():
        for key, record in records.items():
            if key not in record.values():
                found.append(f"{service}: {table}: the record under {key} has another key")
    return found


def _orders(state: Snapshot) -> Iterator[str]:
    for order in state["orders"].values():
        if order["amount"] != round(order["quantity"] * order["unit_price"], 2):
            yield f"{order['order_id']} does not cost what its units cost"
        yield from _missing(order, state, customer_id="customers", product_id="products", refund_id="refunds")
    for product in state["products"].values():
        if product["stock"] < 0 or (product["status"] == "available") != (product["stock"] > 0):
            yield f"{product['product_id']} is {product['status']} with {product['stock']} units"


def _calendar(state: Snapshot) -> Iterator[str]:
    standing = [event for event in state["events"].values() if event["status"] != "cancelled"]
    for one, other in combinations(standing, 2):
        if one["starts_at"] < other["ends_at"] and other["starts_at"] < one["ends_at"]:
            if one["room_id"] is not None and one["room_id"] == other["room_id"]:
                yield f"{one['event_id']} and {other['event_id']} share {one['room_id']}"
            guests = [{guest["colleague_id"] for guest in event["attendees"]} for event in (one, other)]
            if guests[0] & guests[1]:
                yield f"{one['event_id']} and {other['event_id']} share {sorted(guests[0] & guests[1])}"
    for event in standing:
        room = state["rooms"].get(event["room_id"])
        if event["ends_at"] <= event["starts_at"] or (room and room["capacity"] < len(event["attendees"])):
            yield f"{event['event_id']} does not fit"


def _tickets(state: Snapshot) -> Iterator[str]:
    for ticket in state["tickets"].values():
        if (ticket["status"] == "closed") != (ticket["closed_at"] is not None):
            yield f"{ticket['ticket_id']} is {ticket['status']}, closed at {ticket['closed_at']}"
        yield from _missing(ticket, state, customer_id="requesters", colleague_id="agents")
    for comment in state["comments"].values():
        yield from _missing(comment, state, ticket_id="tickets")


def _inventory(state: Snapshot) -> Iterator[str]:
    under_way = {p["purchase_order_id"]: p["stock_id"] for p in state["purchases"].values() if p["status"] == "ordered"}
    waiting = {i["purchase_order_id"]: i["stock_id"] for i in state["stock"].values() if i["purchase_order_id"]}
    if under_way != waiting:
        yield f"purchases {under_way} do not fit the stock items {waiting}"
    for item in state["stock"].values():
        if item["units_on_hand"] < 0 or item["status"] != stock_status(item["units_on_hand"], item["reorder_point"]):
            yield f"{item['stock_id']} is {item['status']} with {item['on_hand']} units"
        yield from _missing(item, state, warehouse_id="warehouses", supplier_id="suppliers")
    places = [(item["product_id"], item["warehouse_id"]) for item in state["stock"].values()]
    if len(set(places)) < len(places):
        yield "a product has two stock items in one warehouse"


def _payments(state: Snapshot) -> Iterator[str]:
    for invoice in state["invoices"].values():
        if (invoice["status"] == "paid") != (invoice["payment_id"] is not None):
            yield f"{invoice['invoice_id']} is {invoice['status']} with payment {invoice['payment_id']}"
        yield from _missing(invoice, state, customer_id="payers", payment_id="payments")
    for payment in state["payments"].values():
        if (payment["status"] == "reversed") != (payment["reversal_id"] is not None):
            yield f"{payment['payment_id']} is {payment['status']} with reversal {payment['reversal_id']}"
        yield from _missing(payment, state, invoice_id="invoices", reversal_id="reversals")


def _directory(state: Snapshot) -> Iterator[str]:
    people = list(state["employees"].values())
    for office in state["offices"].values():
        if sum(person["office_id"] == office["office_id"] for person in people) > office["desks"]:
            yield f"{office['office_id']} has more people than desks"
    leads = [person["department"] for person in people if person["seniority"] == "lead"]
    if len(set(leads)) < len(leads):
        yield "a department has two leads"
    if any(person["vacation_days_left"] < 0 for person in people):
        yield "somebody has fewer than no days of vacation left"
    leaves = [leave for leave in state["leaves"].values() if leave["status"] != "withdrawn"]
    for one, other in combinations(leaves, 2):
        same = one["colleague_id"] == other["colleague_id"]
        if same and one["first_day"] <= other["last_day"] and other["first_day"] <= one["last_day"]:
            yield f"{one['leave_id']} and {other['leave_id']} overlap"


def _files(state: Snapshot) -> Iterator[str]:
    if state["texts"].keys() != state["documents"].keys():
        yield "texts and documents do not belong together"
    for share in state["shares"].values():
        document = state["documents"].get(share["document_id"], {})
        if document.get("confidentiality", "restricted") == "restricted":
            yield f"{share['share_id']} shares what is restricted or gone"
        if document.get("colleague_id") == share["colleague_id"]:
            yield f"{share['share_id']} is with the owner"
    for document in state["documents"].values():
        yield from _missing(document, state, folder_id="folders")


def _messaging(state: Snapshot) -> Iterator[str]:
    pins: dict[str, int] = {}
    for message in state["messages"].values():
        pins[message["channel_id"]] = pins.get(message["channel_id"], 0) + message["pinned"]
        yield from _missing(message, state, channel_id="channels")
    for channel in state["channels"].values():
        members = [member["colleague_id"] for member in channel["members"]]
        if len(set(members)) < len(members) or pins.get(channel["channel_id"], 0) > 3:
            yield f"{channel['channel_id']} has a member twice or too many pins"


def _bookings(state: Snapshot) -> Iterator[str]:
    booked: dict[str, int] = {}
    for booking in state["bookings"].values():
        price = state["tours"][state["departures"][booking["departure_id"]]["tour_id"]]["seat_price"]
        if booking["amount"] != round(booking["party_size"] * price, 2):
            yield f"{booking['booking_id']} does not cost what its seats cost"
        if booking["status"] == "confirmed":
            booked[booking["departure_id"]] = booked.get(booking["departure_id"], 0) + booking["party_size"]
        yield from _missing(booking, state, customer_id="travelers")
    for key, departure in state["departures"].items():
        if not 0 <= departure["seats_left"] <= departure["seats"] - booked.get(key, 0):
            yield f"{key} has {departure['seats_left']} seats left and {booked.get(key, 0)} booked"
        if departure["status"] != "called_off" and (departure["status"] == "full") != (departure["seats_left"] == 0):
            yield f"{key} is {departure['status']} with {departure['seats_left']} seats left"


def _analytics(state: Snapshot) -> Iterator[str]:
    for export in state["exports"].values():
        yield from _missing(export, state, report_id="reports")
    titles = [(report["colleague_id"], report["report_title"]) for report in state["reports"].values()]
    if len(set(titles)) < len(titles):
        yield "a colleague has two reports of one title"


def _missing(record: JsonObject, state: Snapshot, **targets: str) -> Iterable[str]:
    """References of a record, `field="table"`, that lead nowhere; a null leads nowhere on purpose."""
    for field, table in targets.items():
        if record[field] is not None and record[field] not in state[table]:
            yield f"{field} {record[field]} is not in {table}"


INVARIANTS: Mapping[str, Invariant] = {
    "orders": _orders,
    "calendar": _calendar,
    "tickets": _tickets,
    "inventory": _inventory,
    "payments": _payments,
    "directory": _directory,
    "files": _files,
    "messaging": _messaging,
    "bookings": _bookings,
    "analytics": _analytics,
}
