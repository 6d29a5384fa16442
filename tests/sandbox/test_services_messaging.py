"""The team chat: what its tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.families import WORLDS

from .desk import Record, ask, every, opened, refusal, some


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("messaging")


def talk(world: ServiceWorld) -> Record:
    """An active channel that some colleagues are in and some are not."""
    return next(c for c in every(world, "channels", status="active") if c["channel_kind"] == "open")


def outsider(world: ServiceWorld, channel: Record) -> str:
    """A colleague who is not in a channel."""
    inside: set[str] = {member["colleague_id"] for member in channel["members"]}
    everyone: set[str] = {
        m["colleague_id"] for c in every(world, "channels", channel_kind="announcement") for m in c["members"]
    }
    return min(everyone - inside)


def test_a_colleague_leads_to_a_message_in_three_steps(world: ServiceWorld) -> None:
    """list_channels → list_messages → get_message chains through ids; a name leads to its channel."""
    message = some(world, "messages")
    channel = world.tables()["channels"][message["channel_id"]]
    followed = ask(world, "list_channels", colleague_id=channel["members"][0]["colleague_id"])["channels"]
    assert channel["channel_id"] in [line["channel_id"] for line in followed]
    lines = ask(world, "list_messages", channel_id=channel["channel_id"])["messages"]
    assert lines[0]["message_id"] == message["message_id"]
    assert ask(world, "get_message", message_id=message["message_id"]) == message
    assert ask(world, "find_channel", channel_name=f"#{channel['channel_name']}") == channel
    assert refusal(world, "find_channel", channel_name="nowhere")[0] == "not_found"


def test_a_cursor_goes_on_where_the_page_ended(world: ServiceWorld) -> None:
    """Also when a message was posted meanwhile; a cursor of nowhere is invalid."""
    channel = talk(world)
    first = ask(world, "list_messages", channel_id=channel["channel_id"], limit=4)
    author = channel["members"][0]["colleague_id"]
    ask(world, "post_message", channel_id=channel["channel_id"], colleague_id=author, text="Hello")
    rest = ask(world, "list_messages", channel_id=channel["channel_id"], cursor=first["next_cursor"])
    assert (len(first["messages"]), len(rest["messages"]), rest["next_cursor"]) == (4, 2, None)
    assert refusal(world, "list_messages", channel_id=channel["channel_id"], cursor="?")[0] == "invalid_argument"


def test_only_members_write(world: ServiceWorld) -> None:
    """A colleague who joins may, and joins once."""
    channel = talk(world)
    guest = outsider(world, channel)
    pair = {"channel_id": channel["channel_id"], "colleague_id": guest}
    assert refusal(world, "post_message", text="Hello", **pair)[0] == "forbidden"
    ask(world, "add_member", **pair)
    assert refusal(world, "add_member", **pair)[0] == "conflict"
    message = ask(world, "post_message", text="Hello", **pair)
    assert ask(world, "list_messages", channel_id=pair["channel_id"])["messages"][0]["text"] == "Hello"
    assert message["sent_at"] == "2026-03-16T09:02:00Z"


def test_announcements_are_written_by_one_and_never_archived(world: ServiceWorld) -> None:
    """Everyone else is forbidden to."""
    channel = some(world, "channels", channel_kind="announcement")
    key, (first, second, *_) = channel["channel_id"], channel["members"]
    code, message = refusal(world, "post_message", channel_id=key, colleague_id=second["colleague_id"], text="Hi")
    assert (code, message) == ("forbidden", f"only {first['name']} writes in channel {key}")
    ask(world, "post_message", channel_id=key, colleague_id=first["colleague_id"], text="Hi")
    assert refusal(world, "archive_channel", channel_id=key)[0] == "forbidden"


def test_an_archived_channel_is_read_only(world: ServiceWorld) -> None:
    """Every write conflicts, reading goes on."""
    channel = talk(world)
    key, message = channel["channel_id"], some(world, "messages", channel_id=channel["channel_id"])["message_id"]
    ask(world, "archive_channel", channel_id=key)
    member = channel["members"][0]["colleague_id"]
    assert refusal(world, "post_message", channel_id=key, colleague_id=member, text="Hi")[0] == "conflict"
    assert refusal(world, "edit_message", message_id=message, text="Hi")[0] == "conflict"
    assert refusal(world, "delete_message", message_id=message)[0] == "conflict"
    assert refusal(world, "pin_message", message_id=message)[0] == "conflict"
    assert refusal(world, "archive_channel", channel_id=key)[0] == "conflict"
    assert ask(world, "get_message", message_id=message)["message_id"] == message


def test_a_message_is_reworded_while_it_is_young(world: ServiceWorld) -> None:
    """The edit is marked with its time; the same words are a conflict, an old message forbidden."""
    active = {channel["channel_id"] for channel in every(world, "channels", status="active")}
    messages = [m for m in every(world, "messages") if m["channel_id"] in active]
    young = max(messages, key=lambda message: message["sent_at"])["message_id"]
    assert ask(world, "edit_message", message_id=young, text="Sorry")["edited_at"] == "2026-03-16T09:01:00Z"
    assert refusal(world, "edit_message", message_id=young, text="Sorry")[0] == "conflict"
    old = [m for m in messages if m["sent_at"] < "2026-03-11T09:00:00Z"]
    assert all(refusal(world, "edit_message", message_id=m["message_id"], text="x")[0] == "forbidden" for m in old)


def test_a_pinned_message_is_kept(world: ServiceWorld) -> None:
    """Three pins at most; what is not pinned is deleted for good."""
    channel = talk(world)["channel_id"]
    loose = every(world, "messages", channel_id=channel, pinned=False)
    ask(world, "pin_message", message_id=loose[0]["message_id"])
    ask(world, "pin_message", message_id=loose[1]["message_id"])
    assert refusal(world, "pin_message", message_id=loose[2]["message_id"])[0] == "conflict"
    assert refusal(world, "delete_message", message_id=loose[0]["message_id"])[0] == "conflict"
    ask(world, "delete_message", message_id=loose[2]["message_id"])
    assert refusal(world, "get_message", message_id=loose[2]["message_id"])[0] == "not_found"


def test_every_world_talks_about_its_own_people_and_tickets() -> None:
    """Authors are members and colleagues; a ticket that is mentioned was there before."""
    for seed in range(WORLDS):
        chat = opened("messaging", seed).tables()
        diary, desk = opened("calendar", seed).tables(), opened("tickets", seed).tables()
        mentioned = [message for message in chat["messages"].values() if message["ticket_id"] is not None]
        assert mentioned
        assert all(desk["tickets"][m["ticket_id"]]["created_at"] < m["sent_at"] for m in mentioned)
        for message in chat["messages"].values():
            assert diary["colleagues"][message["colleague_id"]]["name"] == message["author_name"]
            members = chat["channels"][message["channel_id"]]["members"]
            assert message["colleague_id"] in [member["colleague_id"] for member in members]
