"""Catalogues of benchmarks: how they are told, and fingerprints by which their tools are found again elsewhere.

What a model is measured on must not be trained on. A benchmark's tools are marked `evaluation_only`; their
fingerprints find the same tools under another name of the catalogue.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .record import ToolRecord

_NAMES = re.compile(
    r"(?<![a-z0-9])(bfcl|berkeley-function-call|multi_turn_func_doc|tau2?|tau2?[-_]bench|τ²?-bench|livemcp(bench|tool)?)(?![a-z0-9])"
)
_ODD = re.compile(r"[\W_]+")
_LEVELS = 2
"""Objects inside each other whose fields count for a fingerprint."""


def is_benchmark(name: str) -> bool:
    """True when a document's name or folder is one of BFCL's, τ²-bench's or LiveMCPBench's."""
    return bool(_NAMES.search(name.lower()))


def is_benchmark_tool(tool: Mapping[str, JsonValue]) -> bool:
    """True for a tool in the form that BFCL alone has: Python's names of types, and an output called `response`."""
    takes = tool.get("parameters")
    return isinstance(takes, dict) and takes.get("type") == "dict" and "response" in tool


def fingerprint(record: ToolRecord) -> str:
    """16 hex digits of a tool's name and of its parameters' names and types, whatever their order, case and texts."""
    shape = "|".join(sorted(_shape(record.input_schema, _LEVELS)))
    return hashlib.sha256(f"{_plain(record.name)}({shape})".encode("utf-8", "replace")).hexdigest()[:16]


def _shape(schema: JsonObject, levels: int, prefix: str = "") -> Iterable[str]:
    for name, field in schema.get("properties", {}).items():
        kind = field.get("type", "")
        inner = field.get("items", {}) if kind == "array" else field
        written = "/".join(sorted(part for part in kind if part != "null")) if isinstance(kind, list) else str(kind)
        path = f"{prefix}{_plain(name)}"
        yield f"{path}:{'number' if written == 'integer' else written}"
        if levels > 1:
            yield from _shape(inner, levels - 1, f"{path}.")


def _plain(name: str) -> str:
    """A name in lower case without marks between its words: `get_stock_info` and `getStockInfo` are one."""
    return _ODD.sub("", name.casefold())


class Fingerprints:
    """The fingerprints of benchmarks' tools."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = frozenset(known)

    @classmethod
    def of(cls, records: Iterable[ToolRecord]) -> Fingerprints:
        """Those of the evaluation-only tools among records."""
        return cls(fingerprint(record) for record in records if record.evaluation_only)

    def __contains__(self, record: ToolRecord) -> bool:
        return fingerprint(record) in self._known

    def __len__(self) -> int:
        return len(self._known)

    def mark(self, record: ToolRecord) -> ToolRecord:
        """The record, evaluation-only where it has the fingerprint of a benchmark's tool."""
        return msgspec.structs.replace(record, evaluation_only=True) if record in self else record
