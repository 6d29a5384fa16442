"""Sixteen worlds of one server at once: none sees another, and a planted cross-talk is noticed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
import yaml

from tdscaling.sandbox.manifest import Manifest, load_manifest
from tdscaling.sandbox.mcp import McpToolbox

SERVERS = Path(__file__).parent / "servers"
AT_ONCE = 16
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


def isolated(folder: Path) -> Manifest:
    """Notes are kept in the world's own folder."""
    return manifest(folder, "{scratch}")


def crossed(folder: Path) -> Manifest:
    """The isolation taken away: every server keeps its notes in the same folder."""
    shared = folder / "shared"
    shared.mkdir()
    return manifest(folder, str(shared))


def manifest(folder: Path, place: str) -> Manifest:
    """The server of notes, which are files of the given folder."""
    path = folder / "notes.yaml"
    path.write_text(yaml.safe_dump({"command": [sys.executable, str(SERVERS / "raw.py"), "keeps_notes", place]}))
    return load_manifest(path)


async def notes_seen(box: McpToolbox) -> list[str]:
    """Sixteen worlds are opened, each writes one note of its own, then each lists what it sees."""
    seen = [""] * AT_ONCE
    written = 0
    everybody_wrote = anyio.Event()

    async def episode(number: int) -> None:
        nonlocal written
        world = await box.open(number)
        try:
            await world.call("write", {"title": f"note-{number}"})
            written += 1
            if written == AT_ONCE:
                everybody_wrote.set()
            await everybody_wrote.wait()
            seen[number] = (await world.call("read", {})).content
        finally:
            await world.aclose()

    async with anyio.create_task_group() as group:
        for number in range(AT_ONCE):
            group.start_soon(episode, number)
    return seen


@pytest.mark.parametrize(("make", "apart"), [(isolated, True), (crossed, False)])
async def test_sixteen_worlds_at_once_do_not_see_each_other(
    make: Callable[[Path], Manifest], apart: bool, tmp_path: Path
) -> None:
    """Each sees its own note alone; with one folder for all, which is the planted fault, that does not hold."""
    async with McpToolbox(make(tmp_path), root=tmp_path, prestart=0, max_servers=AT_ONCE) as box:
        seen = await notes_seen(box)
    own = [f"note-{number}" for number in range(AT_ONCE)]
    assert (seen == own) is apart
