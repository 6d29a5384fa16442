"""OpenAPI documents into tool records."""

from __future__ import annotations

from pathlib import Path

import pytest

from .documents import PET, TEXT, json_body, only, read, reasons, ref, spec, tools, write


def test_an_operation_becomes_a_record_with_everything_it_says(tmp_path: Path) -> None:
    get = {
        "operationId": "getPet",
        "summary": "Get a pet",
        "description": "Returns <b>one</b> pet. See [the guide](https://pets.example/guide).",
        "parameters": [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "responses": {"404": json_body(ref("Owner")), "200": json_body(ref("Pet"))},
        "deprecated": True,
    }
    info = {"description": "All about pets.", "x-providerName": "Pets.Example", "x-apisguru-categories": ["animals"]}
    record = only(tmp_path, {"/pets/{petId}": {"get": get}}, info)
    assert (record.catalog, record.provider, record.service, record.title) == ("openapi", "pets.example", "api", "Pets")
    assert (record.name, record.method, record.path) == ("getPet", "GET", "/pets/{petId}")
    assert record.description == "Get a pet. Returns one pet. See the guide."
    assert (record.summary, record.categories) == ("All about pets.", ("animals",))
    assert (record.licence, record.source) == ("Apache-2.0", "api.json 1.2")
    assert record.annotations == {"deprecated": True}
    assert record.id == "openapi:api#getPet"
    assert record.output_schema is not None
    assert record.output_schema["properties"]["owner"]["properties"]["email"] == TEXT


def test_path_query_header_and_body_are_one_object(tmp_path: Path) -> None:
    put = {
        "parameters": [
            {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
            {"name": "X-Reason", "in": "header", "required": True, "schema": TEXT},
            {"name": "Accept", "in": "header", "schema": TEXT},
        ],
        "requestBody": json_body(ref("Pet")),
    }
    shared = [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}]
    record = only(tmp_path, {"/pets/{petId}": {"put": put, "parameters": shared}})
    assert list(record.input_schema["properties"]) == ["dry", "X-Reason", "petId", "name", "owner", "pin"]
    assert record.input_schema["required"] == ["X-Reason", "petId", "name"]
    assert record.name == "PUT /pets/{petId}"


def test_a_body_that_is_said_to_be_optional_requires_nothing(tmp_path: Path) -> None:
    record = only(tmp_path, {"/pets": {"post": {"requestBody": {**json_body(ref("Pet")), "required": False}}}})
    assert "required" not in record.input_schema


def test_what_only_the_server_sets_is_no_argument_and_what_only_the_caller_sets_is_no_reply(tmp_path: Path) -> None:
    post = {"requestBody": json_body(ref("Pet")), "responses": {"201": json_body(ref("Pet"))}}
    record = only(tmp_path, {"/pets": {"post": post}})
    assert record.output_schema is not None
    assert "id" not in record.input_schema["properties"]
    assert "pin" not in record.output_schema["properties"]
    assert "id" in record.output_schema["properties"]


def test_parameters_of_one_name_are_told_apart_by_their_place(tmp_path: Path) -> None:
    body = {"type": "object", "properties": {"id": {"type": "object", "properties": {"value": TEXT}}, "filter": TEXT}}
    put = {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": TEXT},
            {"name": "id", "in": "query", "schema": TEXT},
            {"name": "filter", "in": "query", "schema": TEXT},
        ],
        "requestBody": json_body(body),
    }
    record = only(tmp_path, {"/x/{id}": {"put": put}})
    assert list(record.input_schema["properties"]) == ["id", "query_id", "filter", "body_id"]


def test_secrets_are_noted_and_no_arguments(tmp_path: Path) -> None:
    document = spec(
        {
            "/pets": {
                "get": {
                    "operationId": "list",
                    "parameters": [
                        {"name": "Authorization", "in": "header", "schema": TEXT},
                        {"name": "X-Api-Key", "in": "header", "required": True, "schema": TEXT},
                        {"name": "access_token", "in": "query", "schema": TEXT},
                        {"name": "wat", "in": "query", "schema": TEXT},
                        {"name": "pageToken", "in": "query", "schema": TEXT},
                    ],
                }
            }
        }
    )
    document["components"]["securitySchemes"] = {"own": {"type": "apiKey", "in": "query", "name": "wat"}}
    record = tools(read("openapi", write(tmp_path / "a.json", document)))["list"]
    assert record.credentials == ("Authorization", "X-Api-Key", "access_token", "wat")
    assert record.input_schema == {"type": "object", "properties": {"pageToken": TEXT}}


def test_swagger_2_bodies_forms_and_plain_parameters_are_read(tmp_path: Path) -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "host": "api.old.example:8443",
        "definitions": {"Pet": PET, "Owner": {"type": "object"}},
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Old"}},
        "paths": {
            "/pets": {
                "post": {
                    "operationId": "create",
                    "parameters": [
                        {"name": "pet", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}},
                        {"name": "tags", "in": "query", "type": "array", "items": TEXT, "description": "Tags to add."},
                        {"name": "X-Old", "in": "header", "type": "string"},
                    ],
                    "responses": {"200": {"schema": {"$ref": "#/definitions/Pet"}}},
                },
                "put": {
                    "operationId": "upload",
                    "parameters": [
                        {"name": "photo", "in": "formData", "type": "file", "required": True},
                        {"name": "size", "in": "formData", "type": "integer", "minimum": 1, "exclusiveMinimum": True},
                    ],
                },
            }
        },
    }
    found = tools(read("openapi", write(tmp_path / "old.json", document)))
    create, upload = found["create"], found["upload"]
    assert create.provider == "old.example"
    assert create.credentials == ("X-Old",)
    assert create.input_schema["required"] == ["name"]
    assert create.input_schema["properties"]["tags"] == {"type": "array", "description": "Tags to add.", "items": TEXT}
    assert create.output_schema is not None
    assert upload.input_schema == {
        "type": "object",
        "properties": {"photo": TEXT, "size": {"type": "integer", "exclusiveMinimum": 1}},
        "required": ["photo"],
    }


def test_a_yaml_document_says_the_same_as_json(tmp_path: Path) -> None:
    text = """
openapi: 3.1.0
info: {title: Pets, version: 2024-01-01}
paths:
  /pets:
    get: &get
      operationId: list
      parameters: [{name: country, in: query, schema: {type: string, enum: [no, se]}}]
      responses:
        200:
          content: {application/json: {schema: {type: [object, 'null'], properties: {n: {type: integer}}}}}
    head:
      <<: *get
      operationId: peek
"""
    found = tools(read("openapi", write(tmp_path / "pets.yaml", text)))
    assert set(found) == {"list", "peek"}
    assert found["list"].input_schema["properties"]["country"]["enum"] == ["no", "se"]
    assert found["peek"].output_schema == found["list"].output_schema
    assert found["list"].output_schema == {"type": ["object", "null"], "properties": {"n": {"type": "integer"}}}
    assert found["list"].source == "pets.yaml 2024-01-01"


def test_an_id_that_comes_twice_is_kept_once_and_the_other_is_called_by_its_path(tmp_path: Path) -> None:
    paths = {"/a": {"get": {"operationId": "read"}}, "/b": {"get": {"operationId": "read"}}}
    reading = read("openapi", write(tmp_path / "a.json", spec(paths)))
    assert list(tools(reading)) == ["read", "GET /b"]
    assert reasons(reading) == ["duplicate_id"]


def test_an_operation_without_parameters_takes_an_empty_object(tmp_path: Path) -> None:
    assert only(tmp_path, {"/ping": {"get": {}}}).input_schema == {"type": "object", "properties": {}}


@pytest.mark.parametrize("name", ["获取天气", "получитьПогоду", "اجلب الطقس", "get-weather 🌦"])
def test_names_in_any_script_are_kept(tmp_path: Path, name: str) -> None:
    field = {"type": "object", "properties": {name: {"type": "string", "description": name}}}
    record = only(tmp_path, {"/w": {"post": {"operationId": name, "requestBody": json_body(field)}}})
    assert record.name == name
    assert record.input_schema["properties"][name]["description"] == name


def test_a_reply_that_is_a_list_and_one_that_is_nothing(tmp_path: Path) -> None:
    listed = {"responses": {"200": json_body({"type": "array", "items": ref("Owner")})}}
    gone = {"responses": {"204": {"description": "gone"}}}
    found = tools(read("openapi", write(tmp_path / "a.json", spec({"/o": {"get": listed, "delete": gone}}))))
    listing = found["GET /o"].output_schema
    assert listing is not None
    assert listing["items"]["properties"]["email"] == TEXT
    assert found["DELETE /o"].output_schema is None


def test_a_reference_to_another_file_is_followed_only_when_allowed_and_inside_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "outside.json", {"Secret": TEXT})
    write(
        tmp_path / "api" / "parts" / "pet.json",
        {"Pet": {"type": "object", "properties": {"kind": {"$ref": "#/Kind"}}}, "Kind": TEXT},
    )
    body = {
        "type": "object",
        "properties": {
            "pet": {"$ref": "parts/pet.json#/Pet"},
            "secret": {"$ref": "../outside.json#/Secret"},
            "far": {"$ref": "https://pets.example/schema.json"},
        },
    }
    path = write(
        tmp_path / "api" / "a.json", spec({"/x": {"post": {"operationId": "x", "requestBody": json_body(body)}}})
    )
    closed = read("openapi", path)
    assert reasons(closed) == ["external_ref"] * 3
    assert tools(closed)["x"].input_schema["properties"]["pet"] == {}
    opened = read("openapi", path, local_references=True)
    assert reasons(opened) == ["external_ref"] * 2
    assert tools(opened)["x"].input_schema["properties"]["pet"] == {"type": "object", "properties": {"kind": TEXT}}


def test_a_reference_that_leads_nowhere_is_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    body = {"type": "object", "properties": {"a": ref("Missing"), "b": TEXT}}
    reading = read("openapi", write(tmp_path / "a.json", spec({"/x": {"post": {"requestBody": json_body(body)}}})))
    (record,) = tools(reading).values()
    assert record.input_schema["properties"] == {"a": {}, "b": TEXT}
    assert reasons(reading) == ["broken_ref"]
