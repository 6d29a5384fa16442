"""Reading lines of segments: one by its place, or all of them in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ..storage import Storage
from .segments import segment_name, segment_numbers


class SegmentReader:
    """Reads single lines. Keeps one file open per segment; close it in the end."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._files: dict[int, BinaryIO] = {}  # {segment: file}

    def read(self, segment: int, offset: int, length: int) -> bytes:
        """So many bytes of a segment; fewer when it does not have them. Raises OutputError."""
        file = self._files.get(segment)
        if file is None:
            file = self._files[segment] = self._storage.open_read(segment_name(segment))
        file.seek(offset)
        found = file.read(length)
        if len(found) < length:  # a storage may give the file as it was when it was opened
            self._files.pop(segment).close()
            file = self._files[segment] = self._storage.open_read(segment_name(segment))
            file.seek(offset)
            found = file.read(length)
        return found

    def close(self) -> None:
        """Close every file. Idempotent."""
        for file in self._files.values():
            file.close()
        self._files.clear()


def segment_lines(storage: Storage) -> Iterator[tuple[str, int, bytes]]:
    """Every line of every segment with its file and the number of its first byte. Raises OutputError."""
    for number in segment_numbers(storage):
        name, offset = segment_name(number), 0
        with storage.open_read(name) as file:
            for line in file:
                yield name, offset, line
                offset += len(line)


class _Finished(msgspec.Struct):
    row: msgspec.Raw


_ROW = msgspec.json.Decoder(_Finished)


def row_line(line: bytes) -> bytes:
    """The row in a `finished` line, as the line that sinks get: the same bytes that encoding it again would give."""
    return bytes(_ROW.decode(line).row) + b"\n"
