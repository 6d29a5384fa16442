"""The first process of a sandbox: it forks sessions, signals and ends them, and goes when its host goes.

It runs no cell and reads nothing that a session wrote. When its control connection ends it exits, and as it is the
first process of a pid namespace everything else in there ends with it: a host that was killed leaves nothing behind.

    host ◄── control: COMMAND, EVENT ── supervisor ──fork── session ── REQUEST, REPLY ──► host
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from . import wire
from .cells import Session
from .quota import Quotas
from .relay import Relay

PREIMPORTED = (
    "bisect collections copy csv dataclasses datetime decimal functools hashlib heapq io itertools json math operator "
    "os pathlib pickle random re sqlite3 statistics string subprocess tempfile textwrap time traceback typing uuid"
).split()
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
TICK_S = 0.1
"""Seconds between two looks at what is used of memory and disk."""


class Supervisor:
    """Serves one host."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Connect and say hello.

        `settings`, as the host's `bundle.Inside` writes it: `socket` (path, or empty for stdin and stdout), `nonce`,
        `root` (folder of the only session, or with `dense` of the slots), `uid` (of slot 0, or null for the own one),
        `dense`, `limits` `{name of an RLIMIT: value}`, `memory` (bytes of all processes, 0 for unwatched), `quota`
        (bytes of a slot, 0 for none), `preimport` (names).
        """
        self._settings = settings
        self._sessions: dict[int, tuple[int, int]] = {}  # {pid: (number, slot)}
        self._helpers: dict[int, tuple[int, int]] = {}  # {pid of a wiping helper: (number, slot)}
        self._forfeited: set[int] = set()  # slots whose files go as soon as their session is dead
        self._waiting: dict[int, tuple[int, bytes]] = {}  # {number to be opened after a wipe: (slot, nonce)}
        self._relay = None if settings["socket"] else Relay(0, 1)
        self._control = self._connect(settings["nonce"].encode(), 0)
        self._buffer = bytearray()
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._children_fds = (self._wake, wake)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._quotas = Quotas(settings)

    def serve(self) -> None:
        """Until the host closes the control connection, or the sandbox is beyond help."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        watched = self._quotas.any
        while True:
            for number, _ in poll.poll(TICK_S * 1000 if watched else None):
                if number == self._wake:
                    with suppress(BlockingIOError):
                        os.read(self._wake, 512)
                elif not self._read_commands():
                    return
            self._reap()
            if watched:
                if self._quotas.hopeless():
                    return
                self._end_offenders()

    def _end_offenders(self) -> None:
        """A session that takes too much ends, and where the disk is shared, what it holds goes."""
        for pid in self._quotas.offenders(self._sessions):
            slot = self._sessions[pid][1]
            if slot not in self._forfeited:
                self._kill(pid)
                if self._settings["dense"]:
                    self._forfeited.add(slot)

    def _is_wiped(self, slot: int) -> bool:
        """Whether what a slot holds is being removed."""
        return any(slot == wiped for _, wiped in self._helpers.values())

    def _connect(self, nonce: bytes, channel: int) -> socket.socket:
        if self._relay is not None:
            link = self._relay.open(channel)
        else:
            link = socket.socket(socket.AF_UNIX)
            link.settimeout(10)
            link.connect(self._settings["socket"])
            link.settimeout(None)
        link.sendall(wire.HELLO.pack(wire.MAGIC, nonce))
        return link

    def _read_commands(self) -> bool:
        """Do what was asked for; False when the host has gone."""
        try:
            data = self._control.recv(65536)
        except OSError:
            return False
        self._buffer += data
        while len(self._buffer) >= wire.COMMAND.size:
            command = wire.COMMAND.unpack(bytes(self._buffer[: wire.COMMAND.size]))
            del self._buffer[: wire.COMMAND.size]
            self._do(*command)
        return bool(data)

    def _do(self, operation: int, number: int, slot: int, nonce: bytes) -> None:
        pid = next((pid for pid, (found, _) in self._sessions.items() if found == number), 0)
        if operation == wire.OPEN and self._is_wiped(slot):
            self._waiting[number] = slot, nonce  # else the files of the new session would go with those of the last
        elif operation == wire.OPEN:
            self._open(number, slot, nonce)
        elif operation == wire.WIPE:
            self._wipe(number, slot)
        elif operation == wire.INTERRUPT:
            if pid:
                with suppress(OSError):
                    os.kill(pid, signal.SIGINT)
            self._tell(wire.DONE, number, 0)
        elif operation == wire.KILL and pid:
            self._kill(pid)
        elif operation == wire.KILL and number in self._waiting:
            del self._waiting[number]
            self._tell(wire.ENDED, number, signal.SIGKILL)

    def _tell(self, what: int, number: int, status: int) -> None:
        with suppress(OSError):  # a host that has gone is noticed where it is read
            self._control.sendall(wire.EVENT.pack(what, number, status))

    def _open(self, number: int, slot: int, nonce: bytes) -> None:
        """Fork a session; a failure is told as its end, with the errno as an exit code."""
        try:
            root = self._prepare(slot)
            link = self._connect(nonce, number)
            pid = os.fork()
        except OSError as error:
            self._tell(wire.ENDED, number, (error.errno or 1) << 8)
            return
        if pid == 0:
            try:
                self._become(slot, root, link)
            finally:
                os._exit(70)
        link.close()
        self._sessions[pid] = number, slot

    def _prepare(self, slot: int) -> str:
        """The folder of a slot, made when it is not there and given to its user."""
        settings = self._settings
        root = str(settings["root"])
        if settings["dense"]:
            # As long as /workspace, which is what the model is told: columns and offsets agree.
            root = f"{root}/{slot:0{len('/workspace') - len(root) - 1}d}"
            if not os.path.isdir(root):
                os.mkdir(root, 0o700)
                os.chown(root, settings["uid"] + slot, settings["uid"] + slot)
        return root

    def _become(self, slot: int, root: str, link: socket.socket) -> None:
        """In the child: give up what the supervisor may, take the limits, serve."""
        settings = self._settings
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for fd in (*self._children_fds, self._control.fileno()):
            os.close(fd)
        if self._relay is not None:
            self._relay.forget()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.setsid()
        with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")  # the kernel ends a session before the supervisor, and before anything else
        for name, value in settings["limits"].items():
            number = getattr(resource, name)
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, value))
        become_user(settings["uid"], slot if settings["dense"] else 0)
        os.umask(0o022)
        os.makedirs(f"{root}/.tmp", exist_ok=True)
        os.environ.update(HOME=root, PWD=root, TMPDIR=f"{root}/.tmp")
        os.chdir(root)
        Session(link, root).serve()
        os._exit(0)

    def _kill(self, pid: int) -> None:
        """End a session and whatever it started."""
        settings = self._settings
        if not settings["dense"]:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # everything but the caller, at once: no fork gets away
            return
        _, slot = self._sessions[pid]
        # Waited for: later it would hit the next session of the slot, or who removes its files.
        if helper := self._as_user(slot, lambda: os.kill(-1, signal.SIGKILL)):
            os.waitpid(helper, 0)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _wipe(self, number: int, slot: int) -> None:
        """Remove what a slot holds, as its own user; the folder is kept. Number 0 asks for no answer."""
        root = self._prepare(slot)
        command = (
            f'chmod -R u+rwx {root} 2>/dev/null; rm -rf {root}/..?* {root}/.[!.]* {root}/*; test -z "$(ls -A {root})"'
        )

        def wipe() -> None:
            os.execv("/bin/sh", ["sh", "-c", command])  # noqa: S606 -- a fixed line over our own folder

        pid = self._as_user(slot, wipe)
        if pid:
            self._helpers[pid] = number, slot
        elif number:
            self._tell(wire.DONE, number, 1)

    def _as_user(self, slot: int, action: Callable[[], None]) -> int:
        """Fork a helper that acts as a slot's user; returns its process id, 0 when there is none."""
        try:
            pid = os.fork()
        except OSError:
            return 0
        if pid == 0:
            try:
                become_user(self._settings["uid"], slot)
                action()
            finally:
                os._exit(0)
        return pid

    def _reap(self) -> None:
        """Collect the dead: sessions are told, their remains are killed, orphans of cells are only collected."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._helpers:
                number, slot = self._helpers.pop(pid)
                if number:
                    self._tell(wire.DONE, number, status)
                if not self._is_wiped(slot):
                    for waiting in [n for n, (wanted, _) in self._waiting.items() if wanted == slot]:
                        self._open(waiting, *self._waiting.pop(waiting))
            elif pid in self._sessions:
                self._kill(pid)
                number, slot = self._sessions.pop(pid)
                if slot in self._forfeited:
                    self._forfeited.remove(slot)
                    self._wipe(0, slot)
                self._tell(wire.ENDED, number, status)


def become_user(base: int | None, slot: int) -> None:
    """Change to a slot's user for good; None stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if base is not None:
        os.setgroups([])
        os.setresgid(base + slot, base + slot, base + slot)
        os.setresuid(base + slot, base + slot, base + slot)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # its own /proc is its own


def main(settings: dict[str, Any]) -> None:
    """Run in a sandbox until the host goes."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # sessions of the same user cannot look into this process
    for name in [*PREIMPORTED, *settings["preimport"]]:
        with suppress(ImportError):
            importlib.import_module(name)
    sys.argv[:] = [""]
    _rename()
    gc.collect()
    gc.freeze()
    Supervisor(settings).serve()
    os._exit(0)


def _rename() -> None:
    """Take our text out of what `ps` shows: it differs from run to run, and is nothing a cell should print."""
    with suppress(OSError, IndexError, ValueError), open("/proc/self/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        if start:
            ctypes.memset(start, 0, end - start)
            ctypes.memmove(start, b"sandbox", min(7, end - start))
