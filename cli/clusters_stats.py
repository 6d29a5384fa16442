"""`tdscaling clusters stats`: what a cluster file holds, and with --check whether it keeps its promises."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from .safe import one_line

if TYPE_CHECKING:
    from ..evolution.clusterfile.checking import Checked, Checker
    from ..evolution.clusterfile.line import ClusterLine
    from ..evolution.clusterfile.stats import FileStats

FAILED = 1


def stats(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    check: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        A file of clusters.
    json
        One JSON object.
    check
        Compare all pairs, run every plan, check ids and edges; exit code 1 when something is wrong.
    """
    from ..evolution.clusterfile.checking import Checker
    from ..evolution.clusterfile.reading import read_clusters
    from ..evolution.clusterfile.stats import stats_of

    checker = Checker() if check else None
    found = stats_of(_checked(read_clusters(file), checker))
    result = checker.result() if checker else None
    if json:
        both = {**msgspec.structs.asdict(found), **({"check": result} if result else {})}
        sys.stdout.buffer.write(msgspec.json.encode(both) + b"\n")
    else:
        for line in (*_shown(found), *(_verdict(result) if result else ())):
            sys.stdout.write(line + "\n")
    return FAILED if result and not result.sound else 0


def _checked(lines: Iterable[ClusterLine], checker: Checker | None) -> Iterator[ClusterLine]:
    for line in lines:
        if checker:
            checker.add(line)
        yield line


def _shown(found: FileStats) -> Iterator[str]:
    """A figure per line, the lists on one line each."""
    for name, value in msgspec.structs.asdict(found).items():
        if isinstance(value, Mapping):
            yield f"{name:26} " + ", ".join(f"{one_line(str(key))} {count:,}" for key, count in value.items())
        elif name.endswith("_share"):
            yield f"{name:26} {value:.1%}"
        else:
            yield f"{name:26} {one_line(value) if isinstance(value, str) else f'{value:,}'}"


def _verdict(result: Checked) -> Iterator[str]:
    yield f"{'pairs compared':26} {result.pairs:,} that share a tool; highest Jaccard {result.max_jaccard:.3f}"
    yield f"{'pairs at 0.5 or above':26} {result.too_alike:,}"
    yield f"{'plans executed':26} {result.plans_executed:,}, failed {result.plans_failed:,}"
    yield f"{'wrong ids, wrong edges':26} {result.wrong_ids:,}, {result.wrong_edges:,}"
    for example in result.examples:
        yield f"  {one_line(example)}"
