"""Which package, in which version, a catalogue's folder belongs to, for the `source` of its tools."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec


class _Package(msgspec.Struct):
    name: str
    version: str


def npm_package(path: Path) -> str:
    """`name version` of the npm package around a folder, at most three levels up; empty when there is none."""
    start = path.resolve()
    for folder in (start, *start.parents[:3]):
        try:
            found = msgspec.json.decode((folder / "package.json").read_bytes(), type=_Package)
        except (OSError, msgspec.DecodeError):
            continue
        return f"{found.name} {found.version}"
    return ""


def python_package(path: Path, name: str) -> str:
    """`name version` of an installed Python package by the metadata folder beside it; the name alone without one."""
    stem = re.escape(name.replace("-", "_"))
    for folder in path.resolve().parents:
        if folder.name == "site-packages":
            for metadata in sorted(folder.glob("*.dist-info")):
                found = re.fullmatch(rf"{stem}-(.+)\.dist-info", metadata.name, re.IGNORECASE)
                if found:
                    return f"{name} {found[1]}"
    return name
