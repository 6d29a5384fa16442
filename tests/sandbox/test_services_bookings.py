"""The travel desk: what its tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.families import WORLDS

from .desk import Record, ask, every, opened, refusal, some

NOW = "2026-03-16T09:00:00Z"


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("bookings")


def ahead(world: ServiceWorld) -> list[Record]:
    """Departures that can be booked, those with most seats first."""
    found = [d for d in every(world, "departures", status="open") if d["starts_at"] > NOW]
    return sorted(found, key=lambda departure: -departure["seats_left"])


def test_a_city_leads_to_a_departure_in_three_steps(world: ServiceWorld) -> None:
    """search_tours → list_departures → get_departure chains through ids."""
    tour = some(world, "tours")
    found = ask(world, "search_tours", city=tour["city"].lower())["tours"]
    assert tour["tour_id"] in [line["tour_id"] for line in found]
    assert ask(world, "get_tour", tour_id=tour["tour_id"]) == tour
    lines = ask(world, "list_departures", tour_id=tour["tour_id"])["departures"]
    departure = ask(world, "get_departure", departure_id=lines[0]["departure_id"])
    assert departure["tour_title"] == tour["tour_title"]
    assert refusal(world, "search_tours", city="Nowhere")[0] == "not_found"


def test_a_booking_takes_seats_and_costs_what_they_cost(world: ServiceWorld) -> None:
    """The traveler's list shows it."""
    departure = ahead(world)[0]
    price = world.tables()["tours"][departure["tour_id"]]["seat_price"]
    traveler = some(world, "travelers")["customer_id"]
    asked = {"customer_id": traveler, "departure_id": departure["departure_id"], "party_size": 2}
    booking = ask(world, "book_seats", **asked)
    assert (booking["amount"], booking["status"], booking["diet"]) == (round(2 * price, 2), "confirmed", "none")
    left = ask(world, "get_departure", departure_id=departure["departure_id"])["seats_left"]
    assert left == departure["seats_left"] - 2
    booked = ask(world, "list_bookings", customer_id=traveler)["bookings"]
    assert booking["booking_id"] in [line["booking_id"] for line in booked]
    assert ask(world, "get_booking", booking_id=booking["booking_id"]) == booking


def test_seats_are_given_as_long_as_there_are_any(world: ServiceWorld) -> None:
    """What is full, called off or gone conflicts; a large party of the basic tier is forbidden."""
    traveler = next(t for t in every(world, "travelers") if t["loyalty_tier"] != "basic")["customer_id"]
    departures = [
        some(world, "departures", status="full"),
        some(world, "departures", status="called_off"),
        min(every(world, "departures"), key=lambda departure: departure["starts_at"]),
    ]
    for departure in departures:
        asked = {"customer_id": traveler, "departure_id": departure["departure_id"], "party_size": 1}
        assert refusal(world, "book_seats", **asked)[0] == "conflict"
    basic = some(world, "travelers", loyalty_tier="basic")["customer_id"]
    asked = {"customer_id": basic, "departure_id": ahead(world)[0]["departure_id"], "party_size": 7}
    assert ask(world, "get_traveler", customer_id=basic)["loyalty_tier"] == "basic"
    assert refusal(world, "book_seats", **asked)[0] == "forbidden"


def test_a_party_grows_only_into_free_seats(world: ServiceWorld) -> None:
    """The seats of the departure change by the difference; the same size again is a conflict."""
    traveler = next(t for t in every(world, "travelers") if t["loyalty_tier"] != "basic")["customer_id"]
    departure = ahead(world)[0]
    asked = {"customer_id": traveler, "departure_id": departure["departure_id"], "party_size": 2}
    key = ask(world, "book_seats", **asked)["booking_id"]
    ask(world, "change_party_size", booking_id=key, party_size=1)
    left = ask(world, "get_departure", departure_id=departure["departure_id"])["seats_left"]
    assert left == departure["seats_left"] - 1
    assert refusal(world, "change_party_size", booking_id=key, party_size=1)[0] == "conflict"
    if departure["seats_left"] < 12:
        assert refusal(world, "change_party_size", booking_id=key, party_size=12)[0] == "conflict"


def test_a_booking_moves_with_its_price(world: ServiceWorld) -> None:
    """Seats are freed on one departure and taken on the other."""
    first, second = (d for d in ahead(world)[:2])
    traveler = some(world, "travelers")["customer_id"]
    asked = {"customer_id": traveler, "departure_id": first["departure_id"], "party_size": 1}
    key = ask(world, "book_seats", **asked)["booking_id"]
    moved = ask(world, "rebook", booking_id=key, departure_id=second["departure_id"])
    assert moved["amount"] == world.tables()["tours"][second["tour_id"]]["seat_price"]
    assert world.tables()["departures"][first["departure_id"]] == first
    assert ask(world, "get_departure", departure_id=second["departure_id"])["seats_left"] == second["seats_left"] - 1
    assert refusal(world, "rebook", booking_id=key, departure_id=second["departure_id"])[0] == "conflict"


def test_a_diet_is_changed_to_another_one(world: ServiceWorld) -> None:
    """Setting what is set already is a conflict."""
    booking = some(world, "bookings", status="confirmed")
    other = "vegan" if booking["diet"] != "vegan" else "none"
    assert ask(world, "set_diet", booking_id=booking["booking_id"], diet=other)["diet"] == other
    assert refusal(world, "set_diet", booking_id=booking["booking_id"], diet=other)[0] == "conflict"


def test_a_cancelled_booking_gives_its_seats_back_once(world: ServiceWorld) -> None:
    """What is cancelled or checked in cannot be cancelled."""
    booking = some(world, "bookings", status="confirmed")
    before = world.tables()["departures"][booking["departure_id"]]["seats_left"]
    ask(world, "cancel_booking", booking_id=booking["booking_id"])
    left = ask(world, "get_departure", departure_id=booking["departure_id"])["seats_left"]
    assert left == before + booking["party_size"]
    for key in (booking["booking_id"], some(world, "bookings", status="checked_in")["booking_id"]):
        assert refusal(world, "cancel_booking", booking_id=key)[0] == "conflict"


def test_tomorrow_s_seats_are_given_back_by_gold_members_only(world: ServiceWorld) -> None:
    """The notice of 48 hours is a rule."""
    (near,) = [d["departure_id"] for d in every(world, "departures") if NOW < d["starts_at"] < "2026-03-18"]
    for tier, refused in (("basic", True), ("gold", False)):
        traveler = some(world, "travelers", loyalty_tier=tier)["customer_id"]
        asked = {"customer_id": traveler, "departure_id": near, "party_size": 1}
        key = ask(world, "book_seats", **asked)["booking_id"]
        if refused:
            assert refusal(world, "cancel_booking", booking_id=key)[0] == "forbidden"
        else:
            assert ask(world, "cancel_booking", booking_id=key)["status"] == "cancelled"


def test_every_world_sells_to_the_shop_s_customers() -> None:
    """Travelers are its customers; most bookings can still be changed."""
    for seed in range(WORLDS):
        shop, desk = opened("orders", seed).tables(), opened("bookings", seed).tables()
        assert desk["travelers"].keys() == shop["customers"].keys()
        confirmed = [b for b in desk["bookings"].values() if b["status"] == "confirmed" and b["starts_at"] > NOW]
        assert (len(desk["bookings"]), len(confirmed)) == (12, 10)
