"""The real catalogues, where they are at hand: counts, soundness, and the time it takes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import jsonschema_rs
import pytest

from tdscaling.evolution.catalogs.read import list_catalogs, load
from tdscaling.evolution.catalogs.record import ToolRecord
from tdscaling.evolution.catalogs.source import Document, parse_source
from tdscaling.evolution.catalogs.versions import without_versions

from .documents import installed, read, shared, tools


def test_the_listings_of_real_servers_are_read_whole() -> None:
    reading = read("mcp", shared("mcp_listings.json"))
    assert sum(len(service.tools) for service in reading.services) == 117
    assert len(reading.services) == 11
    declared = [tool for service in reading.services for tool in service.tools if tool.output_schema is not None]
    assert len(declared) == 46  # of 53, seven say no more than that an object comes
    check(tool for service in reading.services for tool in service.tools)


def test_toucan_s_servers_are_read_whole() -> None:
    reading = read("toucan", shared("toucan_tools.json"))
    assert len(reading.services) == 870
    assert sum(len(service.tools) for service in reading.services) == 6_041
    assert [skip.reason for skip in reading.skips] == ["duplicate_id"] * 3
    sampled = Random(5).sample([tool for service in reading.services for tool in service.tools], 600)
    check(sampled)


@pytest.mark.parametrize(("kind", "documents"), [("openapi", 2_639), ("aws", 439), ("google", 354)])
def test_a_sample_of_an_installed_catalogue_is_sound(kind: str, documents: int) -> None:
    listing = list_catalogs([parse_source(f"{kind}:{installed(kind)}")])
    assert len(listing.documents) == documents
    for document in sampled(listing.documents, 25):
        reading = load(document)
        assert {skip.reason for skip in reading.skips} <= {"broken_ref", "duplicate_id", "external_ref"}
        check(tool for service in reading.services for tool in service.tools[:40])


def sampled(documents: tuple[Document, ...], count: int) -> list[Document]:
    """Some documents, none of the largest."""
    small = [document for document in documents if document.path.stat().st_size < 1_000_000]
    return Random(11).sample(small, count)


def check(records: Iterator[ToolRecord] | list[ToolRecord]) -> None:
    """Every schema compiles, is of an object where arguments are, and names no machine."""
    for record in records:
        jsonschema_rs.Draft202012Validator(record.input_schema)
        assert record.input_schema["type"] == "object", record.id
        assert record.input_schema.get("required", []) == [
            name for name in record.input_schema.get("required", []) if name in record.input_schema["properties"]
        ]
        if record.output_schema is not None:
            jsonschema_rs.Draft202012Validator(record.output_schema)
        assert record.name
        assert "/catalogs/" not in record.source


def test_versions_of_one_api_are_left_out_of_the_public_collection() -> None:
    sources = [parse_source(f"{kind}:{installed(kind)}") for kind in ("aws", "google")]
    whole = list_catalogs([*sources, parse_source(f"openapi:{installed('openapi')}/github.com")])
    listing = without_versions(whole)
    kept = [document.name for document in listing.documents if document.source.kind == "openapi"]
    assert len(kept) < 4 < len(whole.documents) - len(listing.documents)
    assert len(tools(load(next(document for document in listing.documents if document.name == kept[0])))) > 500
