"""The records of the support desk, and the tables that a world of it starts with.

Requesters are the customers of the order service and tickets name its orders, so that a world holds one story.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .calendar_records import ColleagueId
from .catalogue import GOODS
from .families import LOGICAL_NOW, WORLDS, IdFormat, ago, iso
from .order_records import CustomerId, Order, OrderId, OrderStatus, OrderTables, order_tables
from .people import SUPPORTERS, CustomerPerson, people
from .schema import Moment, says
from .texts import COMMENTS, COMPLAINTS, TOPICS, Topic

TICKET_IDS = IdFormat("#TCK-", 5)
COMMENT_IDS = IdFormat("c-", 5)

TicketId: TypeAlias = Annotated[str, says("Ticket number, for example #TCK-00817")]

TicketStatus: TypeAlias = Literal["open", "pending", "closed"]
Priority: TypeAlias = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "normal", "high", "urgent")
"""As often as a new world draws them."""
Resolution: TypeAlias = Literal["fixed", "duplicate", "no_reply", "not_supported"]
Visibility: TypeAlias = Literal["public", "internal"]
Team: TypeAlias = Literal["logistics", "payments", "technical"]
TEAMS: tuple[Team, ...] = ("logistics", "payments", "technical")
DutyStatus: TypeAlias = Literal["on_duty", "away"]

REOPEN_WINDOW = timedelta(days=14)
"""How long after its closing a ticket can be opened again."""

# Eight of the twelve tickets can be worked on; one of the closed ones is too old to be opened again.
_STATUSES: dict[TicketStatus, int] = {"open": 4, "pending": 4, "closed": 4}
_FITTING: dict[Topic, tuple[OrderStatus, ...]] = {
    "delivery": ("shipped", "delivered"),
    "billing": ("pending", "processing", "shipped", "delivered"),
    "product": ("delivered",),
    "account": (),
}
_TICKETS_EACH = (1, 1, 1, 1, 2, 2, 2, 2)


class Requester(msgspec.Struct, frozen=True):
    """Someone who asks for help; the same person as the customer of that number."""

    customer_id: CustomerId
    name: str
    email: str
    phone_number: str
    company: str | None


class Agent(msgspec.Struct, frozen=True):
    """A colleague who answers tickets."""

    colleague_id: ColleagueId
    name: str
    team: Team
    status: DutyStatus


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A support ticket."""

    ticket_id: TicketId
    customer_id: CustomerId
    subject: str
    body: str
    topic: Topic
    status: TicketStatus
    priority: Priority
    order_id: OrderId | None = None
    """The order it is about, if any."""
    colleague_id: ColleagueId | None = None
    """The agent in charge, None until one is assigned."""
    agent_name: str | None = None
    resolution: Resolution | None = None
    created_at: Moment
    updated_at: Moment
    closed_at: Moment | None = None


class Comment(msgspec.Struct, frozen=True):
    """A remark on a ticket."""

    comment_id: str
    ticket_id: TicketId
    visibility: Visibility
    text: str
    created_at: Moment


class TicketTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    requesters: dict[str, Requester]
    agents: dict[str, Agent]
    tickets: dict[str, Ticket]
    comments: dict[str, Comment]


@lru_cache(maxsize=WORLDS)
def ticket_tables(world: int) -> TicketTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"tickets/{world}")
    crowd = people(world)
    requesters = {
        p.customer_id: Requester(p.customer_id, p.name, p.email, p.phone_number, p.company) for p in crowd.customers
    }
    away = rng.randrange(SUPPORTERS)
    agents = {
        p.colleague_id: Agent(p.colleague_id, p.name, TEAMS[rank % len(TEAMS)], "away" if rank == away else "on_duty")
        for rank, p in enumerate(crowd.colleagues[:SUPPORTERS])
    }
    tickets = _tickets(rng, crowd.customers, list(agents.values()), order_tables(world))
    return TicketTables(requesters, agents, tickets, _comments(rng, list(tickets.values())))


def _tickets(
    rng: Random, customers: tuple[CustomerPerson, ...], agents: list[Agent], shop: OrderTables
) -> dict[str, Ticket]:
    statuses: list[TicketStatus] = [status for status, n in _STATUSES.items() for _ in range(n)]
    counts = list(_TICKETS_EACH)
    rng.shuffle(statuses)
    rng.shuffle(counts)
    askers = [person for person, count in zip(customers, counts, strict=True) for _ in range(count)]
    rng.shuffle(askers)
    complaints: list[tuple[Topic, str, str]] = [
        (topic, *text) for topic in TOPICS for text in rng.sample(COMPLAINTS[topic], len(askers) // len(TOPICS))
    ]
    rng.shuffle(complaints)
    # The oldest ticket is a closed one of long ago, each of the others a day younger than the one before.
    first_closed = statuses.index("closed")
    statuses[0], statuses[first_closed] = statuses[first_closed], statuses[0]
    tickets: dict[str, Ticket] = {}
    ids = TICKET_IDS.ascending(rng, len(askers), 1_900)
    for rank, (ticket_id, person, complaint) in enumerate(zip(ids, askers, complaints, strict=True)):
        created = ago(30 if rank == 0 else len(askers) - rank - rng.uniform(0.1, 0.9))
        fitting = [order for order in _told_of(complaint[0], created, shop) if order.customer_id == person.customer_id]
        about = rng.choice(fitting) if fitting else None
        tickets[ticket_id] = _ticket(rng, ticket_id, person, complaint, statuses[rank], agents, about, created)
    return tickets


def _told_of(topic: Topic, created: datetime, shop: OrderTables) -> Iterator[Order]:
    """The orders that a ticket of this topic and time can be about: a complaint follows what it complains of."""
    for order in shop.orders.values():
        began = order.delivered_at if topic == "product" else order.placed_at
        if began is None or began >= iso(created) or order.status not in _FITTING[topic]:
            continue
        if topic == "product" and shop.products[order.product_id].category == "books":
            continue
        yield order


def _ticket(
    rng: Random,
    ticket_id: str,
    person: CustomerPerson,
    complaint: tuple[Topic, str, str],
    status: TicketStatus,
    agents: list[Agent],
    about: Order | None,
    created: datetime,
) -> Ticket:
    topic, subject, body = complaint
    unlisted = rng.choice(GOODS[rng.choice(("kitchen", "electronics", "outdoor", "toys"))])[0]
    agent = rng.choice(agents) if status != "open" else None
    touched = iso(created + (LOGICAL_NOW - created) * rng.uniform(0.1, 0.4)) if agent else iso(created)
    return Ticket(
        ticket_id=ticket_id,
        customer_id=person.customer_id,
        subject=subject,
        body=body.format(product=about.product_name if about else unlisted),
        topic=topic,
        status=status,
        priority=rng.choice(PRIORITIES),
        order_id=about.order_id if about and rng.random() < 0.9 else None,
        colleague_id=agent.colleague_id if agent else None,
        agent_name=agent.name if agent else None,
        resolution=rng.choice(("fixed", "no_reply", "duplicate")) if status == "closed" else None,
        created_at=iso(created),
        updated_at=touched,
        closed_at=touched if status == "closed" else None,
    )


def _comments(rng: Random, tickets: list[Ticket]) -> dict[str, Comment]:
    """None to two remarks on every ticket that an agent has taken up."""
    marked = [ticket for ticket in tickets if ticket.colleague_id is not None for _ in range(rng.choice((0, 1, 1, 2)))]
    ids = COMMENT_IDS.ascending(rng, len(marked), 58_200)
    texts = rng.sample(COMMENTS, len(marked))
    visibilities: list[Visibility] = [rng.choice(("public", "internal")) for _ in marked]
    return {
        comment_id: Comment(comment_id, ticket.ticket_id, visibility, text, ticket.updated_at)
        for comment_id, ticket, text, visibility in zip(ids, marked, texts, visibilities, strict=True)
    }
