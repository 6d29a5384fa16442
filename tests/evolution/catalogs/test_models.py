"""AWS service models and Google discovery documents into tool records."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from tdscaling.evolution.catalogs.google import rank_of

from .documents import TEXT, read, reasons, tools, write

MODEL: dict[str, Any] = {
    "metadata": {"protocol": "rest-json", "serviceFullName": "AWS Parcels", "serviceId": "Parcels"},
    "documentation": "<p>Sends <i>parcels</i>.</p>",
    "operations": {
        "GetParcel": {
            "http": {"method": "GET", "requestUri": "/parcels/{Id}?full"},
            "input": {"shape": "GetParcelRequest"},
            "output": {"shape": "Parcel"},
            "documentation": "<p>Reads a parcel.</p>",
            "readonly": True,
        },
        "Ping": {"http": {"method": "POST", "requestUri": "/ping"}},
    },
    "shapes": {
        "GetParcelRequest": {
            "type": "structure",
            "required": ["Id"],
            "members": {"Id": {"shape": "ParcelId", "documentation": "<p>Which one.</p>", "location": "uri"}},
        },
        "ParcelId": {"type": "string", "min": 3, "max": 9, "pattern": "p-[0-9]+"},
        "Parcel": {
            "type": "structure",
            "members": {
                "Id": {"shape": "ParcelId"},
                "Sent": {"shape": "When"},
                "Weight": {"shape": "Kilo"},
                "Inside": {"shape": "Parcels"},
                "Tags": {"shape": "Tags"},
                "State": {"shape": "State"},
            },
        },
        "When": {"type": "timestamp"},
        "Kilo": {"type": "double", "min": 0},
        "Parcels": {"type": "list", "member": {"shape": "Parcel"}, "max": 5},
        "Tags": {"type": "map", "key": {"shape": "ParcelId"}, "value": {"shape": "State"}},
        "State": {"type": "string", "enum": ["SENT", "LOST"]},
    },
}
API: dict[str, Any] = {
    "name": "parcels",
    "version": "v1",
    "title": "Parcels API",
    "description": "Sends parcels.",
    "revision": "20260101",
    "parameters": {"key": {"type": "string", "location": "query"}},
    "schemas": {
        "Parcel": {
            "id": "Parcel",
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Output only. The resource name."},
                "weight": {"type": "number", "description": "Required. Kilograms."},
                "inner": {"$ref": "Parcel"},
            },
        }
    },
    "resources": {
        "projects": {
            "resources": {
                "parcels": {
                    "methods": {
                        "create": {
                            "id": "parcels.projects.parcels.create",
                            "httpMethod": "POST",
                            "path": "v1/{+parent}/parcels",
                            "flatPath": "v1/projects/{projectsId}/parcels",
                            "parameters": {
                                "parent": {"type": "string", "location": "path", "required": True},
                                "labels": {"type": "string", "location": "query", "repeated": True},
                                "validateOnly": {"type": "boolean", "location": "query", "default": "false"},
                            },
                            "request": {"$ref": "Parcel"},
                            "response": {"$ref": "Parcel"},
                        }
                    }
                }
            }
        }
    },
}


def test_an_aws_operation_becomes_a_record(tmp_path: Path) -> None:
    write(tmp_path / "parcels" / "2020-01-01" / "service-2.json", MODEL)
    found = tools(read("aws", tmp_path))
    get = found["GetParcel"]
    assert (get.provider, get.service, get.title) == ("amazonaws.com", "aws/parcels", "AWS Parcels")
    assert (get.method, get.path, get.annotations) == ("GET", "/parcels/{Id}", {"readOnlyHint": True})
    assert (get.description, get.summary) == ("Reads a parcel.", "Sends parcels .")
    assert (get.licence, get.source) == ("Apache-2.0", "botocore parcels/2020-01-01")
    key = {"type": "string", "pattern": "p-[0-9]+", "minLength": 3, "maxLength": 9}
    assert get.input_schema == {
        "type": "object",
        "properties": {"Id": {**key, "description": "Which one."}},
        "required": ["Id"],
    }
    assert get.output_schema is not None
    fields = get.output_schema["properties"]
    assert fields["Sent"] == {"type": "string", "format": "date-time"}
    assert fields["Weight"] == {"type": "number", "minimum": 0}
    assert fields["Tags"] == {"type": "object", "additionalProperties": {"type": "string", "enum": ["SENT", "LOST"]}}
    assert fields["Inside"]["items"]["properties"]["Id"] == key
    assert found["Ping"].output_schema is None


def test_where_every_call_is_a_post_to_one_place_method_and_path_say_nothing(tmp_path: Path) -> None:
    write(tmp_path / "p" / "2020-01-01" / "service-2.json", {**MODEL, "metadata": {"protocol": "json"}})
    get = tools(read("aws", tmp_path))["GetParcel"]
    assert (get.method, get.path) == (None, None)


def test_the_newest_version_of_a_packed_model_is_read_and_older_ones_are_counted(tmp_path: Path) -> None:
    for version, text in (("2019-05-05", "old"), ("2021-05-05", "new"), ("2020-05-05", "middle")):
        path = tmp_path / "parcels" / version / "service-2.json.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(json.dumps({**MODEL, "documentation": text}).encode()))
    reading = read("aws", tmp_path)
    assert {tool.summary for tool in tools(reading).values()} == {"new"}
    assert reasons(reading) == ["older_version"] * 2


def test_a_google_method_becomes_a_record(tmp_path: Path) -> None:
    write(tmp_path / "parcels.v1.json", API)
    (create,) = tools(read("google", tmp_path)).values()
    assert (create.provider, create.service) == ("googleapis.com", "google/parcels")
    assert (create.name, create.method) == ("parcels.projects.parcels.create", "POST")
    assert create.path == "/v1/projects/{projectsId}/parcels"
    assert create.source == "google-api-python-client parcels.v1.json 20260101"
    takes = create.input_schema
    assert takes["required"] == ["parent", "weight"]
    assert list(takes["properties"]) == ["parent", "labels", "validateOnly", "weight", "inner"]
    assert takes["properties"]["labels"] == {"type": "array", "items": TEXT}
    assert takes["properties"]["validateOnly"] == {"type": "boolean", "default": False}
    assert create.output_schema is not None
    assert "name" in create.output_schema["properties"]


def test_of_google_s_versions_the_newest_stable_one_is_read(tmp_path: Path) -> None:
    for version in ("v1", "v2", "v3beta1", "directory_v1", "directory_v1beta"):
        write(tmp_path / f"parcels.{version}.json", {**API, "version": version, "title": version})
    write(tmp_path / "early.v1alpha.json", {**API, "title": "early v1alpha"})
    write(tmp_path / "early.v1beta.json", {**API, "title": "early v1beta"})
    write(tmp_path / "index.json", {"kind": "discovery#directoryList"})
    reading = read("google", tmp_path)
    assert {service.name: service.title for service in reading.services} == {
        "google/early": "early v1beta",
        "google/parcels": "v2",
        "google/parcels.directory": "directory_v1",
    }
    assert reasons(reading) == ["older_version"] * 4


def test_versions_are_ranked_as_google_means_them() -> None:
    ordered = ["v1alpha", "v1beta", "v1beta2", "v1p1beta1", "v2alpha1", "v1", "v1.1", "v2", "v10"]
    ranks = [rank_of(version)[1] for version in ordered]
    assert ranks[:3] == sorted(ranks[:3])
    assert ranks[5:] == sorted(ranks[5:])
    assert max(ranks[:5]) < ranks[5]
    assert rank_of("directory_v1")[0] == rank_of("directoryv1")[0] == "directory"
    assert rank_of("v1management")[0] == "management"
