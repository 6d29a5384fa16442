"""External servers as toolboxes: worlds, replies, isolation. Every server here is a real process."""

import json
from pathlib import Path

import anyio
import pytest

from tdscaling.sandbox.mcp import McpToolbox
from tdscaling.tests.sandbox.mcp_play import notes, raw, running

pytestmark = pytest.mark.anyio


BOTH_LOOPS = pytest.mark.parametrize("anyio_backend", [False, True], ids=["asyncio", "uvloop"], indirect=True)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The loop that production uses; those tests that end processes run on both."""
    return "asyncio", {"use_uvloop": getattr(request, "param", True)}


async def test_a_world_is_a_process_on_a_copy_of_the_template(tmp_path: Path) -> None:
    """Reads, writes, state in memory, and a snapshot in which paths read as the model sees them."""
    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        assert (await world.call("read_note", {"path": "/workspace/first.txt"})).content == "kept in the template"
        assert [(await world.call("count", {})).content for _ in range(3)] == ["1", "2", "3"]
        await world.call("write_note", {"title": "second", "text": "look at /workspace/first.txt"})
        assert await world.snapshot() == {
            "notes": {
                "files": {
                    "/workspace/first.txt": "kept in the template",
                    "/workspace/second.txt": "look at /workspace/first.txt",
                },
                "state": {},
            }
        }
        await world.aclose()
    assert (tmp_path / "template" / "first.txt").read_text() == "kept in the template"


async def test_state_calls_are_part_of_the_snapshot(tmp_path: Path) -> None:
    """Keyed by the call."""
    manifest = notes(tmp_path, state=[{"tool": "read_note", "arguments": {"path": "/workspace/first.txt"}}])
    async with McpToolbox(manifest, root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        state = (await world.snapshot())["notes"]["state"]
        assert state == {'read_note {"path": "/workspace/first.txt"}': "kept in the template"}
        await world.aclose()


async def test_replies_of_two_worlds_are_equal_and_name_no_real_path(tmp_path: Path) -> None:
    """Not even when the server says every path it knows."""
    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0) as box:
        replies = []
        for seed in range(2):
            world = await box.open(seed)
            replies.append((await world.call("where", {})).content)
            await world.aclose()
    assert replies[0] == replies[1]
    assert replies[0].startswith("/workspace /workspace /workspace/a.txt /opt/server/notes.py ")
    assert str(tmp_path) not in replies[0]


async def test_a_refusal_is_a_reply(tmp_path: Path) -> None:
    """Missing arguments and unknown tools come back as errors, and the world goes on."""
    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        assert (await world.call("write_note", {})).is_error
        assert (await world.call("no_such_tool", {})).is_error
        assert not (await world.call("count", {})).is_error
        await world.aclose()


async def test_an_output_schema_is_recorded_only_where_the_reply_is_such_json(tmp_path: Path) -> None:
    """A server that wraps a bare value shows the value; its schema describes nothing that is seen."""
    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0) as box:
        specs = {spec.name: spec for spec in box.tools()}
        world = await box.open(seed=1)
        written = await world.call("write_note", {"title": "a", "text": "bc"})
        assert json.loads(written.content) == {"title": "a", "length": 2}
        assert specs["write_note"].output_schema is not None
        assert (await world.call("list_notes", {})).content == "a\nfirst"
        assert specs["list_notes"].output_schema is None
        assert (specs["list_notes"].read_only, specs["write_note"].read_only) == (True, False)
        await world.aclose()


async def test_a_long_reply_is_cut_visibly(tmp_path: Path) -> None:
    """The note says how much is missing."""
    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0, max_reply=10) as box:
        world = await box.open(seed=1)
        reply = await world.call("repeat", {"text": "ab", "times": 50})
        assert reply.content == "ababababab\n[reply cut here: 90 of 100 characters are not shown]"
        await world.aclose()


async def test_what_is_no_text_is_described(tmp_path: Path) -> None:
    """A picture becomes one bracketed line."""
    async with McpToolbox(raw(tmp_path, "plain"), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        assert (await world.call("media", {})).content == "a picture\n[image/png, 8 bytes]"
        await world.aclose()


async def test_eight_worlds_at_once_do_not_see_each_other(tmp_path: Path) -> None:
    """Same titles, different texts, separate counters."""

    async def play(box: McpToolbox, index: int) -> None:
        world = await box.open(seed=index)
        for step in range(3):
            await world.call("write_note", {"title": "mine", "text": f"of {index}"})
            assert (await world.call("count", {})).content == str(step + 1)
        files = (await world.snapshot())["notes"]["files"]
        assert files == {"/workspace/first.txt": "kept in the template", "/workspace/mine.txt": f"of {index}"}
        await world.aclose()

    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0) as box, anyio.create_task_group() as group:
        for index in range(8):
            group.start_soon(play, box, index)


async def test_open_waits_when_the_limit_is_reached(tmp_path: Path) -> None:
    """With two servers allowed, a third world opens only after one has ended; a waiter that gives up harms nobody."""
    async with McpToolbox(raw(tmp_path, "plain"), root=tmp_path, max_servers=2, prestart=2) as box:
        first, second = await box.open(0), await box.open(1)
        with anyio.move_on_after(0.05) as scope:
            await box.open(2)
        assert scope.cancelled_caught
        await first.aclose()
        with anyio.fail_after(10):
            third = await box.open(2)
        assert third.pid not in (first.pid, second.pid)
        assert running(second.pid)
