"""A session: the process in which the cells of one trajectory run, and where their state is kept.

Cells share this process with the code below and may break it. What breaks is theirs alone: the host then sees a
connection that ends, and starts another session. After every cell the process's own things (streams, signal handler,
builtins) are put back, because most cells break them by accident.
"""

from __future__ import annotations

import ast
import builtins
import fcntl
import io
import linecache
import os
import random
import signal
import socket
import subprocess
import sys
import traceback
import types
from collections.abc import Callable
from contextlib import suppress
from importlib import invalidate_caches
from typing import Any

from . import wire
from .files import FileRefused, digests, read_file, write_file
from .query import run_sql

MAX_BODY = 80 * 2**20
"""Bytes of a request; the host sends less."""
BUILTINS = dict(builtins.__dict__)
"""As they were before any cell; made before the fork, so that sessions share it."""
Answer = tuple[int, int, bytes]
"""Outcome, exit code, value."""


class Session:
    """Serves one connection until it ends."""

    def __init__(self, link: socket.socket, root: str) -> None:
        """`root`: the session's folder, which is also its working directory."""
        self._link = link
        self._root = root
        self._pid = os.getpid()
        self._running = False
        self._interrupted = False
        self._count = 0
        self._suspect = False
        self._databases: dict[str, Any] = {}
        self._shell_cwd = root
        self._shell_env = {name: value for name, value in os.environ.items() if name != "BASH_ENV"}
        self._streams = [_memory_file("stdout"), _memory_file("stderr")]
        self._texts = _text(1), _text(2)
        self._read_ahead = b""
        self._main = types.ModuleType("__main__")
        vars(self._main)["__builtins__"] = builtins
        self._actions: dict[int, Callable[[str, bytes, int], Answer]] = {
            wire.PYTHON: self._python,
            wire.SHELL: self._shell,
            wire.SQL: self._sql,
            wire.SCRIPT: self._script,
            wire.READ: self._read,
            wire.WRITE: self._write,
            wire.FILES: self._files,
            wire.PING: lambda name, body, limit: (wire.OK, 0, b""),
        }

    def serve(self) -> None:
        """Answer requests until the host closes the connection."""
        sys.modules["__main__"] = self._main
        sys.path[:0] = [""]
        random.seed(0)  # the same cells give the same numbers, whenever they run
        self._restore()
        while True:
            header = self._exactly(wire.REQUEST.size)
            if header is None:
                return
            operation, limit, name_length, body_length = wire.REQUEST.unpack(header)
            body = self._exactly(name_length + body_length) if body_length <= MAX_BODY else None
            if body is None:
                return
            name = body[:name_length].decode("utf-8", "surrogateescape")
            answer = self._perform(self._actions[operation], name, body[name_length:], limit)
            if os.getpid() != self._pid:
                os._exit(0)  # a child that a cell forked: it must not answer in its parent's place
            self._link.sendall(self._reply(answer, limit))

    def _perform(self, action: Callable[[str, bytes, int], Answer], name: str, body: bytes, limit: int) -> Answer:
        """One request; whatever a cell raises is its answer."""
        self._interrupted = False
        try:
            self._running = True
            try:
                outcome, code, value = action(name, body, limit)
            finally:
                self._running = False
        except FileRefused as refusal:
            outcome, code, value = wire.REFUSED, 1, str(refusal).encode("utf-8", "surrogateescape")
        except KeyboardInterrupt:
            outcome, code, value = wire.INTERRUPTED, 130, b""
        except BaseException:  # noqa: BLE001 -- the machinery failed in the cell's surroundings, memory most likely
            self._restore()
            os.write(2, traceback.format_exc(limit=-2).encode("utf-8", "backslashreplace"))
            outcome, code, value = wire.ERROR, 1, b""
        if self._interrupted:
            outcome, code = wire.INTERRUPTED, 130
        self._restore()
        return outcome, code, value

    def _restore(self) -> None:
        """Put back what a cell may have broken: builtins, streams, the signal handler."""
        if self._suspect:
            builtins.__dict__.update(BUILTINS)
            self._suspect = False
        with suppress(Exception):
            sys.stdout.flush()
        with suppress(Exception):
            sys.stderr.flush()
        for number, stream in enumerate(self._streams, start=1):
            os.dup2(stream, number)
        out, err = self._texts
        if sys.stdout is not out or sys.stderr is not err or out.closed or err.closed:
            self._texts = out, err = _text(1), _text(2)
            sys.stdout = sys.__stdout__ = out  # type: ignore[misc]
            sys.stderr = sys.__stderr__ = err  # type: ignore[misc]
        signal.signal(signal.SIGINT, self._on_interrupt)

    def _on_interrupt(self, number: int, frame: types.FrameType | None) -> None:
        # The host's signal may come when the cell has just ended; then there is nothing to interrupt.
        if self._running:
            self._interrupted = True
            raise KeyboardInterrupt

    def _reply(self, answer: Answer, limit: int) -> bytes:
        outcome, code, value = answer
        parts, totals = [], []
        for stream in self._streams:
            size = os.fstat(stream).st_size
            totals.append(size)
            if size <= limit:
                parts.append(os.pread(stream, size, 0) if size else b"")
            else:
                half = limit // 2
                parts.append(os.pread(stream, half, 0) + os.pread(stream, half, size - half))
            if size:
                os.ftruncate(stream, 0)
        out, err = parts
        header = wire.REPLY.pack(outcome, code, totals[0], totals[1], len(out), len(err), len(value))
        return header + out + err + value

    def _exactly(self, size: int) -> bytes | None:
        """So many bytes, or None when the connection ends before."""
        data = self._read_ahead
        if len(data) < size:
            pieces, held = [data], len(data)
            while held < size:
                piece = self._link.recv(2**18)
                if not piece:
                    return None
                pieces.append(piece)
                held += len(piece)
            data = b"".join(pieces)
        self._read_ahead = data[size:]
        return data[:size]

    def _python(self, name: str, body: bytes, limit: int) -> Answer:
        """Run a cell in the session's own namespace; the value of a last expression is shown, as a notebook does."""
        self._count += 1
        label = f"<cell {self._count}>"
        # Looking at each of them after every cell would make a private copy of every page that one of them is on.
        self._suspect = b"builtins" in body
        if b"import" in body:
            invalidate_caches()  # modules that an earlier cell has written are found
        namespace = vars(self._main)
        try:
            source = body.decode()
            linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
            tree = ast.parse(source, label)
            last = tree.body[-1] if tree.body else None
            if isinstance(last, ast.Expr):
                tree.body.pop()
            exec(compile(tree, label, "exec"), namespace)  # noqa: S102 -- this is what a sandbox is for
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), label, "eval"), namespace)  # noqa: S307
                if value is not None:
                    print(repr(value))  # noqa: T201
        except SystemExit as leaving:
            status = leaving.code
            if isinstance(status, str):
                print(status, file=sys.stderr)  # noqa: T201
            status = 0 if status is None else status if isinstance(status, int) else 1
            return (wire.ERROR if status else wire.OK), status & 0xFF, b""
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and self._interrupted:
                raise  # where it was just then is nobody's business: it differs from run to run
            self._running = False
            self._restore()
            os.write(2, _told(error).encode("utf-8", "backslashreplace"))
            return wire.ERROR, 1, b""
        return wire.OK, 0, b""

    def _shell(self, name: str, body: bytes, limit: int) -> Answer:
        """Run a command line; folder and exported variables are kept for the next one."""
        state = _unnamed("shell")
        os.set_inheritable(state, True)
        keep = f"unset BASH_ENV; trap 'pwd >&{state}; env -0 >&{state}' EXIT\n".encode()
        start = _unnamed("start")
        os.write(start, keep)
        command = ["/bin/bash", "-c", body.decode("utf-8", "surrogateescape")]
        environ = {**self._shell_env, "BASH_ENV": f"/proc/self/fd/{start}"}
        cwd = self._shell_cwd if os.path.isdir(self._shell_cwd) else self._root
        try:
            code = self._wait(command, environ, cwd, (state, start))
            cwd_line, _, variables = os.pread(state, 2**20, 0).partition(b"\n")
        finally:
            os.close(state)
            os.close(start)
        if cwd_line:
            self._shell_cwd = os.fsdecode(cwd_line)
            pairs = (item.partition(b"=") for item in variables.split(b"\0") if b"=" in item)
            self._shell_env = {os.fsdecode(key): os.fsdecode(value) for key, _, value in pairs if key != b"BASH_ENV"}
        return (wire.ERROR if code else wire.OK), code, b""

    def _script(self, name: str, body: bytes, limit: int) -> Answer:
        """Run Python source in a fresh process, with arguments separated by NUL."""
        arguments = name.split("\0") if name else []
        command = [sys.executable, "-s", "-c", body.decode(), *arguments]
        code = self._wait(command, dict(os.environ), self._root, ())
        return (wire.ERROR if code else wire.OK), code, b""

    def _wait(self, command: list[str], environ: dict[str, str], cwd: str, fds: tuple[int, ...]) -> int:
        """Run a process that writes where cells write; an interrupt ends it and all of its group."""
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, env=environ, cwd=cwd, pass_fds=fds, start_new_session=True
        )
        try:
            code = process.wait()
        except BaseException:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return code if code >= 0 else 128 - code

    def _sql(self, name: str, body: bytes, limit: int) -> Answer:
        return run_sql(self._databases, self._root, name, body, limit)

    def _read(self, name: str, body: bytes, limit: int) -> Answer:
        return wire.OK, 0, read_file(self._root, name, limit)

    def _write(self, name: str, body: bytes, limit: int) -> Answer:
        write_file(self._root, name, body)
        return wire.OK, 0, b""

    def _files(self, name: str, body: bytes, limit: int) -> Answer:
        return wire.OK, 0, digests(self._root)


def _memory_file(name: str) -> int:
    """A stream's file in memory. Writing past RLIMIT_FSIZE fails, which bounds what one cell can write."""
    number = _unnamed(name)
    # Appending: what a process of an earlier cell still writes leaves no hole after the file was emptied.
    fcntl.fcntl(number, fcntl.F_SETFL, os.O_APPEND)
    # Out of the way of cells that close what they take for theirs.
    high = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100)
    os.close(number)
    return high


def _unnamed(name: str) -> int:
    """A file that has no path: the kernel's own, or where that is refused one of a sized tmpfs."""
    try:
        return os.memfd_create(name)
    except OSError:
        return os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)  # noqa: S108


def _text(number: int) -> io.TextIOWrapper:
    raw = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)


def _told(error: BaseException) -> str:
    """The traceback without our own frames."""
    try:
        shown = traceback.TracebackException.from_exception(error)
        chain: list[traceback.TracebackException | None] = [shown]
        while chain:
            link = chain.pop()
            if link is not None:
                link.stack[:] = [frame for frame in link.stack if not frame.filename.startswith("<sandbox ")]
                chain += [link.__cause__, link.__context__]
        text = "".join(shown.format())
    except Exception:  # noqa: BLE001 -- an exception whose own methods raise
        text = f"{type(error).__name__}: this exception cannot be shown\n"
    return text if len(text) <= 20_000 else f"{text[:10_000]}\n...\n{text[-10_000:]}"
