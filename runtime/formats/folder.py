"""Where an export goes: a folder that a data set hub understands, one file, or a stream; whole or not at all.

Everything is written beside its place under another name and moved there when it is complete, so a failure leaves
neither half a file nor a lost old one.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputError

FILES = (".jsonl", ".json", ".parquet")
"""Endings that make a path a file; any other path is a folder."""


def is_file(out: str) -> bool:
    """True where `--out` names one file, or is - for a stream."""
    return out == "-" or Path(out).suffix in FILES


@contextmanager
def building(out: Path, *, overwrite: bool) -> Generator[Path]:
    """A place beside `out` to write to, file or folder by its ending; it becomes `out` when the block ends well.

    Raises:
        OutputError: `out` is there already and must stay, or its folder cannot be written.
    """
    if not overwrite and (out.is_file() or (out.is_dir() and any(out.iterdir()))):
        raise OutputError(f"{out}: is there already; give --overwrite to replace it, or another --out")
    if out.exists() and out.is_dir() == is_file(str(out)):
        raise OutputError(f"{out}: is a {'folder' if out.is_dir() else 'file'} already; give another --out")
    beside = out.parent / f".{out.name}.{os.getpid()}.part"
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        if not is_file(str(out)):
            beside.mkdir()
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from None
    try:
        yield beside
        _move(beside, out)
    except OSError as error:
        raise OutputError(f"{error.filename or out}: cannot be written: {error.strerror}") from None
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            beside.unlink(missing_ok=True)


def _move(beside: Path, out: Path) -> None:
    if out.is_dir():
        old = out.parent / f".{out.name}.{os.getpid()}.old"
        out.rename(old)
        beside.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    else:
        beside.replace(out)


def write_lines(stream: BinaryIO, records: Iterable[bytes]) -> None:
    """Every record as a line."""
    for record in records:
        stream.write(record)
        stream.write(b"\n")


def write_stdout(records: Iterable[bytes]) -> None:
    """Every record as a line on stdout. Raises OutputError where nobody reads it any more."""
    try:
        write_lines(sys.stdout.buffer, records)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OutputError(f"<stdout>: cannot be written: {error.strerror}") from None
