"""What an attack is: a cell that tries something, how far it may get, and where the same cell is seen to succeed.

Every cell ends by printing one JSON value, what it `got`: true or false for things that work or do not, a number for
things that are used up. The network's cells try this machine's own loopback only.
"""

from __future__ import annotations

import textwrap
from typing import Literal

import msgspec

Control = Literal["host", "lifted"]
"""Where the cell succeeds: as a process beside the sandbox, or in a bounded container with its limits lifted."""

PRELUDE = """
import ctypes, errno, json, os, signal, socket, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def works(action):
    try:
        action()
    except (OSError, ValueError, subprocess.SubprocessError, MemoryError, ModuleNotFoundError):
        return False
    return True


def call(number, *arguments):
    # A system call by number: ENOSYS and EPERM are walls; any other error came from behind them.
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result == -1 and ctypes.get_errno() in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EAFNOSUPPORT):
        raise OSError(ctypes.get_errno(), "refused")
    return result


def report(got):
    sys.stdout.flush()
    os.write(1, ("\\n" + json.dumps(got) + "\\n").encode())
"""


Bite = Literal["got", "hangs", "dies", "stays", "kills"]
"""How it shows that an attack succeeds: by what it got; by not ending; by the signal that ends it; by what it leaves
running; by a bystander's death."""
ANY = 1e18
"""A cell may get this much: what it does is harmless, and is told by the state of everybody else."""


class Attack(msgspec.Struct, frozen=True):
    """One hostile cell."""

    name: str
    source: str
    """`{name}` stands for a value of `Targets`."""
    control: Control
    most: float = 0
    """What it may get in a sandbox with the tests' limits."""
    shared: bool = False
    """Whether dense sessions share what it uses: there it may get any amount, as long as siblings go on working."""
    bite: Bite = "got"
    """What the control shows; with `got`, that more than `most` can be had, or where that is ANY, more than nothing."""
    deadline_s: float = 8.0
    """Seconds that it is given."""

    def cell(self, targets: dict[str, object]) -> str:
        """The source with what the cell is to aim at."""
        body = textwrap.dedent(self.source)
        for name, value in targets.items():
            body = body.replace("{" + name + "}", str(value))
        return PRELUDE + body


def got(stdout: bytes) -> float:
    """The value that a cell printed last; 0 when it did not come to that."""
    for line in reversed(stdout.splitlines()):
        try:
            return float(msgspec.json.decode(line, type=bool | float))
        except msgspec.DecodeError:
            continue
    return 0
