"""`tdscaling clusters select`: the few clusters of a file that cover most of what all of them cover."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from ..runtime.errors import InputError
from .clusters_out import refuse_to_overwrite, write_bytes

if TYPE_CHECKING:
    from ..evolution.mining.select import Coverable


def select(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    out: Path,
    coverage: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))] = 0.95,
    most: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    quota: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        A file of clusters.
    out
        The file of the selected ones, in the order in which they were taken.
    coverage
        Share of the tools to cover.
    most
        Clusters to take at most.
    quota
        Clusters that one provider may be in.
    overwrite
        Replace the file given with --out when it already holds something.
    """
    from ..evolution.clusterfile.reading import read_numbered
    from ..evolution.mining.select import coverable
    from ..evolution.mining.select import select as take

    refuse_to_overwrite(out, overwrite=overwrite)
    places: dict[str, tuple[int, int]] = {}  # {id: offset, size}

    def seen() -> Iterator[Coverable]:
        for raw, line in read_numbered(file):
            places[line.id] = raw.offset, len(raw.data)
            yield coverable(line)

    found = take(list(seen()), coverage=coverage, most=most, quota=quota)
    write_bytes(out, _copied(file, (places[identity] for identity in found.ids)))
    sys.stderr.write(
        f"tdscaling: {len(found.ids)} of {len(places)} clusters cover {found.tools} of {found.of_tools} tools and "
        f"{found.details} of {found.of_details} edges and entities, {found.per_tool:.3f} clusters per tool"
        f"{f'; {found.refused} left out for their providers' if found.refused else ''}\n"
    )
    return 0


def _copied(file: Path, places: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """The lines that stand there. Raises InputError."""
    try:
        with file.open("rb") as stream:
            for offset, size in places:
                stream.seek(offset)
                yield stream.read(size) + b"\n"
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
