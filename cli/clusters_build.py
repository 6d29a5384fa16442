"""`tdscaling clusters build`: catalogues of real services in, a file of clusters out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter, validators

from ..runtime.errors import InputError, OutputError
from .clusters_out import refuse_to_overwrite, write_lines
from .safe import one_line

if TYPE_CHECKING:
    from ..evolution.mining.build import Build

MOST_WORKERS = 64
REASONS = 4
"""Reasons that the closing line names."""


def build(
    *,
    catalog: tuple[str, ...],
    out: Path,
    benchmarks: tuple[str, ...] = (),
    licences: tuple[str, ...] = (),
    workers: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=MOST_WORKERS))] = 0,
    max_bytes: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 64 * 2**20,
    local_references: Annotated[bool, Parameter(negative=())] = False,
    report: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    catalog
        KIND:PATH; KIND is mcp, openapi, aws, google, openai or toucan. aws and google need no path where their Python
        packages are installed.
    out
        The file of clusters.
    benchmarks
        KIND:PATH of a benchmark: its tools are left out wherever they come again, by names and parameters; nothing is
        made of it. Known benchmarks among the catalogues are found without this.
    licences
        Only tools under these licences.
    workers
        Processes; 0 for one per processor, at most 8. Does not change the file.
    max_bytes
        Documents that are larger are left out unread.
    local_references
        Follow references to other files of the same catalogue. None is ever fetched.
    report
        Also write here (JSON) what was read, left out and why.
    overwrite
        Replace the file given with --out when it already holds something.
    """
    from ..evolution.catalogs.source import parse_source
    from ..evolution.clusterfile.line import line_of
    from ..evolution.mining.build import build_clusters

    given = partial(parse_source, max_bytes=max_bytes, local_references=local_references)
    sources = [given(text) for text in catalog]
    barred = [given(text) for text in benchmarks]
    refuse_to_overwrite(out, overwrite=overwrite)
    names = [name.strip() for text in licences for name in text.split(",") if name.strip()]
    found = build_clusters(sources, benchmarks=barred, licences=names, workers=workers or min(8, os.cpu_count() or 1))
    if report is not None:
        _write_report(report, found)
    if not found.clusters:
        raise InputError(f"no cluster can be made of {len(found.services)} services{_because(found)}")
    count = write_lines(out, map(line_of, found.clusters))
    sys.stderr.write(f"tdscaling: {count} clusters of {len(found.services)} services in {out}{_because(found)}\n")
    return 0


def _because(found: Build) -> str:
    """What was left out most often."""
    read, mined = _ranked(found.skipped), _ranked(found.rejected)
    return (f"; not read: {read}" if read else "") + (f"; not kept: {mined}" if mined else "")


def _ranked(counts: Mapping[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:REASONS]
    return ", ".join(f"{one_line(reason)} ×{count}" for reason, count in most)


def _write_report(path: Path, found: Build) -> None:
    """Everything but the clusters."""
    whole = {name: value for name, value in msgspec.structs.asdict(found).items() if name != "clusters"}
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None
