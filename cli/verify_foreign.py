"""`tdscaling verify` on the files of others: their form is found out, and every check that applies is made."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from ..runtime.foreign import Form, form_of, unfold
from ..runtime.records import json_records
from .safe import one_line

if TYPE_CHECKING:
    from ..agents.foreign import ForeignFinding
    from ..sandbox.tools import ToolSpec

OURS = "blueprint"
"""The key that tells one of our rows."""


class Replay:
    """A stream of lines of which the first were looked at already: they come again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._first: list[bytes] = []

    def peek(self, limit: int) -> bytes:
        """The first line that is not blank, at most `limit` bytes of it; empty where there is none."""
        while line := self._stream.readline(limit):
            self._first.append(line)
            if line.strip():
                return line
        return b""

    def readline(self, limit: int = -1) -> bytes:
        """As of a file. The lines that were looked at come in the pieces in which they were read."""
        return self._first.pop(0) if self._first else self._stream.readline(limit)

    def __iter__(self) -> Iterator[bytes]:
        """The lines, whole."""
        while line := self.readline():
            while not line.endswith(b"\n") and (rest := self.readline()):
                line += rest
            yield line


def is_foreign(stream: Replay, limit: int) -> bool:
    """True when the first record is in a form of others. Rows of ours stand one per line, so a document over many
    lines and a list of records are not ours either. `limit`: bytes of the first line that are looked at."""
    line = stream.peek(limit)
    try:
        record: object = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return line.strip() in (b"{", b"[", b"[{")
    if isinstance(record, list):
        record = next(iter(record), None)
    return isinstance(record, dict) and OURS not in record and form_of(record) is not None


def verify_foreign(
    name: str,
    stream: Replay,
    form: Form | None,
    tools: Sequence[Path],
    contamination: Sequence[Path] = (),
    *,
    as_json: bool,
    unique: bool,
) -> tuple[int, int]:
    """Write a finding per conversation; returns how many were accepted, and how many there were.

    `form`: the form of all records; each one's own where it is None.

    Raises:
        InputError: a line is not JSON, a record is in no known form, or there is no conversation at all, or a file of
            benchmarks cannot be read.
    """
    from ..agents.contamination import Contamination
    from ..agents.foreign import judge_foreign
    from ..runtime.errors import InputError

    known = _known(tools)
    gates = (Contamination.of_files(contamination).no_benchmark,) if contamination else ()
    seen: dict[bytes, int] = {}
    forms: Counter[Form] = Counter()
    accepted = total = 0
    for where, record in json_records(name, stream):
        own = form or form_of(record)
        if own is None:
            keys = one_line(", ".join(sorted(map(str, record))[:8]))
            raise InputError(f"{where}: no known form of trajectories; keys are {keys}; --form says which it is")
        for found in unfold(record, own):
            total += 1
            forms[own] += 1
            finding, digest = judge_foreign(found, own, known, gates)
            if unique and finding.accepted and (first := seen.setdefault(digest, total)) != total:
                reason = f"set.duplicate: of conversation {first}"
                finding = msgspec.structs.replace(finding, accepted=False, reasons=(reason,))
            accepted += finding.accepted
            sys.stdout.write(_shown(finding, as_json=as_json) + "\n")
    if not total:
        raise InputError(f"{name}: holds no conversations")
    sys.stdout.flush()
    named = ", ".join(f"{n} {form}" for form, n in forms.items())
    sys.stderr.write(f"tdscaling: {named}: checked without running anything again; --json says which checks applied\n")
    return accepted, total


def _known(paths: Sequence[Path]) -> dict[str, ToolSpec]:
    """The tools of saved lists, by name. Raises ConfigError for a list that cannot be used."""
    if not paths:
        return {}
    from ..sandbox.entities import load_tools

    return {spec.name: spec for path in paths for spec in load_tools(path).specs}


def _shown(finding: ForeignFinding, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(finding).decode()
    verdict = "accepted" if finding.accepted else "rejected  " + "; ".join(finding.reasons)
    skipped = sum(state == "not_applicable" for state in finding.checks.values())
    return one_line(
        f"{finding.id or '-'}  {verdict}  ({len(finding.checks) - skipped} checks, {skipped} not applicable)"
    )
