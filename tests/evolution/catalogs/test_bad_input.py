"""Poisoned documents: each is counted with its reason, and none takes the others down."""

from __future__ import annotations

import gzip
from pathlib import Path
from time import process_time

import pytest

from tdscaling.evolution.catalogs.decode import Malformed
from tdscaling.evolution.catalogs.yaml_events import MAX_DEPTH, YamlError, parse_yaml

from .documents import TEXT, json_body, read, reasons, ref, spec, tools, write

GOOD = {"/good": {"get": {"operationId": "good"}}}


def merges(lines: int) -> str:
    """Mappings that merge nine times the one before: merged one by one, the last would take 9^lines steps."""
    line = "a{k}: &a{k} {{<<: [{others}], k{k}: 1}}\n"
    return "a0: &a0 {x: 1, y: 2}\n" + "".join(
        line.format(k=k, others=", ".join([f"*a{k - 1}"] * 9)) for k in range(1, lines + 1)
    )


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 12)
)
POISON: dict[str, tuple[bytes, str]] = {
    "truncated.json": (b'{"openapi": "3.0.0", "paths": {"/a": {"get": {', "malformed"),
    "latin.json": ('{"openapi": "3.0.0", "info": {"title": "caf\xe9"}}'.encode("latin-1"), "not_utf8"),
    "latin.yaml": ("openapi: 3.0.0 # caf\xe9".encode("latin-1"), "not_utf8"),
    "utf16.json": ('{"openapi": "3.0.0"}'.encode("utf-16"), "not_utf8"),
    "empty.json": (b"", "malformed"),
    "null.json": (b"null", "not_openapi"),
    "list.json": (b"[1, 2]", "not_openapi"),
    "other.json": (b'{"openapi": {"a": 1}}', "not_openapi"),
    "deep.json": (b'{"openapi": "3.0.0", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested"),
    "deep.yaml": (b"openapi: 3.0.0\nx: " + b"[" * 5_000 + b"]" * 5_000, "malformed"),
    "bomb.yaml": (b"openapi: 3.0.0\n" + BOMB.encode(), "malformed"),
    "itself.yaml": (b"openapi: 3.0.0\nx: &x [*x]\n", "malformed"),
    "tabs.yaml": (b"openapi: 3.0.0\n\tpaths: {}\n", "malformed"),
    "object.yaml": (b"openapi: 3.0.0\n? [a, b]\n: c\n", "malformed"),
    "huge-number.json": (b'{"openapi": "3.0.0", "n": 1e999999}', "unexpected"),
}


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_document_is_counted_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    content, reason = POISON[name]
    (tmp_path / name).write_bytes(content)
    write(tmp_path / "good.json", spec(GOOD))
    reading = read("openapi", tmp_path)
    assert list(tools(reading)) == ["good"]
    assert reasons(reading) == [reason]
    assert reading.skips[0].where == name


def test_a_document_of_100_mb_is_skipped_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(100 * 1024 * 1024)  # a hole: it takes no room, and reading it would
    before = process_time()
    reading = read("openapi", tmp_path)
    assert reasons(reading) == ["too_large"]
    assert process_time() - before < 0.5


def test_the_bound_can_be_set_and_holds_for_what_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "s" / "2020-01-01" / "service-2.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(b" " * 5_000_000))
    assert reasons(read("aws", tmp_path, max_bytes=1_000_000)) == ["too_large"]


def test_packed_data_that_is_cut_off_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "s" / "2020-01-01" / "service-2.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(b"{" * 5_000)[:30])
    assert reasons(read("aws", tmp_path)) == ["unreadable"]


@pytest.mark.parametrize("kind", ["mcp", "openai", "toucan", "google"])
@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b"[" * 100_000, b"7", b'{"tools": 5}', b'[{"tools": {"a": 5}}]']
)
def test_every_adapter_survives_what_is_not_its_own(tmp_path: Path, kind: str, content: bytes) -> None:
    (tmp_path / "x.v1.json").write_bytes(content)
    reading = read(kind, tmp_path)
    assert tools(reading) == {}
    assert len(reading.skips) == 1


def test_members_of_the_wrong_kind_cost_only_themselves(tmp_path: Path) -> None:
    paths = {
        "/a": {"get": {"operationId": 5, "parameters": {"no": "list"}, "responses": [1], "requestBody": 3}},
        "/b": None,
        "/c": {"get": None, "post": {"parameters": [None, {"name": 7, "in": "query"}, {"$ref": 8}]}},
        "/d": {"post": {"requestBody": json_body({"type": "object", "properties": [1], "required": {"a": 1}})}},
        "/e": {"post": {"requestBody": json_body({"properties": {"x": 5, "y": {"type": {}}, "z": {"enum": [{}]}}})}},
        **GOOD,
    }
    found = tools(read("openapi", write(tmp_path / "a.json", spec(paths))))
    assert set(found) == {"GET /a", "POST /c", "POST /d", "POST /e", "good"}
    assert found["POST /e"].input_schema["properties"] == {"x": {}, "y": {}, "z": {}}


def test_a_thousand_required_fields_are_bounded(tmp_path: Path) -> None:
    fields = {f"f{k}": ref("Pet") for k in range(5_000)}
    body = {"type": "object", "properties": fields, "required": list(fields)}
    path = write(tmp_path / "a.json", spec({"/x": {"post": {"requestBody": json_body(body)}}}))
    (record,) = tools(read("openapi", path)).values()
    assert 100 < len(record.input_schema["properties"]) < 1_000
    assert record.input_schema["required"] == list(record.input_schema["properties"])


def test_merge_keys_add_a_key_once() -> None:
    value = parse_yaml(merges(4))
    assert value["a4"] == {"k4": 1, "k3": 1, "k2": 1, "k1": 1, "x": 1, "y": 2}


def test_merge_keys_that_stand_for_too_much_are_refused() -> None:
    with pytest.raises(YamlError, match="stand for more than"):
        parse_yaml(merges(40))


def test_yaml_scalars_are_those_of_json() -> None:
    text = "{a: no, b: 2024-01-01, c: 0o17, d: 1_000, e: ~, f: 'true', g: -1.5e3, h: 1:30, i: .5, 200: x, true: y}"
    assert parse_yaml(text) == {
        "a": "no",
        "b": "2024-01-01",
        "c": "0o17",
        "d": "1_000",
        "e": None,
        "f": "true",
        "g": -1500.0,
        "h": "1:30",
        "i": 0.5,
        "200": "x",
        "true": "y",
    }


def test_yaml_that_is_nested_to_the_bound_is_read_and_deeper_is_not() -> None:
    assert parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(YamlError, match="nested deeper"):
        parse_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_descriptions_of_any_length_and_markup_are_cut_in_linear_time(tmp_path: Path) -> None:
    awkward = ["<" * 300_000, "[" * 300_000, "[a](" * 100_000, "&" * 300_000, "<a " * 100_000, "x. " * 200_000]
    paths = {f"/d{k}": {"get": {"description": text, "operationId": f"d{k}"}} for k, text in enumerate(awkward)}
    before = process_time()
    found = tools(read("openapi", write(tmp_path / "a.json", spec(paths))))
    assert process_time() - before < 5
    assert all(len(record.description) <= 600 for record in found.values())


def test_a_reason_is_told_with_its_detail() -> None:
    assert str(Malformed("too_large", "more than 5 bytes")) == "too_large: more than 5 bytes"
    assert TEXT == {"type": "string"}
