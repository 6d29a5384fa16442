"""The records of the team chat, and the tables that a world of it starts with.

Members are the colleagues whom the calendar knows; some messages point at a ticket of the support desk.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .calendar_records import ColleagueId
from .families import BASE36, WORLDS, IdFormat, ago, iso
from .people import ColleaguePerson, people
from .phrases import CHANNEL_NAMES, CHAT_LINES
from .schema import Moment, says
from .ticket_records import TicketId, ticket_tables

CHANNEL_IDS = IdFormat("chn-", 4, BASE36)
MESSAGE_IDS = IdFormat("MSG", 7)

ChannelId: TypeAlias = Annotated[str, says("Channel number, for example chn-x8k2")]
MessageId: TypeAlias = Annotated[str, says("Message number, for example MSG0090417")]

ChannelKind: TypeAlias = Literal["open", "private", "announcement"]
ChannelStatus: TypeAlias = Literal["active", "archived"]

_EACH = 6
"""Messages in a channel of a new world."""
_KINDS: tuple[ChannelKind, ...] = ("announcement", "open", "open", "private", "open")


class Member(msgspec.Struct, frozen=True):
    """Someone who takes part in a channel."""

    colleague_id: ColleagueId
    name: str


class Channel(msgspec.Struct, frozen=True):
    """A place to talk."""

    channel_id: ChannelId
    channel_name: str
    channel_kind: ChannelKind
    status: ChannelStatus
    headline: str
    members: tuple[Member, ...]
    """The one who opened it first."""
    updated_at: Moment

    def holds(self, colleague_id: str) -> bool:
        """True when the colleague is a member."""
        return any(member.colleague_id == colleague_id for member in self.members)


class Message(msgspec.Struct, frozen=True):
    """Something that was said in a channel."""

    message_id: MessageId
    channel_id: ChannelId
    colleague_id: ColleagueId
    author_name: str
    text: str
    ticket_id: TicketId | None
    """The support ticket that it is about, if any."""
    pinned: bool
    sent_at: Moment
    edited_at: Moment | None = None


class MessageTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    channels: dict[str, Channel]
    messages: dict[str, Message]


@lru_cache(maxsize=WORLDS)
def message_tables(world: int) -> MessageTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"messaging/{world}")
    staff = people(world).colleagues
    names = rng.sample(CHANNEL_NAMES, len(_KINDS))
    channels: dict[str, Channel] = {}
    for rank, (key, name) in enumerate(zip(CHANNEL_IDS.scattered(rng, len(_KINDS)), names, strict=True)):
        channels[key] = _channel(rng, key, name, rank, staff)
    messages = {message.message_id: message for message in _messages(rng, list(channels.values()), world)}
    return MessageTables(channels, messages)


def _channel(rng: Random, key: str, name: str, rank: int, staff: tuple[ColleaguePerson, ...]) -> Channel:
    """Announcements have everyone, private channels three, the others five; the last channel is archived."""
    heads = {0: len(staff), 3: 3}.get(rank, 5)
    return Channel(
        channel_id=key,
        channel_name=name,
        channel_kind=_KINDS[rank],
        status="archived" if rank == len(_KINDS) - 1 else "active",
        headline=f"All about {name.replace('-', ' ')}",
        members=tuple(Member(p.colleague_id, p.name) for p in rng.sample(staff, heads)),
        updated_at=iso(ago(rng.uniform(8, 90))),
    )


def _messages(rng: Random, channels: list[Channel], world: int) -> Iterator[Message]:
    """Six per channel, one of them pinned, numbered by age; every fourth points at a ticket that was there before."""
    drafts = sorted(
        (ago(rng.uniform(0.1, 6)), rank, channel.channel_id)
        for channel in channels
        for rank in range(_EACH)
    )  # fmt: skip
    by_id = {channel.channel_id: channel for channel in channels}
    texts = rng.sample(CHAT_LINES, len(drafts))
    tickets = list(ticket_tables(world).tickets.values())
    for number, (key, (sent, rank, channel_id)) in enumerate(
        zip(MESSAGE_IDS.ascending(rng, len(drafts), 120_000), drafts, strict=True)
    ):
        channel = by_id[channel_id]
        author = channel.members[0] if channel.channel_kind == "announcement" else rng.choice(channel.members)
        older = [ticket.ticket_id for ticket in tickets if ticket.created_at < iso(sent)]
        yield Message(
            message_id=key,
            channel_id=channel_id,
            colleague_id=author.colleague_id,
            author_name=author.name,
            text=texts[number],
            ticket_id=rng.choice(older) if number % 4 == 0 and older else None,
            pinned=rank == 0,
            sent_at=iso(sent),
        )
