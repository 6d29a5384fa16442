"""A root filesystem from Debian's packages, for machines that reach no image registry: fetched, unpacked, one layer.

Packages are fetched with apt as this machine is set up for it and are not installed; nothing here needs root.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ...runtime.errors import ConfigError

WANTED = (
    "python3-minimal python3 bash coreutils dash debianutils diffutils findutils gawk grep gzip mawk patch procps sed "
    "sqlite3 tar"
).split()
DATA = ("python3-numpy", "python3-pandas")
UNNEEDED = re.compile(
    r"perl|^(debconf|dpkg|base-files|usrmerge|init-system-helpers|media-types|netbase|gcc-\d+-base|install-info|mailcap)\b"
)
"""Wanted by maintainer scripts, which do not run here."""
MERGED = re.compile(r"^(bin|sbin|lib|lib32|lib64|libx32)(?=/|$)")
UNSEEN = re.compile(r"^(usr/share/(doc|man|info|locale|lintian|bug|doc-base|pixmaps)|var|etc/init\.d)(/|$)")
"""What nobody reads in a sandbox."""
FETCH_S = 300.0
FILES = {
    "etc/passwd": "root:x:0:0:root:/:/usr/sbin/nologin\nsandbox:x:10001:10001:sandbox:/workspace:/bin/bash\n",
    "etc/group": "root:x:0:\nsandbox:x:10001:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


class Root(msgspec.Struct, frozen=True):
    """A filesystem as one layer of an image."""

    layer: bytes
    """An uncompressed tar archive."""
    digest: str
    """SHA-256 of the layer."""
    contents: str
    """Hash over the names and versions of the packages."""
    architecture: str
    """As engines call it: `amd64`, `arm64`."""


def root_filesystem(data: bool) -> Root:
    """Fetch and unpack; with numpy and pandas when `data`. Raises ConfigError, one line that says what is missing."""
    for program in ("apt-get", "dpkg-deb", "dpkg"):
        if shutil.which(program) is None:
            raise ConfigError(f"sandbox build: no registry and no {program}: name an image with --base")
    with tempfile.TemporaryDirectory(prefix="tdscaling-packages-") as folder:
        names = _closure([*WANTED, *(DATA if data else ())])
        _run(["apt-get", "download", "-qq", *names], cwd=folder)
        packages = sorted(Path(folder).glob("*.deb"))
        layer = _layer(packages)
        contents = hashlib.sha256("\n".join(package.name for package in packages).encode()).hexdigest()[:12]
    return Root(layer, hashlib.sha256(layer).hexdigest(), contents, _run(["dpkg", "--print-architecture"]).strip())


def _closure(wanted: Sequence[str]) -> list[str]:
    """These packages and what they need, as apt would install them on an empty machine."""
    empty = ["-o", "Dir::State::status=/dev/null", "-o", "APT::Get::Show-User-Simulation-Note=false"]
    said = _run(["apt-get", *empty, "--simulate", "--no-install-recommends", "-qq", "install", *wanted])
    names = re.findall(r"^Inst (\S+)", said, re.MULTILINE)
    if not names:
        raise ConfigError("sandbox build: apt knows no packages: run apt-get update")
    return sorted(name for name in names if not UNNEEDED.search(name))


def _layer(packages: Sequence[Path]) -> bytes:
    """One archive of all packages, everything below /usr as on a system whose /bin is a link."""
    buffer = io.BytesIO()
    written: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for name in ("bin", "sbin", "lib", "lib64"):
            _link(layer, written, name, f"usr/{name}")
        for name in ("etc", "proc", "sys", "dev", "tmp", "run", "workspace", "w", "run/tdscaling"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            layer.addfile(folder)
            written.add(name)
        for name, text in FILES.items():
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(text), 0o644
            layer.addfile(file, io.BytesIO(text.encode()))
            written.add(name)
        for package in packages:
            with (
                subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpacking,  # noqa: S603, S607
                tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive,
            ):
                for entry in archive:
                    _take(layer, written, archive, entry)
            if unpacking.returncode:
                raise ConfigError(f"sandbox build: {package.name} cannot be unpacked")
        # What maintainer scripts would have made.
        for name, target in (("usr/bin/awk", "gawk"), ("usr/bin/sh", "dash")):
            _link(layer, written, name, target)
    return buffer.getvalue()


def _take(layer: tarfile.TarFile, written: set[str], archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    entry.name = MERGED.sub(r"usr/\1", entry.name.removeprefix("./").removeprefix("/"))
    if entry.islnk():
        entry.linkname = MERGED.sub(r"usr/\1", entry.linkname.removeprefix("./"))
    if entry.name in written or not entry.name or entry.name == "." or UNSEEN.match(entry.name):
        return
    # Nothing in a sandbox has more rights than who runs it, and nothing in an image is younger than another build's.
    entry.mode &= 0o1777
    entry.mtime = 0
    written.add(entry.name)
    layer.addfile(entry, archive.extractfile(entry) if entry.isreg() else None)


def _link(layer: tarfile.TarFile, written: set[str], name: str, target: str) -> None:
    if name not in written:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        layer.addfile(entry)
        written.add(name)


def _run(command: Sequence[str], cwd: str | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=FETCH_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ConfigError(f"sandbox build: {command[0]} took more than {FETCH_S:g} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ConfigError(f"sandbox build: {command[0]}: {lines[-1][:300]}")
    return done.stdout
