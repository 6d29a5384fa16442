"""The records of the calendar service, and the tables that a world of it starts with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .families import BASE36, LOGICAL_NOW, WORLDS, IdFormat, ago, iso
from .people import ColleaguePerson, Department, people
from .schema import Moment, says
from .texts import EVENT_NOTES, EVENT_TITLES
from .vocabulary import ROOMS

EVENT_IDS = IdFormat("evt_", 5, BASE36)
ROOM_IDS = IdFormat("RM-", 3)

ColleagueId: TypeAlias = Annotated[str, says("Colleague number, for example emp-7301")]
EventId: TypeAlias = Annotated[str, says("Event number, for example evt_x7k2q")]
RoomId: TypeAlias = Annotated[str, says("Room number, for example RM-620")]

EventStatus: TypeAlias = Literal["confirmed", "tentative", "cancelled"]

OPENS, CLOSES = 9, 17
"""Working hours, UTC, Monday to Friday."""

# Days from the Monday of LOGICAL_NOW. Eight of the twelve events lie ahead and still stand.
_LAST_WEEK, _AHEAD = range(-7, -2), range(1, 12)
_PLAN: tuple[tuple[int, EventStatus, range], ...] = (
    (2, "confirmed", _LAST_WEEK),
    (2, "cancelled", _AHEAD),
    (2, "tentative", _AHEAD),
    (6, "confirmed", _AHEAD),
)
"""How many events of a status fall on which days."""


class Colleague(msgspec.Struct, frozen=True):
    """Someone with a calendar."""

    colleague_id: ColleagueId
    name: str
    email: str
    department: Department


class Room(msgspec.Struct, frozen=True):
    """A room for meetings."""

    room_id: RoomId
    name: str
    capacity: int
    """Seats."""
    floor: int


class Attendee(msgspec.Struct, frozen=True):
    """Someone who takes part in an event."""

    colleague_id: ColleagueId
    name: str


class Event(msgspec.Struct, frozen=True):
    """A calendar event."""

    event_id: EventId
    title: str
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    organizer: Attendee
    attendees: tuple[Attendee, ...]
    """The organizer first."""
    room_id: RoomId | None
    notes: str
    updated_at: Moment

    def overlaps(self, starts_at: str, ends_at: str) -> bool:
        """True when it stands and shares time with the span; ISO times in UTC compare as text."""
        return self.status != "cancelled" and self.starts_at < ends_at and starts_at < self.ends_at

    def involves(self, colleague_id: str) -> bool:
        """True when the colleague takes part."""
        return any(attendee.colleague_id == colleague_id for attendee in self.attendees)


class CalendarTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    colleagues: dict[str, Colleague]
    rooms: dict[str, Room]
    events: dict[str, Event]


@lru_cache(maxsize=WORLDS)
def calendar_tables(world: int) -> CalendarTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"calendar/{world}")
    staff = people(world).colleagues
    colleagues = {p.colleague_id: Colleague(p.colleague_id, p.name, p.email, p.department) for p in staff}
    rooms = {room.room_id: room for room in _rooms(rng)}
    events = sorted(_events(rng, staff, list(rooms.values())), key=lambda event: event.starts_at)
    return CalendarTables(colleagues, rooms, {event.event_id: event for event in events})


def _rooms(rng: Random) -> Iterator[Room]:
    names = rng.sample(ROOMS, 5)
    ids = [ROOM_IDS.text(floor * 100 + rng.randint(1, 19)) for floor in range(1, 6)]
    for room_id, name, capacity in zip(ids, names, (2, 4, 6, 10, 16), strict=True):
        yield Room(room_id, name, capacity, int(room_id[3]))


def _events(rng: Random, staff: tuple[ColleaguePerson, ...], rooms: list[Room]) -> list[Event]:
    """Events without double bookings; every colleague takes part in some."""
    plan: list[tuple[EventStatus, range]] = [(status, days) for count, status, days in _PLAN for _ in range(count)]
    titles = rng.sample(EVENT_TITLES, len(plan))
    hosts = [staff[n % len(staff)] for n in range(len(plan))]
    rng.shuffle(hosts)
    events: list[Event] = []
    ids = EVENT_IDS.scattered(rng, len(plan))
    for event_id, title, host, (status, days) in zip(ids, titles, hosts, plan, strict=True):
        guests = rng.sample([p for p in staff if p is not host], rng.choice((1, 1, 2, 3)))
        attendees = tuple(Attendee(p.colleague_id, p.name) for p in (host, *guests))
        starts, ends = _free_span(rng, days, attendees, events)
        fitting = [r.room_id for r in rooms if r.capacity >= len(attendees) and not _taken(r, events, starts, ends)]
        event = Event(
            event_id=event_id,
            title=title,
            status=status,
            starts_at=starts,
            ends_at=ends,
            organizer=attendees[0],
            attendees=attendees,
            room_id=rng.choice(fitting) if rng.random() < 0.5 else None,
            notes=rng.choice(EVENT_NOTES),
            updated_at=iso(ago(rng.uniform(8, 12))),
        )
        events.append(event)
    return events


def _free_span(rng: Random, days: range, attendees: Iterable[Attendee], events: list[Event]) -> tuple[str, str]:
    """A span within working hours in which nobody has another event, not even a cancelled one."""
    while True:
        day = LOGICAL_NOW + timedelta(days=rng.choice(days))
        if day.weekday() >= 5:
            continue
        half_hours = rng.choice((1, 2, 2, 3))
        starts = day.replace(hour=OPENS) + timedelta(minutes=30 * rng.randint(0, 2 * (CLOSES - OPENS) - half_hours))
        span = iso(starts), iso(starts + timedelta(minutes=30 * half_hours))
        near = [event for event in events if event.starts_at < span[1] and span[0] < event.ends_at]
        if not any(event.involves(attendee.colleague_id) for event in near for attendee in attendees):
            return span


def _taken(room: Room, events: list[Event], starts: str, ends: str) -> bool:
    return any(event.room_id == room.room_id and event.overlaps(starts, ends) for event in events)


def workday(midnight: datetime) -> tuple[datetime, datetime] | None:
    """When work begins and ends on a day, None on a weekend."""
    if midnight.weekday() >= 5:
        return None
    return midnight.replace(hour=OPENS), midnight.replace(hour=CLOSES)
