"""What stands twice is read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tdscaling.evolution.catalogs.read import list_catalogs, read_catalogs
from tdscaling.evolution.catalogs.source import Listing, parse_source
from tdscaling.evolution.catalogs.versions import signature, without_versions

from .documents import spec, write
from .test_models import API, MODEL


def api(*paths: str, provider: str = "pets.example", version: str = "1.0") -> dict[str, Any]:
    """A document with these operations."""
    return spec({path: {"get": {}} for path in paths}, {"x-providerName": provider, "version": version})


def kept(path: Path, *others: str) -> Listing:
    """The listing of a folder of OpenAPI documents and of other sources, thinned out."""
    return without_versions(list_catalogs(parse_source(text) for text in (f"openapi:{path}", *others)))


def names(listing: Listing) -> list[str]:
    """Of the documents."""
    return [document.name for document in listing.documents]


SEVEN = tuple(f"/v1/thing{k}/{{id}}" for k in range(7))


def test_a_document_that_stands_in_a_larger_one_of_its_provider_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path / "large.json",
        api(*(path.replace("v1", "v2").replace("{id}", "{thingId}") for path in SEVEN), "/more"),
    )
    write(tmp_path / "small.json", api(*SEVEN, "/own1", "/own2", "/own3"))
    write(tmp_path / "unlike.json", api(*SEVEN[:6], "/a", "/b", "/c", "/d"))
    write(tmp_path / "foreign.json", api(*SEVEN, provider="cats.example"))
    listing = kept(tmp_path)
    assert names(listing) == ["foreign.json", "small.json", "unlike.json"]
    assert [(skip.reason, skip.where, skip.detail) for skip in listing.skips] == [
        ("duplicate_version", "large.json", "stands in small")
    ]


def test_a_pre_release_gives_way_to_the_stable_document_it_repeats(tmp_path: Path) -> None:
    write(tmp_path / "api.json", api(*SEVEN))
    write(tmp_path / "api-beta.json", api(*SEVEN, *(f"/new{k}" for k in range(10))))
    assert names(kept(tmp_path)) == ["api.json"]


def test_a_pre_release_of_many_times_the_size_stays(tmp_path: Path) -> None:
    write(tmp_path / "api.json", api(*SEVEN))
    write(tmp_path / "api-beta.json", api(*SEVEN, *(f"/new{k}" for k in range(40))))
    assert names(kept(tmp_path)) == ["api-beta.json", "api.json"]


def test_a_provider_s_own_catalogue_stands_before_a_collection(tmp_path: Path) -> None:
    google = spec({"/v1/projects/{projectsId}/parcels": {"post": {}}}, {"x-providerName": "googleapis.com"})
    write(tmp_path / "o" / "googleapis.com" / "parcels.json", google)
    amazon = spec({"/parcels/{Id}": {"get": {}}, "/ping": {"post": {}}}, {"x-providerName": "amazonaws.com"})
    write(tmp_path / "o" / "amazonaws.com" / "parcel-sender.json", amazon)
    write(tmp_path / "g" / "parcels.v1.json", API)
    write(tmp_path / "a" / "parcels" / "2020-01-01" / "service-2.json", MODEL)
    listing = kept(tmp_path / "o", f"google:{tmp_path / 'g'}", f"aws:{tmp_path / 'a'}")
    assert [document.service for document in listing.documents] == ["google/parcels", "aws/parcels"]
    assert [skip.detail for skip in listing.skips] == ["stands in aws/parcels", "stands in google/parcels"]


def test_the_order_of_the_sources_decides_nothing_about_what_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "b.json", api(*SEVEN))
    write(tmp_path / "a.json", api(*SEVEN))
    assert names(kept(tmp_path)) == ["a.json"]
    reordered = Listing(tuple(reversed(list_catalogs([parse_source(f"openapi:{tmp_path}")]).documents)))
    assert names(without_versions(reordered)) == ["a.json"]


def test_signatures_may_be_made_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "b.json", api(*SEVEN))
    write(tmp_path / "a.json", api(*SEVEN))
    listing = list_catalogs([parse_source(f"openapi:{tmp_path}")])
    assert without_versions(listing, lambda documents: [signature(one) for one in documents]) == without_versions(
        listing
    )


def test_a_document_that_cannot_be_read_is_kept_for_its_reason_to_be_told(tmp_path: Path) -> None:
    write(tmp_path / "broken.json", '{"openapi": "3.0.0", "paths": {')
    assert names(kept(tmp_path)) == ["broken.json"]
    readings = list(read_catalogs([parse_source(f"openapi:{tmp_path}")]))
    assert [skip.reason for reading in readings for skip in reading.skips] == ["malformed"]
