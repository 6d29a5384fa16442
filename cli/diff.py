"""`tdscaling diff`: what tells two data sets apart, row by row and as wholes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated

import msgspec
from cyclopts import Parameter

from ..runtime.errors import InputError
from .lines import places
from .safe import safe
from .terminal import columns, out_console

SHOWN = 5
"""Ids that are named of each kind."""
TOP = 15
"""Values of a field that are shown."""


class _Assignment(msgspec.Struct):
    domain: str
    mode: str


class _Verdict(msgspec.Struct):
    accepted: bool


class _Row(msgspec.Struct):
    id: str
    assignment: _Assignment
    verdict: _Verdict


class _Set:
    """A data set as far as a comparison needs it."""

    def __init__(self, file: str) -> None:
        """Reads the file. Raises InputError for a line that is no row of ours, and for an id that comes twice."""
        from ..runtime.formats.version import Version

        self.name = safe(file)
        self.digests: dict[str, bytes] = {}
        self.fields: dict[str, Counter[str]] = {"mode": Counter(), "domain": Counter(), "accepted": Counter()}
        version = Version()
        for place, line in places([file]):
            try:
                row = msgspec.json.decode(line, type=_Row)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InputError(f"{place}: not a row of ours: {error}") from None
            if row.id in self.digests:
                raise InputError(f"{place}: the id {row.id} stands in this file twice")
            self.digests[row.id] = blake2b(line, digest_size=8).digest()
            version.add(line)
            self.fields["mode"][row.assignment.mode] += 1
            self.fields["domain"][row.assignment.domain] += 1
            self.fields["accepted"]["yes" if row.verdict.accepted else "no"] += 1
        self.version = version.text()


def diff(
    first: Annotated[str, Parameter(name="A")],
    second: Annotated[str, Parameter(name="B")],
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    first
        Rows of ours.
    second
        The rows to compare with them.
    as_json
        One JSON object, with every id.
    """
    one, other = _Set(first), _Set(second)
    both = one.digests.keys() & other.digests.keys()
    found = {
        "removed": sorted(one.digests.keys() - both),
        "added": sorted(other.digests.keys() - both),
        "changed": sorted(row for row in both if one.digests[row] != other.digests[row]),
    }
    same = len(both) - len(found["changed"])
    console = out_console()
    if as_json:
        report = {
            "versions": [one.version, other.version],
            "rows": [len(one.digests), len(other.digests)],
            "equal": same,
            **found,
            "fields": {name: [dict(one.fields[name]), dict(other.fields[name])] for name in one.fields},
        }
        console.print(msgspec.json.encode(report).decode(), soft_wrap=True)
        return 0
    if one.version == other.version:
        console.print(f"the same {same:,} rows, version {one.version}")
        return 0
    columns(
        console,
        [
            ("", "rows", "version"),
            (one.name, f"{len(one.digests):,}", one.version),
            (other.name, f"{len(other.digests):,}", other.version),
        ],
    )
    console.print(f"equal {same:,}")
    for what, rows in found.items():
        some = " ".join(rows[:SHOWN]) + (" …" if len(rows) > SHOWN else "")
        console.print(f"{what} {len(rows):,}  {some}".rstrip(), soft_wrap=True)
    for name in one.fields:
        if one.fields[name] != other.fields[name]:
            columns(console, _field(name, one.fields[name], other.fields[name]))
    return 0


def _field(name: str, one: Mapping[str, int], other: Mapping[str, int]) -> list[tuple[str, ...]]:
    """The values whose counts differ most."""
    values = sorted(one.keys() | other.keys(), key=lambda v: (-abs(one.get(v, 0) - other.get(v, 0)), v))
    lines: list[tuple[str, ...]] = [(name, "first", "second", "")]
    for value in values[:TOP]:
        before, after = one.get(value, 0), other.get(value, 0)
        lines.append((safe(value), f"{before:,}", f"{after:,}", f"{after - before:+,}"))
    return lines
