"""Hostile cells against every kind of sandbox: nothing gets out, siblings go on working, the pool recovers.

And the same cells where there is no wall, where each of them succeeds.
"""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from tdscaling.runtime.errors import InfrastructureFault
from tdscaling.sandbox.code.base import Backend, CodeSession
from tdscaling.sandbox.code.seccomp import ARCHES, DENIED
from tdscaling.tests.sandbox.code.attack import ANY, Attack, got
from tdscaling.tests.sandbox.code.attacks_reach import PROCESSES, REACHING
from tdscaling.tests.sandbox.code.attacks_use import USING
from tdscaling.tests.sandbox.code.control import Shown, lifted, on_host

pytestmark = pytest.mark.anyio
ATTACKS = (*REACHING, *USING)
NAP = f"98765.{os.getpid()}"
SIBLING_S = 1.0
"""Within which a sibling runs a cell, a subprocess and a write while an attack goes on."""
CALM_ROUNDS = 10
"""Added to that: so many times what the same took just before the attack, which on an idle machine is nothing."""
VICTIM = f"54321.{os.getpid()}"
POOL_S = 5.0
"""Within which there are as many sandboxes ready as before."""


class Canary:
    """What attacks aim at outside: listeners on this machine's loopback, a secret, a process. It counts what came."""

    def __init__(self, folder: Path) -> None:
        self.came = 0
        self._stop = threading.Event()
        self._sockets = self._listen(folder)
        secret = folder / "secret"
        secret.write_text("secret")
        self.nap = subprocess.Popen(["sleep", VICTIM])
        numbers = DENIED if platform.machine() in ARCHES else {}
        arch = ARCHES[platform.machine()]
        self.targets: dict[str, object] = {
            "port": self._sockets[0].getsockname()[1],
            "udp": self._sockets[1].getsockname()[1],
            "abstract!r": repr(f"tds-canary-{os.getpid()}"),
            "socket!r": repr(str(folder / "listener")),
            "secret!r": repr(str(secret)),
            "marker!r": repr(VICTIM),
            "nap": NAP,
            "clone": arch.clone,
            **{name: numbers[name][arch.column] for name in ("ptrace", "process_vm_readv")},
        }
        for listener in self._sockets:
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _listen(self, folder: Path) -> list[socket.socket]:
        four = socket.create_server(("127.0.0.1", 0))
        port = four.getsockname()[1]
        other = socket.create_server(("127.0.0.2", port))
        six = socket.create_server(("::1", port), family=socket.AF_INET6)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        abstract, named = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0tds-canary-{os.getpid()}")
        named.bind(str(folder / "listener"))
        (folder / "listener").chmod(0o666)
        for listener in (abstract, named):
            listener.listen()
        return [four, udp, other, six, abstract, named]

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while not self._stop.is_set():
                if listener.type == socket.SOCK_DGRAM:
                    data, sender = listener.recvfrom(10)
                    if data:
                        listener.sendto(b"!", sender)
                else:
                    listener.accept()[0].close()
                self.came += 1

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self.nap.kill()
        self.nap.wait()
        for listener in self._sockets:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    """One for all attacks."""
    made = Canary(tmp_path_factory.mktemp("canary"))
    yield made
    made.close()


class Sessions:
    """An attacker's session and a sibling's, kept over attacks: each has to be usable after each."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.attacker: CodeSession | None = None
        self.sibling: CodeSession | None = None

    async def ready(self) -> tuple[CodeSession, CodeSession]:
        """Both, opened where there is none."""
        self.attacker = self.attacker or await self._backend.open()
        self.sibling = self.sibling or await self._backend.open()
        return self.attacker, self.sibling

    async def tidy(self) -> None:
        """Forget what the attacker holds; a session that was lost is replaced."""
        if self.attacker is not None:
            try:
                await self.attacker.run("python", "import os\nos._exit(0)")
                await self.attacker.run("shell", "rm -rf /workspace/* /tmp/* /dev/shm/*", deadline_s=20)
            except InfrastructureFault:
                await self.attacker.aclose()
                self.attacker = None

    async def aclose(self) -> None:
        """Close both."""
        for session in (self.attacker, self.sibling):
            if session is not None:
                await session.aclose()


@pytest.fixture(scope="module")
async def sessions(backend: Backend) -> AsyncGenerator[Sessions]:
    """The sessions of one backend."""
    made = Sessions(backend)
    yield made
    await made.aclose()


async def work(sibling: CodeSession, end: anyio.Event) -> list[float]:
    """A cell, a subprocess and a write, again and again while the attack goes on; seconds of each round."""
    took: list[float] = []
    while not took or not end.is_set():
        began = time.monotonic()
        assert (await sibling.run("python", "1 + 1")).stdout == b"2\n"
        assert (await sibling.run("shell", "echo here")).stdout == b"here\n"
        await sibling.write("sibling", b"here")
        took.append(time.monotonic() - began)
        with anyio.move_on_after(0.3):
            await end.wait()
    return took


def cases() -> Iterator[object]:
    """Every attack on both backends; on dense containers, which are made as strict ones, those on what they share."""
    marks = {"bubblewrap": pytest.mark.bubblewrap, "strict": pytest.mark.docker, "dense": pytest.mark.docker}
    for kind, attacks in (("bubblewrap", ATTACKS), ("strict", ATTACKS), ("dense", (*PROCESSES, *USING))):
        for attack in attacks:
            yield pytest.param(kind, attack, marks=marks[kind], id=f"{kind}-{attack.name}")


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Attack:
    """The attack of a case: a fixture, so that cases are ordered by the backend, which is what takes time to start."""
    chosen: Attack = request.param
    return chosen


@pytest.mark.parametrize(("kind", "attack"), list(cases()), indirect=True)
async def test_an_attack_gets_nowhere(attack: Attack, sessions: Sessions, canary: Canary, kind: str) -> None:
    """Not further than it may; a sibling works meanwhile; nothing reaches the canary; afterwards all is as before."""
    attacker, sibling = await sessions.ready()
    came = canary.came
    over = anyio.Event()
    over.set()
    (calm,) = await work(sibling, over)
    end = anyio.Event()
    rounds: list[float] = []

    async def watch() -> None:
        rounds.extend(await work(sibling, end))

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        with suppress(InfrastructureFault):
            cell = attack.cell({**canary.targets, "pid": 1})
            result = await attacker.run("python", cell, deadline_s=attack.deadline_s)
            most = ANY if attack.shared and kind == "dense" else attack.most
            assert got(result.stdout) <= most, result
        end.set()
    await sessions.tidy()
    assert max(rounds) < SIBLING_S + CALM_ROUNDS * calm
    assert canary.came == came
    with anyio.fail_after(POOL_S):
        fresh, _ = await sessions.ready()
        assert (await fresh.run("python", "1")).stdout == b"1\n"
        while left(NAP):  # noqa: ASYNC110 -- processes send no event
            await anyio.sleep(0.01)


def left(marker: str) -> bool:
    """Whether a process of this machine, containers included, has a marker in its arguments."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if marker.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    return True
    return False


HOST = [attack for attack in ATTACKS if attack.control == "host"]
LIFTED = [attack for attack in ATTACKS if attack.control == "lifted"]


@pytest.mark.parametrize("attack", HOST, indirect=True, ids=[attack.name for attack in HOST])
def test_beside_the_sandbox_it_succeeds(attack: Attack, canary: Canary) -> None:
    """The control of what reaches out: aimed at a listener, a file, a process of its own."""
    victim = subprocess.Popen(["sleep", "60"])
    try:
        assert got(on_host(attack.cell({**canary.targets, "pid": victim.pid}))) == 1
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait()


@pytest.fixture(scope="module")
async def shown(canary: Canary, anyio_backend: object) -> dict[str, Shown]:
    """All controls that need a bounded container, run in one."""
    return await lifted(
        [
            (attack.name, attack.cell({**canary.targets, "pid": 1}), 1.5 if attack.bite == "hangs" else 12)
            for attack in LIFTED
        ]
    )


@pytest.mark.docker
@pytest.mark.parametrize("attack", LIFTED, indirect=True, ids=[attack.name for attack in LIFTED])
async def test_without_the_walls_it_succeeds(attack: Attack, engine: None, shown: dict[str, Shown]) -> None:
    """The control of what needs a wall to stop it: in a bounded container that has none."""
    seen = shown[attack.name]
    match attack.bite:
        case "got":
            assert got(seen.output.encode()) > (0 if attack.most == ANY else attack.most), seen
        case "hangs":
            assert seen.code is None
        case "dies":
            assert seen.code
        case "stays":
            assert seen.stays
        case "kills":
            assert seen.killed
