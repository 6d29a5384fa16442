"""`tdscaling import`: files of other formats as lines of ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..runtime.errors import ConfigError, InputError
from .lines import places
from .safe import one_line

if TYPE_CHECKING:
    from ..runtime.formats.sample import Sample


def import_rows(
    *files: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    form: Annotated[str, Parameter(name="--format")],
    out: str = "-",
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    files
        Files in the format, or folders that an export made; - for stdin.
    form
        openai, trl, llama-factory, sharegpt, hermes, verl, atif, toucan, sts or parquet.
    out
        A file, or - for stdout.
    overwrite
        Replace the file given with --out.
    """
    from ..runtime.formats import NAMES
    from ..runtime.formats.folder import building, is_file, write_lines, write_stdout
    from ..runtime.formats.sample import row_line

    if not files:
        raise ConfigError("import: give at least one FILE")
    if form not in NAMES:
        raise ConfigError(f"--format {form}: unknown; known are {', '.join(NAMES)}")
    if not is_file(out):
        raise ConfigError(f"--out {out}: give a file ending in .jsonl, or - for stdout")
    found = [0, 0]

    def lines() -> Iterator[bytes]:
        for sample in samples(files, form):
            found[0] += 1
            found[1] += sample.about is not None
            yield row_line(sample)

    if out == "-":
        write_stdout(lines())
    else:
        with building(Path(out), overwrite=overwrite) as place, place.open("wb", buffering=1 << 20) as stream:
            write_lines(stream, lines())
    if not found[0]:
        raise InputError(f"import: {', '.join(files)}: holds no records of {form}")
    text = f"{found[0]} conversations read, {found[1]} of them rows of ours with all that was exported"
    sys.stderr.write(f"tdscaling: {one_line(text)}\n")
    return 0


def samples(files: tuple[str, ...], form: str) -> Iterator[Sample]:
    """The conversations of files and exported folders. Raises InputError where they are not of the format."""
    from ..runtime.formats import PARQUET
    from ..runtime.formats import parquet as table
    from ..runtime.formats.importing import read_samples

    unfolded = [path for file in files for path in data_files(file)]
    if form == PARQUET:
        for path in unfolded:
            yield from table.read(Path(path))
    else:
        yield from read_samples(places(unfolded), form)


def data_files(file: str) -> list[str]:
    """The file itself, or the data of an exported folder in a stable order. Raises InputError for an empty folder."""
    folder = Path(file)
    if file == "-" or not folder.is_dir():
        return [file]
    inside = folder / "data" if (folder / "data").is_dir() else folder
    found = sorted(str(path) for path in inside.iterdir() if path.suffix in (".jsonl", ".parquet"))
    if not found:
        raise InputError(f"{file}: no .jsonl and no .parquet files there")
    return found
