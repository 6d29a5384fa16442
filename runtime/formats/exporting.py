"""An export: which rows may leave, in which shape, and the count of every one of them.

    counts = Counts()
    for record in records(lines, options, counts):
        ...

Rows in, records out and rows left out by reason always add up: `Counts.check`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from ..chat import AssistantMessage
from ..errors import ConfigError, InputError
from . import FORMATS, PARQUET
from .cutting import Reasoning, cut
from .pairs import FORMS, encode_pair, pairs
from .sample import NotHeld, Read, Sample, read_row, row_line
from .version import Version


class Options(msgspec.Struct, frozen=True):
    """How rows leave."""

    form: str
    """A name of NAMES."""
    reasoning: Reasoning = "keep"
    blueprints: bool = False
    """Take the plans along, which hold the answers."""
    preferences: bool = False
    allow_simulated: bool = False
    metadata: bool = True
    """Take along what else a row says of itself; without it, `import` cannot make rows of ours again."""
    masked_only: bool = False
    """Leave out what the format cannot mask, see `Counts.unmasked`."""

    def check(self) -> None:
        """Raises ConfigError for what does not go together."""
        if self.form not in FORMATS and self.form != PARQUET:
            raise ConfigError(f"--format {self.form}: unknown; known are {', '.join((*FORMATS, PARQUET))}")
        if self.preferences and self.form not in FORMS:
            raise ConfigError(f"--preferences: {self.form} has no form for pairs; {', '.join(FORMS)} have")
        if self.preferences and self.reasoning == "split":
            raise ConfigError("--preferences: a pair is one turn already; --reasoning must be keep or drop")


@dataclass
class Counts:
    """What became of the rows of an export. Filled while records are taken."""

    rows: int = 0
    """Rows read."""
    exported: int = 0
    """Rows that left; with preferences, those that stand in a pair."""
    records: int = 0
    """Records written: more than rows with `split`, fewer with pairs."""
    simulated: int = 0
    """Of the exported rows, those of the simulated model."""
    unmasked: int = 0
    """Exported rows whose failed calls are context, in a format that would train on them."""
    left: Counter[str] = field(default_factory=Counter[str])
    """`{reason: rows}` of those that did not leave."""
    models: Counter[str] = field(default_factory=Counter[str])
    """`{model: exported rows}`"""
    tools: Counter[str] = field(default_factory=Counter[str])
    """`{licence and source of tool schemas: exported rows}`"""
    version: Version = field(default_factory=Version)
    """Of the records written."""

    def took(self, row: Read) -> None:
        """Count a row that leaves."""
        self.exported += 1
        self.simulated += row.simulated
        self.models[row.origin.model] += 1
        self.tools[row.origin.tools] += 1

    def check(self) -> None:
        """Raises AssertionError where rows were lost without a reason: a bug."""
        if self.rows != self.exported + self.left.total():
            raise AssertionError(f"{self.rows} rows in, {self.exported} out, {self.left.total()} left out")


def records(lines: Iterable[tuple[str, bytes]], options: Options, counts: Counts) -> Iterator[bytes]:
    """The records of `(place, line)`s, in their order.

    Raises:
        ConfigError: the options do not go together.
        InputError: a line is no row of ours, or a row that must not leave.
    """
    options.check()
    found = _pairs(lines, options, counts) if options.preferences else _samples(lines, options, counts)
    for record in found:
        counts.records += 1
        counts.version.add(record)
        yield record


def samples(lines: Iterable[tuple[str, bytes]], options: Options, counts: Counts) -> Iterator[Sample]:
    """As `records`, before they are encoded: for tables."""
    for row in _allowed(lines, options, counts):
        if _leaves(row, options, counts):
            for sample in _cut(row.sample, options):
                counts.records += 1
                counts.version.add(row_line(sample))
                yield sample


def _samples(lines: Iterable[tuple[str, bytes]], options: Options, counts: Counts) -> Iterator[bytes]:
    form = FORMATS[options.form]
    for row in _allowed(lines, options, counts):
        unmasked = not form.masks and has_untrained(row.sample)
        if unmasked and options.masked_only:
            counts.left["cannot_be_masked"] += 1
            continue
        try:
            encoded = [form.encode(sample) for sample in _cut(row.sample, options)]
        except NotHeld as error:
            counts.left[error.reason] += 1
            continue
        if _leaves(row, options, counts):
            counts.unmasked += unmasked
            yield from encoded


def _pairs(lines: Iterable[tuple[str, bytes]], options: Options, counts: Counts) -> Iterator[bytes]:
    rows = (_shaped(row, options) for row in _allowed(lines, options, counts))
    for pair, both in pairs(rows, counts.left):
        try:
            record = encode_pair(pair, options.form)
        except NotHeld as error:
            counts.left[error.reason] += len(both)
            continue
        for row in both:
            counts.took(row)
        yield record


def _allowed(lines: Iterable[tuple[str, bytes]], options: Options, counts: Counts) -> Iterator[Read]:
    """Rows that may leave; those of benchmarks never may."""
    for place, line in lines:
        row = _read(place, line, blueprint=options.blueprints)
        counts.rows += 1
        if row.origin.evaluation_only:
            raise InputError(f"{place}: row {row.sample.id} plays a benchmark's tools and is never training data")
        if row.simulated and not options.allow_simulated:
            raise InputError(
                f"{place}: row {row.sample.id} was made by the simulated model and is no training data; "
                "--allow-simulated to try the export with it"
            )
        if row.accepted or options.preferences:
            yield row
        else:
            counts.left["rejected"] += 1


def _read(place: str, line: bytes, *, blueprint: bool) -> Read:
    try:
        return read_row(line, blueprint=blueprint)
    except msgspec.ValidationError as error:
        raise InputError(f"{place}: not a row of ours: {error}; `tdscaling import` reads other formats") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: not JSON: {error}") from None


def _leaves(row: Read, options: Options, counts: Counts) -> bool:
    """Counts a row that leaves; False where nothing of it is left to say."""
    if options.reasoning == "split" and not any(isinstance(m, AssistantMessage) for m in row.sample.messages):
        counts.left["no_assistant"] += 1
        return False
    counts.took(row)
    return True


def _cut(sample: Sample, options: Options) -> Iterator[Sample]:
    if not options.metadata:
        sample = msgspec.structs.replace(sample, about=None)
    return cut(sample, options.reasoning)


def _shaped(row: Read, options: Options) -> Read:
    (sample,) = _cut(row.sample, msgspec.structs.replace(options, metadata=True))
    return msgspec.structs.replace(row, sample=sample)


def has_untrained(sample: Sample) -> bool:
    """True where a message of the assistant is context and no target."""
    return any(isinstance(said, AssistantMessage) and said.train == 0.0 for said in sample.messages)
