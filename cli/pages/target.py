"""The file that a page is written to: whole or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...runtime.errors import OutputError


def check_free(out: Path, *, overwrite: bool) -> None:
    """Say at once what would be said after the work. Raises OutputError as `new_file` does."""
    if out.is_dir():
        raise OutputError(f"{out}: is a folder; give a file, for instance {out / 'report.html'}")
    if not overwrite and out.exists():
        raise OutputError(f"{out}: is there already; give --overwrite to replace it, or another name")


@contextmanager
def new_file(out: Path, *, overwrite: bool) -> Generator[BinaryIO]:
    """A stream that becomes `out` when the block ends well.

    Raises:
        OutputError: `out` is there already and must stay, or cannot be written.
    """
    check_free(out, overwrite=overwrite)
    beside = out.parent / f".{out.name}.{os.getpid()}.part"
    try:
        stream = beside.open("wb", buffering=1 << 20)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from None
    try:
        with stream:
            yield stream
        beside.replace(out)
    except OSError as error:
        raise OutputError(f"{error.filename or out}: cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
