"""`tdscaling export`: rows in the format of a trainer, with a data set card."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..runtime.errors import ConfigError, InputError
from .lines import places
from .safe import one_line

if TYPE_CHECKING:
    from ..runtime.formats.exporting import Counts, Options

STDOUT = "-"


def export(
    *files: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    form: Annotated[str, Parameter(name="--format")],
    out: str,
    reasoning: Literal["keep", "drop", "split"] = "keep",
    with_blueprints: Annotated[bool, Parameter(negative=())] = False,
    preferences: Annotated[bool, Parameter(negative=())] = False,
    allow_simulated: Annotated[bool, Parameter(negative=())] = False,
    no_metadata: Annotated[bool, Parameter(negative=())] = False,
    masked_only: Annotated[bool, Parameter(negative=())] = False,
    run: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    files
        Rows of ours; with --preferences also the rejected.jsonl of the same run; - for stdin.
    form
        openai, trl, llama-factory, sharegpt, hermes, verl, atif, toucan, sts or parquet.
    out
        A folder, which gets a data set card, or a file ending in .jsonl or .parquet, or - for stdout.
    reasoning
        Reasoning texts: kept, dropped, or one sample per user turn with the reasoning of that turn.
    with_blueprints
        Take the plans along; they hold the answers.
    preferences
        Pairs of an accepted and a rejected play of one blueprint: openai, trl, llama-factory.
    allow_simulated
        Also export rows of the simulated model, which are no training data.
    no_metadata
        Leave out what else a row says of itself; import cannot make rows of ours again then.
    masked_only
        Leave out rows with failed calls where the format cannot say that they are no targets.
    run
        The directory of the run, for the card's settings and funnel.
    overwrite
        Replace what --out names.
    """
    from ..runtime.formats.exporting import Counts, Options

    if not files:
        raise ConfigError("export: give at least one FILE")
    options = Options(form, reasoning, with_blueprints, preferences, allow_simulated, not no_metadata, masked_only)
    options.check()
    counts = Counts()
    if out == STDOUT:
        _to_stdout(files, options, counts)
    else:
        _to_path(files, Path(out), options, counts, run, overwrite=overwrite)
    counts.check()
    for line in summary(options, counts):
        sys.stderr.write(f"tdscaling: {one_line(line)}\n")
    if not counts.records:
        raise InputError(f"export: none of {counts.rows} rows could be exported: {_reasons(counts) or 'no rows'}")
    return 0


def summary(options: Options, counts: Counts) -> list[str]:
    """What an export came to, in one to three lines."""
    left = f"; left out: {_reasons(counts)}" if counts.left.total() else ""
    lines = [
        (
            f"{counts.rows} rows read, {counts.exported} exported as {counts.records} {options.form} records, "
            f"version {counts.version.text()}{left}"
        )
    ]
    if counts.unmasked:
        lines.append(
            f"{counts.unmasked} rows have failed calls that {options.form} cannot mark as context; "
            "--masked-only leaves them out"
        )
    if counts.simulated:
        lines.append(f"{counts.simulated} rows are of the simulated model: to try the export, not to train on")
    return lines


def _reasons(counts: Counts) -> str:
    return ", ".join(f"{reason} ×{n}" for reason, n in sorted(counts.left.items()) if n)


def _to_stdout(files: tuple[str, ...], options: Options, counts: Counts) -> None:
    from ..runtime.formats import PARQUET
    from ..runtime.formats.exporting import records
    from ..runtime.formats.folder import write_stdout

    if options.form == PARQUET:
        raise ConfigError("--format parquet: a table needs a file; give --out FILE.parquet or a folder")
    write_stdout(records(places(files), options, counts))


def _to_path(
    files: tuple[str, ...], out: Path, options: Options, counts: Counts, run: Path | None, *, overwrite: bool
) -> None:
    from ..runtime.formats.folder import building, is_file
    from .dataset_card import read_run, write_card

    story = read_run(run) if run is not None else None
    with building(out, overwrite=overwrite) as place:
        if is_file(str(out)):
            _write(files, place, options, counts)
            return
        data = place / "data"
        data.mkdir()
        if options.form == "sts" and not options.preferences:
            _write_sessions(files, data, options, counts)
        else:
            ending = "parquet" if options.form == "parquet" else "jsonl"
            _write(files, data / f"train-00000-of-00001.{ending}", options, counts)
        write_card(place, out.resolve().name, files, options, counts, story)


def _write(files: tuple[str, ...], path: Path, options: Options, counts: Counts) -> None:
    from ..runtime.formats import PARQUET
    from ..runtime.formats import parquet as table
    from ..runtime.formats.exporting import records, samples
    from ..runtime.formats.folder import write_lines

    if options.form == PARQUET:
        table.write(path, samples(places(files), options, counts))
        return
    with path.open("wb", buffering=1 << 20) as stream:
        write_lines(stream, records(places(files), options, counts))


def _write_sessions(files: tuple[str, ...], folder: Path, options: Options, counts: Counts) -> None:
    """One file per conversation: what the Hub's viewer opens."""
    from ..runtime.formats.exporting import records

    for number, record in enumerate(records(places(files), options, counts)):
        (folder / f"session-{number:06}.jsonl").write_bytes(record + b"\n")
