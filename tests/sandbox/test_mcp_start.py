"""What a server must not do at the start: each gives one line that names the manifest and, where it can, the tool."""

import sys
from pathlib import Path

import pytest
import yaml

from tdscaling.runtime.errors import ToolServerError
from tdscaling.sandbox.manifest import Manifest, load_manifest
from tdscaling.sandbox.mcp import McpToolbox

RAW = Path(__file__).parent / "servers" / "raw.py"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


def raw(folder: Path, kind: str, **keys: object) -> Manifest:
    """A manifest for the server that misbehaves in the named way."""
    path = folder / "raw.yaml"
    path.write_text(yaml.safe_dump({"command": [sys.executable, str(RAW), kind], **keys}))
    return load_manifest(path)


def files(folder: Path) -> list[str]:
    """Names of what is in a folder."""
    return [path.name for path in folder.iterdir()]


async def problem(folder: Path, manifest: Manifest) -> str:
    """The one line, without the manifest's name; nothing is left behind."""
    with pytest.raises(ToolServerError) as caught:
        async with McpToolbox(manifest, root=folder):
            pytest.fail("the toolbox must not open")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{manifest.source}: ")
    assert files(folder) == ["raw.yaml"]
    return line.removeprefix(f"{manifest.source}: ")


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("invalid_schema", "tool crooked: invalid input schema: 7 is not valid"),
        ("invalid_output_schema", "the list of tools cannot be used: tools.0.outputSchema"),
        ("foreign_reference", "tool far: invalid input schema: Resource 'file:///x.json'"),
        ("not_an_object", "the list of tools cannot be used: tools.0.inputSchema.type"),
        ("bad_name", "tool 'no spaces, please': only a-z"),
        ("twice", "tool same: is listed twice"),
        ("no_tools", "the server lists no tools"),
        ("violates_output", 'tool weather: degrees: "warm" is not of type "number"'),
        ("crashes_at_start", "the server ended with exit code 1 (RuntimeError: no database at /nowhere) at start"),
        ("leaves_child", "the server ended with exit code 1 (IndexError: "),
    ],
)
async def test_a_bad_server_is_refused_in_one_line(tmp_path: Path, kind: str, line: str) -> None:
    """At once, without waiting for a time-out: also when a child of the dead server holds its pipes open."""
    assert (await problem(tmp_path, raw(tmp_path, kind))).startswith(line)


@pytest.mark.parametrize(
    ("kind", "line"),
    [("hangs_at_start", "no answer 3 s after the start"), ("hangs_at_list", "no list of tools 3 s after")],
)
async def test_a_hanging_server_is_refused_after_its_time(tmp_path: Path, kind: str, line: str) -> None:
    """`timeouts.start` bounds the handshake and the listing."""
    assert (await problem(tmp_path, raw(tmp_path, kind, timeouts={"start": 3}))).startswith(line)


async def test_a_filter_that_names_no_tool_is_refused(tmp_path: Path) -> None:
    """A misspelt name must not silently keep or lose a tool."""
    manifest = raw(tmp_path, "plain", tools={"exclude": ["pong"]})
    assert await problem(tmp_path, manifest) == "tools.exclude: the server has no tool pong"


async def test_a_bad_tool_can_be_left_out(tmp_path: Path) -> None:
    """What is excluded is not checked, and cannot be called."""
    async with McpToolbox(raw(tmp_path, "invalid_schema", tools={"exclude": ["crooked"]}), root=tmp_path) as box:
        assert [spec.name for spec in box.tools()] == ["fine"]
        world = await box.open(seed=0)
        assert (await world.call("crooked", {})).is_error
        await world.aclose()


async def test_every_page_of_the_list_is_read(tmp_path: Path) -> None:
    """In the server's order."""
    box = McpToolbox(raw(tmp_path, "paged"), root=tmp_path)
    await box.start()
    assert [spec.name for spec in box.tools()] == [f"tool_{page}_{index}" for page in range(3) for index in range(2)]


async def test_the_version_is_a_function_of_manifest_server_and_tools(tmp_path: Path) -> None:
    """Equal twice; another manifest or another list is another version."""
    versions = []
    for kind, keys in [("plain", {}), ("plain", {}), ("plain", {"volatile": ["x"]}), ("paged", {})]:
        box = McpToolbox(raw(tmp_path, kind, **keys), root=tmp_path)
        await box.start()
        versions.append(box.version)
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3
