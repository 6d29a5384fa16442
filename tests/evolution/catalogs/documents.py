"""Small documents of our own for the tests of catalogues, and the ways to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tdscaling.evolution.catalogs.read import list_catalogs, load
from tdscaling.evolution.catalogs.record import Reading, ToolRecord
from tdscaling.evolution.catalogs.source import parse_source

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "data"
TEXT = {"type": "string"}
PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": TEXT,
        "owner": {"$ref": "#/components/schemas/Owner"},
        "pin": {"type": "string", "writeOnly": True},
    },
}
OWNER = {
    "type": "object",
    "properties": {"email": TEXT, "pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}},
}


def spec(paths: Mapping[str, Any], info: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An OpenAPI 3 document with the pet and its owner."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Pets", "version": "1.2", "license": {"name": "Apache 2.0"}, **(info or {})},
        "servers": [{"url": "https://api.pets.example/v1"}],
        "paths": paths,
        "components": {"schemas": {"Pet": PET, "Owner": OWNER}},
    }


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    """A body or a reply of this schema."""
    return {"content": {"application/json": {"schema": schema}}}


def ref(name: str) -> dict[str, Any]:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def write(path: Path, value: Any) -> Path:
    """A JSON file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def read(kind: str, path: Path, **options: Any) -> Reading:
    """Everything in one source, its documents put together."""
    listing = list_catalogs([parse_source(f"{kind}:{path}", **options)])
    readings = [load(document) for document in listing.documents]
    return Reading(
        tuple(service for reading in readings for service in reading.services),
        (*listing.skips, *(skip for reading in readings for skip in reading.skips)),
    )


def tools(reading: Reading) -> dict[str, ToolRecord]:
    """The records by name."""
    return {tool.name: tool for service in reading.services for tool in service.tools}


def reasons(reading: Reading) -> list[str]:
    """Why something was left out, in order."""
    return [skip.reason for skip in reading.skips]


def only(path: Path, paths: Mapping[str, Any], info: Mapping[str, Any] | None = None) -> ToolRecord:
    """The record of a document's one operation."""
    (tool,) = tools(read("openapi", write(path / "api.json", spec(paths, info)))).values()
    return tool


def installed(kind: str) -> Path:
    """The installed catalogue of a kind; skips, and says so, where `examples/catalogs/install.sh` did not run."""
    path = ROOT / "build" / "catalogs" / kind
    if not path.exists():
        pytest.skip(f"build/catalogs/{kind} is not there: bash examples/catalogs/install.sh")
    return path


def shared(name: str) -> Path:
    """A listing beside the checkout; skips, and says so, where it is not."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout (../shared/data)")
    return path
