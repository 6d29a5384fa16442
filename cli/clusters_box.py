"""Where `tdscaling run` and `verify` get the clusters of files from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..evolution.clusterfile.playing import ClusterShelf


def open_shelf(paths: Sequence[Path]) -> ClusterShelf | None:
    """The clusters of the files, None without any. Raises InputError."""
    if not paths:
        return None
    from ..evolution.clusterfile.index import ClusterFile
    from ..evolution.clusterfile.playing import ClusterShelf

    return ClusterShelf([ClusterFile(path) for path in paths])
