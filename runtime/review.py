"""A sample of verdicts for a person to mark: which rows are drawn, and the sheet they stand in."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Literal, TypeAlias, cast, get_args

import msgspec

from .ends import End
from .errors import InputError
from .seed import derive

Verdict: TypeAlias = Literal["accepted", "rejected"]
Mark: TypeAlias = Literal["accept", "reject", "unsure", ""]
"""What a person says of a row; empty where nobody looked yet."""
MARKS: tuple[Mark, ...] = get_args(Mark)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
MAX_CELL = 1_000_000
"""Characters of one cell that are read."""

Stratum: TypeAlias = tuple[Verdict, str, str]
"""Verdict, reasoning mode asked for, where the tools run."""


class Entry(msgspec.Struct, frozen=True):
    """One row of the sheet."""

    number: int
    """From 1; the headings of the dialogues carry it."""
    id: str
    mode: str
    tools: str
    human: Mark
    comment: str
    verdict: Verdict
    """What the gates said."""
    reasons: str
    """Why they rejected it, joined by `; `."""
    stratum_rows: int
    """How many rows of the run stand in this row's stratum: for shares that hold for the whole run."""


COLUMNS: tuple[str, ...] = Entry.__struct_fields__


def draw(ends: Iterable[End], size: int, seed: int) -> list[Entry]:
    """A stratified sample of the verdicts of a run: half of it accepted rows and half rejected ones, as far as there
    are so many, and within each half as evenly as possible over modes and kinds of tools.

    Rejects that have no finished conversation (no plan held, an agent failed) and duplicates are no verdicts of the
    gates on a conversation: they are not drawn. The order of the entries says nothing of the verdict.
    """
    sizes: dict[Stratum, int] = {}
    kept: dict[
        Stratum, list[tuple[int, str, tuple[str, ...]]]
    ] = {}  # the smallest lots of each, as a heap of negatives
    for end in ends:
        if end.committed and end.stage in ("played", "accepted"):
            stratum: Stratum = ("accepted" if end.stage == "accepted" else "rejected", end.mode, end.kind)
            sizes[stratum] = sizes.get(stratum, 0) + 1
            heap = kept.setdefault(stratum, [])
            heapq.heappush(heap, (-derive(seed, "review", end.id), end.id, end.reasons))
            if len(heap) > size:
                heapq.heappop(heap)
    halves = {verdict: list(_turns(verdict, kept)) for verdict in VERDICTS}
    few = min(VERDICTS, key=lambda verdict: len(halves[verdict]))
    first = min(len(halves[few]), size // 2)
    taken = [pick for verdict in VERDICTS for pick in halves[verdict][: first if verdict == few else size - first]]
    taken.sort(key=lambda pick: derive(seed, "order", pick[1]))
    return [
        Entry(number, name, stratum[1], stratum[2], "", "", stratum[0], "; ".join(reasons), sizes[stratum])
        for number, (stratum, name, reasons) in enumerate(taken, start=1)
    ]


def _turns(
    verdict: Verdict, kept: Mapping[Stratum, list[tuple[int, str, tuple[str, ...]]]]
) -> Iterator[tuple[Stratum, str, tuple[str, ...]]]:
    """The rows of one verdict, one of each stratum after the other until all are exhausted."""
    queues = {stratum: sorted(heap) for stratum, heap in sorted(kept.items()) if stratum[0] == verdict}
    while queues:
        for stratum in list(queues):
            _, name, reasons = queues[stratum].pop()
            yield stratum, name, reasons
            if not queues[stratum]:
                del queues[stratum]


def write_sheet(entries: Sequence[Entry]) -> str:
    """The sheet as CSV; `human` is what a person fills in."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(msgspec.structs.astuple(entry) for entry in entries)
    return text.getvalue()


def read_sheet(name: str, text: str) -> list[Entry]:
    """The entries of a sheet that was marked. `name` stands in the messages.

    Raises:
        InputError: no CSV, a column is missing, an id stands there twice, a mark, a verdict or a number is none.
    """
    csv.field_size_limit(MAX_CELL)
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    number = 0  # of the row read last, as a spreadsheet shows it: a cell may go over several lines of the file
    try:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{name}: not a sheet for review: the column {missing[0]} is missing")
        number = 1
        for number, cells in enumerate(reader, start=2):
            entry = _entry(f"{name}: row {number}", cast("dict[str | None, str | None]", cells))
            if entry.id in seen:
                raise InputError(f"{name}: row {number}: id {entry.id} stands in row {seen[entry.id]} already")
            seen[entry.id] = number
            entries.append(entry)
    except csv.Error as error:
        raise InputError(f"{name}: row {number + 1}: not CSV: {error}") from None
    return entries


def _entry(where: str, cells: dict[str | None, str | None]) -> Entry:
    short = [column for column in COLUMNS if cells.get(column) is None]
    if short:
        raise InputError(f"{where}: has no cell for {short[0]}")
    if None in cells:
        raise InputError(f"{where}: has more cells than there are columns")
    given = {column: (cells[column] or "").strip() for column in COLUMNS}
    human, verdict = given["human"].lower(), given["verdict"].lower()
    if human not in MARKS:
        raise InputError(f"{where}: human: {given['human'][:40]!r} is no mark; write accept, reject or unsure")
    if verdict not in VERDICTS:
        raise InputError(f"{where}: verdict: {given['verdict'][:40]!r} is neither accepted nor rejected")
    return Entry(
        _number(where, "number", given["number"]),
        given["id"],
        given["mode"],
        given["tools"],
        human,
        given["comment"],
        verdict,
        given["reasons"],
        _number(where, "stratum_rows", given["stratum_rows"]),
    )


def _number(where: str, column: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:12]) <= 10**11:
        raise InputError(f"{where}: {column}: {text[:40]!r} is no number from 1 on")
    return int(text)
