"""Files of a session's folder: read, written and hashed from inside, as the session's own user.

A path that leads out of the folder, by `..` or by a link, is refused. That is a courtesy to a model that errs, not a
barrier: cells can open what they like, and the walls around the whole sandbox hold them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat

HIDDEN = frozenset({".tmp", "__pycache__", ".pytest_cache", ".cache"})
"""Names that are left out of listings: what tools leave behind by themselves."""
MAX_FILES = 10_000
MAX_HASHED = 256 * 2**20
"""Bytes hashed for one listing."""
WORKSPACE = b"/workspace"
"""What a session's folder is called to the model."""
SQLITE = b"SQLite format 3\x00"


class FileRefused(Exception):
    """A file operation that cannot be done. Its text is one line for the model."""


def inside(root: str, path: str) -> str:
    """The real path of a path of the session. Raises FileRefused when it is not below the folder."""
    if "\0" in path or not path:
        raise FileRefused("a path must not be empty or hold NUL")
    real = os.path.realpath(os.path.join(root, path))
    if real != root and not real.startswith(root + "/"):
        raise FileRefused(f"{path} is outside of the workspace")
    return real


def read_file(root: str, path: str, limit: int) -> bytes:
    """A whole file. Raises FileRefused."""
    real = inside(root, path)
    try:
        # Not blocking: opening a named pipe would wait for its writer.
        number = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}") from None
    with open(number, "rb") as file:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode):
            raise FileRefused(f"{path} is no regular file")
        if state.st_size > limit:
            raise FileRefused(f"{path} has {state.st_size} bytes, more than the {limit} that can be read at once")
        return file.read(limit)


def write_file(root: str, path: str, data: bytes) -> None:
    """Replace a whole file; folders on the way are made. Raises FileRefused."""
    real = inside(root, path)
    try:
        os.makedirs(os.path.dirname(real), exist_ok=True)
        with open(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o666), "wb") as file:
            file.write(data)
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}") from None


def digests(root: str) -> bytes:
    """JSON `{path: sha256}` of every file, a link as `-> target`. Raises FileRefused when there is too much."""
    found: dict[str, str] = {}
    hashed = 0
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in HIDDEN)
        for name in sorted([*files, *(name for name in names if os.path.islink(os.path.join(folder, name)))]):
            path = os.path.join(folder, name)
            state = os.lstat(path)
            hashed += state.st_size
            if len(found) >= MAX_FILES or hashed > MAX_HASHED:
                raise FileRefused(f"the workspace holds more than {MAX_FILES} files or {MAX_HASHED} bytes")
            found[os.path.relpath(path, root)] = _digest(root, path, state)
    return json.dumps(found).encode()


def _digest(root: str, path: str, state: os.stat_result) -> str:
    if stat.S_ISLNK(state.st_mode):
        return f"-> {os.readlink(path)}"
    if not stat.S_ISREG(state.st_mode):
        return "special"
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            data = file.read()
    except OSError as error:
        return f"unreadable: {error.strerror}"
    if data.startswith(SQLITE):
        data = _dump(path) or data
    # The folder's own name may differ between two runs of one trajectory; what a model sees never does.
    return hashlib.sha256(data.replace(root.encode(), WORKSPACE)).hexdigest()


def _dump(path: str) -> bytes:
    """A database by what it says: its pages depend on the order of deletions and on the library's version."""
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)
        try:
            return "\n".join(database.iterdump()).encode("utf-8", "surrogateescape")
        finally:
            database.close()
    except (sqlite3.Error, UnicodeError):
        return b""
