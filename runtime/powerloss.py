"""A storage in memory that can lose its power: what was not synced may be there, missing, or zeroed, sector by sector.

After `SQLite's crash tests <https://www.sqlite.org/testing.html>`_: a disk keeps every sector that was synced; of the
others it keeps any subset, whatever the order in which they were written, and a file may have grown without its data.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, TypeAlias

from .storage import AppendFile, MemoryFile, MemoryStorage

SECTOR = 512
Moment: TypeAlias = Literal["before write", "in write", "after write", "before sync", "after sync"]


class FragileStorage(MemoryStorage):
    """Files in memory, and what of them is durable."""

    def __init__(self) -> None:
        super().__init__()
        self.at: Callable[[Moment, str], None] = lambda _moment, _name: None
        """Called with every moment of every write and sync, and the file's name; may raise."""
        self._durable: dict[str, bytes] = {}  # {name: content at the last sync}
        self._named: set[str] = set()  # files whose names are durable

    def open_append(self, name: str) -> AppendFile:
        """See Storage."""
        super().open_append(name)
        return FragileFile(self, name)

    def write_text(self, name: str, text: str) -> None:
        """See Storage. Durable at once, as a replaced and synced file is."""
        super().write_text(name, text)
        self.synced(name)
        self._named.add(name)

    def sync_names(self) -> None:
        """See Storage."""
        self._named |= self.files.keys()

    def synced(self, name: str) -> None:
        """The content of a file is durable from now on."""
        self._durable[name] = bytes(self.files[name])

    def after_power_loss(self, dice: random.Random) -> FragileStorage:
        """What a machine that lost its power at this moment could find; this storage stays as it is."""
        found = FragileStorage()
        for name, content in self.files.items():
            if name in self._named or dice.random() < 0.5:
                found.files[name] = self._content(bytes(content), self._durable.get(name, b""), dice)
                found.synced(name)
                found._named.add(name)
        return found

    @staticmethod
    def _content(now: bytes, durable: bytes, dice: random.Random) -> bytearray:
        same = 0
        while same < min(len(now), len(durable)) and now[same : same + SECTOR] == durable[same : same + SECTOR]:
            same = min(same + SECTOR, len(now), len(durable))
        size = dice.choice((len(now), len(durable), dice.randint(*sorted((len(durable), len(now))))))
        content = bytearray(durable[:size].ljust(size, b"\0"))
        share = dice.choice((0.0, 0.5, 0.9, 1.0))  # of the sectors that reached the disk
        for start in range(same - same % SECTOR, size, SECTOR):
            if dice.random() < share:
                end = min(start + SECTOR, size, len(now))
                content[start:end] = now[start:end]
        return content


class FragileFile(MemoryFile):
    """A file whose syncs are remembered by its storage."""

    def __init__(self, storage: FragileStorage, name: str) -> None:
        super().__init__(storage, name)
        self._fragile = storage

    def write(self, data: bytes) -> None:
        """See AppendFile."""
        self._fragile.at("before write", self._name)
        half = len(data) // 2
        super().write(data[:half])
        self._fragile.at("in write", self._name)
        super().write(data[half:])
        self._fragile.at("after write", self._name)

    def sync(self) -> None:
        """See AppendFile."""
        self._fragile.at("before sync", self._name)
        super().sync()
        self._fragile.synced(self._name)
        self._fragile.at("after sync", self._name)
