"""The team chat of a company: channels, their members, and what is said in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, reads, writes
from .calendar_records import ColleagueId
from .errors import ToolError
from .message_records import (
    MESSAGE_IDS,
    Channel,
    ChannelId,
    ChannelKind,
    ChannelStatus,
    Member,
    Message,
    MessageId,
    message_tables,
)
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .people import ColleaguePerson, people
from .schema import Moment, says

VERSION = "1"
EDIT_WINDOW = timedelta(days=5)
"""How long after it was sent a message can be reworded."""

POLICY = (
    "Only members write in a channel, and only its opener writes announcements. Messages are reworded within five "
    "days of sending. Pinned messages are kept; archived channels are read-only."
)

_LINES = (
    "The delivery is at gate two.",
    "Who can join the call at three?",
    "Thanks, that is sorted now.",
    "Please read the new checklist before your shift.",
    "I have moved the figures into the report.",
)

Text: TypeAlias = Annotated[
    str, says("Message text, for example Thanks for that", examples=_LINES, min_length=1, max_length=2_000)
]


def messaging() -> Service:
    """The team chat."""
    return Service(
        "messaging", VERSION, domain="team messaging", sector="communication", desk=MessageDesk, policy=POLICY
    )


class ChannelLine(msgspec.Struct, frozen=True):
    """A channel as a list shows it."""

    channel_id: ChannelId
    channel_name: str
    channel_kind: ChannelKind
    status: ChannelStatus


class ChannelList(msgspec.Struct, frozen=True):
    """Channels of one colleague."""

    channels: list[ChannelLine]
    total: int


class MessageLine(msgspec.Struct, frozen=True):
    """A message as a list shows it."""

    message_id: MessageId
    author_name: str
    text: str
    pinned: bool
    sent_at: Moment


class MessageList(msgspec.Struct, frozen=True):
    """Messages of one channel, the latest first."""

    messages: list[MessageLine]
    total: int
    """On all pages."""
    next_cursor: NextCursor


class MessageDesk(Desk):
    """One world of the team chat."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = message_tables(world)
        self.channels = self.table("channels", "channel", initial.channels)
        self.messages = self.table("messages", "message", initial.messages)

    @reads
    def find_channel(
        self, channel_name: Annotated[str, says("Channel name, for example garden-club", max_length=60)]
    ) -> Channel:
        """Find a chat channel by name."""
        wanted = channel_name.strip().removeprefix("#").casefold()
        for channel in self.channels.all():
            if channel.channel_name == wanted:
                return channel
        raise ToolError("not_found", f"there is no channel called {channel_name}")

    @reads
    def list_channels(self, colleague_id: ColleagueId) -> ChannelList:
        """List the chat channels that a colleague follows."""
        self._colleague(colleague_id)
        lines = [
            ChannelLine(c.channel_id, c.channel_name, c.channel_kind, c.status)
            for c in self.channels.all()
            if c.holds(colleague_id)
        ]
        return ChannelList(lines, len(lines))

    @reads
    def get_channel(self, channel_id: ChannelId) -> Channel:
        """Show members and headline of a chat channel."""
        return self.channels.need(channel_id)

    @reads
    def list_messages(self, channel_id: ChannelId, limit: PageSize = PAGE, cursor: PageCursor = None) -> MessageList:
        """Catch up on what was said in a chat channel."""
        self.channels.need(channel_id)
        found = [message for message in self.messages.all() if message.channel_id == channel_id][::-1]
        page, following = page_of(found, lambda message: message.message_id, limit, cursor)
        lines = [MessageLine(m.message_id, m.author_name, m.text, m.pinned, m.sent_at) for m in page]
        return MessageList(lines, len(found), following)

    @reads
    def get_message(self, message_id: MessageId) -> Message:
        """Open a single chat message."""
        return self.messages.need(message_id)

    @writes
    def post_message(self, channel_id: ChannelId, colleague_id: ColleagueId, text: Text) -> Message:
        """Write into a chat channel on behalf of a colleague. Only members do."""
        channel, author = self._active(channel_id), self._colleague(colleague_id)
        if not channel.holds(colleague_id):
            raise ToolError("forbidden", f"colleague {colleague_id} is no member of channel {channel_id}")
        if channel.channel_kind == "announcement" and channel.members[0].colleague_id != colleague_id:
            raise ToolError("forbidden", f"only {channel.members[0].name} writes in channel {channel_id}")
        key, now = MESSAGE_IDS.following(self.messages.keys()), self.stamp()
        message = Message(key, channel_id, colleague_id, author.name, text, None, False, now)
        return self.messages.put(key, message)

    @writes
    def edit_message(self, message_id: MessageId, text: Text) -> Message:
        """Reword a chat message. Possible within five days of sending."""
        message = self.messages.need(message_id)
        self._active(message.channel_id)
        if self.now - datetime.fromisoformat(message.sent_at) > EDIT_WINDOW:
            raise ToolError("forbidden", f"message {message_id} was sent more than {EDIT_WINDOW.days} days ago")
        if message.text == text:
            raise ToolError("conflict", f"message {message_id} already says that")
        return self.messages.put(message_id, replace(message, text=text, edited_at=self.stamp()))

    @writes
    def delete_message(self, message_id: MessageId) -> Message:
        """Delete a chat message for good. A pinned one is kept."""
        message = self.messages.need(message_id)
        self._active(message.channel_id)
        if message.pinned:
            raise ToolError("conflict", f"message {message_id} is pinned")
        self.stamp()
        self.messages.drop(message_id)
        return message

    @writes
    def pin_message(self, message_id: MessageId) -> Message:
        """Pin a message to the top of its channel. A channel has three pins at most."""
        message = self.messages.need(message_id)
        self._active(message.channel_id)
        if message.pinned:
            raise ToolError("conflict", f"message {message_id} is already pinned")
        if sum(m.pinned for m in self.messages.all() if m.channel_id == message.channel_id) >= 3:
            raise ToolError("conflict", f"channel {message.channel_id} has three pinned messages already")
        self.stamp()
        return self.messages.put(message_id, replace(message, pinned=True))

    @writes
    def add_member(self, channel_id: ChannelId, colleague_id: ColleagueId) -> Channel:
        """Let a colleague join a chat channel."""
        channel, person = self._active(channel_id), self._colleague(colleague_id)
        if channel.holds(colleague_id):
            raise ToolError("conflict", f"colleague {colleague_id} is already a member of channel {channel_id}")
        members = (*channel.members, Member(person.colleague_id, person.name))
        return self.channels.put(channel_id, replace(channel, members=members, updated_at=self.stamp()))

    @writes
    def archive_channel(self, channel_id: ChannelId) -> Channel:
        """Archive a chat channel that nobody needs any more. Announcements stay open."""
        channel = self._active(channel_id)
        if channel.channel_kind == "announcement":
            raise ToolError("forbidden", f"channel {channel_id} carries announcements and stays open")
        return self.channels.put(channel_id, replace(channel, status="archived", updated_at=self.stamp()))

    def _active(self, channel_id: str) -> Channel:
        channel = self.channels.need(channel_id)
        if channel.status == "archived":
            raise ToolError("conflict", f"channel {channel_id} is archived")
        return channel

    def _colleague(self, colleague_id: str) -> ColleaguePerson:
        for person in people(self.world).colleagues:
            if person.colleague_id == colleague_id:
                return person
        raise ToolError("not_found", f"there is no colleague {colleague_id}")
