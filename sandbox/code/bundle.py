"""How what runs inside gets there: the modules of `inside/` as one argument of the sandbox's Python."""

from __future__ import annotations

import base64
import functools
import hashlib
import zlib
from pathlib import Path

import msgspec

MODULES = ("wire", "files", "query", "cells", "quota", "relay", "supervisor")
"""In the order of their imports."""
BOOT = """\
import base64, builtins, json, sys, types, zlib
sources = json.loads(zlib.decompress(base64.b85decode(%r)))
package = types.ModuleType("inside")
package.__path__ = []
sys.modules["inside"] = package
for name, text in sources.items():
    module = sys.modules["inside." + name] = types.ModuleType("inside." + name)
    module.__package__ = "inside"
    # Builtins of its own: what a cell replaces stays the cell's.
    module.__builtins__ = dict(vars(builtins))
    setattr(package, name, module)
    exec(compile(text, "<sandbox " + name + ">", "exec"), vars(module))
settings = json.loads(sys.argv[1])
del sources, text, name, module
sys.modules["inside.supervisor"].main(settings)
"""
ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/workspace",
    "HOSTNAME": "sandbox",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that a sandbox finds in its environment."""


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor is told; see `inside/supervisor.py`."""

    socket: str
    """Path of the host's socket as seen from inside; empty for stdin and stdout."""
    nonce: str
    """32 characters, for the control connection."""
    root: str = "/workspace"
    """Folder of the only session, or of all slots."""
    uid: int | None = None
    """User of slot 0; None runs sessions as the supervisor's own."""
    dense: bool = False
    limits: dict[str, int] = {}
    """RLIMITs by name."""
    memory: int = 0
    """Bytes of memory of all processes that are watched for; 0 leaves it to the kernel."""
    quota: int = 0
    """Bytes of a slot's folder; 0 leaves it to the filesystem."""
    preimport: list[str] = []
    """Further modules to import before the first session."""


def command(python: str, inside: Inside) -> list[str]:
    """Program and arguments of a sandbox's first process."""
    # -s -u: no user's site packages, no buffers.
    return [python, "-s", "-u", "-c", _boot(), msgspec.json.encode(inside).decode()]


def digest() -> str:
    """Twelve hex digits over what runs inside."""
    return hashlib.sha256(_packed()).hexdigest()[:12]


def _boot() -> str:
    return BOOT % base64.b85encode(zlib.compress(_packed(), 9)).decode()


@functools.cache
def _packed() -> bytes:
    folder = Path(__file__).parent / "inside"
    return msgspec.json.encode({name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES})
