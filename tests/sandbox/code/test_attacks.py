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
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from tdscaling.runtime.errors import InfrastructureFault
from tdscaling.sandbox.code.base import Backend, CodeSession
from tdscaling.sandbox.code.seccomp import ARCHES, DENIED
from tdscaling.tests.sandbox.code.attack import ANY, Attack, got
from tdscaling.tests.sandbox.code.attacks_reach import REACHING
from tdscaling.tests.sandbox.code.attacks_use import USING
from tdscaling.tests.sandbox.code.control import Shown, lifted, on_host

pytestmark = pytest.mark.anyio
GROUPS: dict[str, tuple[Attack, ...]] = {**REACHING, **USING}
ATTACKS = tuple(attack for attacks in GROUPS.values() for attack in attacks)
SHARED = ("processes", *USING)
"""Groups on what dense sessions share."""
NAP = f"98765.{os.getpid()}"
SIBLING_S = 20.0
"""After which a sibling's cell, subprocess and write have come to a standstill. `bench/sandbox.py --attacks` measures
how fast they are, and how soon there is a sandbox again: here the machine may be busy with other tests."""
FRESH_S = 30.0
"""The same for a fresh session."""
AT_ONCE = 4
"""Attacks of a group that go on at one time, each in a session of its own."""
VICTIM = f"54321.{os.getpid()}"


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


async def work(sibling: CodeSession, end: anyio.Event) -> list[float]:
    """A cell, a subprocess and a write, again and again while attacks go on; seconds of each round."""
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


class Seat:
    """A session that is opened when it is asked for and replaced when it was lost; kept over many attacks."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._session: CodeSession | None = None

    async def session(self) -> CodeSession:
        """The session of now."""
        if self._session is None:
            self._session = await self._backend.open()
        return self._session

    async def aclose(self) -> None:
        """End it; the next one is another."""
        session, self._session = self._session, None
        if session is not None:
            await session.aclose()


@pytest.fixture(scope="module")
async def seats(backend: Backend) -> AsyncGenerator[list[Seat]]:
    """Those of the attackers, and the sibling's as the last."""
    made = [Seat(backend) for _ in range(AT_ONCE + 1)]
    yield made
    for seat in made:
        await seat.aclose()


async def strike(seat: Seat, kind: str, attacks: Iterator[Attack], targets: dict[str, object]) -> list[str]:
    """Run attacks one after another; what is wrong, empty for an attack that got no further than it may."""
    wrong: list[str] = []
    for attack in attacks:
        cell = attack.cell({**targets, "pid": 1})
        most = ANY if attack.shared and kind == "dense" else attack.most
        try:
            session = await seat.session()
            result = await session.run("python", cell, deadline_s=attack.deadline_s)
            wrong.append(f"{attack.name}: at most {most} was allowed; {result}" if got(result.stdout) > most else "")
            await session.run("python", "import os\nos._exit(0)")
            await session.run("shell", "rm -rf /workspace/* /tmp/* /dev/shm/*", deadline_s=FRESH_S)
        except InfrastructureFault:
            await seat.aclose()
    return wrong


def cases() -> Iterator[object]:
    """Every group on both backends; on dense containers, which are made as strict ones, those on what they share."""
    marks = {"bubblewrap": pytest.mark.bubblewrap, "strict": pytest.mark.docker, "dense": pytest.mark.docker}
    for kind, mark in marks.items():
        for group in GROUPS:
            if kind != "dense" or group in SHARED:
                yield pytest.param(kind, group, marks=mark, id=f"{kind}-{group}")


@pytest.fixture(scope="module")
def group(request: pytest.FixtureRequest) -> str:
    """The group of a case. Of the module, as all that a case chooses: else each case would start a backend."""
    return str(request.param)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "group"), list(cases()), indirect=True, scope="module")
async def test_attacks_get_nowhere(group: str, seats: list[Seat], canary: Canary, kind: str) -> None:
    """None further than it may; a sibling works meanwhile; nothing reaches the canary; afterwards all is as before."""
    *attackers, beside = seats
    sibling = await beside.session()
    came, end = canary.came, anyio.Event()
    rounds: list[float] = []
    wrong: list[str] = []
    left_over = iter(GROUPS[group])

    async def watch() -> None:
        rounds.extend(await work(sibling, end))

    async def attack(seat: Seat) -> None:
        wrong.extend(await strike(seat, kind, left_over, canary.targets))

    async with anyio.create_task_group() as watching:
        watching.start_soon(watch)
        async with anyio.create_task_group() as attacking:
            for seat in attackers[: 1 if kind == "dense" else AT_ONCE]:  # there they would share what they use up
                attacking.start_soon(attack, seat)
        end.set()
    assert next(left_over, None) is None
    assert [problem for problem in wrong if problem] == []
    assert max(rounds) < SIBLING_S
    assert canary.came == came
    with anyio.fail_after(FRESH_S):
        for seat in attackers:
            session = await seat.session()
            assert (await session.run("python", "1")).stdout == b"1\n"
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


def test_beside_the_sandbox_they_succeed(canary: Canary) -> None:
    """The controls of what reaches out: each aimed at a listener, a file, a process of its own."""

    def succeeds(attack: Attack) -> bool:
        with subprocess.Popen(["sleep", "60"]) as victim:
            try:
                return got(on_host(attack.cell({**canary.targets, "pid": victim.pid}))) == 1
            finally:
                victim.send_signal(signal.SIGKILL)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        succeeded = dict(zip(HOST, pool.map(succeeds, HOST), strict=True))
    assert [attack.name for attack in HOST if not succeeded[attack]] == []


@pytest.mark.docker
@pytest.mark.timeout(400)
async def test_without_the_walls_they_succeed(canary: Canary, engine: None) -> None:
    """The controls of what needs a wall to stop it: in bounded containers that have none."""
    cells = [
        (attack.name, attack.cell({**canary.targets, "pid": 1}), 1.5 if attack.bite == "hangs" else 60)
        for attack in LIFTED
    ]
    shown: dict[str, Shown] = {}

    async def show(share: list[tuple[str, str, float]]) -> None:
        shown.update(await lifted(share))

    async with anyio.create_task_group() as containers:
        for number in range(AT_ONCE):
            containers.start_soon(show, cells[number::AT_ONCE])
    assert [shown[attack.name] for attack in LIFTED if not bites(attack, shown[attack.name])] == []


def bites(attack: Attack, seen: Shown) -> bool:
    """Whether a cell did without walls what it was made for."""
    match attack.bite:
        case "got":
            return got(seen.output.encode()) > (0 if attack.most == ANY else attack.most)
        case "hangs":
            return seen.code is None
        case "dies":
            return bool(seen.code)
        case "stays":
            return seen.stays
        case "kills":
            return seen.killed
