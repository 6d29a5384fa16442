"""Reading a cluster file line by line, and the one line that says which of its lines cannot be used and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ...runtime.errors import InputError
from .line import ClusterLine, decode

MOST_BYTES = 64 * 2**20
"""Of one line."""


class RawLine(msgspec.Struct, frozen=True):
    """A line where it stands in its file."""

    number: int
    """From 1."""
    offset: int
    """Of its first byte."""
    data: bytes
    """Without its line break."""


def read_clusters(path: Path) -> Iterator[ClusterLine]:
    """The clusters of a file in its order, one at a time in memory.

    Raises:
        InputError: the file cannot be read or holds no cluster; a line is none, or has an id that stood there before.
    """
    for _, line in read_numbered(path):
        yield line


def read_numbered(path: Path) -> Iterator[tuple[RawLine, ClusterLine]]:
    """`read_clusters` with the lines as they stand. Raises InputError."""
    seen: dict[str, int] = {}
    for raw in raw_lines(path):
        line = parsed(path, raw)
        first = seen.setdefault(line.id, raw.number)
        if first != raw.number:
            raise InputError(f"{path}:{raw.number}: the cluster {line.id} stands in line {first} already")
        yield raw, line
    if not seen:
        raise InputError(f"{path}: holds no clusters")


def parsed(path: Path, raw: RawLine) -> ClusterLine:
    """The cluster of one line. Raises InputError."""
    try:
        return decode(raw.data)
    except ValueError as problem:
        raise InputError(f"{path}:{raw.number}: {' '.join(str(problem).split())}") from None


def raw_lines(path: Path) -> Iterator[RawLine]:
    """The lines without their breaks, none of them blank. Raises InputError."""
    try:
        with path.open("rb") as stream:
            offset = number = 0
            while data := stream.readline(MOST_BYTES + 1):
                number += 1
                if len(data) > MOST_BYTES:
                    raise InputError(f"{path}:{number}: is longer than {MOST_BYTES} bytes, which no cluster is")
                if not data.strip():
                    raise InputError(f"{path}:{number}: is blank")
                yield RawLine(number, offset, data.rstrip(b"\r\n"))
                offset += len(data)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
