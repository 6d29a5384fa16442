"""`tdscaling check`: will a trainer read this file, and read all of it?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console

from ..runtime.errors import ConfigError, InputError
from .import_rows import data_files
from .lines import places
from .safe import safe
from .terminal import columns, out_console

if TYPE_CHECKING:
    from ..runtime.formats.checking import Findings
    from ..runtime.formats.outside import Answer, Rendered, Spread, Template

TEMPLATES = (".jinja", ".jinja2", ".j2", ".txt")


def check(
    *files: Annotated[str, Parameter(name="FILE")],
    form: Annotated[str, Parameter(name="--format")],
    chat_template: tuple[str, ...] = (),
    arguments: Literal["object", "text"] | None = None,
    python: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    files
        Exported files or folders.
    form
        The format they are in.
    chat_template
        Jinja files, or tokenizers (a folder or a name of the Hub) to render every row with; needs transformers.
    arguments
        What templates get as arguments of calls; as the format has them when absent.
    python
        The Python whose transformers, datasets and loaders are asked; that of tdscaling when absent.
    as_json
        One JSON object.
    """
    from ..runtime.formats import NAMES
    from ..runtime.formats.checking import TEXT_ARGUMENTS, Findings
    from ..runtime.formats.outside import LOADERS, Job, ask

    if not files or "-" in files:
        raise ConfigError("check: give at least one FILE; stdin cannot be read twice")
    if form not in NAMES:
        raise ConfigError(f"--format {form}: unknown; known are {', '.join(NAMES)}")
    unfolded = [path for file in files for path in data_files(file)]
    templates = tuple(_template(name) for name in chat_template)
    objects = form not in TEXT_ARGUMENTS if arguments is None else arguments == "object"
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="tdscaling-check-") as name:
        folder = Path(name)
        talks = folder / "conversations.jsonl"
        _inspect(unfolded, form, findings, talks, objects=objects)
        absolute = tuple(str(Path(path).resolve()) for path in unfolded)
        answer = ask(Job(templates, str(talks), absolute, LOADERS.get(form, ("datasets",))), folder, python)
    if not findings.records:
        raise InputError(f"check: {', '.join(files)}: holds no records")
    console = out_console()
    sound = is_sound(findings, answer)
    if as_json:
        report = {"sound": sound, "findings": findings, "templates": answer.templates, "loaders": answer.loaders}
        console.print(msgspec.json.encode(report).decode(), soft_wrap=True)
    else:
        _show(console, findings, answer)
    return 0 if sound else 1


def is_sound(findings: Findings, answer: Answer) -> bool:
    """True where every record reads, links, renders whole and survives each loader that could be asked."""
    rendered = all(not r.unusable and r.rendered == r.rows and not r.problems for r in answer.templates.values())
    loaded = all(
        bool(one.absent) or (not one.failed and one.rows == findings.records and not one.changed)
        for one in answer.loaders.values()
    )
    return not findings.problems and rendered and loaded


def _template(name: str) -> Template:
    from ..runtime.formats.outside import Template

    path = Path(name)
    if path.suffix not in TEMPLATES:
        return Template(name, None, name)
    try:
        return Template(name, path.read_text(encoding="utf-8"), None)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--chat-template {name}: cannot be read: {error}") from None


def _inspect(files: list[str], form: str, findings: Findings, talks: Path, *, objects: bool) -> None:
    from ..runtime.formats import PARQUET
    from ..runtime.formats import parquet as table
    from ..runtime.formats.checking import for_template, inspected

    with talks.open("wb") as stream:
        if form == PARQUET:
            for file in files:
                for number, sample in enumerate(table.read(Path(file)), start=1):
                    findings.records += 1
                    findings.inspect(sample, f"{safe(file)}: row {number}", masks=True)
                    stream.write(for_template(sample, objects=objects) + b"\n")
        else:
            for sample in inspected(places(files), form, findings):
                stream.write(for_template(sample, objects=objects) + b"\n")


def _show(console: Console, found: Findings, answer: Answer) -> None:
    roles = ", ".join(f"{role} {n:,}" for role, n in sorted(found.messages.items()))
    console.print(
        f"{found.readable:,} of {found.records:,} records read; messages: {roles}; calls {found.calls:,}",
        soft_wrap=True,
    )
    console.print(f"assistant: {_masks(found)}", soft_wrap=True)
    if found.problems:
        lines = [("problem", "records", "for example")]
        lines += [
            (safe(name), f"{n:,}", safe(" ".join(found.examples[name]))) for name, n in found.problems.most_common()
        ]
        columns(console, lines, left={0, 2})
    for name, one in answer.loaders.items():
        console.print(f"loader {name}: {_loader(one.rows, found.records, one.changed, one.absent or one.failed)}")
        for problem in one.problems:
            console.print(f"  {safe(problem)}", soft_wrap=True)
    for name, rendered in answer.templates.items():
        _show_template(console, safe(name), rendered)


def _masks(found: Findings) -> str:
    total = found.targets + found.context + found.unweighted
    if not total:
        return "no messages"
    if found.unweighted == total:
        return f"{total:,} messages without weights: the trainer's own mask decides"
    plain = f", {found.unweighted:,} without a weight" if found.unweighted else ""
    return f"{found.targets:,} targets and {found.context:,} context of {total:,} messages{plain}"


def _loader(rows: int, records: int, changed: int, trouble: str) -> str:
    if trouble:
        return safe(trouble)
    text = f"{rows:,} of {records:,} records"
    return f"{text}, {changed:,} of them changed" if changed else text


def _show_template(console: Console, name: str, one: Rendered) -> None:
    if one.unusable:
        console.print(f"template {name}: cannot be used: {safe(one.unusable)}", soft_wrap=True)
        return
    console.print(
        f"template {name}: {one.rendered:,} of {one.rows:,} rows rendered, {one.lost_messages:,} messages lost; "
        f"{_length('tokens', one.tokens) or _length('characters', one.characters)}",
        soft_wrap=True,
    )
    for problem in one.problems:
        console.print(f"  {safe(problem.reason)}: {problem.n:,} rows, {safe(' '.join(problem.rows))}", soft_wrap=True)


def _length(unit: str, spread: Spread | None) -> str:
    if spread is None:
        return ""
    return (
        f"{unit}: {spread.total:,} in all, median {spread.median:,}, 95 % up to {spread.p95:,}, "
        f"longest {spread.longest:,}"
    )
