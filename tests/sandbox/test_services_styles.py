"""Reply styles, policies and pages of the built-in services."""

from __future__ import annotations

import jsonschema_rs
import msgspec
import pytest

from tdscaling.sandbox.services import BUILTIN, builtin
from tdscaling.sandbox.services.errors import ToolError
from tdscaling.sandbox.services.paging import page_of
from tdscaling.sandbox.services.styles import LONGEST_TEXT, Style, styled
from tdscaling.sandbox.tools import JsonObject, ToolReply

pytestmark = pytest.mark.anyio

STYLES: tuple[Style, ...] = ("verbose", "paged", "truncated")
SEED = 23


async def replies(service: str, style: Style) -> dict[str, ToolReply]:
    """What the reads of a service say in a style, by tool; their arguments are taken from records."""
    (box,) = builtin([service])
    world = await styled(box, style).open(SEED)
    tables = (await world.snapshot())[service]
    out: dict[str, ToolReply] = {}
    for tool in box.tools():
        required: list[str] = tool.input_schema["required"]
        if not tool.read_only:
            continue
        for record in (record for table in tables.values() for record in table.values()):
            if all(name in record for name in required):
                reply = await world.call(tool.name, {name: record[name] for name in required})
                if not reply.is_error:
                    out[tool.name] = reply
    return out


@pytest.mark.parametrize("service", list(BUILTIN))
@pytest.mark.parametrize("style", STYLES)
async def test_every_style_keeps_replies_within_their_schemas(service: str, style: Style) -> None:
    """Whatever is added or cut, a program that knows the schema can read it."""
    schemas = {tool.name: tool.output_schema for tool in BUILTIN[service]().tools()}
    answers = await replies(service, style)
    assert answers
    for name, reply in answers.items():
        jsonschema_rs.validate(schemas[name] or {}, msgspec.json.decode(reply.content))


def test_clean_is_the_service_itself_and_the_others_say_so_in_their_version() -> None:
    """The same call gets another reply, so the version must differ."""
    (box,) = builtin(["orders"])
    assert styled(box, "clean") is box
    dressed = styled(box, "verbose")
    assert (dressed.name, dressed.version) == ("orders", f"{box.version}+verbose")
    assert (dressed.tools(), dressed.domain, dressed.sector) == (box.tools(), box.domain, box.sector)


async def test_a_verbose_reply_holds_the_clean_one() -> None:
    """On many lines, with what the system says about itself."""
    clean, wordy = await replies("orders", "clean"), await replies("orders", "verbose")
    for name, reply in wordy.items():
        record = msgspec.json.decode(reply.content)
        assert record.pop("_meta")["operation"] == name
        assert record == msgspec.json.decode(clean[name].content)
        assert reply.content.count("\n") > len(record)


async def test_paged_replies_come_two_lines_at_a_time() -> None:
    """A limit that the caller gives is kept."""
    (box,) = builtin(["messaging"])
    world = await styled(box, "paged").open(SEED)
    channel = next(iter((await world.snapshot())["messaging"]["channels"]))

    async def page(**more: object) -> JsonObject:
        reply = await world.call("list_messages", {"channel_id": channel, **more})
        return msgspec.json.decode(reply.content, type=JsonObject)

    first = await page()
    assert (len(first["messages"]), first["total"]) == (2, 6)
    assert (await page(cursor=first["next_cursor"]))["messages"][0] not in first["messages"]
    assert len((await page(limit=5))["messages"]) == 5


async def test_truncated_replies_show_what_is_missing() -> None:
    """Long lists and texts are cut, and the number of what is left out stands beside them."""
    cut = {name: msgspec.json.decode(reply.content) for name, reply in (await replies("files", "truncated")).items()}
    whole = {name: msgspec.json.decode(reply.content) for name, reply in (await replies("files", "clean")).items()}
    assert (len(cut["list_folders"]["folders"]), cut["list_folders"]["folders_omitted"]) == (3, 2)
    text = cut["read_document"]["text"]
    assert (len(text), text[-1]) == (LONGEST_TEXT, "…")
    assert whole["read_document"]["text"].startswith(text[:-1])
    assert len(text) - 1 + cut["read_document"]["text_omitted"] == len(whole["read_document"]["text"])


@pytest.mark.parametrize("style", STYLES)
async def test_a_refusal_and_the_state_have_no_style(style: Style) -> None:
    """What was written is what a clean world would hold."""
    (box,) = builtin(["tickets"])
    plain, dressed = await box.open(SEED), await styled(box, style).open(SEED)
    ticket = next(key for key, t in plain.tables()["tickets"].items() if t["status"] == "open")
    for call in (("close_ticket", {"ticket_id": ticket, "resolution": "fixed"}), ("get_ticket", {"ticket_id": "x"})):
        first, second = await plain.call(*call), await dressed.call(*call)
        assert first.is_error == second.is_error
        assert not first.is_error or first == second
    assert await plain.snapshot() == await dressed.snapshot()
    await dressed.aclose()


def test_every_service_states_its_policy_in_sentences() -> None:
    """For a system prompt: no orders to the reader, which would read as a rule of the conversation."""
    for box in builtin(BUILTIN):
        assert box.policy.endswith(".")
        assert not any(sentence.startswith(("Do not", "Never", "You")) for sentence in box.policy.split(". "))


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_together_hold_every_line_once(limit: int) -> None:
    """The last page has no cursor, even when it is full."""
    lines = list("abcdefg")
    seen: list[str] = []
    page, cursor = page_of(lines, str, limit, None)
    seen += page
    while cursor is not None:
        page, cursor = page_of(lines, str, limit, cursor)
        assert page
        seen += page
    assert seen == lines


def test_a_cursor_that_no_line_has_is_an_invalid_argument() -> None:
    """As when its line was removed; an empty list has one empty page."""
    with pytest.raises(ToolError, match="cursor: "):
        page_of(["a"], str, 5, "b")
    assert page_of([], str, 5, None) == ([], None)
