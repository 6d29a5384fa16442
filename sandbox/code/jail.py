"""The command line of one bubblewrap sandbox: which namespaces, which files, which interpreter.

Inside there is the system's /usr without what somebody installed by hand, an /etc of our own, and memory filesystems of
fixed size; neither /home, /root nor /sys. Nothing is mapped but one user without capabilities.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ...runtime.errors import ConfigError
from .limits import MIB, Limits

OLDEST = (0, 8)
"""The bubblewrap that brought --disable-userns."""
UID = 10001
"""The user that a sandbox sees itself as."""
INNER_SOCKETS = "/run/tdscaling"
"""Where the hub's folder is seen."""
STREAMS = 160 * MIB
"""Bytes of /dev/shm, which also holds what cells write to stdout and stderr until it is read."""
HIDDEN = ("/usr/local", "/usr/lib/python3/dist-packages")
"""What differs from machine to machine."""
MERGED = ("bin", "sbin", "lib", "lib64", "lib32", "libx32")
PASSWD = f"root:x:0:0:root:/:/usr/sbin/nologin\nsandbox:x:{UID}:{UID}:sandbox:/workspace:/bin/bash\n"
GROUP = f"root:x:0:\nsandbox:x:{UID}:\n"


class Programs(msgspec.Struct, frozen=True):
    """What a machine has for this."""

    bwrap: str
    setpriv: str
    """Empty where we are not root and need not change the user."""
    python: str
    """The interpreter as seen from inside."""
    python_home: str
    """Folder that is bound to /opt/python for it; empty when it is in /usr."""
    version: str
    """The interpreter's."""


def find_programs(system: str = sys.platform, path: str | None = None) -> Programs:
    """Look at this machine. Raises ConfigError, one line that says what to install or to do.

    Args:
        system: As `sys.platform` says it.
        path: Where to look for bubblewrap; by default PATH and the usual folders.
    """
    if system != "linux":
        raise ConfigError("the bubblewrap backend needs Linux; on this system use --backend docker")
    bwrap = shutil.which("bwrap", path=path or os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if bwrap is None:
        raise ConfigError("code tool: bubblewrap is not installed: apt-get install bubblewrap, or use --backend docker")
    version = tuple(int(part) for part in _said([bwrap, "--version"]).split()[-1].split(".")[:2])
    if version < OLDEST:
        raise ConfigError(f"code tool: {bwrap} is too old: 0.8 or newer is needed, or use --backend docker")
    setpriv = ""
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv", path="/usr/bin:/bin:/sbin") or ""
        if not setpriv:
            raise ConfigError("code tool: as root, setpriv is needed: install util-linux, or use --backend docker")
    python, home, said = _interpreter()
    return Programs(bwrap, setpriv, python, home, said)


def arguments(programs: Programs, limits: Limits, sockets: Path, etc: Path, uid: int | None, seccomp: int) -> list[str]:
    """Everything before the sandbox's own command.

    Args:
        programs: From `find_programs`.
        limits: Sizes of the filesystems.
        sockets: The hub's folder.
        etc: A folder that `make_etc` made.
        uid: The user to change to first, None to stay.
        seccomp: File descriptor that holds the filter.
    """
    drop = []
    if uid is not None:
        drop = [programs.setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    isolate = (
        "--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try --disable-userns "
        f"--die-with-parent --new-session --as-pid-1 --cap-drop ALL --uid {UID} --gid {UID} --hostname sandbox"
    ).split()
    files = ["--ro-bind", "/usr", "/usr", *_top_level(), "--ro-bind", str(etc), "/etc"]
    files += [word for path in HIDDEN if Path(path).is_dir() for word in ("--tmpfs", path, "--remount-ro", path)]
    files += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
    if programs.python_home:
        files += ["--ro-bind", programs.python_home, "/opt/python"]
    files += ["--ro-bind", str(sockets), INNER_SOCKETS, "--proc", "/proc", "--dev", "/dev"]
    for path, size in (("/workspace", limits.disk), ("/tmp", limits.disk), ("/dev/shm", STREAMS)):  # noqa: S108
        files += ["--size", str(size), "--tmpfs", path]
    files += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    return [*drop, programs.bwrap, *isolate, *files, "--seccomp", str(seccomp), "--"]


def make_etc(parent: Path | None) -> Path:
    """A new folder with the few files that programs look for in /etc. Raises OSError."""
    folder = Path(tempfile.mkdtemp(prefix="tdscaling-etc-", dir=parent))
    (folder / "passwd").write_text(PASSWD, encoding="ascii")
    (folder / "group").write_text(GROUP, encoding="ascii")
    (folder / "alternatives").mkdir()
    for path in (folder, folder / "alternatives"):
        path.chmod(0o755)
    return folder


def _top_level() -> Iterator[str]:
    """/bin and its like: links into /usr as on this machine, or the folders themselves."""
    for name in MERGED:
        path = Path("/") / name
        if path.is_symlink():
            yield from ("--symlink", f"usr/{name}", str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def _interpreter() -> tuple[str, str, str]:
    """The system's Python, else the one that runs this; as seen from inside, what to bind for it, its version."""
    system = Path("/usr/bin/python3")
    if system.exists() and system.resolve().is_relative_to("/usr"):
        version = _said([str(system), "-I", "-c", "import sqlite3, sys; print(*sys.version_info[:3], sep='.')"])
        if version and tuple(map(int, version.split("."))) >= (3, 9):
            return str(system), "", version
    home = Path(sys.base_prefix).resolve()
    program = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not (home / program).exists() or not _open_to_all(home):
        raise ConfigError("code tool: no Python that a sandbox can use: apt-get install python3, or --backend docker")
    return f"/opt/python/{program}", str(home), platform.python_version()


def _open_to_all(path: Path) -> bool:
    """Whether another user can reach a folder; as root the sandbox is one."""
    return os.geteuid() != 0 or all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
