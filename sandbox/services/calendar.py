"""The calendar of a company: colleagues, events, rooms, and who is free when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, date_argument, reads, time_argument, writes
from .calendar_records import (
    EVENT_IDS,
    Attendee,
    Colleague,
    ColleagueId,
    Event,
    EventId,
    EventStatus,
    Room,
    RoomId,
    calendar_tables,
    workday,
)
from .errors import ToolError
from .families import iso
from .schema import Day, Moment, amounts, says

VERSION = "1"
LONGEST_EVENT = timedelta(hours=8)

_STARTS = ("2026-03-18T14:30:00Z", "2026-03-19T09:00:00Z", "2026-03-23T11:00:00Z", "2026-03-25T15:30:00Z")
_ENDS = ("2026-03-18T15:00:00Z", "2026-03-19T10:00:00Z", "2026-03-23T11:45:00Z", "2026-03-25T16:30:00Z")
_DAYS = ("2026-03-18", "2026-03-19", "2026-03-23", "2026-03-25")
_TITLES = ("Budget review", "Vendor demo", "Hiring panel debrief", "Newsletter planning")

OnDay: TypeAlias = Annotated[str, says("Calendar day, for example 2026-03-18", examples=_DAYS, kind="date")]
StartTime: TypeAlias = Annotated[
    str, says("Start time, for example 2026-03-18T14:30:00Z", examples=_STARTS, kind="date-time")
]
EndTime: TypeAlias = Annotated[
    str, says("End time, for example 2026-03-18T15:00:00Z", examples=_ENDS, kind="date-time")
]

POLICY = (
    "Events lie in the future and last eight hours at most. Nobody is in two events at once, a room holds one event "
    "at a time and a seat for everyone, and the organizer stays."
)


def calendar() -> Service:
    """The calendar service."""
    return Service("calendar", VERSION, domain="calendar", sector="productivity", desk=CalendarDesk, policy=POLICY)


class EventLine(msgspec.Struct, frozen=True):
    """An event as a list shows it."""

    event_id: EventId
    title: str
    starts_at: Moment
    ends_at: Moment
    status: EventStatus


class EventList(msgspec.Struct, frozen=True):
    """Events, the earliest first."""

    events: list[EventLine]
    total: int


class FreeSlot(msgspec.Struct, frozen=True):
    """A span of at least half an hour without events."""

    starts_at: Moment
    ends_at: Moment


class Availability(msgspec.Struct, frozen=True):
    """When a colleague is free on a day, within working hours."""

    colleague_id: ColleagueId
    date: Day
    free_slots: list[FreeSlot]
    total: int


class RoomList(msgspec.Struct, frozen=True):
    """Meeting rooms, the smallest first."""

    rooms: list[Room]
    total: int


class CalendarDesk(Desk):
    """One world of the calendar service."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = calendar_tables(world)
        self.colleagues = self.table("colleagues", "colleague", initial.colleagues)
        self.rooms = self.table("rooms", "room", initial.rooms)
        self.events = self.table("events", "event", initial.events)

    @reads
    def find_colleague(self, name: Annotated[str, says("Full name, for example Robin Sample")]) -> Colleague:
        """Find a colleague by full name."""
        wanted = " ".join(name.casefold().split())
        for colleague in self.colleagues.all():
            if colleague.name.casefold() == wanted:
                return colleague
        raise ToolError("not_found", f"no colleague is called {name}")

    @reads
    def list_events(
        self,
        colleague_id: ColleagueId,
        date: OnDay | None = None,
        status: Annotated[EventStatus | None, says("Event status, for example confirmed")] = None,
    ) -> EventList:
        """Show what is in the calendar of a colleague. A day or a status narrows the list."""
        self.colleagues.need(colleague_id)
        day = "" if date is None else iso(date_argument("date", date))[:10]
        lines = [
            EventLine(e.event_id, e.title, e.starts_at, e.ends_at, e.status)
            for e in self.events.all()
            if e.involves(colleague_id) and e.starts_at.startswith(day) and status in (None, e.status)
        ]
        lines.sort(key=lambda line: line.starts_at)
        return EventList(lines, len(lines))

    @reads
    def get_event(self, event_id: EventId) -> Event:
        """Open the details of a calendar event."""
        return self.events.need(event_id)

    @reads
    def check_availability(self, colleague_id: ColleagueId, date: OnDay) -> Availability:
        """See when a colleague is free on a certain day. Working hours are 09:00 to 17:00 UTC, Monday to Friday."""
        self.colleagues.need(colleague_id)
        midnight = date_argument("date", date)
        slots: list[FreeSlot] = []
        hours = workday(midnight)
        if hours is not None:
            cursor, closes = iso(hours[0]), iso(hours[1])
            busy = [e for e in self.events.all() if e.involves(colleague_id) and e.overlaps(cursor, closes)]
            for event in sorted(busy, key=lambda e: e.starts_at):
                slots.append(FreeSlot(cursor, min(event.starts_at, closes)))
                cursor = max(cursor, event.ends_at)
            slots.append(FreeSlot(cursor, closes))
        long_enough = [slot for slot in slots if _length(slot) >= timedelta(minutes=30)]
        return Availability(colleague_id, iso(midnight)[:10], long_enough, len(long_enough))

    @writes
    def create_event(
        self,
        colleague_id: ColleagueId,
        title: Annotated[
            str, says("Event title, for example Budget review", examples=_TITLES, min_length=1, max_length=120)
        ],
        starts_at: StartTime,
        ends_at: EndTime,
    ) -> Event:
        """Schedule a new event for a colleague. It lasts eight hours at most and must not clash with another one."""
        host = self.colleagues.need(colleague_id)
        organizer = Attendee(host.colleague_id, host.name)
        starts, ends = self._span(starts_at, ends_at)
        self._nobody_busy([organizer], starts, ends)
        event_id = EVENT_IDS.following(self.events.keys())
        event = Event(
            event_id=event_id,
            title=title,
            status="confirmed",
            starts_at=starts,
            ends_at=ends,
            organizer=organizer,
            attendees=(organizer,),
            room_id=None,
            notes="",
            updated_at=self.stamp(),
        )
        return self.events.put(event_id, event)

    @writes
    def reschedule_event(self, event_id: EventId, starts_at: StartTime, ends_at: EndTime | None = None) -> Event:
        """Move a calendar event to another time. It keeps its length when no end is given."""
        event = self._upcoming(event_id)
        if ends_at is None:
            length = datetime.fromisoformat(event.ends_at) - datetime.fromisoformat(event.starts_at)
            ends_at = iso(time_argument("starts_at", starts_at) + length)
        starts, ends = self._span(starts_at, ends_at)
        if (starts, ends) == (event.starts_at, event.ends_at):
            raise ToolError("conflict", f"event {event_id} is already at that time")
        self._nobody_busy(event.attendees, starts, ends, apart_from=event_id)
        if event.room_id is not None:
            self._room_free(event.room_id, starts, ends, apart_from=event_id)
        return self.events.put(event_id, replace(event, starts_at=starts, ends_at=ends, updated_at=self.stamp()))

    @writes
    def cancel_event(self, event_id: EventId) -> Event:
        """Call off a calendar event that has not started."""
        event = self._upcoming(event_id)
        return self.events.put(event_id, replace(event, status="cancelled", updated_at=self.stamp()))

    @writes
    def add_attendee(self, event_id: EventId, colleague_id: ColleagueId) -> Event:
        """Invite a colleague to an event. The colleague must be free, and the room large enough."""
        event = self._upcoming(event_id)
        guest = self.colleagues.need(colleague_id)
        if event.involves(colleague_id):
            raise ToolError("conflict", f"colleague {colleague_id} already takes part in event {event_id}")
        attendees = (*event.attendees, Attendee(guest.colleague_id, guest.name))
        self._nobody_busy(attendees[-1:], event.starts_at, event.ends_at)
        if event.room_id is not None:
            _seats(self.rooms.need(event.room_id), len(attendees))
        return self.events.put(event_id, replace(event, attendees=attendees, updated_at=self.stamp()))

    @writes
    def remove_attendee(self, event_id: EventId, colleague_id: ColleagueId) -> Event:
        """Take a colleague off the guest list of an event. The organizer stays."""
        event = self._upcoming(event_id)
        self.colleagues.need(colleague_id)
        if not event.involves(colleague_id):
            raise ToolError("conflict", f"colleague {colleague_id} does not take part in event {event_id}")
        if event.organizer.colleague_id == colleague_id:
            raise ToolError("forbidden", f"colleague {colleague_id} organizes event {event_id} and cannot be removed")
        staying = tuple(attendee for attendee in event.attendees if attendee.colleague_id != colleague_id)
        return self.events.put(event_id, replace(event, attendees=staying, updated_at=self.stamp()))

    @reads
    def list_rooms(
        self, min_capacity: Annotated[int | None, amounts("Seats needed, for example 6", ge=1, le=100)] = None
    ) -> RoomList:
        """List the meeting rooms with their seats. A number of seats leaves out the smaller ones."""
        rooms = [room for room in self.rooms.all() if min_capacity is None or room.capacity >= min_capacity]
        return RoomList(rooms, len(rooms))

    @writes
    def book_room(self, event_id: EventId, room_id: RoomId) -> Event:
        """Reserve a meeting room for an event. The room must be free and have a seat for everyone."""
        event = self._upcoming(event_id)
        room = self.rooms.need(room_id)
        if event.room_id == room_id:
            raise ToolError("conflict", f"event {event_id} already has room {room_id}")
        _seats(room, len(event.attendees))
        self._room_free(room_id, event.starts_at, event.ends_at, apart_from=event_id)
        return self.events.put(event_id, replace(event, room_id=room_id, updated_at=self.stamp()))

    def _upcoming(self, event_id: str) -> Event:
        event = self.events.need(event_id)
        if event.status == "cancelled":
            raise ToolError("conflict", f"event {event_id} is cancelled")
        if event.starts_at <= iso(self.now):
            raise ToolError("conflict", f"event {event_id} has already started")
        return event

    def _span(self, starts_at: str, ends_at: str) -> tuple[str, str]:
        starts, ends = time_argument("starts_at", starts_at), time_argument("ends_at", ends_at)
        if ends <= starts:
            raise ToolError("invalid_argument", "ends_at: must be later than starts_at")
        if ends - starts > LONGEST_EVENT:
            raise ToolError("invalid_argument", "ends_at: an event lasts eight hours at most")
        if starts <= self.now:
            raise ToolError("invalid_argument", f"starts_at: must be in the future; it is now {iso(self.now)}")
        return iso(starts), iso(ends)

    def _nobody_busy(self, attendees: Iterable[Attendee], starts: str, ends: str, apart_from: str = "") -> None:
        others = [e for e in self.events.all() if e.event_id != apart_from and e.overlaps(starts, ends)]
        for attendee in attendees:
            clash = next((event for event in others if event.involves(attendee.colleague_id)), None)
            if clash is not None:
                raise ToolError("conflict", f"{attendee.name} is busy with event {clash.event_id} at that time")

    def _room_free(self, room_id: str, starts: str, ends: str, apart_from: str) -> None:
        for event in self.events.all():
            if event.event_id != apart_from and event.room_id == room_id and event.overlaps(starts, ends):
                raise ToolError("conflict", f"room {room_id} is taken by event {event.event_id} at that time")


def _seats(room: Room, heads: int) -> None:
    if room.capacity < heads:
        raise ToolError("conflict", f"room {room.room_id} has {room.capacity} seats for {heads} people")


def _length(slot: FreeSlot) -> timedelta:
    return datetime.fromisoformat(slot.ends_at) - datetime.fromisoformat(slot.starts_at)
