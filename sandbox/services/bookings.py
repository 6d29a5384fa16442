"""The travel desk: guided tours, their departures, and the seats that travelers have booked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, reads, writes
from .booking_records import (
    BOOKING_IDS,
    Booking,
    BookingId,
    BookingStatus,
    Departure,
    DepartureId,
    DepartureStatus,
    Diet,
    Language,
    Tour,
    TourId,
    Traveler,
    booking_tables,
    seat_status,
)
from .errors import ToolError
from .families import iso
from .order_records import CustomerId
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .schema import Moment, amounts, says

VERSION = "1"
NOTICE = timedelta(hours=48)
"""How long before the start a booking can still be cancelled, except by gold members."""
BASIC_PARTY = 6
"""Seats that a traveler of the basic tier may book at once."""

POLICY = (
    "Bookings are cancelled until 48 hours before the start, by gold members until the start. Travelers of the basic "
    "tier book six seats at most. Seats are given as long as there are any; nobody is put on a waiting list."
)

PartySize: TypeAlias = Annotated[int, amounts("Party size, for example 2", ge=1, le=12)]


def bookings() -> Service:
    """The travel desk."""
    return Service("bookings", VERSION, domain="tour bookings", sector="travel", desk=BookingDesk, policy=POLICY)


class TourLine(msgspec.Struct, frozen=True):
    """A tour as a list shows it."""

    tour_id: TourId
    tour_title: str
    language: Language
    seat_price: float


class TourList(msgspec.Struct, frozen=True):
    """Tours in one city."""

    city: str
    tours: list[TourLine]
    total: int


class DepartureLine(msgspec.Struct, frozen=True):
    """A departure as a list shows it."""

    departure_id: DepartureId
    starts_at: Moment
    seats_left: int
    status: DepartureStatus


class DepartureList(msgspec.Struct, frozen=True):
    """Departures of one tour, the earliest first."""

    tour_id: TourId
    departures: list[DepartureLine]
    total: int
    """On all pages."""
    next_cursor: NextCursor


class BookingLine(msgspec.Struct, frozen=True):
    """A booking as a list shows it."""

    booking_id: BookingId
    tour_title: str
    starts_at: Moment
    party_size: int
    status: BookingStatus


class BookingList(msgspec.Struct, frozen=True):
    """Bookings of one traveler."""

    bookings: list[BookingLine]
    total: int


class BookingDesk(Desk):
    """One world of the travel desk."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = booking_tables(world)
        self.travelers = self.table("travelers", "traveler", initial.travelers)
        self.tours = self.table("tours", "tour", initial.tours)
        self.departures = self.table("departures", "departure", initial.departures)
        self.bookings = self.table("bookings", "booking", initial.bookings)

    @reads
    def get_traveler(self, customer_id: CustomerId) -> Traveler:
        """Check the loyalty tier of a traveler."""
        return self.travelers.need(customer_id)

    @reads
    def search_tours(self, city: Annotated[str, says("Tour city, for example Samplton", max_length=60)]) -> TourList:
        """Discover the guided tours in a city."""
        wanted = city.strip().casefold()
        found = [tour for tour in self.tours.all() if tour.city.casefold() == wanted]
        if not found:
            raise ToolError("not_found", f"there are no tours in {city}")
        lines = [TourLine(tour.tour_id, tour.tour_title, tour.language, tour.seat_price) for tour in found]
        return TourList(found[0].city, lines, len(lines))

    @reads
    def get_tour(self, tour_id: TourId) -> Tour:
        """Describe a guided tour with its length and price."""
        return self.tours.need(tour_id)

    @reads
    def list_departures(self, tour_id: TourId, limit: PageSize = PAGE, cursor: PageCursor = None) -> DepartureList:
        """List the departures of a tour."""
        self.tours.need(tour_id)
        found = [departure for departure in self.departures.all() if departure.tour_id == tour_id]
        page, following = page_of(found, lambda departure: departure.departure_id, limit, cursor)
        lines = [DepartureLine(d.departure_id, d.starts_at, d.seats_left, d.status) for d in page]
        return DepartureList(tour_id, lines, len(found), following)

    @reads
    def get_departure(self, departure_id: DepartureId) -> Departure:
        """See how many seats a departure has left."""
        return self.departures.need(departure_id)

    @reads
    def list_bookings(
        self,
        customer_id: CustomerId,
        status: Annotated[BookingStatus | None, says("Booking status, for example confirmed")] = None,
    ) -> BookingList:
        """List what a traveler has booked. A status narrows the list."""
        self.travelers.need(customer_id)
        lines = [
            BookingLine(b.booking_id, b.tour_title, b.starts_at, b.party_size, b.status)
            for b in self.bookings.all()
            if b.customer_id == customer_id and status in (None, b.status)
        ]
        return BookingList(lines, len(lines))

    @reads
    def get_booking(self, booking_id: BookingId) -> Booking:
        """Pull up a booking with its price."""
        return self.bookings.need(booking_id)

    @writes
    def book_seats(self, customer_id: CustomerId, departure_id: DepartureId, party_size: PartySize) -> Booking:
        """Reserve seats on a departure for a traveler."""
        traveler, departure = self.travelers.need(customer_id), self._bookable(departure_id)
        if traveler.loyalty_tier == "basic" and party_size > BASIC_PARTY:
            raise ToolError("forbidden", f"travelers of the basic tier book {BASIC_PARTY} seats at most")
        _enough(departure, party_size)
        price = self.tours.need(departure.tour_id).seat_price
        key = BOOKING_IDS.following(self.bookings.keys())
        self._seated(departure, -party_size)
        booking = Booking(
            booking_id=key,
            customer_id=customer_id,
            departure_id=departure_id,
            tour_title=departure.tour_title,
            starts_at=departure.starts_at,
            party_size=party_size,
            amount=round(party_size * price, 2),
            diet="none",
            status="confirmed",
            updated_at=self.stamp(),
        )
        return self.bookings.put(key, booking)

    @writes
    def change_party_size(self, booking_id: BookingId, party_size: PartySize) -> Booking:
        """Change how many people a booking is for."""
        booking = self._upcoming(booking_id)
        departure = self._bookable(booking.departure_id)
        if booking.party_size == party_size:
            raise ToolError("conflict", f"booking {booking_id} is already for {party_size}")
        if self.travelers.need(booking.customer_id).loyalty_tier == "basic" and party_size > BASIC_PARTY:
            raise ToolError("forbidden", f"travelers of the basic tier book {BASIC_PARTY} seats at most")
        _enough(departure, party_size - booking.party_size)
        self._seated(departure, booking.party_size - party_size)
        amount = round(party_size * self.tours.need(departure.tour_id).seat_price, 2)
        changed = replace(booking, party_size=party_size, amount=amount, updated_at=self.stamp())
        return self.bookings.put(booking_id, changed)

    @writes
    def rebook(self, booking_id: BookingId, departure_id: DepartureId) -> Booking:
        """Switch a booking to another departure. The price follows the tour."""
        booking, target = self._upcoming(booking_id), self._bookable(departure_id)
        if booking.departure_id == departure_id:
            raise ToolError("conflict", f"booking {booking_id} is already on departure {departure_id}")
        _enough(target, booking.party_size)
        self._seated(self.departures.need(booking.departure_id), booking.party_size)
        self._seated(target, -booking.party_size)
        moved = replace(
            booking,
            departure_id=departure_id,
            tour_title=target.tour_title,
            starts_at=target.starts_at,
            amount=round(booking.party_size * self.tours.need(target.tour_id).seat_price, 2),
            updated_at=self.stamp(),
        )
        return self.bookings.put(booking_id, moved)

    @writes
    def set_diet(
        self, booking_id: BookingId, diet: Annotated[Diet, says("Diet wish, for example vegetarian")]
    ) -> Booking:
        """Note the diet of the guests of a booking."""
        booking = self._upcoming(booking_id)
        if booking.diet == diet:
            raise ToolError("conflict", f"the diet of booking {booking_id} is already {diet}")
        return self.bookings.put(booking_id, replace(booking, diet=diet, updated_at=self.stamp()))

    @writes
    def cancel_booking(self, booking_id: BookingId) -> Booking:
        """Cancel what a traveler has booked. Possible until 48 hours before the start."""
        booking = self._upcoming(booking_id)
        tier = self.travelers.need(booking.customer_id).loyalty_tier
        if tier != "gold" and datetime.fromisoformat(booking.starts_at) - self.now < NOTICE:
            raise ToolError("forbidden", f"booking {booking_id} starts in less than 48 hours")
        self._seated(self.departures.need(booking.departure_id), booking.party_size)
        return self.bookings.put(booking_id, replace(booking, status="cancelled", updated_at=self.stamp()))

    def _bookable(self, departure_id: str) -> Departure:
        departure = self.departures.need(departure_id)
        if departure.status == "called_off":
            raise ToolError("conflict", f"departure {departure_id} is called off")
        if departure.starts_at <= iso(self.now):
            raise ToolError("conflict", f"departure {departure_id} has already left")
        return departure

    def _upcoming(self, booking_id: str) -> Booking:
        booking = self.bookings.need(booking_id)
        if booking.status != "confirmed":
            raise ToolError("conflict", f"booking {booking_id} is {booking.status}")
        return booking

    def _seated(self, departure: Departure, freed: int) -> None:
        left = departure.seats_left + freed
        status = departure.status if departure.status == "called_off" else seat_status(left)
        self.departures.put(departure.departure_id, replace(departure, seats_left=left, status=status))


def _enough(departure: Departure, seats: int) -> None:
    if departure.seats_left < seats:
        raise ToolError("conflict", f"departure {departure.departure_id} has {departure.seats_left} seats left")
