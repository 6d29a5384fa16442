"""Reading the journal of a run directory from outside, also while the run goes on; nothing is opened for writing.

for row in read_rows(Path("runs/first")):
    ...
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..errors import InputError
from ..row import Row, Verdict
from .events import Abandoned, Committed, Finished, decode_event

OLD_JOURNAL = "journal.jsonl"
"""What versions before 0.2 wrote."""


class JournalLine(NamedTuple):
    """One line and where it stands."""

    where: str
    """`file:number`, for messages."""
    text: bytes


def segment_paths(directory: Path) -> list[Path]:
    """The segments of a run, in order.

    Raises:
        InputError: the directory holds no run, or one of an older version.
    """
    found = sorted(directory.glob("journal-[0-9][0-9][0-9][0-9][0-9][0-9].jsonl"))
    if not found and (directory / OLD_JOURNAL).exists():
        raise InputError(f"{directory}: holds a run of an older version ({OLD_JOURNAL}), which this one does not read")
    if not found:
        raise InputError(f"{directory}: there is no journal in it; give the directory of a run")
    return found


def journal_lines(directory: Path) -> Iterator[JournalLine]:
    """The lines of all segments. A last line that was cut off (the run was killed, or is writing) is left out.

    Raises:
        InputError: the directory holds no run, or a segment cannot be read.
    """
    paths = segment_paths(directory)
    for path in paths:
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if not line.endswith(b"\n") and path == paths[-1]:
                        return
                    yield JournalLine(f"{path}:{number}", line)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def read_rows(directory: Path, *, rejected: bool = False) -> Iterator[Row]:
    """The committed rows in order, with their final verdicts: the accepted ones, or all.

    Raises:
        InputError: the directory holds no run, or a line of its journal is none.
    """
    waiting: dict[int, Finished] = {}
    for where, text in journal_lines(directory):
        try:
            event = decode_event(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"{where}: not a line of a journal: {error}") from None
        if isinstance(event, Finished):
            waiting[event.index] = event
        elif isinstance(event, Abandoned):
            waiting.pop(event.index, None)
        elif isinstance(event, Committed) and (finished := waiting.pop(event.index, None)) is not None:
            yield from (row for row in judged(finished, event) if row.verdict.accepted or rejected)


def judged(finished: Finished, commit: Committed) -> Iterator[Row]:
    """The row and its twin, with what the commit added to their verdicts."""
    row, twin = finished.row, finished.twin
    yield _with(row, commit.late) if commit.late else row
    if twin is not None and twin.verdict.accepted and not commit.twin:
        yield _with(twin, ("set.duplicate",) if commit.accepted else ("set.half_pair",))
    elif twin is not None:
        yield twin


def _with(row: Row, reasons: tuple[str, ...]) -> Row:
    return msgspec.structs.replace(row, verdict=Verdict(False, reasons, row.verdict.scores))
