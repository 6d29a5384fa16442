"""`tdscaling review`: a sample of a run's verdicts for a person to mark, and what the marks say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from ..runtime.errors import ConfigError, InputError, OutputError
from .safe import one_line, safe
from .terminal import columns, out_console

if TYPE_CHECKING:
    from ..runtime.agreement import Agreement
    from ..runtime.proportion import Interval
    from ..runtime.review import Entry


def review(
    run: Annotated[Path | None, Parameter(name="RUN")] = None,
    /,
    *,
    sample: int = 60,
    seed: int = 0,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    read: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    run
        The directory of a run to draw from.
    sample
        Rows to draw.
    seed
        Another seed draws other rows.
    out
        The sheet to write (CSV). The dialogues go beside it, into a file that ends in .md.
    overwrite
        Replace the two files when they are there.
    read
        A sheet that was marked: print how far the marks agree with the verdicts.
    as_json
        With --read: the figures as one JSON object.
    """
    if (run is None) == (read is None):
        raise ConfigError("review: give either RUN with --out SHEET.csv, or --read SHEET.csv")
    if read is not None:
        _report(out_console(), _marked(read), as_json=as_json)
        return 0
    if out is None or run is None:
        raise ConfigError("review: --out says where the sheet goes, for instance --out review.csv")
    if not 1 <= sample <= 10_000:
        raise ConfigError(f"review: --sample {sample}: must be from 1 to 10000")
    _draw(run, sample, seed, out, overwrite=overwrite)
    return 0


def _draw(run: Path, sample: int, seed: int, out: Path, *, overwrite: bool) -> None:
    from ..runtime.ends import read_ends, read_rows
    from ..runtime.review import draw, write_sheet
    from .dialogue_md import markdown

    dialogues = out.with_suffix(".md")
    for path in (out, dialogues):
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: is there already; give --overwrite to replace it")
    entries = draw(read_ends(run), sample, seed)
    if not entries:
        raise InputError(f"{run}: no conversation of this run was judged")
    rows = {row.id: row for row in read_rows(run, {entry.id for entry in entries})}
    simulated = any(row.simulated for row in rows.values())
    text = [
        f"# Review of {len(entries)} verdicts\n",
        *((_SIMULATED,) if simulated else ()),
        _GUIDE.format(sheet=out.name),
    ]
    text += (markdown(rows[entry.id], f"{entry.number}. {entry.mode}, {entry.tools}") for entry in entries)
    try:
        out.write_text(write_sheet(entries), encoding="utf-8")
        dialogues.write_text("\n".join(text), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{error.filename or out}: cannot be written: {error.strerror}") from None
    sys.stderr.write(
        f"tdscaling: {len(entries)} rows in {one_line(str(out))}, dialogues in {one_line(str(dialogues))}; fill in the "
        "column human (accept, reject or unsure), then review --read\n"
    )


_SIMULATED = "Played by the simulated model: the verdicts say something of the gates, not of a model.\n"
_GUIDE = """Read each dialogue and write into `{sheet}`, column `human`: `accept` when it is worth training on (the \
user got what was wanted, every call was right in its place or was refused and then put right, nothing was made up, \
the world is left as it should be), `reject` when it is not, `unsure` when it cannot be said. The verdicts stand in \
the sheet's last columns: look at them afterwards.
"""


def _marked(sheet: Path) -> Agreement:
    from ..runtime.agreement import agreement
    from ..runtime.review import read_sheet

    try:
        text = sheet.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{sheet}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{sheet}: is not UTF-8 text; save the sheet as CSV in UTF-8") from None
    found = agreement(read_sheet(str(sheet), text))
    if not found.marked:
        raise InputError(f"{sheet}: no row is marked accept or reject in the column human")
    return found


def _report(console: Console, found: Agreement, *, as_json: bool) -> None:
    if as_json:
        console.print(msgspec.json.encode(found).decode(), soft_wrap=True)
        return
    console.print(f"{found.marked} marked, {found.unsure} unsure, {found.unmarked} not marked", soft_wrap=True)
    lines = [("", "share", "95 %"), _figure("agreement", found.agreement)]
    lines.append(("  for the whole run", f"{found.weighted:.1%}", ""))
    if found.kappa is not None:
        kappa = found.kappa
        lines.append(("Cohen's kappa", f"{kappa.value:.2f}", f"{kappa.low:.2f} to {kappa.high:.2f}"))
    lines.append(_figure("false accepts, of the accepted", found.false_accepts))
    lines.append(_figure("false rejects, of the rejected", found.false_rejects))
    columns(console, lines)
    for field, parts in found.by.items():
        table: list[tuple[str, ...]] = [(field, "marked", "agreed", "false accepts", "false rejects")]
        for value, part in parts.items():
            counts = (part.marked, part.agreed, part.false_accepts, part.false_rejects)
            table.append((safe(value), *map(str, counts)))
        columns(console, table)
    if found.disputed:
        console.print("\ndisputed", style="bold")
    for entry in found.disputed:
        console.print(_disputed(entry), soft_wrap=True)


def _disputed(entry: Entry) -> str:
    note = one_line("; ".join(part for part in (entry.reasons, entry.comment) if part))
    return f"{entry.number:>4}  {one_line(entry.id)[:16]}  {entry.verdict}, {entry.human} by hand  {note}"


def _figure(name: str, share: Interval) -> tuple[str, str, str]:
    return name, f"{share.value:.1%}", f"{share.low:.0%} to {share.high:.0%}"
