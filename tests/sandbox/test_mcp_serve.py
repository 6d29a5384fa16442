"""Built-in services over MCP: what a client is told equals what an episode is told, and sessions do not meet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import CallToolRequestParams

from tdscaling.runtime.errors import ConfigError
from tdscaling.sandbox.mcp_serve import IDLE_S, ONLY_SESSION, Worlds, make_server
from tdscaling.sandbox.mcp_serve_http import serving
from tdscaling.sandbox.services import BUILTIN, builtin
from tdscaling.sandbox.tools import JsonObject, ToolReply, ToolSpec
from tdscaling.sandbox.world import open_worlds

pytestmark = pytest.mark.anyio
SEED = 3
ROOT = Path(__file__).parents[2]
COMMAND = ["-m", "tdscaling", "serve-tools"]
PROGRAM = [sys.executable, *COMMAND]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


def texts(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Every text in a state with the key it stands under."""
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in texts(inner, key)]
    if isinstance(value, list):
        return [pair for inner in value for pair in texts(inner, name)]
    return [(name, value)] if isinstance(value, str) else []


def filled(name: str, schema: JsonObject, dice: Random, pool: dict[str, list[str]]) -> Any:
    """A value that the schema allows, from the world where the world has one of that name."""
    if "enum" in schema:
        return dice.choice(schema["enum"])
    match schema["type"]:
        case "integer":
            return dice.randint(schema.get("minimum", 0), min(schema.get("maximum", 9), 9))
        case "number":
            return float(dice.randint(int(schema.get("minimum", 0)) + 1, min(int(schema.get("maximum", 9)), 9)))
        case "boolean":
            return dice.random() < 0.5
        case "array":
            return [filled(name.removesuffix("s"), schema["items"], dice, pool) for _ in range(2)]
        case "object":
            return {key: filled(key, inner, dice, pool) for key, inner in schema.get("properties", {}).items()}
        case _:
            return dice.choice(pool.get(name) or schema.get("examples") or ["2026-03-17T10:30:00Z", "amber birch"])


def arguments(tool: ToolSpec, dice: Random, pool: dict[str, list[str]]) -> JsonObject:
    """Arguments by the tool's schema: what is required, and some of the rest."""
    required = tool.input_schema.get("required", [])
    return {
        name: filled(name, schema, dice, pool)
        for name, schema in tool.input_schema["properties"].items()
        if name in required or dice.random() < 0.3
    }


async def told_in_process() -> list[tuple[str, JsonObject, ToolReply]]:
    """Calls of every tool, three each, good and bad, in one world of all services, with the replies."""
    toolboxes = builtin(BUILTIN)
    world = await open_worlds(toolboxes, SEED)
    pool: dict[str, list[str]] = {}
    for key, text in texts(await world.snapshot()):
        pool.setdefault(key, []).append(text)
    dice = Random(SEED)
    specs = [spec for box in toolboxes for spec in box.tools()]
    calls: list[tuple[str, JsonObject]] = [(s.name, arguments(s, dice, pool)) for _ in range(2) for s in specs]
    calls += [(spec.name, {"nonsense": 1}) for spec in specs] + [("no_such_tool", {})]
    return [(name, given, await world.call(name, given)) for name, given in calls]


@asynccontextmanager
async def over_stdio(*names: str) -> AsyncGenerator[Client]:
    """A client of the command on stdio."""
    parameters = StdioServerParameters(
        command=sys.executable, args=[*COMMAND, *names, "--seed", str(SEED)], env=dict(os.environ)
    )
    async with Client(parameters) as client:
        yield client


@asynccontextmanager
async def url_of(*names: str) -> AsyncGenerator[str]:
    """The address of the command with --http 0; ended by SIGTERM, which must lead to exit code 0."""
    process = await anyio.open_process([*PROGRAM, *names, "--seed", str(SEED), "--http", "0"], stderr=None)
    assert process.stdout is not None
    async with process:
        try:
            yield (await process.stdout.receive()).decode().strip()
        finally:
            process.terminate()
            with anyio.fail_after(10):
                assert await process.wait() == 0


@asynccontextmanager
async def over_http(*names: str) -> AsyncGenerator[Client]:
    """A client of the command on loopback HTTP."""
    async with url_of(*names) as url, Client(url) as client:
        yield client


@pytest.mark.parametrize("connect", [over_stdio, over_http])
async def test_every_tool_answers_a_client_as_it_answers_in_process(connect: Any) -> None:
    """Listing, text, structured content and error flag are the same on both transports, call by call."""
    calls = await told_in_process()
    specs = {spec.name: spec for box in builtin(BUILTIN) for spec in box.tools()}
    assert any(reply.is_error for _, _, reply in calls)
    assert sum(not reply.is_error for _, _, reply in calls) > len(specs) / 2
    async with connect("all") as client:
        page = await client.list_tools()
        tools = list(page.tools)
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            tools += page.tools
        assert [tool.name for tool in tools] == list(specs)
        for tool in tools:
            spec = specs[tool.name]
            assert (tool.input_schema, tool.output_schema) == (spec.input_schema, spec.output_schema)
            assert tool.annotations is not None
            assert (tool.description, tool.annotations.read_only_hint) == (spec.description, spec.read_only)
        for name, given, reply in calls:
            answer = await client.call_tool(name, given)
            assert [block.model_dump()["text"] for block in answer.content] == [reply.content], (name, given)
            assert answer.is_error == reply.is_error
            good = name in specs and not reply.is_error and specs[name].output_schema is not None
            assert answer.structured_content == (json.loads(reply.content) if good else None)


async def test_each_session_has_a_world_of_its_own() -> None:
    """What one client of an HTTP server writes, another does not see, and a new one neither."""
    (tickets,) = builtin(["tickets"])
    state = await (await tickets.open(SEED)).snapshot()
    tickets_then = state["tickets"]["tickets"].items()
    ticket = {"ticket_id": next(key for key, record in tickets_then if record["status"] == "open")}

    async def seen(client: Client) -> str:
        return str((await client.call_tool("get_ticket", ticket)).content[0].model_dump()["text"])

    async with url_of("tickets") as url, Client(url) as one, Client(url) as two:
        before = await seen(two)
        written = await one.call_tool("add_comment", ticket | {"text": "Only here."})
        assert not written.is_error, written
        assert await seen(one) != before
        assert await seen(two) == before
        async with Client(url) as three:
            assert await seen(three) == before


async def test_a_world_ends_with_its_session() -> None:
    """The client's DELETE closes the world; nothing is kept for who has gone."""
    toolboxes = builtin(["tickets"])
    worlds = Worlds(toolboxes, SEED, anyio.current_time)
    async with serving(make_server(worlds, toolboxes, http=True), worlds, 0) as url:
        async with Client(url) as client:
            await client.call_tool("list_agents", {})
            assert len(worlds) == 1
        with anyio.fail_after(5):
            while len(worlds):  # noqa: ASYNC110 -- the server has no event to wait for
                await anyio.sleep(0.01)


async def test_a_session_that_asks_nothing_for_long_is_forgotten() -> None:
    """When a new world is opened, those of sessions that the transport ended long ago are closed."""
    now = 0.0
    worlds = Worlds(builtin(["tickets"]), SEED, lambda: now)
    await worlds.call("old", CallToolRequestParams(name="list_agents", arguments={}))
    now = 3 * IDLE_S
    await worlds.call("new", CallToolRequestParams(name="list_agents", arguments={}))
    assert len(worlds) == 1
    await worlds.aclose()
    assert len(worlds) == 0
    assert ONLY_SESSION == ""


async def test_a_protocol_without_sessions_is_refused_over_http() -> None:
    """A client that insists on it is told why; one that negotiates gets a version with sessions."""
    async with url_of("tickets") as url:
        async with Client(url, mode="2026-07-28") as pinned:
            with pytest.raises(MCPError, match="a world belongs to a session"):
                await pinned.call_tool("list_agents", {})
        async with Client(url) as client:
            assert client.protocol_version < "2026"


def test_wrong_names_and_ports_are_one_line_and_exit_code_2() -> None:
    """An unknown service, none at all, an impossible port, a port that is taken."""
    for more in (["nowhere"], [], ["orders", "orders"], ["orders", "--http", "70000"], ["orders", "--http", "x"]):
        done = subprocess.run([*PROGRAM, *more], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, more
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
    with pytest.raises(ConfigError):
        builtin(["nowhere"])


@pytest.mark.servers
def test_the_inspectors_command_line_lists_and_calls() -> None:
    """An independent client, on node, gets the same tools and the same reply."""
    inspector = ROOT / ".servers" / "inspector" / "node_modules" / ".bin" / "mcp-inspector"
    if not inspector.exists():
        if os.environ.get("CI"):
            pytest.fail("the inspector is not installed: make servers")
        pytest.skip("the inspector is not installed: make servers")
    base = [str(inspector), "--cli", *PROGRAM, "tickets", "--method"]
    listed = subprocess.run([*base, "tools/list"], capture_output=True, text=True, timeout=60, check=True)
    (box,) = builtin(["tickets"])
    assert [tool["name"] for tool in json.loads(listed.stdout)["tools"]] == [spec.name for spec in box.tools()]
    call = [*base, "tools/call", "--tool-name", "list_agents"]
    called = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True)

    async def here() -> ToolReply:
        world = await open_worlds([box], 0)
        return await world.call("list_agents", {})

    assert json.loads(called.stdout)["content"][0]["text"] == anyio.run(here).content
