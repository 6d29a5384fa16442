"""What a killed run leaves behind is cleared up by the next one; what anybody else owns is not touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tdscaling.sandbox.mcp_leftovers import OWNER, Name, claim, note_server, place, started, sweep

RUN = """
import sys, anyio
from pathlib import Path
from tdscaling.sandbox.manifest import load_manifest
from tdscaling.sandbox.mcp import McpToolbox

async def main():
    async with McpToolbox(load_manifest(Path(sys.argv[1])), root=Path(sys.argv[2]), prestart=0) as box:
        world = await box.open(0)
        print(world.pid, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""
SERVERS = Path(__file__).parent / "servers"


def runs(pid: int) -> bool:
    """True while the process exists and is no zombie."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def until(condition: object, seconds: float = 10.0) -> None:
    """Wait for a state of another process, which sends no event."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # a zero-argument callable
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def root_of(parent: Path, owner: Name) -> Path:
    """A folder of scratch folders with an owner."""
    root = parent / f"tdscaling-{owner.pid}"
    (root / "w-1").mkdir(parents=True)
    (root / OWNER).write_bytes(msgspec.json.encode(owner))
    return root


@pytest.fixture
def dead() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_killed_runs_folder_and_stubborn_server_go(tmp_path: Path) -> None:
    """SIGKILL leaves a server that ignores its end; the sweep ends it and removes its folder."""
    parent = tmp_path / "scratch"
    parent.mkdir()
    manifest = tmp_path / "raw.yaml"
    manifest.write_text(f"command: [{sys.executable}, {SERVERS / 'raw.py'}, ignores_end]\n")
    run = subprocess.Popen([sys.executable, "-c", RUN, str(manifest), str(parent)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    server = int(run.stdout.readline())
    assert sweep(parent) == 0
    run.kill()
    run.wait()
    run.stdout.close()
    assert runs(server)
    assert sweep(parent) == 1
    until(lambda: not runs(server))
    assert list(parent.iterdir()) == []


def test_a_living_owner_keeps_its_folder(tmp_path: Path) -> None:
    """This very process owns it."""
    root = tmp_path / "tdscaling-mine"
    root.mkdir()
    claim(root)
    assert sweep(tmp_path) == 0
    assert root.exists()


def test_an_id_that_was_given_out_again_is_no_living_owner(tmp_path: Path) -> None:
    """Same id, other moment of start: the owner is dead, and the present holder of the id is not signalled."""
    root = root_of(tmp_path, Name(os.getpid(), "1", place()))
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    (root / f"server-{bystander.pid}").write_bytes(msgspec.json.encode(Name(bystander.pid, "1", place())))
    assert sweep(tmp_path) == 1
    assert bystander.poll() is None
    os.killpg(bystander.pid, signal.SIGKILL)
    bystander.wait()


def test_what_cannot_be_proved_stays(tmp_path: Path, dead: int) -> None:
    """No owner file, a broken one, an owner of another boot or container, one that may not be signalled."""
    (tmp_path / "tdscaling-nobody").mkdir()
    broken = tmp_path / "tdscaling-broken"
    broken.mkdir()
    (broken / OWNER).write_text("{")
    root_of(tmp_path, Name(dead, "1", "another place"))
    root_of(tmp_path, Name(1, "1", place()))
    (tmp_path / "other").mkdir()
    assert sweep(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 5


def test_a_dead_owners_folder_goes(tmp_path: Path, dead: int) -> None:
    """With everything in it, servers that have ended included."""
    root = root_of(tmp_path, Name(dead, "1", place()))
    note_server(root, os.getppid())
    (root / f"server-{dead}").write_bytes(msgspec.json.encode(Name(dead, "1", place())))
    (root / f"server-{os.getppid()}").unlink()
    assert sweep(tmp_path) == 1
    assert started(dead) == ""
