"""Manifests of the test servers, and looks at the processes and folders they leave."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import yaml

from tdscaling.sandbox.manifest import Manifest, load_manifest

SERVERS = Path(__file__).parent / "servers"


def notes(folder: Path, **keys: object) -> Manifest:
    """The good server, with a template of one note."""
    (folder / "template").mkdir(exist_ok=True)
    (folder / "template" / "first.txt").write_text("kept in the template")
    return write(folder, "notes", [str(SERVERS / "notes.py"), "{scratch}"], template="template", **keys)


def raw(folder: Path, kind: str, *more: str, **keys: object) -> Manifest:
    """The server that misbehaves in the named way."""
    return write(folder, "raw", [str(SERVERS / "raw.py"), kind, *more], **keys)


def write(folder: Path, name: str, command: list[str], **keys: object) -> Manifest:
    """A manifest for a Python server."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"command": [sys.executable, *command], **keys}))
    return load_manifest(path)


def running(pid: int | None) -> bool:
    """True while the process exists and is no zombie."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def processes_below(folder: Path) -> list[int]:
    """Every process whose command line names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


async def until(state: Callable[[], bool]) -> None:
    """Wait for a state of the world outside, which tells nobody when it comes."""
    with anyio.fail_after(10):
        while not state():  # noqa: ASYNC110 -- files and processes send no event
            await anyio.sleep(0.005)


def folders(root: Path) -> list[str]:
    """Names of the folders in a folder."""
    return [path.name for path in root.iterdir() if path.is_dir()]
