"""What became of every episode of a run, read from its directory: the one place that knows how a journal is kept.

    for end in read_ends(Path("runs/first")):
        ...

Rows are looked into for the few fields that are needed and not decoded whole: 100,000 of them take seconds.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar, get_args

import msgspec

from .errors import InputError
from .journal.events import Abandoned, Committed, Finished
from .journal.reader import journal_lines
from .row import Row

Stage: TypeAlias = Literal["drafted", "valid", "played", "verified", "unique", "accepted"]
"""How far an episode came: it was drafted, its plan was proved, the conversation came to its end, every gate let it
pass, it stood in no earlier row, it counts."""
STAGES: tuple[Stage, ...] = get_args(Stage)

T = TypeVar("T")


class End(msgspec.Struct, frozen=True):
    """What became of one episode."""

    id: str
    stage: Stage | None
    """The last stage that it reached; None when it was abandoned."""
    committed: bool
    """False for a surplus outcome: it finished, but its turn never came."""
    reasons: tuple[str, ...]
    """Why it went no further, `stage.reason` without the details, each once; empty when accepted."""
    mode: str
    """The reasoning mode asked for; empty when abandoned, like everything below."""
    goals: int
    """The number of goals asked for (the complexity bin)."""
    kind: str
    """Where its tools run: `built in`, `MCP server`, `entity store`, `model`; several joined by ` + `."""
    perturbation: str
    """`none` for an undisturbed episode."""


class _Assignment(msgspec.Struct):
    mode: str
    goals: int
    perturbation: str = "none"


class _Verdict(msgspec.Struct):
    accepted: bool
    reasons: tuple[str, ...]


class _Provenance(msgspec.Struct):
    tools: str


class _Plan(msgspec.Struct):
    """Only whether there is one."""


class _Row(msgspec.Struct):
    assignment: _Assignment
    blueprint: _Plan | None
    verdict: _Verdict
    provenance: _Provenance


class _Finished(msgspec.Struct, tag_field="event", tag="finished"):
    id: str
    row: _Row


class _Abandoned(msgspec.Struct, tag_field="event", tag="abandoned"):
    id: str
    reason: str


class _Assigned(msgspec.Struct, tag_field="event", tag="assigned"):
    """Says nothing of the end."""


class _Found(msgspec.Struct, tag_field="event", tag="finished"):
    id: str
    row: msgspec.Raw


class _Committed(msgspec.Struct, tag_field="event", tag="committed"):
    id: str
    accepted: bool
    late: tuple[str, ...] = ()


_End: TypeAlias = _Finished | _Abandoned | _Committed | _Assigned
_Ready: TypeAlias = _Found | _Abandoned | _Committed | _Assigned
_ENDS: msgspec.json.Decoder[_End] = msgspec.json.Decoder(_End)
_ROWS: msgspec.json.Decoder[_Ready] = msgspec.json.Decoder(_Ready)


def read_ends(directory: Path) -> Iterator[End]:
    """Every episode of the run: the committed ones in their order, then what finished and was not committed.

    A last line that was cut off (the run was killed) is left out.

    Raises:
        InputError: there is no journal in the directory, or a line of it is none.
    """
    waiting: dict[str, _Finished | _Abandoned] = {}
    for _, event in _events(directory, _ENDS):
        if isinstance(event, _Finished | _Abandoned):
            waiting[event.id] = event
        elif isinstance(event, _Committed) and (finished := waiting.pop(event.id, None)) is not None:
            yield end_of(finished, event)
    for finished in waiting.values():
        yield end_of(finished, None)


def read_rows(directory: Path, wanted: Container[str]) -> Iterator[Row]:
    """The rows with these ids as the verifier wrote them, in the order in which they finished.

    Raises InputError as `read_ends` does.
    """
    for where, event in _events(directory, _ROWS):
        if isinstance(event, _Found) and event.id in wanted:
            try:
                yield msgspec.json.decode(event.row, type=Row)
            except msgspec.ValidationError as error:
                raise InputError(f"{where}: {event.id}: not a trajectory: {error}") from None


def end_of(finished: _Finished | _Abandoned | Finished | Abandoned, committed: _Committed | Committed | None) -> End:
    """What the last events of an episode say of it; `committed` is None where its turn never came."""
    if isinstance(finished, _Abandoned | Abandoned):
        return End(finished.id, None, committed is not None, (head(finished.reason),), "", 0, "", "")
    row, late = finished.row, committed.late if committed else ()
    reasons = tuple(dict.fromkeys(map(head, row.verdict.reasons or late)))
    return End(
        finished.id,
        _stage(row, committed, reasons),
        committed is not None,
        reasons,
        row.assignment.mode,
        row.assignment.goals,
        tool_kind(row.provenance.tools),
        row.assignment.perturbation,
    )


def _stage(row: _Row | Row, committed: _Committed | Committed | None, reasons: tuple[str, ...]) -> Stage:
    if row.blueprint is None:
        return "drafted"
    if not row.verdict.accepted:
        # The agents or the world failed on the way, or the gates said no at the end.
        return "valid" if any(reason.startswith(("model.", "environment.")) for reason in reasons) else "played"
    if committed is None or (not committed.accepted and reasons in ((), ("set.duplicate",))):
        return "verified"
    return "accepted" if committed.accepted else "unique"


def _events(directory: Path, decoder: msgspec.json.Decoder[T]) -> Iterator[tuple[str, T]]:
    for where, line in journal_lines(directory):
        try:
            yield where, decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{where}: not a line of a run: {error}") from None


def head(reason: str) -> str:
    """`stage.reason` of `stage.reason: detail`."""
    return reason.partition(":")[0]


def tool_kind(provenance: str) -> str:
    """Where the tools of this provenance run."""
    return " + ".join(sorted({_kind(part) for part in provenance.split("; ")}))


def _kind(provenance: str) -> str:
    if provenance.startswith("built in"):
        return "built in"
    if provenance.startswith("entity store"):
        return "entity store"
    return "model" if provenance.startswith("simulated by") else "MCP server"
