"""The checks behind `tdscaling doctor`: each looks at one thing and says what it found and what would help."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from ..runtime.errors import UserError

Status: TypeAlias = Literal["ok", "warn", "fail"]

LIBRARIES = ("anyio", "msgspec", "pydantic", "mcp", "jsonschema-rs", "structlog", "rich", "cyclopts")
PROGRAMS = {
    "node": "external MCP servers written for Node.js",
    "npx": "installing them (make servers)",
    "git": "the git example server (make servers)",
    "docker": "running code tools in containers; no built-in service needs it",
    "bwrap": "running code tools without Docker; no built-in service needs it",
}
"""What each optional program would enable."""
GIB = 1024**3
ENOUGH_MEMORY, ENOUGH_DISK = 1 * GIB, 1 * GIB
ENOUGH_FILES = 1024
"""A run keeps about ten files open, and some five for each MCP server."""


class Check(msgspec.Struct, frozen=True):
    """One thing looked at."""

    name: str
    status: Status
    detail: str
    """What was found."""
    advice: str = ""
    """What would help; empty when nothing is needed."""


def machine(runs: Path) -> Iterator[Check]:
    """Every check that needs no manifest; `runs` is where run directories would be made."""
    yield _python()
    yield Check("platform", "ok", f"{platform.system()} {platform.release()} {platform.machine()}")
    yield _libraries()
    yield _uvloop()
    yield _cores()
    yield _memory()
    yield _files()
    yield _disk(runs)
    yield _writable("runs folder", runs)
    yield _writable("temporary folder", Path(tempfile.gettempdir()))
    for program, purpose in PROGRAMS.items():
        yield _program(program, purpose)


def external_server(path: Path) -> Check:
    """Read a manifest, start its server once, and read its tools."""
    # Here and not above: the MCP client takes longer to import than all the other checks take.
    from ..runtime import loop
    from ..sandbox.manifest import load_manifest
    from ..sandbox.mcp import McpToolbox

    name = f"mcp {path}"
    try:
        box = McpToolbox(load_manifest(path))
        loop.run(box.start)
    except UserError as error:
        return Check(name, "fail", str(error), "see examples/mcp for manifests that work")
    return Check(name, "ok", f"{box.name} {box.version}: {len(box.tools())} tools")


def _python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})"
    return Check("python", "ok", found)


def _libraries() -> Check:
    found, missing = [f"tdscaling {version('tdscaling')}"], list[str]()
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            missing.append(library)
    if missing:
        return Check("libraries", "fail", f"missing: {', '.join(missing)}", "run make install")
    return Check("libraries", "ok", ", ".join(found))


def _uvloop() -> Check:
    from ..runtime import loop

    if not loop.uvloop_available():
        return Check("uvloop", "warn", "not installed", "runs use asyncio's own loop, which is slower")
    try:
        kind = loop.run(_loop_name)
    except (ImportError, OSError, RuntimeError) as error:
        return Check("uvloop", "fail", f"cannot be used: {error}", "give --loop asyncio")
    return Check("uvloop", "ok", f"uvloop {version('uvloop')} ({kind})")


async def _loop_name() -> str:
    return type(asyncio.get_running_loop()).__module__


def _cores() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cores", "ok", f"{usable} usable; one run uses one")


def _memory() -> Check:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    detail = f"{total / GIB:.1f} GiB"
    if total < ENOUGH_MEMORY:
        return Check("memory", "warn", detail, "keep --concurrency and --lag small")
    return Check("memory", "ok", detail)


def _files() -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    detail = f"{_limit(soft)} (hard limit {_limit(hard)})"
    if soft not in (resource.RLIM_INFINITY, -1) and soft < ENOUGH_FILES:
        return Check("open files", "warn", detail, f"raise it: ulimit -n {ENOUGH_FILES}")
    return Check("open files", "ok", detail)


def _limit(value: int) -> str:
    return "unlimited" if value in (resource.RLIM_INFINITY, -1) else str(value)


def _disk(runs: Path) -> Check:
    free = shutil.disk_usage(_existing(runs)).free
    detail = f"{free / GIB:.1f} GiB free for {runs}"
    if free < ENOUGH_DISK:
        return Check("disk", "warn", detail, "a thousand trajectories take some 50 MB with their journal")
    return Check("disk", "ok", detail)


def _writable(name: str, folder: Path) -> Check:
    """Try it instead of reading permissions: file systems have other reasons to refuse."""
    place = _existing(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".tdscaling-"):
            pass
    except OSError as error:
        return Check(name, "fail", f"{folder}: {error.strerror}", "run from a folder of yours, or give --run DIR")
    return Check(name, "ok", f"{folder} can be written")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))


def _program(program: str, purpose: str) -> Check:
    found = shutil.which(program)
    if found is None:
        return Check(program, "warn", "not found", f"it is only needed for {purpose}")
    return Check(program, "ok", found)
