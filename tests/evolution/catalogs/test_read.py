"""The way in: sources as they are given, licences, the order, and processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tdscaling.evolution.catalogs.licences import licence_filter, licence_of
from tdscaling.evolution.catalogs.read import list_catalogs, load, read_catalogs
from tdscaling.evolution.catalogs.record import EXAMPLES, Skip, Skips
from tdscaling.evolution.catalogs.source import parse_source
from tdscaling.runtime.errors import ConfigError, InputError

from .documents import json_body, ref, spec, tools, write
from .test_models import MODEL


@pytest.mark.parametrize(
    ("text", "problem"),
    [("soap:x", "must be one of mcp"), ("openapi", "needs a path"), ("mcp:", "needs a path"), ("", "must be one of")],
)
def test_a_source_that_names_no_catalogue_is_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse_source(text)
    assert "\n" not in str(caught.value)


def test_a_path_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        parse_source("openapi:nowhere")


def test_a_package_that_is_not_installed_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConfigError, match=r"botocore is not installed; pip install 'tdscaling\[catalogs\]'"):
        parse_source("aws")


def test_an_installed_package_s_data_is_found_without_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "botocore" / "__init__.py", "raise RuntimeError('must not be run')")
    write(tmp_path / "botocore" / "data" / "parcels" / "2020-01-01" / "service-2.json", MODEL)
    monkeypatch.syspath_prepend(str(tmp_path))
    (document,) = list_catalogs([parse_source("aws")]).documents
    assert [service.name for service in load(document).services] == ["aws/parcels"]


def test_services_of_two_sources_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path / folder / "api.json", spec({f"/{folder}": {"get": {}}}))
    listing = list_catalogs(parse_source(f"openapi:{tmp_path / folder}") for folder in ("a", "b"))
    assert [document.service for document in listing.documents] == ["api", "api~2"]


def test_documents_and_what_is_read_from_them_pass_between_processes(tmp_path: Path) -> None:
    write(tmp_path / "api.json", spec({"/a": {"post": {"requestBody": json_body(ref("Pet"))}}}))
    (document,) = list_catalogs([parse_source(f"openapi:{tmp_path}")]).documents
    assert pickle.loads(pickle.dumps(document)) == document  # noqa: S301 -- our own
    assert pickle.loads(pickle.dumps(load(document))) == load(document)  # noqa: S301 -- our own


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    body = {"allOf": [ref("Pet"), {"anyOf": [ref("Owner"), {"type": "string"}], "required": ["owner", "x"]}]}
    for name in ("b", "a", "ä"):
        paths = {
            f"/{name}/{{id}}": {
                "post": {"requestBody": json_body(body)},
                "get": {"responses": {"200": json_body(ref("Pet"))}},
            }
        }
        write(tmp_path / f"{name}.json", spec(paths))
    program = (
        "import sys, msgspec\n"
        "from tdscaling.evolution.catalogs.read import read_catalogs\n"
        "from tdscaling.evolution.catalogs.source import parse_source\n"
        "for reading in read_catalogs([parse_source(sys.argv[1])]):\n"
        "    sys.stdout.buffer.write(msgspec.json.encode(reading))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, f"openapi:{tmp_path}"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
    assert b'"ToolRecord"' not in outputs.pop()


@pytest.mark.parametrize(
    ("name", "url", "licence"),
    [
        ("Apache 2.0 License", None, "Apache-2.0"),
        ("Creative Commons Attribution 3.0", None, "CC-BY-3.0"),
        (
            "Attribution-NonCommercial-ShareAlike",
            "https://creativecommons.org/licenses/by-nc-sa/4.0/",
            "CC-BY-NC-SA-4.0",
        ),
        ("CC0", None, "CC0-1.0"),
        ("GNU GENERAL PUBLIC LICENSE v2", None, "GPL-2.0"),
        ("GPLv3", None, "GPL-3.0"),
        ("AGPLv3", None, "AGPL-3.0"),
        ("GNU Lesser General Public License", None, "LGPL-3.0"),
        ("The MIT License (MIT)", None, "MIT"),
        ("BSD", None, "BSD-3-Clause"),
        ("Submit terms", None, "Submit terms"),
        ("Terms", "https://spdx.org/licenses/MIT", "MIT"),
        ("  ", None, "unknown"),
        (None, None, "unknown"),
        ({"a": 1}, 5, "unknown"),
    ],
)
def test_a_licence_is_known_by_its_words(name: object, url: object, licence: str) -> None:
    assert licence_of(name, url) == licence


def test_only_licences_on_the_list_pass_and_the_rest_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "a.json", spec({"/a": {"get": {"operationId": "a"}}}))
    write(tmp_path / "b.json", spec({"/b": {"get": {"operationId": "b"}}}, {"license": {"name": "Terms of Use"}}))
    write(tmp_path / "c.json", spec({"/c": {"get": {"operationId": "c"}}}, {"license": None}))
    source = [parse_source(f"openapi:{tmp_path}")]
    found = {
        names: [name for reading in read_catalogs(source, names.split(",")) for name in tools(reading)]
        for names in ("", "apache-2.0", "apache-*, UNKNOWN", "mit")
    }
    assert found == {"": ["a", "b", "c"], "apache-2.0": ["a"], "apache-*, UNKNOWN": ["a", "c"], "mit": []}
    skips = [skip for reading in read_catalogs(source, ["mit"]) for skip in reading.skips]
    assert [(skip.reason, skip.detail) for skip in skips] == [
        ("licence", "Apache-2.0"),
        ("licence", "Terms of Use"),
        ("licence", "unknown"),
    ]


def test_a_filter_takes_records(tmp_path: Path) -> None:
    write(tmp_path / "a.json", spec({"/a": {"get": {}}}))
    (record,) = tools(next(r for r in read_catalogs([parse_source(f"openapi:{tmp_path}")]) if r.services)).values()
    assert licence_filter(["Apache-2.0"])(record)
    assert not licence_filter(["apache-2.0"])(msgspec.structs.replace(record, licence="unknown"))


def test_skips_are_counted_with_the_first_examples() -> None:
    first, second = Skips(Skip("a", str(k)) for k in range(5)), Skips([Skip("a", "x"), Skip("b", "y")])
    second.merge(first)
    assert second.counts == {"a": 6, "b": 1}
    assert [skip.where for skip in second.examples["a"]] == ["x", "0", "1"][:EXAMPLES]
