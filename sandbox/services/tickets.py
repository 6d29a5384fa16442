"""The support desk: requesters, agents, tickets with comments, links to orders."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec.structs import asdict, replace

from .base import Desk, Service, reads, writes
from .calendar_records import ColleagueId
from .errors import ToolError
from .order_records import CustomerId, OrderId
from .people import people
from .schema import Moment, says
from .texts import Topic
from .ticket_records import (
    COMMENT_IDS,
    REOPEN_WINDOW,
    TICKET_IDS,
    Comment,
    DutyStatus,
    Priority,
    Requester,
    Resolution,
    Team,
    Ticket,
    TicketId,
    TicketStatus,
    Visibility,
    ticket_tables,
)

VERSION = "1"

_ORDER = re.compile(r"ORD-[0-9]{5,9}")
_SUBJECTS = ("Parcel has not arrived", "Wrong amount on the invoice", "Handle came off", "Cannot sign in")
_BODIES = (
    "The delivery was due on Friday and nothing has come.",
    "The invoice shows more than the confirmation did.",
    "It broke on the second day of normal use.",
    "My password is refused on every device.",
)
_REMARKS = (
    "Please call back after five.",
    "The photos are in the mail.",
    "Waiting for the carrier.",
    "Solved by phone.",
)

POLICY = (
    "Only support agents on duty are put in charge. A closed ticket takes no changes; it is opened again within 14 "
    "days of its closing."
)


def tickets() -> Service:
    """The support ticket service."""
    return Service(
        "tickets", VERSION, domain="support tickets", sector="customer support", desk=TicketDesk, policy=POLICY
    )


class TicketLine(msgspec.Struct, frozen=True):
    """A ticket as a list shows it."""

    ticket_id: TicketId
    subject: str
    topic: Topic
    status: TicketStatus
    priority: Priority
    created_at: Moment


class TicketList(msgspec.Struct, frozen=True):
    """Tickets, the oldest first."""

    tickets: list[TicketLine]
    total: int


class CommentLine(msgspec.Struct, frozen=True):
    """A remark as its ticket shows it."""

    comment_id: str
    visibility: Visibility
    text: str
    created_at: Moment


class TicketDetails(Ticket, frozen=True, kw_only=True):
    """A support ticket with its remarks, the oldest first."""

    comments: list[CommentLine]


class AgentLine(msgspec.Struct, frozen=True):
    """An agent as a list shows them."""

    colleague_id: ColleagueId
    name: str
    team: Team
    status: DutyStatus
    open_tickets: int
    """Tickets in charge that are not closed."""


class AgentList(msgspec.Struct, frozen=True):
    """Support agents."""

    agents: list[AgentLine]
    total: int


class TicketDesk(Desk):
    """One world of the support ticket service."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = ticket_tables(world)
        self.requesters = self.table("requesters", "customer", initial.requesters)
        self.agents = self.table("agents", "support agent", initial.agents)
        self.tickets = self.table("tickets", "ticket", initial.tickets)
        self.comments = self.table("comments", "comment", initial.comments)

    @reads
    def find_requester(
        self, phone_number: Annotated[str, says("Phone number, for example +1-212-555-0143")]
    ) -> Requester:
        """Identify a caller by phone number."""
        wanted = _digits(phone_number)
        for requester in self.requesters.all():
            if _digits(requester.phone_number) == wanted:
                return requester
        raise ToolError("not_found", f"nobody has the phone number {phone_number}")

    @reads
    def list_tickets(
        self,
        customer_id: CustomerId,
        status: Annotated[TicketStatus | None, says("Ticket status, for example open")] = None,
    ) -> TicketList:
        """Show the support tickets of a requester. A status narrows the list."""
        self.requesters.need(customer_id)
        lines = [
            TicketLine(t.ticket_id, t.subject, t.topic, t.status, t.priority, t.created_at)
            for t in self.tickets.all()
            if t.customer_id == customer_id and status in (None, t.status)
        ]
        return TicketList(lines, len(lines))

    @reads
    def get_ticket(self, ticket_id: TicketId) -> TicketDetails:
        """Read a support ticket with all of its remarks."""
        ticket = self.tickets.need(ticket_id)
        lines = [
            CommentLine(c.comment_id, c.visibility, c.text, c.created_at)
            for c in self.comments.all()
            if c.ticket_id == ticket_id
        ]
        return TicketDetails(**asdict(ticket), comments=lines)

    @writes
    def create_ticket(
        self,
        customer_id: CustomerId,
        subject: Annotated[
            str, says("Subject line, for example Handle came off", examples=_SUBJECTS, min_length=3, max_length=120)
        ],
        body: Annotated[
            str, says("Problem description, in a sentence or two", examples=_BODIES, min_length=3, max_length=2000)
        ],
        topic: Annotated[Topic, says("Ticket topic, for example delivery")],
        order_id: OrderId | None = None,
    ) -> Ticket:
        """Open a new support ticket. It may name the order that it is about."""
        self.requesters.need(customer_id)
        if order_id is not None:
            _well_formed(order_id)
        ticket_id, now = TICKET_IDS.following(self.tickets.keys()), self.stamp()
        ticket = Ticket(
            ticket_id=ticket_id,
            customer_id=customer_id,
            subject=subject,
            body=body,
            topic=topic,
            status="open",
            priority="normal",
            order_id=order_id,
            created_at=now,
            updated_at=now,
        )
        return self.tickets.put(ticket_id, ticket)

    @writes
    def add_comment(
        self,
        ticket_id: TicketId,
        text: Annotated[
            str, says("Comment text, for example Please call back", examples=_REMARKS, min_length=1, max_length=2000)
        ],
        visibility: Annotated[Visibility, says("Comment visibility, internal is for colleagues only")] = "public",
    ) -> Comment:
        """Leave a remark on a support ticket. A closed ticket takes no more remarks."""
        ticket = self._active(ticket_id)
        comment_id, now = COMMENT_IDS.following(self.comments.keys()), self.stamp()
        self.tickets.put(ticket_id, replace(ticket, updated_at=now))
        return self.comments.put(comment_id, Comment(comment_id, ticket_id, visibility, text, now))

    @writes
    def assign_ticket(self, ticket_id: TicketId, colleague_id: ColleagueId) -> Ticket:
        """Put a support agent in charge of a ticket. The agent must be on duty."""
        ticket = self._active(ticket_id)
        agent = self.agents.get(colleague_id)
        if agent is None and any(p.colleague_id == colleague_id for p in people(self.world).colleagues):
            raise ToolError("forbidden", f"colleague {colleague_id} does not work in support")
        agent = self.agents.need(colleague_id)
        if agent.status == "away":
            raise ToolError("conflict", f"support agent {colleague_id} is away")
        if ticket.colleague_id == colleague_id:
            raise ToolError("conflict", f"ticket {ticket_id} is already assigned to {colleague_id}")
        assigned = replace(ticket, colleague_id=colleague_id, agent_name=agent.name, updated_at=self.stamp())
        return self.tickets.put(ticket_id, assigned)

    @writes
    def set_ticket_priority(
        self, ticket_id: TicketId, priority: Annotated[Priority, says("Ticket priority, for example high")]
    ) -> Ticket:
        """Change how urgent a support ticket is."""
        ticket = self._active(ticket_id)
        if ticket.priority == priority:
            raise ToolError("conflict", f"the priority of ticket {ticket_id} is already {priority}")
        return self.tickets.put(ticket_id, replace(ticket, priority=priority, updated_at=self.stamp()))

    @writes
    def close_ticket(
        self, ticket_id: TicketId, resolution: Annotated[Resolution, says("Ticket resolution, for example fixed")]
    ) -> Ticket:
        """Close a support ticket that is done with."""
        ticket, now = self._active(ticket_id), self.stamp()
        closed = replace(ticket, status="closed", resolution=resolution, updated_at=now, closed_at=now)
        return self.tickets.put(ticket_id, closed)

    @writes
    def reopen_ticket(self, ticket_id: TicketId) -> Ticket:
        """Take up a closed support ticket again. Possible within 14 days of its closing."""
        ticket = self.tickets.need(ticket_id)
        if ticket.closed_at is None:
            raise ToolError("conflict", f"ticket {ticket_id} is {ticket.status}, not closed")
        if self.now - datetime.fromisoformat(ticket.closed_at) > REOPEN_WINDOW:
            raise ToolError("forbidden", f"ticket {ticket_id} was closed more than {REOPEN_WINDOW.days} days ago")
        reopened = replace(ticket, status="open", resolution=None, closed_at=None, updated_at=self.stamp())
        return self.tickets.put(ticket_id, reopened)

    @writes
    def link_order(self, ticket_id: TicketId, order_id: OrderId) -> Ticket:
        """Attach an order to a support ticket, so that both are seen together."""
        ticket = self._active(ticket_id)
        _well_formed(order_id)
        if ticket.order_id == order_id:
            raise ToolError("conflict", f"ticket {ticket_id} is already about order {order_id}")
        return self.tickets.put(ticket_id, replace(ticket, order_id=order_id, updated_at=self.stamp()))

    @reads
    def list_agents(
        self, team: Annotated[Team | None, says("Support team, for example technical")] = None
    ) -> AgentList:
        """Name the people in customer support and how busy they are. A team narrows the list."""
        load: dict[str | None, int] = {}
        for ticket in self.tickets.all():
            if ticket.status != "closed":
                load[ticket.colleague_id] = load.get(ticket.colleague_id, 0) + 1
        lines = [
            AgentLine(a.colleague_id, a.name, a.team, a.status, load.get(a.colleague_id, 0))
            for a in self.agents.all()
            if team in (None, a.team)
        ]
        return AgentList(lines, len(lines))

    def _active(self, ticket_id: str) -> Ticket:
        ticket = self.tickets.need(ticket_id)
        if ticket.status == "closed":
            raise ToolError("conflict", f"ticket {ticket_id} is closed")
        return ticket


def _well_formed(order_id: str) -> None:
    # Orders live in another service, whose present state this desk cannot see: only the shape can be checked.
    if not _ORDER.fullmatch(order_id):
        raise ToolError("invalid_argument", f"order_id: {order_id} is not an order number such as ORD-10423")


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character in "0123456789")
