"""How lines become durable: acknowledged after the sync, many at one time, and never again after a failure."""

from __future__ import annotations

import threading
from pathlib import Path

import anyio
import pytest

from tdscaling.runtime.errors import OutputError
from tdscaling.runtime.journal import SegmentJournal, open_inline
from tdscaling.runtime.journal.index import INDEX, Index
from tdscaling.runtime.journal.past import MAX_BATCH, Past
from tdscaling.runtime.journal.segments import Segments
from tdscaling.runtime.journal.writer import Shelf, ThreadWriter
from tdscaling.runtime.storage import AppendFile, DirectoryStorage, DiskFile, MemoryStorage
from tdscaling.tests.runtime.play import completed, identity

FIRST = "journal-000000.jsonl"


class WatchedFile(DiskFile):
    """A file that counts its syncs, fails when told to, and may be held at a sync."""

    def __init__(self, path: Path, storage: WatchedStorage) -> None:
        super().__init__(path)
        self._watch = storage

    def sync(self) -> None:
        """Counted."""
        if self.path.name.startswith("journal-"):
            if not self._watch.gate.is_set():
                self._watch.held.set()
            self._watch.gate.wait(10)
            self._watch.syncs += 1
            if self._watch.failing:
                raise OutputError("cannot sync: the disk is broken")
        super().sync()


class WatchedStorage(DirectoryStorage):
    """A directory whose journal's syncs can be counted, held and broken."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.syncs = 0
        self.failing = False
        self.gate = threading.Event()
        self.gate.set()
        self.held = threading.Event()
        """Set when a sync waits at the gate."""

    def open_append(self, name: str) -> AppendFile:
        """See Storage."""
        return WatchedFile(self.path / name, self)


def threaded(storage: DirectoryStorage) -> SegmentJournal:
    """A journal as `open_journal` makes it, on any directory storage."""
    index = Index(str(storage.path / INDEX))
    past = Past(storage, index)
    return SegmentJournal(storage, past, ThreadWriter(Shelf(Segments(storage), index)))


def test_nothing_is_acknowledged_before_it_is_synced(tmp_path: Path) -> None:
    """While the sync is held, nobody who waits goes on."""
    storage = WatchedStorage(tmp_path)

    async def main() -> None:
        journal = threaded(storage)
        storage.gate.clear()
        done: list[int] = []

        async def finish(index: int) -> None:
            await journal.finished(completed(index))
            done.append(index)

        async with anyio.create_task_group() as group:
            group.start_soon(finish, 0)
            await anyio.to_thread.run_sync(storage.held.wait)
            assert storage.size(FIRST) > 0
            assert done == []
            storage.gate.set()
        assert done == [0]
        await journal.aclose()

    anyio.run(main)


def test_what_comes_while_the_disk_is_busy_becomes_durable_together(tmp_path: Path) -> None:
    """Two hundred at one time need far fewer syncs, and no batch is larger than 64."""
    storage = WatchedStorage(tmp_path)

    async def main() -> None:
        journal = threaded(storage)
        async with anyio.create_task_group() as group:
            for index in range(200):
                group.start_soon(journal.finished, completed(index))
        await journal.aclose()

    anyio.run(main)
    assert 200 / MAX_BATCH <= storage.syncs <= 40
    index = Index(str(tmp_path / INDEX))
    batches = index.batches(0)
    data = (tmp_path / FIRST).read_bytes()
    assert max(data[batch.offset : batch.offset + batch.length].count(b"\n") for batch in batches) <= MAX_BATCH
    assert index.find(identity(17)) is not None
    index.close()


def test_a_failed_sync_is_final(tmp_path: Path) -> None:
    """Whoever waits and whoever comes later is told, and nothing is written any more."""
    storage = WatchedStorage(tmp_path)

    async def main() -> None:
        journal = threaded(storage)
        await journal.finished(completed(0))
        storage.failing = True
        with pytest.raises(OutputError, match="the disk is broken"):
            await journal.finished(completed(1))
        storage.failing = False
        size = storage.size(FIRST)
        with pytest.raises(OutputError, match="the disk is broken"):
            await journal.finished(completed(2))
        assert storage.size(FIRST) == size
        with pytest.raises(OutputError, match="the disk is broken"):
            await journal.aclose()

    anyio.run(main)


def test_a_full_disk_leaves_whole_lines() -> None:
    """What did not fit is cut off again; opening it later finds everything that was acknowledged."""
    storage = MemoryStorage(capacity=4000)

    async def main() -> int:
        journal = open_inline(storage)
        for index in range(1000):
            try:
                await journal.finished(completed(index))
            except OutputError as error:
                assert "no space left" in str(error)  # noqa: PT017 - how far it came is the result
                return index
        raise AssertionError("the disk never ran full")

    acknowledged = anyio.run(main)
    past = Past(storage, Index())
    assert past.repaired == 0
    assert all(past.outcome(index) == completed(index) for index in range(acknowledged))
