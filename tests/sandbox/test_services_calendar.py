"""The calendar: what its tools do and what they refuse."""

from __future__ import annotations

from itertools import combinations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.calendar import calendar
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.tests.sandbox.desk import Record, ask, refusal

FREE = {"starts_at": "2026-05-05T10:00:00Z", "ends_at": "2026-05-05T11:00:00Z"}
"""A span after every initial event."""


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return calendar().open_nowait(11)


def upcoming(world: ServiceWorld) -> Record:
    """An event that lies ahead and stands."""
    found: list[Record] = [e for e in world.tables()["events"].values() if e["status"] == "confirmed"]
    return found[-1]


def staff(world: ServiceWorld) -> list[str]:
    """Everybody's number."""
    return list(world.tables()["colleagues"])


def outsider(world: ServiceWorld, event: Record) -> str:
    """Somebody who does not take part."""
    return next(c for c in staff(world) if c not in [a["colleague_id"] for a in event["attendees"]])


def test_a_colleague_is_found_by_full_name_in_any_case(world: ServiceWorld) -> None:
    """Case and doubled blanks do not matter; part of a name is not enough."""
    colleague = world.tables()["colleagues"][staff(world)[0]]
    assert ask(world, "find_colleague", name=colleague["name"].upper().replace(" ", "  ")) == colleague
    assert refusal(world, "find_colleague", name=colleague["name"].split()[0])[0] == "not_found"


def test_a_colleague_leads_to_events_and_each_to_its_details(world: ServiceWorld) -> None:
    """find_colleague → list_events → get_event chains through ids, the earliest event first."""
    for colleague_id in staff(world):
        listed = ask(world, "list_events", colleague_id=colleague_id)
        assert listed["total"] == len(listed["events"]) > 0
        assert [line["starts_at"] for line in listed["events"]] == sorted(
            line["starts_at"] for line in listed["events"]
        )
        event = ask(world, "get_event", event_id=listed["events"][0]["event_id"])
        assert colleague_id in [attendee["colleague_id"] for attendee in event["attendees"]]


def test_a_day_and_a_status_narrow_the_list_of_events(world: ServiceWorld) -> None:
    """Only events of that day and status are shown."""
    event = upcoming(world)
    day, host = event["starts_at"][:10], event["organizer"]["colleague_id"]
    lines = ask(world, "list_events", colleague_id=host, date=day, status="confirmed")["events"]
    assert event["event_id"] in [line["event_id"] for line in lines]
    assert {(line["starts_at"][:10], line["status"]) for line in lines} == {(day, "confirmed")}
    assert ask(world, "list_events", colleague_id=host, date="2026-12-24")["total"] == 0


def test_a_free_slot_can_be_booked_and_is_then_gone(world: ServiceWorld) -> None:
    """check_availability → create_event → check_availability agree."""
    colleague_id = staff(world)[0]
    slot = ask(world, "check_availability", colleague_id=colleague_id, date="2026-03-18")["free_slots"][0]
    event = ask(world, "create_event", colleague_id=colleague_id, title="Focus time", **slot)
    assert event["status"] == "confirmed"
    assert ask(world, "get_event", event_id=event["event_id"]) == event
    left = ask(world, "check_availability", colleague_id=colleague_id, date="2026-03-18")["free_slots"]
    assert slot not in left


def test_availability_leaves_out_what_is_busy(world: ServiceWorld) -> None:
    """No free slot shares time with an event of the colleague; a weekend has none at all."""
    event = upcoming(world)
    day, host = event["starts_at"][:10], event["organizer"]["colleague_id"]
    for slot in ask(world, "check_availability", colleague_id=host, date=day)["free_slots"]:
        assert slot["ends_at"] <= event["starts_at"] or slot["starts_at"] >= event["ends_at"]
    assert ask(world, "check_availability", colleague_id=host, date="2026-03-21")["total"] == 0


def test_an_early_event_shortens_the_working_day(world: ServiceWorld) -> None:
    """What begins before working hours takes the first slot's start away."""
    colleague_id = staff(world)[0]
    ask(
        world,
        "create_event",
        colleague_id=colleague_id,
        title="Early call",
        starts_at="2026-05-05T07:00:00Z",
        ends_at="2026-05-05T10:00:00Z",
    )
    slots = ask(world, "check_availability", colleague_id=colleague_id, date="2026-05-05")["free_slots"]
    assert slots == [{"starts_at": "2026-05-05T10:00:00Z", "ends_at": "2026-05-05T17:00:00Z"}]


@pytest.mark.parametrize(
    ("span", "field"),
    [
        ({"starts_at": "2026-05-05T10:00:00Z", "ends_at": "2026-05-05T10:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-05-05T10:00:00Z", "ends_at": "2026-05-05T09:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-05-05T10:00:00Z", "ends_at": "2026-05-05T18:30:00Z"}, "ends_at"),
        ({"starts_at": "2026-03-16T08:00:00Z", "ends_at": "2026-03-16T08:30:00Z"}, "starts_at"),
        ({"starts_at": "next Tuesday", "ends_at": "2026-05-05T09:00:00Z"}, "starts_at"),
    ],
)
def test_an_impossible_span_is_refused(world: ServiceWorld, span: dict[str, str], field: str) -> None:
    """An event ends after it starts, lasts eight hours at most, and lies ahead."""
    code, message = refusal(world, "create_event", colleague_id=staff(world)[0], title="Odd", **span)
    assert code == "invalid_argument"
    assert message.startswith(f"{field}: ")
    assert refusal(world, "reschedule_event", event_id=upcoming(world)["event_id"], **span)[0] == "invalid_argument"


def test_a_day_that_is_none_is_refused(world: ServiceWorld) -> None:
    """Both tools that take a day name the field."""
    for tool in ("check_availability", "list_events"):
        code, message = refusal(world, tool, colleague_id=staff(world)[0], date="2026-02-30")
        assert (code, message[:6]) == ("invalid_argument", "date: ")


def test_nobody_is_booked_twice(world: ServiceWorld) -> None:
    """Creating, moving and inviting into a busy span conflict; the span's edge does not."""
    event = upcoming(world)
    host = event["organizer"]["colleague_id"]
    span = {"starts_at": event["starts_at"], "ends_at": event["ends_at"]}
    assert refusal(world, "create_event", colleague_id=host, title="Clash", **span)[0] == "conflict"
    other = ask(world, "create_event", colleague_id=host, title="Later", **FREE)
    assert refusal(world, "reschedule_event", event_id=other["event_id"], **span)[0] == "conflict"
    guest = outsider(world, event)
    ask(world, "create_event", colleague_id=guest, title="Elsewhere", **span)
    assert refusal(world, "add_attendee", event_id=event["event_id"], colleague_id=guest)[0] == "conflict"
    right_after = {"starts_at": FREE["ends_at"], "ends_at": "2026-05-05T12:00:00Z"}
    ask(world, "create_event", colleague_id=host, title="Adjacent", **right_after)


def test_a_moved_event_keeps_its_length_when_no_end_is_given(world: ServiceWorld) -> None:
    """Moving shows in get_event; the same time again is a conflict."""
    event = upcoming(world)
    ask(world, "reschedule_event", event_id=event["event_id"], **FREE)
    moved = ask(world, "reschedule_event", event_id=event["event_id"], starts_at="2026-05-06T08:00:00+02:00")
    assert (moved["starts_at"], moved["ends_at"]) == ("2026-05-06T06:00:00Z", "2026-05-06T07:00:00Z")
    assert ask(world, "get_event", event_id=event["event_id"]) == moved
    again = {"event_id": event["event_id"], "starts_at": moved["starts_at"]}
    assert refusal(world, "reschedule_event", **again)[0] == "conflict"


def test_an_event_is_not_in_its_own_way(world: ServiceWorld) -> None:
    """It can be moved to a time that overlaps its old one, and its room moves with it."""
    event_id = ask(world, "create_event", colleague_id=staff(world)[0], title="Shift", **FREE)["event_id"]
    room_id = ask(world, "list_rooms")["rooms"][0]["room_id"]
    ask(world, "book_room", event_id=event_id, room_id=room_id)
    moved = ask(world, "reschedule_event", event_id=event_id, starts_at="2026-05-05T10:30:00Z")
    assert (moved["starts_at"], moved["room_id"]) == ("2026-05-05T10:30:00Z", room_id)


@pytest.mark.parametrize("which", ["cancelled", "past"])
@pytest.mark.parametrize(
    ("tool", "needs"),
    [
        ("reschedule_event", FREE),
        ("cancel_event", {}),
        ("add_attendee", {"colleague_id": "emp-0000"}),
        ("remove_attendee", {"colleague_id": "emp-0000"}),
        ("book_room", {"room_id": "RM-000"}),
    ],
)
def test_events_that_are_over_or_off_stay_as_they_are(
    world: ServiceWorld, which: str, tool: str, needs: dict[str, str]
) -> None:
    """Every change of such an event is a conflict."""
    events = world.tables()["events"].values()
    event = next(
        e for e in events if (e["status"] == "cancelled" if which == "cancelled" else e["starts_at"] < "2026-03-16")
    )
    assert refusal(world, tool, event_id=event["event_id"], **needs)[0] == "conflict"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_events", {"colleague_id": "emp-0000"}),
        ("check_availability", {"colleague_id": "emp-0000", "date": "2026-03-18"}),
        ("create_event", {"colleague_id": "emp-0000", "title": "x", **FREE}),
        ("get_event", {"event_id": "evt_0"}),
        ("reschedule_event", {"event_id": "evt_0", **FREE}),
        ("cancel_event", {"event_id": "evt_0"}),
        ("add_attendee", {"event_id": "evt_0", "colleague_id": "emp-0000"}),
        ("remove_attendee", {"event_id": "evt_0", "colleague_id": "emp-0000"}),
        ("book_room", {"event_id": "evt_0", "room_id": "RM-000"}),
    ],
)
def test_unknown_numbers_are_not_found(world: ServiceWorld, tool: str, arguments: dict[str, object]) -> None:
    """Every tool that takes a number says which one it does not know."""
    assert refusal(world, tool, **arguments)[0] == "not_found"


def test_a_cancelled_event_frees_its_people(world: ServiceWorld) -> None:
    """Its time can be used again."""
    event = upcoming(world)
    assert ask(world, "cancel_event", event_id=event["event_id"])["status"] == "cancelled"
    assert ask(world, "get_event", event_id=event["event_id"])["status"] == "cancelled"
    span = {"starts_at": event["starts_at"], "ends_at": event["ends_at"]}
    ask(world, "create_event", colleague_id=event["organizer"]["colleague_id"], title="Instead", **span)


def test_attendees_come_and_go(world: ServiceWorld) -> None:
    """Inviting twice and removing a stranger conflict; unknown people are not found; the organizer stays."""
    host = staff(world)[0]
    event_id = ask(world, "create_event", colleague_id=host, title="Open house", **FREE)["event_id"]
    guest = staff(world)[1]
    pair = {"event_id": event_id, "colleague_id": guest}
    assert refusal(world, "remove_attendee", **pair)[0] == "conflict"
    ask(world, "add_attendee", **pair)
    assert len(ask(world, "get_event", event_id=event_id)["attendees"]) == 2
    assert refusal(world, "add_attendee", **pair)[0] == "conflict"
    ask(world, "remove_attendee", **pair)
    assert len(ask(world, "get_event", event_id=event_id)["attendees"]) == 1
    assert refusal(world, "remove_attendee", event_id=event_id, colleague_id=host)[0] == "forbidden"
    assert refusal(world, "add_attendee", event_id=event_id, colleague_id="emp-0000")[0] == "not_found"
    assert refusal(world, "remove_attendee", event_id=event_id, colleague_id="emp-0000")[0] == "not_found"


def test_a_room_is_booked_by_one_event_at_a_time(world: ServiceWorld) -> None:
    """A taken room conflicts, also when an event with a room moves; the same room again conflicts too."""
    room_id = ask(world, "list_rooms", min_capacity=10)["rooms"][0]["room_id"]
    first = ask(world, "create_event", colleague_id=staff(world)[0], title="One", **FREE)["event_id"]
    second = ask(world, "create_event", colleague_id=staff(world)[1], title="Two", **FREE)["event_id"]
    assert ask(world, "book_room", event_id=first, room_id=room_id)["room_id"] == room_id
    assert refusal(world, "book_room", event_id=first, room_id=room_id)[0] == "conflict"
    assert refusal(world, "book_room", event_id=second, room_id=room_id)[0] == "conflict"
    assert refusal(world, "book_room", event_id=second, room_id="RM-000")[0] == "not_found"
    ask(world, "reschedule_event", event_id=second, starts_at="2026-05-05T12:00:00Z")
    ask(world, "book_room", event_id=second, room_id=room_id)
    assert refusal(world, "reschedule_event", event_id=second, starts_at="2026-05-05T10:30:00Z")[0] == "conflict"


def test_a_room_must_seat_everyone(world: ServiceWorld) -> None:
    """A room too small cannot be booked, and a full one takes no more guests."""
    small = next(room for room in ask(world, "list_rooms")["rooms"] if room["capacity"] == 2)["room_id"]
    people = staff(world)
    event_id = ask(world, "create_event", colleague_id=people[0], title="Crowd", **FREE)["event_id"]
    ask(world, "add_attendee", event_id=event_id, colleague_id=people[1])
    ask(world, "book_room", event_id=event_id, room_id=small)
    assert refusal(world, "add_attendee", event_id=event_id, colleague_id=people[2])[0] == "conflict"
    big = ask(world, "list_rooms", min_capacity=16)["rooms"][0]["room_id"]
    ask(world, "book_room", event_id=event_id, room_id=big)
    ask(world, "add_attendee", event_id=event_id, colleague_id=people[2])
    assert refusal(world, "book_room", event_id=event_id, room_id=small)[0] == "conflict"


def test_no_world_starts_with_a_double_booking() -> None:
    """People and rooms are free of clashes, and eight of the twelve events can be changed."""
    service = calendar()
    for seed in range(WORLDS):
        events = list(service.open_nowait(seed).tables()["events"].values())
        standing = [event for event in events if event["status"] != "cancelled"]
        assert sum(event["starts_at"] > "2026-03-16T09" for event in standing) == 8
        for one, other in combinations(standing, 2):
            if one["starts_at"] < other["ends_at"] and other["starts_at"] < one["ends_at"]:
                assert one["room_id"] is None or one["room_id"] != other["room_id"]
                guests = {attendee["colleague_id"] for attendee in one["attendees"]}
                assert not guests & {attendee["colleague_id"] for attendee in other["attendees"]}
