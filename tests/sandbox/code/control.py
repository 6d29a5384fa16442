"""Positive controls: the same cells where they succeed, so that a wall is seen to be what stops them.

`on_host` runs a cell as a process beside the sandbox; it aims at things that were made for it. `lifted` runs cells one
after another in one container without the sandbox's walls, which is still bounded: in memory, processes and disk,
without network, on a filesystem that is thrown away.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from typing import Any

import aiohttp
import msgspec

from tdscaling.sandbox.code.engine import connected, engine_url
from tdscaling.sandbox.code.image import NAME

MIB = 2**20
CAPABILITIES = (
    "SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYSLOG DAC_READ_SEARCH NET_ADMIN NET_RAW MKNOD".split()
)
DRIVER = r"""
import json, os, signal, socket, subprocess, threading, time

os.makedirs("/run/tdscaling", exist_ok=True)
host = socket.socket(socket.AF_UNIX)
host.bind("/run/tdscaling/socket")
host.listen(256)
os.makedirs("/var/run", exist_ok=True)
engine = socket.socket(socket.AF_UNIX)
engine.bind("/var/run/docker.sock")


def answer():
    held = []
    while True:
        link = host.accept()[0]
        held.append(link)
        try:
            link.send(b"?")
        except OSError:
            pass


threading.Thread(target=answer, daemon=True).start()
for number, (name, cell, seconds) in enumerate(json.load(open("/cells.json"))):
    folder = f"/scratch/{number}"
    os.makedirs(folder)
    bystander = subprocess.Popen(["sleep", "1000"])
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(["python3", "-c", cell], cwd=folder, stdin=subprocess.DEVNULL, stdout=open("/out", "wb"),
                               stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True)
    code = None
    end = time.monotonic() + seconds
    while code is None and time.monotonic() < end:
        found, status = os.waitpid(process.pid, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if found else None
        time.sleep(0.01)
    time.sleep(0.05)
    killed = bystander.poll() is not None
    others = {int(entry) for entry in os.listdir("/proc") if entry.isdecimal()} - {1, process.pid, bystander.pid}
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    subprocess.run(["rm", "-rf", folder])
    output = open("/out", "rb").read()[-2000:].decode(errors="replace")
    told = {"name": name, "code": code, "killed": killed, "stays": bool(others), "output": output}
    print(json.dumps(told), flush=True)
"""


class Shown(msgspec.Struct):
    """How a cell fared without walls."""

    name: str
    code: int | None
    """Exit code, below zero for a signal; None when it did not end by itself."""
    killed: bool
    """Whether a bystander was killed."""
    stays: bool
    """Whether something it started is still there."""
    output: str


def on_host(cell: str) -> bytes:
    """Run a cell beside the sandbox; what it wrote."""
    return subprocess.run([sys.executable, "-c", cell], capture_output=True, timeout=20, check=False).stdout


async def lifted(cells: list[tuple[str, str, float]]) -> dict[str, Shown]:
    """Run cells `(name, source, seconds)` in one bounded container; `{name: how it fared}`."""
    config: dict[str, Any] = {
        "Image": NAME,
        "Cmd": ["python3", "-c", DRIVER],
        "Entrypoint": [],
        "User": "0:0",
        "NetworkDisabled": True,
        "HostConfig": {
            "NetworkMode": "none",
            "CapAdd": CAPABILITIES,
            "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
            "MaskedPaths": [],
            "ReadonlyPaths": [],
            "Memory": 1800 * MIB,
            "MemorySwap": 1800 * MIB,
            "PidsLimit": 500,
            "Tmpfs": {"/scratch": f"rw,exec,size={1200 * MIB},nr_inodes=400000"},
        },
    }
    async with connected(engine_url()) as docker:
        made = await docker.containers.create(config)
        try:
            await made.put_archive("/", _archive("cells.json", json.dumps(cells).encode()))  # type: ignore[no-untyped-call]
            await made.start()
            await made.wait(timeout=aiohttp.ClientTimeout(total=300))
            lines = await made.log(stdout=True)
        finally:
            await made.delete(force=True, v=True)
    shown = [msgspec.json.decode(line, type=Shown) for line in "".join(lines).splitlines()]
    return {each.name: each for each in shown}


def _archive(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
