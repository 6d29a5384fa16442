"""Parquet: one row per conversation, free-form parts as JSON texts, so that no reader sees drifting types.

Needs pyarrow, which is an extra: `pip install 'tdscaling[export]'`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from ..chat import ChatMessage
from ..errors import ConfigError, InputError, OutputError
from .form import encode
from .sample import About, Sample

BATCH = 2_000
"""Rows held at once."""
TEXTS = ("id", "messages", "tools", "mode", "domain", "sector", "cluster")
PARTS = ("assignment", "verdict", "measurements", "provenance", "kin", "blueprint", "face")
"""Columns with the JSON text of a key of the row; null where it was left out."""

_MESSAGES = msgspec.json.Decoder(tuple[ChatMessage, ...])
_Module = Any
"""pyarrow ships no types."""


class _Labels(msgspec.Struct):
    mode: str = ""
    domain: str = ""
    sector: str = ""
    cluster: str = ""


_LABELS = msgspec.json.Decoder(_Labels)


def write(path: Path, samples: Iterable[Sample]) -> None:
    """A table of the samples, in their order.

    Raises:
        ConfigError: pyarrow is not installed.
        OutputError: the file cannot be written.
    """
    arrow, parquet = _pyarrow()
    columns = [(name, arrow.string()) for name in (*TEXTS, *PARTS)]
    schema = arrow.schema([*columns, ("simulated", arrow.bool_())])
    try:
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in _batches(samples):
                writer.write_table(arrow.Table.from_pylist([_cells(sample) for sample in batch], schema=schema))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error}") from None


def read(path: Path) -> Iterator[Sample]:
    """The samples of such a table.

    Raises:
        ConfigError: pyarrow is not installed.
        InputError: the file is no table, or not of this form.
    """
    arrow, parquet = _pyarrow()
    try:
        file = parquet.ParquetFile(path)
        for batch in file.iter_batches(batch_size=BATCH):
            for number, cells in enumerate(batch.to_pylist(), start=1):
                try:
                    yield _sample(cells)
                except (KeyError, msgspec.DecodeError) as error:
                    raise InputError(f"{path}: row {number}: not of this form: {error}") from None
    except (OSError, arrow.ArrowInvalid) as error:
        raise InputError(f"{path}: cannot be read as Parquet: {' '.join(str(error).split())}") from None


def _pyarrow() -> tuple[_Module, _Module]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ConfigError("Parquet needs pyarrow: pip install 'tdscaling[export]'") from None


def _batches(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    rest = iter(samples)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _cells(sample: Sample) -> dict[str, str | bool | None]:
    about = sample.about
    cells: dict[str, str | bool | None] = {
        "id": sample.id,
        "messages": encode(sample.messages).decode(),
        "tools": bytes(sample.tools).decode(),
        "simulated": None if about is None else about.simulated,
    }
    if about is not None:
        labels = _LABELS.decode(about.assignment)
        cells |= {"mode": labels.mode, "domain": labels.domain, "sector": labels.sector, "cluster": labels.cluster}
        parts: dict[str, Raw | msgspec.UnsetType] = {
            "assignment": about.assignment,
            "verdict": about.verdict,
            "measurements": about.measurements,
            "provenance": about.provenance,
            "kin": about.kin,
            "blueprint": about.blueprint,
            "face": about.face,
        }
        cells |= {name: None if raw is UNSET else bytes(raw).decode() for name, raw in parts.items()}
    return cells


def _sample(cells: dict[str, Any]) -> Sample:
    def part(name: str) -> Raw:
        return Raw(cells[name].encode())

    about = None
    if cells.get("simulated") is not None and all(cells.get(name) is not None for name in PARTS[:-2]):
        blueprint = UNSET if cells.get("blueprint") is None else part("blueprint")
        face = UNSET if cells.get("face") is None else part("face")
        about = About(
            part("assignment"),
            part("verdict"),
            part("measurements"),
            part("provenance"),
            cells["simulated"],
            part("kin"),
            blueprint,
            face=face,
        )
    return Sample(cells["id"], _MESSAGES.decode(cells["messages"]), Raw(cells["tools"].encode()), about)
