"""What can still be read of a damaged journal, put into a new one."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import msgspec

from ..errors import InputError
from ..storage import DirectoryStorage
from .events import Event, Finished, decode_event, encode_event
from .index import INDEX, Index
from .past import MAX_BATCH
from .reader import segment_paths
from .segments import LIMIT, Segments
from .writer import InlineWriter, Line, Shelf


class Salvage(msgspec.Struct, frozen=True):
    """What came of it."""

    rows: int
    """Finished episodes that stand in the new journal."""
    lost_lines: int
    """Lines that could not be read."""
    first: str
    """File and byte of the first of them; empty when there is none."""


def salvage(damaged: Path, fresh: DirectoryStorage, *, limit: int = LIMIT) -> Salvage:
    """Write every whole finished row of `damaged` into a new journal.

    What was committed is left out: a resume commits again, in order, and plays what is missing.

    Raises:
        InputError: `damaged` holds no journal, or a segment cannot be opened.
        OutputError: the new journal cannot be written.
    """
    writer = InlineWriter(Shelf(Segments(fresh, limit=limit), Index(str(fresh.path / INDEX))))
    lines: list[Line] = []
    rows = lost = 0
    first = ""
    with _index_of(damaged) as known:
        for where, line in _lines(damaged):
            event = _event(line, known)
            if event is None:
                lost += 1
                first = first or where
            elif isinstance(event, Finished):
                lines.append(Line(encode_event(event), (event.id, event.index)))
                rows += 1
            if len(lines) == MAX_BATCH:
                writer.keep_now(lines)
                lines.clear()
    writer.keep_now(lines)
    writer.close()
    return Salvage(rows, lost, first)


@contextmanager
def _index_of(directory: Path) -> Generator[Index]:
    """A copy of the damaged run's index, which knows the checksums of its rows."""
    with TemporaryDirectory() as folder:
        for path in directory.glob(f"{INDEX}*"):
            shutil.copyfile(path, Path(folder) / path.name)
        index = Index(str(Path(folder) / INDEX))
        try:
            yield index
        finally:
            index.close()


def _lines(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Every line and its place."""
    for path in segment_paths(directory):
        offset = 0
        try:
            with path.open("rb") as file:
                for line in file:
                    yield f"{path.name} byte {offset}", line
                    offset += len(line)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _event(line: bytes, known: Index) -> Event | None:
    """The event of a line; None when it cannot be read or is not what was written."""
    try:
        event = decode_event(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(event, Finished):
        place = known.find(event.id)
        if event.row.id != event.id or (place is not None and place.crc != crc32(line)):
            return None
    return event if line.endswith(b"\n") else None
