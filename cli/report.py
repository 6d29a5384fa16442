"""`tdscaling report`: a run or a file of rows as one HTML file that can be opened anywhere and asks for no network."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from cyclopts import Parameter

from ..runtime.errors import InputError
from .safe import one_line

if TYPE_CHECKING:
    from ..runtime.row import Row
    from .pages.shelf import Tools
    from .pages.survey import Overview, Survey

EVERY = 10_000
"""Rows between two lines of progress."""
LARGE = 400 << 20
"""Bytes from which on a page may be too much for a browser."""


def report(
    source: Annotated[str, Parameter(name="RUN|ROWS", allow_leading_hyphen=True)],
    /,
    *,
    out: Path,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    source
        The directory of a run, or a file of rows; - for stdin.
    out
        The HTML file.
    overwrite
        Replace it if it is there.
    """
    from .pages.page import write_page
    from .pages.shelf import Tools
    from .pages.survey import Survey
    from .pages.target import new_file

    place = Path(source)
    is_run = source != "-" and place.is_dir()
    survey = Survey(_title(source, place))
    tools = Tools()
    with new_file(out, overwrite=overwrite) as stream, tempfile.TemporaryFile() as late:
        overview = _survey_run(place, survey, tools, late) if is_run else _survey_file(source, survey, tools, late)
        write_page(stream, survey.title, overview, _blocks(survey), late)
        size = stream.tell()
    _say(f"{out}: {overview.rows} rows, {size / (1 << 20):.1f} MB{_remarks(overview)}")
    if size > LARGE:
        _say("browsers may be slow with so large a page; tdscaling view serves a run of any size")
    return 0


def _survey_run(directory: Path, survey: Survey, tools: Tools, late: BinaryIO) -> Overview:
    """Raises InputError when the directory holds no run, or no episode was committed yet."""
    from .pages.following import Follower
    from .pages.latency import Clock
    from .pages.settings import settings_of

    follower = Follower(directory)

    def rows() -> Iterator[Row]:
        for settled in follower.read():
            survey.end(settled.end)
            yield from settled.rows

    _shelve(rows(), survey, tools, late)
    if not len(survey.columns):
        raise InputError(f"{directory}: no episode of this run was committed yet")
    clock = Clock(directory)
    clock.read()
    return survey.overview(
        tools=len(tools), latency=clock.latency(), settings=settings_of(directory), waiting=follower.waiting
    )


def _survey_file(file: str, survey: Survey, tools: Tools, late: BinaryIO) -> Overview:
    """Raises InputError when the file cannot be read, or holds no row."""
    from .pages.rows import rows_of

    _shelve(rows_of(file, survey.leave_out), survey, tools, late)
    if not len(survey.columns):
        first = f": {survey.first_left_out}" if survey.first_left_out else ""
        raise InputError(f"{file}: holds no trajectories of ours{first}; tdscaling stats --html reads other formats")
    return survey.overview(tools=len(tools))


def _shelve(rows: Iterator[Row], survey: Survey, tools: Tools, late: BinaryIO) -> None:
    """Count every row and put it on the shelf, then the tools."""
    from .pages.page import element
    from .pages.shelf import ROWS, shelved

    piece: list[bytes] = []
    number = count = 0
    for count, row in enumerate(rows, start=1):
        survey.add(row)
        piece.append(shelved(row, tools))
        if len(piece) == ROWS:
            late.write(element(f"c{number}", b"\n".join(piece)))
            number, piece = number + 1, []
        if count % EVERY == 0:
            _say(f"{count:,} rows")
    if piece:
        late.write(element(f"c{number}", b"\n".join(piece)))
    for index in range(tools.pieces):
        late.write(element(f"t{index}", tools.piece(index)))


def _blocks(survey: Survey) -> Iterator[bytes]:
    from .pages.columns import BLOCK
    from .pages.page import element

    for start in range(0, len(survey.columns), BLOCK):
        yield element(f"r{start}", survey.columns.block(start))


def _title(source: str, place: Path) -> str:
    """The last part of the path: where something lay is nobody's business."""
    return "stdin" if source == "-" else one_line(place.resolve().name)


def _remarks(overview: Overview) -> str:
    left = f"; {overview.left_out} lines left out, {overview.left_out_examples[0]}" if overview.left_out else ""
    return f"{left}; simulated model: not training data" if overview.simulated else left


def _say(text: str) -> None:
    sys.stderr.write(f"tdscaling: {one_line(text)}\n")
