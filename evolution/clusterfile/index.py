"""A cluster file opened for a run: read through once, then only where each cluster stands is kept in memory."""

from __future__ import annotations

import hashlib
import sys
import zlib
from array import array
from pathlib import Path

from ...runtime.assignment import BusinessCluster
from ...runtime.errors import InputError
from .line import ClusterLine
from .reading import RawLine, parsed, read_numbered


class ClusterFile:
    """The clusters of one file. Lines are read again when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Raises InputError as `read_clusters`, and for clusters of benchmarks, which are not to be trained on."""
        self.path = path
        self._offsets = array("q")
        self._sums = array("Q")
        self._numbers: dict[str, int] = {}  # {id: line number - 1}
        self._modes: dict[tuple[str, ...], BusinessCluster] = {}
        heads: list[BusinessCluster] = []
        whole = hashlib.sha256()
        for raw, line in read_numbered(path):
            if any(tool.evaluation_only for tool in line.tools):
                raise InputError(f"{path}:{raw.number}: has tools of a benchmark, which are for evaluation only")
            self._numbers[line.id] = len(heads)
            self._offsets.append(raw.offset)
            self._sums.append(zlib.crc32(raw.data) << 32 | len(raw.data))
            heads.append(self._head(line))
            whole.update(raw.data + b"\n")
        self.heads = tuple(heads)
        """Every cluster without its tools, edges and plan: what is needed to decide which one is drawn."""
        self.digest = whole.hexdigest()
        """sha256 over the lines."""

    def __contains__(self, identity: str) -> bool:
        return identity in self._numbers

    def line(self, identity: str) -> ClusterLine:
        """One cluster, whole.

        Raises:
            KeyError: the file has no such cluster.
            InputError: the file is not what it was when it was opened.
        """
        number = self._numbers[identity]
        checksum, size = divmod(self._sums[number], 1 << 32)
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offsets[number])
                data = stream.read(size)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}") from None
        if zlib.crc32(data) != checksum:
            raise InputError(f"{self.path}:{number + 1}: was changed since it was opened")
        return parsed(self.path, RawLine(number + 1, self._offsets[number], data))

    def _head(self, line: ClusterLine) -> BusinessCluster:
        """What thousands of clusters have in common is kept once."""
        like = self._modes.get(line.modes)
        modes = like.modes if like else line.modes
        head = BusinessCluster(
            id=line.id,
            services=(),
            tools=(),
            edges=(),
            entities=(),
            domain=sys.intern(line.domain),
            sector=sys.intern(line.sector),
            plan=(),
            entry=(),
            modes=modes,
            provenance="",
        )
        if like is None:
            self._modes[line.modes] = head
        return head
