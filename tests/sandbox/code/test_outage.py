"""An engine that stops in the middle of a run: the run waits for it, and nothing that was accepted is lost."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tdscaling.sandbox.code import sweep
from tdscaling.sandbox.code.engine import connected, engine_url
from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.sandbox.code.conftest import need

COUNT = 10
DOWN_S = 3.0
PATIENCE_S = 240.0
FLAGS = ["--code", "--backend", "docker", "--count", str(COUNT), "--seed", "8", "--concurrency", "3", "--mistakes", "0"]


class Engine:
    """The engine as a run sees it: its socket, behind one that can be taken away and given back."""

    def __init__(self, real: Path, path: Path) -> None:
        self._real = real
        self._path = path
        self._held: list[socket.socket] = []

    @property
    def url(self) -> str:
        """For DOCKER_HOST."""
        return f"unix://{self._path}"

    def start(self) -> None:
        """Answer."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen(64)
        self._held.append(listener)
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Answer no more, and let go of everybody."""
        self._path.unlink(missing_ok=True)
        for link in self._held:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        self._held.clear()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                engine = socket.socket(socket.AF_UNIX)
                self._held += [client, engine]
                engine.connect(str(self._real))
                for one, other in ((client, engine), (engine, client)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


async def remove(owner: int) -> int:
    """End a run's containers, as an engine does that stops; how many there were."""
    gone = 0
    async with connected(engine_url()) as docker:
        for found in await sweep.find(docker):
            if found.pid == owner:
                with suppress(Exception):
                    await docker.containers.container(found.id).delete(force=True)
                gone += 1
    return gone


def rows(path: Path) -> int:
    """Complete lines of a file that may not be there yet."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.docker
@pytest.mark.timeout(2 * PATIENCE_S)
def test_a_run_waits_for_its_engine_and_loses_nothing(tmp_path: Path) -> None:
    """Stopped after the first rows and back after some seconds: the same rows, byte for byte, as without it."""
    need("strict")
    real = engine_url()
    if not real.startswith("unix://"):
        pytest.skip("the engine is reached over the network: it cannot be taken away here")
    folder = Path(f"/tmp/tds-outage-{time.monotonic_ns()}")  # noqa: S108 -- a socket's path has to be short
    folder.mkdir()
    engine = Engine(Path(real.removeprefix("unix://")), folder / "engine.sock")
    shell = Shell(tmp_path, seconds=PATIENCE_S)
    undisturbed = shell.run("run", *FLAGS, "--run", "calm", "--out", "calm.jsonl", "--quiet", env={"DOCKER_HOST": real})
    assert undisturbed.code == 0, undisturbed.err
    engine.start()
    try:
        process = shell.start("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl", env={"DOCKER_HOST": engine.url})
        out, end = tmp_path / "rows.jsonl", time.monotonic() + PATIENCE_S
        while not rows(out) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        engine.stop()
        assert asyncio.run(remove(process.pid)) > 0
        time.sleep(DOWN_S)
        assert process.poll() is None
        before = rows(out)
        engine.start()
        _, complaint = process.communicate(timeout=PATIENCE_S)
    finally:
        engine.stop()
        shutil.rmtree(folder)
    assert process.returncode == 0, complaint.decode()
    assert 0 < before < COUNT
    assert out.read_bytes() == (tmp_path / "calm.jsonl").read_bytes()
