"""The segments of a journal: files of plain JSON lines that only grow, one after the other.

    journal-000000.jsonl, journal-000001.jsonl, …

A segment is left for a new one before it would pass the limit. What was appended is durable once `sync` returned; the
names of new segments are made durable as they are opened. A failed write is cut off again; a failed sync is final.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from zlib import crc32

from ..errors import OutputError
from ..storage import AppendFile, Storage
from .place import Place

LIMIT = 256 * 2**20
"""Bytes of one segment."""
_NAME = re.compile(r"journal-(\d{6})\.jsonl")


def segment_name(number: int) -> str:
    """The file of a segment."""
    return f"journal-{number:06}.jsonl"


def segment_numbers(storage: Storage) -> list[int]:
    """The segments that are there, in order. Raises OutputError."""
    return [int(found[1]) for name in storage.names() if (found := _NAME.fullmatch(name))]


class Segments:
    """The end of a journal, to be written by one thread at a time."""

    def __init__(self, storage: Storage, *, limit: int = LIMIT) -> None:
        """Goes on where the last segment ends, which must have been repaired before. Raises OutputError."""
        self._storage = storage
        self._limit = limit
        self._number = max(segment_numbers(storage), default=0)
        self._end = storage.size(segment_name(self._number))
        self._file = self._open()

    def append(self, lines: Sequence[bytes]) -> list[Place]:
        """Write whole lines behind what is there, all in one segment; not durable yet.

        Raises:
            OutputError: they cannot be written; the segment is as it was.
        """
        data = b"".join(lines)
        if self._end and self._end + len(data) > self._limit:
            self._file.close()
            self._number, self._end = self._number + 1, 0
            self._file = self._open()
        try:
            self._file.write(data)
        except OutputError:
            with suppress(OutputError):  # what cannot be cut off now is repaired when the journal is opened again
                self._file.truncate(self._end)
            raise
        places: list[Place] = []
        for line in lines:
            places.append(Place(self._number, self._end, len(line), crc32(line)))
            self._end += len(line)
        return places

    def sync(self) -> None:
        """Make durable what was appended. Raises OutputError, after which nothing may be appended."""
        self._file.sync()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def _open(self) -> AppendFile:
        file = self._storage.open_append(segment_name(self._number))
        self._storage.sync_names()
        return file
