"""The records of the travel desk, and the tables that a world of it starts with.

Travelers are the customers of the order service, under the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .families import CROCKFORD, LOGICAL_NOW, WORLDS, IdFormat, ago, iso
from .order_records import CustomerId
from .people import CustomerPerson, people
from .phrases import TOURS
from .schema import Moment, says
from .vocabulary import CITIES

TOUR_IDS = IdFormat("TOUR-", 3)
DEPARTURE_IDS = IdFormat("dep", 6)
BOOKING_IDS = IdFormat("BK-", 6, CROCKFORD)

TourId: TypeAlias = Annotated[str, says("Tour number, for example TOUR-068")]
DepartureId: TypeAlias = Annotated[str, says("Departure number, for example dep046210")]
BookingId: TypeAlias = Annotated[str, says("Booking number, for example BK-X4Q9TZ")]

Language: TypeAlias = Literal["English", "Spanish", "French"]
DepartureStatus: TypeAlias = Literal["open", "full", "called_off"]
BookingStatus: TypeAlias = Literal["confirmed", "checked_in", "cancelled"]
LoyaltyTier: TypeAlias = Literal["basic", "silver", "gold"]
Diet: TypeAlias = Literal["none", "vegetarian", "vegan", "gluten_free"]

PER_TOUR = 3
"""Departures of a tour in a new world."""

_DEPARTURE_STATUS: tuple[DepartureStatus, ...] = ("open", "open", "open", "full", "open", "called_off")

# Days from the present to the first departure of a tour, by the tour's rank: one is over, one too near to cancel.
_FIRST_DAYS = {0: -1, 1: 1}


class Traveler(msgspec.Struct, frozen=True):
    """Someone who books tours; the same person as the customer of that number."""

    customer_id: CustomerId
    name: str
    phone_number: str
    loyalty_tier: LoyaltyTier


class Tour(msgspec.Struct, frozen=True):
    """A guided tour on offer."""

    tour_id: TourId
    tour_title: str
    city: str
    language: Language
    duration_hours: float
    seat_price: float
    """Dollars for one person."""


class Departure(msgspec.Struct, frozen=True):
    """A tour at one time."""

    departure_id: DepartureId
    tour_id: TourId
    tour_title: str
    starts_at: Moment
    seats: int
    seats_left: int
    status: DepartureStatus


class Booking(msgspec.Struct, frozen=True):
    """Seats that a traveler has on a departure."""

    booking_id: BookingId
    customer_id: CustomerId
    departure_id: DepartureId
    tour_title: str
    starts_at: Moment
    party_size: int
    amount: float
    """Dollars: party size times the price of a seat."""
    diet: Diet
    status: BookingStatus
    updated_at: Moment


class BookingTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    travelers: dict[str, Traveler]
    tours: dict[str, Tour]
    departures: dict[str, Departure]
    bookings: dict[str, Booking]


def seat_status(seats_left: int) -> DepartureStatus:
    """What the seats of a departure that takes place say."""
    return "open" if seats_left else "full"


@lru_cache(maxsize=WORLDS)
def booking_tables(world: int) -> BookingTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"bookings/{world}")
    travelers = {person.customer_id: _traveler(rng, person) for person in people(world).customers}
    tours = {tour.tour_id: tour for tour in _tours(rng)}
    departures = {departure.departure_id: departure for departure in _departures(rng, list(tours.values()))}
    bookings = {b.booking_id: b for b in _bookings(rng, list(travelers), list(departures.values()), tours)}
    return BookingTables(travelers, tours, departures, bookings)


def _traveler(rng: Random, person: CustomerPerson) -> Traveler:
    tier: LoyaltyTier = rng.choice(("basic", "basic", "silver", "gold"))
    return Traveler(person.customer_id, person.name, person.phone_number, tier)


def _tours(rng: Random) -> Iterator[Tour]:
    """Two tours in each of three cities."""
    cities = [city for city, _ in rng.sample(CITIES, 3)]
    titles = rng.sample(TOURS, 6)
    for rank, (tour_id, title) in enumerate(zip(TOUR_IDS.scattered(rng, 6), titles, strict=True)):
        language: Language = rng.choice(("English", "English", "Spanish", "French"))
        yield Tour(tour_id, title, cities[rank // 2], language, rng.choice((1.5, 2, 3, 4)), rng.randint(18, 95))


def _departures(rng: Random, tours: list[Tour]) -> Iterator[Departure]:
    """Three per tour, ahead; one tour's first left yesterday, one leaves tomorrow."""
    ids = iter(DEPARTURE_IDS.ascending(rng, PER_TOUR * len(tours), 310_000))
    for rank, tour in enumerate(tours):
        for turn in range(PER_TOUR):
            days = _FIRST_DAYS.get(rank, 4) if turn == 0 else 6 * turn + rng.randint(4, 8)
            status = _DEPARTURE_STATUS[rank] if turn == 1 else "open"
            seats = rng.choice((8, 10, 12))
            left = 0 if status == "full" else rng.randint(4, seats)
            starts = LOGICAL_NOW + timedelta(days=days, minutes=30 * rng.randint(0, 16))
            yield Departure(next(ids), tour.tour_id, tour.tour_title, iso(starts), seats, left, status)


def _bookings(
    rng: Random, travelers: list[str], departures: list[Departure], tours: dict[str, Tour]
) -> Iterator[Booking]:
    """One or two per traveler: the first on the departure that left, one cancelled, the others ahead."""
    holders = [*travelers, *rng.sample(travelers, len(travelers) // 2)]
    ahead = [d for d in departures if d.status != "called_off" and datetime.fromisoformat(d.starts_at) > LOGICAL_NOW]
    # What is taken of a departure is shared by its bookings; the rest was sold at the door.
    taken = {d.departure_id: d.seats - d.seats_left for d in departures}
    for rank, key in enumerate(BOOKING_IDS.scattered(rng, len(holders))):
        departure = departures[0] if rank == 0 else rng.choice([d for d in ahead if taken[d.departure_id] > 0])
        status: BookingStatus = "checked_in" if rank == 0 else "cancelled" if rank == 1 else "confirmed"
        size = rng.randint(1, max(1, min(4, taken[departure.departure_id])))
        if status == "confirmed":
            taken[departure.departure_id] -= size
        yield Booking(
            booking_id=key,
            customer_id=holders[rank],
            departure_id=departure.departure_id,
            tour_title=departure.tour_title,
            starts_at=departure.starts_at,
            party_size=size,
            amount=round(size * tours[departure.tour_id].seat_price, 2),
            diet=rng.choice(("none", "none", "vegetarian", "vegan")),
            status=status,
            updated_at=iso(ago(rng.uniform(2, 20))),
        )
