"""The support desk: what its tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.calendar import calendar
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.sandbox.services.orders import orders
from tdscaling.sandbox.services.tickets import tickets
from tdscaling.tests.sandbox.desk import ask, refusal, some

COMPLAINT = {"subject": "Handle came off", "body": "It broke on the second day.", "topic": "product"}


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return tickets().open_nowait(23)


def test_a_caller_is_identified_by_phone_number_however_it_is_written(world: ServiceWorld) -> None:
    """Only the digits count; an unknown number is not found."""
    requester = some(world, "requesters")
    spoken = requester["phone_number"].replace("-", " ")
    assert ask(world, "find_requester", phone_number=spoken) == requester
    assert refusal(world, "find_requester", phone_number="+1-212-555-0199")[0] == "not_found"
    assert refusal(world, "find_requester", phone_number="")[0] == "not_found"


def test_a_requester_leads_to_tickets_and_each_to_its_details(world: ServiceWorld) -> None:
    """find_requester → list_tickets → get_ticket chains through ids; a status narrows the list."""
    remark = some(world, "comments")
    ticket = world.tables()["tickets"][remark["ticket_id"]]
    listed = ask(world, "list_tickets", customer_id=ticket["customer_id"])
    assert listed["total"] == len(listed["tickets"])
    assert ticket["ticket_id"] in [line["ticket_id"] for line in listed["tickets"]]
    details = ask(world, "get_ticket", ticket_id=ticket["ticket_id"])
    assert remark["text"] in [comment["text"] for comment in details["comments"]]
    narrowed = ask(world, "list_tickets", customer_id=ticket["customer_id"], status=ticket["status"])["tickets"]
    assert {line["status"] for line in narrowed} == {ticket["status"]}


def test_a_new_ticket_is_open_and_has_the_next_number(world: ServiceWorld) -> None:
    """It can be read at once, with or without an order."""
    customer_id = some(world, "requesters")["customer_id"]
    last = max(world.tables()["tickets"])
    ticket = ask(world, "create_ticket", customer_id=customer_id, order_id="ORD-20500", **COMPLAINT)
    assert int(ticket["ticket_id"][5:]) == int(last[5:]) + 1
    assert (ticket["status"], ticket["priority"], ticket["order_id"]) == ("open", "normal", "ORD-20500")
    assert ask(world, "get_ticket", ticket_id=ticket["ticket_id"]) == {**ticket, "comments": []}
    assert ask(world, "create_ticket", customer_id=customer_id, **COMPLAINT)["order_id"] is None


def test_an_order_number_must_look_like_one(world: ServiceWorld) -> None:
    """The shape is checked, and the field named."""
    customer_id = some(world, "requesters")["customer_id"]
    code, message = refusal(world, "create_ticket", customer_id=customer_id, order_id="20500", **COMPLAINT)
    assert (code, message[:10]) == ("invalid_argument", "order_id: ")
    ticket_id = some(world, "tickets", status="open")["ticket_id"]
    assert refusal(world, "link_order", ticket_id=ticket_id, order_id="ORD-x")[0] == "invalid_argument"


def test_a_remark_stands_in_the_ticket(world: ServiceWorld) -> None:
    """It is public unless said otherwise, and moves the ticket's time."""
    ticket_id = some(world, "tickets", status="pending")["ticket_id"]
    remark = ask(world, "add_comment", ticket_id=ticket_id, text="Called back.")
    assert remark["visibility"] == "public"
    details = ask(world, "get_ticket", ticket_id=ticket_id)
    assert details["comments"][-1]["comment_id"] == remark["comment_id"]
    assert details["updated_at"] == remark["created_at"] == "2026-03-16T09:01:00Z"


def test_a_ticket_is_assigned_to_an_agent_on_duty(world: ServiceWorld) -> None:
    """The agent stands in the ticket and carries one more; the same agent again is a conflict."""
    ticket_id = some(world, "tickets", status="open")["ticket_id"]
    agent = some(world, "agents", status="on_duty")
    pair = {"ticket_id": ticket_id, "colleague_id": agent["colleague_id"]}

    def load() -> list[int]:
        lines = ask(world, "list_agents", team=agent["team"])["agents"]
        return [line["open_tickets"] for line in lines if line["colleague_id"] == agent["colleague_id"]]

    before = load()
    ask(world, "assign_ticket", **pair)
    assert ask(world, "get_ticket", ticket_id=ticket_id)["agent_name"] == agent["name"]
    assert load() == [before[0] + 1]
    assert refusal(world, "assign_ticket", **pair)[0] == "conflict"


def test_only_agents_who_are_there_get_tickets(world: ServiceWorld) -> None:
    """Away is a conflict, another department forbidden, a stranger not found."""
    ticket_id = some(world, "tickets", status="open")["ticket_id"]
    away = some(world, "agents", status="away")["colleague_id"]
    colleagues = calendar().open_nowait(23).tables()["colleagues"].values()
    engineer = next(c["colleague_id"] for c in colleagues if c["department"] != "support")
    for colleague_id, code in ((away, "conflict"), (engineer, "forbidden"), ("emp-0000", "not_found")):
        assert refusal(world, "assign_ticket", ticket_id=ticket_id, colleague_id=colleague_id)[0] == code


def test_a_priority_is_changed_to_another_one(world: ServiceWorld) -> None:
    """Setting what is set already is a conflict."""
    ticket = some(world, "tickets", status="open")
    other = "low" if ticket["priority"] != "low" else "high"
    ask(world, "set_ticket_priority", ticket_id=ticket["ticket_id"], priority=other)
    assert ask(world, "get_ticket", ticket_id=ticket["ticket_id"])["priority"] == other
    assert refusal(world, "set_ticket_priority", ticket_id=ticket["ticket_id"], priority=other)[0] == "conflict"


@pytest.mark.parametrize(
    ("tool", "needs"),
    [
        ("add_comment", {"text": "Hello?"}),
        ("assign_ticket", {"colleague_id": "emp-0000"}),
        ("set_ticket_priority", {"priority": "urgent"}),
        ("close_ticket", {"resolution": "fixed"}),
        ("link_order", {"order_id": "ORD-20500"}),
    ],
)
def test_a_closed_ticket_takes_no_changes(world: ServiceWorld, tool: str, needs: dict[str, str]) -> None:
    """Everything but reopening conflicts."""
    ticket_id = some(world, "tickets", status="closed")["ticket_id"]
    assert refusal(world, tool, ticket_id=ticket_id, **needs) == ("conflict", f"ticket {ticket_id} is closed")


def test_a_ticket_is_closed_and_opened_again(world: ServiceWorld) -> None:
    """Closing keeps the resolution, reopening drops it; an open ticket cannot be reopened."""
    ticket_id = some(world, "tickets", status="pending")["ticket_id"]
    assert refusal(world, "reopen_ticket", ticket_id=ticket_id)[0] == "conflict"
    ask(world, "close_ticket", ticket_id=ticket_id, resolution="duplicate")
    closed = ask(world, "get_ticket", ticket_id=ticket_id)
    assert (closed["status"], closed["resolution"]) == ("closed", "duplicate")
    reopened = ask(world, "reopen_ticket", ticket_id=ticket_id)
    assert (reopened["status"], reopened["resolution"], reopened["closed_at"]) == ("open", None, None)


def test_a_ticket_closed_long_ago_stays_closed(world: ServiceWorld) -> None:
    """The window of fourteen days is a rule, not a clash."""
    closed = [t for t in world.tables()["tickets"].values() if t["status"] == "closed"]
    oldest = min(closed, key=lambda ticket: ticket["closed_at"])
    assert refusal(world, "reopen_ticket", ticket_id=oldest["ticket_id"])[0] == "forbidden"


def test_an_order_is_attached_once(world: ServiceWorld) -> None:
    """The order stands in the ticket; the same one again is a conflict."""
    pair = {"ticket_id": some(world, "tickets", status="open")["ticket_id"], "order_id": "ORD-20500"}
    ask(world, "link_order", **pair)
    assert ask(world, "get_ticket", ticket_id=pair["ticket_id"])["order_id"] == "ORD-20500"
    assert refusal(world, "link_order", **pair)[0] == "conflict"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_tickets", {"customer_id": "CUS-0000"}),
        ("create_ticket", {"customer_id": "CUS-0000", **COMPLAINT}),
        ("get_ticket", {"ticket_id": "#TCK-0"}),
        ("add_comment", {"ticket_id": "#TCK-0", "text": "x"}),
        ("assign_ticket", {"ticket_id": "#TCK-0", "colleague_id": "emp-0000"}),
        ("set_ticket_priority", {"ticket_id": "#TCK-0", "priority": "low"}),
        ("close_ticket", {"ticket_id": "#TCK-0", "resolution": "fixed"}),
        ("reopen_ticket", {"ticket_id": "#TCK-0"}),
        ("link_order", {"ticket_id": "#TCK-0", "order_id": "ORD-20500"}),
    ],
)
def test_unknown_numbers_are_not_found(world: ServiceWorld, tool: str, arguments: dict[str, object]) -> None:
    """Every tool that takes a number says which one it does not know."""
    assert refusal(world, tool, **arguments)[0] == "not_found"


def test_every_world_tells_one_story_across_services() -> None:
    """Requesters are customers, agents are colleagues, and a ticket's order is the requester's own and older."""
    shop, desk, diary = orders(), tickets(), calendar()
    for seed in range(WORLDS):
        sold, told, known = (service.open_nowait(seed).tables() for service in (shop, desk, diary))
        for customer_id, requester in told["requesters"].items():
            assert requester.items() <= sold["customers"][customer_id].items()
        for colleague_id, agent in told["agents"].items():
            assert agent["name"] == known["colleagues"][colleague_id]["name"]
            assert known["colleagues"][colleague_id]["department"] == "support"
        linked = [ticket for ticket in told["tickets"].values() if ticket["order_id"] is not None]
        assert linked
        for ticket in linked:
            order = sold["orders"][ticket["order_id"]]
            assert order["customer_id"] == ticket["customer_id"]
            assert order["placed_at"] < ticket["created_at"]


def test_every_world_has_tickets_to_work_on_and_one_that_is_past() -> None:
    """Eight of twelve are not closed; of the closed ones the oldest alone is beyond the reopening window."""
    service = tickets()
    for seed in range(WORLDS):
        world = service.open_nowait(seed)
        held = world.tables()["tickets"]
        closed = [ticket["ticket_id"] for ticket in held.values() if ticket["status"] == "closed"]
        assert (len(held), len(closed)) == (12, 4)
        assert list(held) == sorted(held, key=lambda key: held[key]["created_at"])
        refused = [key for key in closed if world.call_nowait("reopen_ticket", {"ticket_id": key}).is_error]
        assert refused == closed[:1]
