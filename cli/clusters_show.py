"""`tdscaling clusters show`: one cluster of a file, as text or as a picture."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..runtime.errors import InputError, OutputError
from .safe import one_line

if TYPE_CHECKING:
    from ..evolution.clusterfile.line import ClusterLine


def show(
    file: Annotated[Path, Parameter(name="FILE")],
    identity: Annotated[str, Parameter(name="ID")],
    /,
    *,
    svg: Path | None = None,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        A file of clusters.
    identity
        The cluster's id, or enough of its beginning.
    svg
        Draw it into this file instead.
    """
    line = _found(file, identity)
    if svg is None:
        for text in shown(line):
            sys.stdout.write(text + "\n")
        return 0
    from ..evolution.clusterfile.drawing import svg_of

    try:
        svg.write_text(svg_of(line), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{svg}: cannot be written: {error.strerror}") from None
    return 0


def _found(file: Path, identity: str) -> ClusterLine:
    """The one cluster that is meant. Raises InputError."""
    from ..evolution.clusterfile.reading import read_clusters

    meant: ClusterLine | None = None
    for line in read_clusters(file):
        if line.id == identity:
            return line
        if identity and line.id.startswith(identity):
            if meant is not None:
                raise InputError(f"{file}: more than one cluster's id begins with {identity!r}")
            meant = line
    if meant is None:
        raise InputError(f"{file}: holds no cluster {identity!r}")
    return meant


def shown(line: ClusterLine) -> Iterator[str]:
    """Labels, then the plan with what each step is fed by, then where it all comes from."""
    yield f"{line.id}  {line.kind}"
    yield f"    {one_line(line.sector)} / {one_line(line.domain)}"
    yield f"    services: {one_line(', '.join(line.services))}"
    yield f"    about: {one_line(', '.join(line.entities)) or 'nothing named'}"
    tools = {tool.name: tool for tool in line.tools}
    told = [entry.partition(".") for entry in line.entry]
    for number, name in enumerate(line.plan, 1):
        tool = tools[name]
        kind = "reads" if tool.read_only else "changes"
        other = f", {one_line(tool.service)}" if len(line.services) > 1 else ""
        original = f", originally {one_line(tool.original)}" if tool.original != name else ""
        yield f"{number:3}. {name}  ({tool.verb} {one_line(tool.entity)}; {kind}{other}{original})"
        if tool.description:
            yield f"       {one_line(tool.description)[:140]}"
        for _, _, param in (entry for entry in told if entry[0] == name):
            yield f"     < {one_line(param)}: told by the user"
        for edge in (edge for edge in line.edges if edge.dst == name):
            why = f"({edge.score:.2f}, {one_line(edge.evidence)})"
            place = f"{one_line(edge.path)} of {line.plan.index(edge.src) + 1}. {edge.src}"
            yield f"     < {one_line(edge.param)}: {place}  {why}"
    if line.shared:
        yield f"    joined by: {one_line(', '.join(line.shared))}"
    scores = line.scores
    figures = f"depth {scores.depth}, branching {scores.branching}, writes {scores.write_share:.0%}"
    yield f"    {figures}, total {scores.total:.2f}"
    yield f"    modes: {', '.join(line.modes)}"
    yield f"    from: {one_line(line.provenance)}"
