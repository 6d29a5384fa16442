"""The folder that is one world's disk: filled from a template, read for a snapshot, removed at the end."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .mcp_paths import PathAliases

DEPTH = 6
"""Folders between root and world: a server that is led upwards by `..` then names folders that we know how to call."""
MAX_TEXT = 64 * 2**10
"""Bytes of a file that a snapshot shows as text; a larger one is shown by its hash."""


def make_scratch(root: Path, template: Path | None) -> Path:
    """A new folder below `root` with a copy of the template in it, modification times kept.

    Raises:
        OSError: the disk is full or the template cannot be read.
    """
    scratch = Path(tempfile.mkdtemp(prefix="w-", dir=root)).resolve().joinpath(*["d"] * DEPTH)
    try:
        scratch.mkdir(parents=True)
        if template is not None:
            _copy(template, scratch)
    except BaseException:
        remove_scratch(scratch)
        raise
    return scratch


def remove_scratch(scratch: Path) -> None:
    """Remove a folder that `make_scratch` made. What cannot be removed is left to the removal of its root."""
    shutil.rmtree(scratch.parents[DEPTH - 1], ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Copy in the order of names: a listing that follows the order of creation is the same in every copy."""
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        to = target / entry.name
        if entry.is_symlink():
            to.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir():
            to.mkdir()
            _copy(Path(entry.path), to)
        else:
            shutil.copy2(entry.path, to)
    shutil.copystat(source, target)


def read_files(scratch: Path, ignore: Sequence[str], aliases: PathAliases) -> dict[str, str]:
    """Every path in the order of names: a file's text or `sha256:…`, a link's target, "" for a folder.

    Paths and the texts of files read as the model sees them (`/workspace/notes/todo.md`), folders end in `/`. `ignore`
    holds glob patterns of paths relative to the folder; the folder that a pattern `x/**` names is left out with its
    content.

    Raises:
        OSError: a file cannot be read.
    """
    files: dict[str, str] = {}
    for folder, folders, names in os.walk(scratch):
        here = Path(folder)
        for name in sorted([*folders, *names]):
            path = here / name
            if _ignored(path.relative_to(scratch).as_posix(), ignore):
                continue
            seen = aliases.incoming(str(path))
            if path.is_symlink():
                files[seen] = f"link to {aliases.incoming(str(path.readlink()))}"
            elif path.is_dir():
                files[f"{seen}/"] = ""
            elif path.is_file():
                files[seen] = _content(path, aliases)
        folders[:] = sorted(
            name for name in folders if not _ignored((here / name).relative_to(scratch).as_posix(), ignore)
        )
    return dict(sorted(files.items()))


def _ignored(relative: str, patterns: Sequence[str]) -> bool:
    return any(_matches(relative, pattern) for pattern in patterns)


def _matches(relative: str, pattern: str) -> bool:
    """Glob match of a whole path: `**` crosses folders, `*` does not, `x/**` is also the folder x itself."""
    if pattern.endswith("/**") and _matches(relative, pattern.removesuffix("/**")):
        return True
    return _glob(pattern.split("/"), relative.split("/"))


def _glob(pattern: Sequence[str], path: Sequence[str]) -> bool:
    if not pattern:
        return not path
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        return any(_glob(rest, path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and fnmatch.fnmatchcase(path[0], head) and _glob(rest, path[1:])


def _content(path: Path, aliases: PathAliases) -> str:
    data = path.read_bytes()
    try:
        text = aliases.incoming(data.decode())
    except UnicodeDecodeError:
        return f"sha256:{hashlib.sha256(data).hexdigest()}"
    return text if len(data) <= MAX_TEXT else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
