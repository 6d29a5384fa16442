"""Reading lines of segments: one by its place, or all of them in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ..storage import Storage
from .segments import segment_name, segment_numbers


class SegmentReader:
    """Reads single lines. Keeps one file open per segment until `close`; after it, none."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._files: dict[int, BinaryIO] = {}  # {segment: file}
        self._closed = False

    def read(self, segment: int, offset: int, length: int) -> bytes:
        """So many bytes of a segment; fewer when it does not have them. Raises OutputError."""
        if self._closed:
            with self._storage.open_read(segment_name(segment)) as file:
                return _part(file, offset, length)
        kept = self._files.get(segment)
        found = _part(kept, offset, length) if kept else b""
        if len(found) == length:
            return found
        if kept is not None:  # a storage may give the file as it was when it was opened
            kept.close()
        fresh = self._files[segment] = self._storage.open_read(segment_name(segment))
        return _part(fresh, offset, length)

    def close(self) -> None:
        """Close every file. Idempotent."""
        self._closed = True
        for file in self._files.values():
            file.close()
        self._files.clear()


def _part(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


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
    twin: msgspec.Raw = msgspec.Raw()


_ROW = msgspec.json.Decoder(_Finished)


def row_line(line: bytes, *, twin: bool = False) -> bytes:
    """The row in a `finished` line, or its twin, as the line that sinks get: the bytes that encoding it gives."""
    found = _ROW.decode(line)
    return bytes(found.twin if twin else found.row) + b"\n"
