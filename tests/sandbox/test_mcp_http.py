"""Servers that somebody else runs, over HTTP; and servers that change their list of tools."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
import yaml

from tdscaling.runtime.errors import ConfigError, EnvironmentFault, ToolServerError
from tdscaling.sandbox.manifest import Manifest, load_manifest
from tdscaling.sandbox.mcp import McpToolbox
from tdscaling.sandbox.mcp_serve import Worlds, make_server
from tdscaling.sandbox.mcp_serve_http import serving
from tdscaling.sandbox.services import builtin

SERVERS = Path(__file__).parent / "servers"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def url() -> AsyncGenerator[str]:
    """The built-in tickets service over HTTP."""
    boxes = builtin(["tickets"])
    worlds = Worlds(boxes, 3, anyio.current_time)
    async with serving(make_server(worlds, boxes, http=True), worlds, 0) as address:
        yield address


def manifest(folder: Path, environ: dict[str, str] | None = None, **keys: object) -> Manifest:
    """A manifest of these keys."""
    path = folder / "far.yaml"
    path.write_text(yaml.safe_dump(keys))
    return load_manifest(path, environ)


def raw(folder: Path, kind: str) -> Manifest:
    """The server that misbehaves in the named way."""
    return manifest(folder, command=[sys.executable, str(SERVERS / "raw.py"), kind])


async def test_a_server_behind_an_address_gives_each_episode_a_world(url: str, tmp_path: Path) -> None:
    """Tools, replies and isolation are those of the service; its snapshot is what read calls say."""
    (service,) = builtin(["tickets"])
    here = await service.open(3)
    records = (await here.snapshot())["tickets"]["tickets"].items()
    ticket = {"ticket_id": next(key for key, record in records if record["status"] == "open")}
    state = [{"tool": "get_ticket", "arguments": ticket}]
    async with McpToolbox(manifest(tmp_path, url=url, state=state, name="far"), root=tmp_path) as box:
        assert [tool.name for tool in box.tools()] == [tool.name for tool in service.tools()]
        one, two = await box.open(0), await box.open(0)
        before = await one.snapshot()
        reply = await one.call("add_comment", ticket | {"text": "Only here."})
        assert reply == await here.call("add_comment", ticket | {"text": "Only here."})
        assert await one.snapshot() != before
        assert await two.snapshot() == before
        assert before["far"]["files"] == {}
        await one.aclose()
        await two.aclose()


async def test_an_address_where_nobody_answers_is_one_line(tmp_path: Path) -> None:
    """The line names the manifest and the address."""
    with pytest.raises(ToolServerError) as caught:
        await McpToolbox(manifest(tmp_path, url="http://127.0.0.1:9/mcp"), root=tmp_path).start()
    assert str(caught.value).startswith(f"{tmp_path / 'far.yaml'}: no connection to http://127.0.0.1:9/mcp")
    assert "\n" not in str(caught.value)


def test_headers_come_from_the_environment(tmp_path: Path) -> None:
    """Filled in at loading, and no part of what the file says or is hashed from."""
    keys = {"url": "http://127.0.0.1:9/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}}
    one = manifest(tmp_path, {"TOKEN": "secret"}, **keys)
    assert dict(one.headers) == {"Authorization": "Bearer secret"}
    assert one.digest == manifest(tmp_path, {"TOKEN": "another"}, **keys).digest


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"url": "ftp://host/"}, "url: must be an http or https address"),
        ({"url": "http://user:word@host/mcp"}, "url: must be an http or https address without a password"),
        ({"url": "http://h/", "command": ["sh"]}, "command: does not go with url"),
        ({"url": "http://h/", "env": {"A": "b"}}, "env: does not go with url"),
        ({"url": "http://h/", "headers": {"X": "plain secret"}}, "headers.X: must come from the environment"),
        ({"url": "http://h/", "headers": {"X": "${ABSENT}"}}, "headers.X: the environment has no ABSENT"),
        ({"command": ["sh"], "headers": {"X": "${Y}"}}, "headers: go with url"),
    ],
)
def test_what_does_not_go_with_an_address_is_said(keys: dict[str, object], problem: str, tmp_path: Path) -> None:
    """One line: file, key, problem."""
    with pytest.raises(ConfigError) as caught:
        manifest(tmp_path, {"PATH": "/bin:/usr/bin"}, **keys)
    assert str(caught.value).startswith(f"{tmp_path / 'far.yaml'}: {problem}")


async def test_tools_that_are_added_while_an_episode_plays_do_not_matter(tmp_path: Path) -> None:
    """Nobody was given them; calls go on."""
    async with McpToolbox(raw(tmp_path, "changes_list_to_more"), root=tmp_path, prestart=0) as box:
        world = await box.open(0)
        assert [(await world.call("ping", {})).content for _ in range(3)] == ["pong"] * 3
        await world.aclose()


@pytest.mark.parametrize(
    ("kind", "change"), [("changes_list_to_less", "count is gone"), ("changes_list_to_others", "count is another")]
)
async def test_a_tool_that_is_taken_away_or_changed_is_an_environment_fault(
    kind: str, change: str, tmp_path: Path
) -> None:
    """The call after the announcement says so, and every later one; a fresh world begins anew."""
    async with McpToolbox(raw(tmp_path, kind), root=tmp_path, prestart=0) as box:
        world = await box.open(0)
        assert (await world.call("ping", {})).content == "pong"
        for _ in range(2):
            with pytest.raises(EnvironmentFault, match=change) as caught:
                await world.call("ping", {})
            assert caught.value.reason == "list_changed"
        await world.aclose()
        fresh = await box.open(0)
        assert (await fresh.call("ping", {})).content == "pong"
        await fresh.aclose()
