"""Writing cluster files: whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..runtime.errors import OutputError

if TYPE_CHECKING:
    from ..evolution.clusterfile.line import ClusterLine


def refuse_to_overwrite(path: Path, *, overwrite: bool) -> None:
    """Raises OutputError for a file that holds something, before the work for it begins."""
    with suppress(OSError):
        if path.is_file() and path.stat().st_size and not overwrite:
            raise OutputError(f"{path}: holds something already; give another --out, or --overwrite")


def write_lines(path: Path, lines: Iterable[ClusterLine]) -> int:
    """`write_bytes` of the lines' JSON."""
    from ..evolution.clusterfile.line import encode

    return write_bytes(path, map(encode, lines))


def write_bytes(path: Path, lines: Iterable[bytes]) -> int:
    """Write lines with their breaks, and put the file in its place when it is whole. Returns their number.

    Raises OutputError, and whatever the lines raise; then nothing is left behind.
    """
    part = path.with_name(f"{path.name}.part")
    count = 0
    try:
        with part.open("wb") as stream:
            for line in lines:
                stream.write(line)
                count += 1
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            part.unlink()
    return count
