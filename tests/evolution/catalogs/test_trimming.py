"""Schemas made short: what is required stays, whatever else goes."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.evolution.catalogs.trimming import INPUT, OUTPUT, shortened

TEXT = {"type": "string", "description": "A sentence about it. " * 20}


def wide(count: int, part: Any) -> dict[str, Any]:
    """An object with many optional properties and one that is required."""
    properties = {f"field_{number}": part for number in range(count)}
    return {"type": "object", "properties": {**properties, "id": TEXT}, "required": ["id"]}


def size(schema: dict[str, Any]) -> int:
    """Bytes as JSON."""
    return len(msgspec.json.encode(schema))


def test_a_short_schema_loses_its_long_descriptions_only() -> None:
    """Cut behind a whole sentence."""
    found = shortened({"type": "object", "properties": {"id": TEXT}, "required": ["id"]}, 90, 4000)
    assert found["required"] == ["id"]
    assert found["properties"]["id"]["description"] == ("A sentence about it. " * 4).rstrip()


def test_a_deep_schema_is_left_open_below() -> None:
    """Level by level; required objects stay as objects of which nothing is said."""
    deep: dict[str, Any] = wide(12, TEXT)
    for _ in range(6):
        deep = wide(6, deep)
        deep["properties"]["owner"] = {**deep["properties"]["field_0"]}
        deep["required"] = ["id", "owner"]
    assert size(deep) > 1_000_000
    found = shortened(deep, *OUTPUT)
    assert size(found) <= OUTPUT[1]
    assert set(found["required"]) <= set(found["properties"])
    assert found["properties"]["owner"]["type"] == "object"


def test_a_wide_schema_keeps_its_first_properties_and_the_required_ones() -> None:
    """As many as fit."""
    found = shortened(wide(900, TEXT), *INPUT)
    assert size(found) <= INPUT[1]
    assert {"field_0", "field_11", "id"} <= set(found["properties"])


def test_definitions_go_when_nothing_points_at_them() -> None:
    """And stay when something does."""
    node: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    used = {"type": "object", "properties": {"first": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}
    assert "$defs" in shortened(used, *INPUT)
    assert "$defs" not in shortened({**used, "properties": {}}, *INPUT)


def test_choices_are_cut_and_remarks_dropped() -> None:
    """The first forty; no examples, no vendor's keys."""
    part = {"type": "string", "enum": list(map(str, range(300))), "x-internal": 1, "example": "7", "title": "Number"}
    found = shortened({"type": "object", "properties": {"number": part, "title": TEXT}}, *INPUT)["properties"]
    assert found["number"] == {"type": "string", "enum": list(map(str, range(40)))}
    assert "title" in found


SCHEMAS = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]),
    lambda inner: (
        st.builds(
            lambda parts, many: {
                "type": "object",
                "properties": parts,
                "required": sorted(parts)[:2],
                **({} if many else {"additionalProperties": False}),
            },
            st.dictionaries(st.sampled_from("abcdefgh"), inner, min_size=1, max_size=6),
            st.booleans(),
        )
        | st.builds(lambda items: {"type": "array", "items": items}, inner)
    ),
    max_leaves=40,
)


def filled(schema: dict[str, Any]) -> Any:
    """A value with everything that the schema describes."""
    match schema.get("type"):
        case "object":
            return {name: filled(part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [filled(schema["items"])]
        case "integer":
            return 3
        case "boolean":
            return True
        case _:
            return "x"


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from("pqrs"), SCHEMAS, min_size=1), st.integers(40, 400))
def test_every_schema_stays_one_and_required_names_stay_described(parts: dict[str, Any], most: int) -> None:
    """It compiles, a value of it is found, and no object requires what it does not have."""
    schema = {"type": "object", "properties": parts, "required": sorted(parts)[:1]}
    found = shortened(schema, 30, most)
    assert jsonschema_rs.validator_for(found).is_valid(filled(found))
    assert size(found) <= size(schema)
    assert sorted(parts)[0] in found["properties"]
