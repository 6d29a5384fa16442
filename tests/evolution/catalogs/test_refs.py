"""Schemas made self-contained, and the bounds that hold whatever a document says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tdscaling.evolution.catalogs.keywords import linear
from tdscaling.evolution.catalogs.pointers import Pointers
from tdscaling.evolution.catalogs.refs import DEPTH, MOST_NODES, Expander

TEXT = {"type": "string"}


def expanded(start: Any, **definitions: Any) -> dict[str, Any]:
    """The schema with these definitions at hand."""
    return Expander(Pointers({"d": definitions})).expand(start)


def to(name: str) -> dict[str, Any]:
    """A reference to a definition."""
    return {"$ref": f"#/d/{name}"}


def nodes(schema: Any) -> int:
    """Schemas in a schema."""
    if not isinstance(schema, dict):
        return 0
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    return 1 + sum(nodes(part) for part in inner)


def test_a_schema_that_contains_itself_ends_after_some_levels() -> None:
    tree = {"type": "object", "properties": {"name": TEXT, "children": {"type": "array", "items": to("tree")}}}
    schema = expanded(to("tree"), tree=tree)
    assert "$ref" not in json.dumps(schema)
    level, depth = schema, 0
    while "properties" in level:
        level, depth = level["properties"]["children"]["items"], depth + 1
    assert depth == DEPTH
    assert level == {"type": "object"}


def test_references_in_a_circle_say_nothing() -> None:
    assert expanded(to("a"), a=to("b"), b=to("a")) == {}
    assert expanded(to("a"), a={"allOf": [to("a"), {"type": "object", "properties": {"x": TEXT}}]})["properties"] == {
        "x": TEXT
    }


def test_parts_that_all_hold_are_folded_into_one_object() -> None:
    base = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    schema = expanded({"allOf": [to("base"), {"required": ["name"], "properties": {"name": TEXT}}]}, base=base)
    assert schema == {"type": "object", "properties": {"id": TEXT, "name": TEXT}, "required": ["id", "name"]}


def test_one_alternative_beside_null_is_that_one() -> None:
    either = {"anyOf": [to("a"), {"type": "object", "nullable": True}], "description": "the owner"}
    schema = expanded(either, a={"type": "object", "properties": {"x": TEXT}})
    assert schema == {"type": ["object", "null"], "properties": {"x": TEXT}, "description": "the owner"}


def test_of_a_thousand_fields_the_required_ones_are_kept() -> None:
    fields = {f"field{k}": {"type": "object", "properties": {"a": TEXT, "b": TEXT}} for k in range(1000)}
    schema = expanded({"type": "object", "properties": fields, "required": ["field7", "field999"]})
    assert {"field7", "field999"} <= schema["properties"].keys()
    assert schema["required"] == ["field7", "field999"]
    assert nodes(schema) <= MOST_NODES[DEPTH]


def test_an_object_of_which_fields_were_cut_still_allows_them() -> None:
    fields = {f"field{k}": TEXT for k in range(1000)}
    cut = expanded({"type": "object", "properties": fields, "additionalProperties": False})
    whole = expanded({"type": "object", "properties": {"a": TEXT}, "additionalProperties": False})
    assert "additionalProperties" not in cut
    assert whole["additionalProperties"] is False


def test_what_is_not_sound_is_left_out() -> None:
    fields = {
        "long": {"type": "string", "minLength": 9, "maxLength": 3},
        "other": {"type": "string", "enum": [1, 2]},
        "number": {"type": "integer", "minimum": "5", "default": "7", "maximum": "many"},
        "look": {"type": "string", "pattern": "(?=a)(b+)+$"},
        "java": {"type": "string", "pattern": "[\\p{NoSuchScript}]+"},
        "odd": {"type": "Decimal", "required": "yes"},
        "bool": {"type": "boolean", "default": "false"},
    }
    schema = expanded({"type": "object", "properties": fields, "required": "long"})
    jsonschema_rs.Draft202012Validator(schema)
    assert schema["properties"] == {
        "long": TEXT,
        "other": {"type": "string", "enum": ["1", "2"]},
        "number": {"type": "integer", "minimum": 5, "default": 7},
        "look": TEXT,
        "java": TEXT,
        "odd": {"type": "number"},
        "bool": {"type": "boolean", "default": False},
    }


def test_only_expressions_that_run_in_linear_time_are_kept() -> None:
    assert linear("^[a-z]{1,64}$")
    assert not linear(r"^(\w+)\s\1$")
    assert not linear("a{1000}{1000}")
    assert not linear("a" * 1000)


class Counting(Pointers):
    """Counts how often a reference is looked up."""

    asked = 0

    def __call__(self, reference: str) -> Any:
        self.asked += 1
        return super().__call__(reference)


def way(k: int, name: str) -> dict[str, Any]:
    """One of the ways in which documents lead to a definition."""
    if k % 3 == 0:
        return {"anyOf": [to(name), {"type": "object", "nullable": True}]}
    if k % 3 == 1:
        return {"allOf": [to(name)], "description": "one of them"}
    return {"oneOf": [to(name), {"type": "array", "items": to(name)}]}


def test_a_thicket_of_references_takes_no_longer_than_its_text() -> None:
    """Each object has fields that lead to all others; followed blindly, that is 60 to the power of the depth."""
    count = 60
    definitions = {
        str(k): {"type": "object", "properties": {f"x{j}": way(j + k, str(j)) for j in range(count)}}
        for k in range(count)
    }
    pointers = Counting({"d": definitions})
    expander = Expander(pointers)
    assert nodes(expander.expand(to("0"))) <= MOST_NODES[DEPTH]
    assert pointers.asked <= count
    assert len(expander._inline) <= 2 * count * count * (DEPTH + 1)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["string", "object", "array", "#/d/a", "#/d/b", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "type properties items required allOf anyOf oneOf $ref enum nullable additionalProperties pattern "
                "minimum maximum minLength maxLength format default description a b".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, JSON, JSON)
def test_whatever_a_schema_is_the_result_compiles_and_refers_to_nothing(start: Any, a: Any, b: Any) -> None:
    schema = expanded(start, a=a, b=b)
    jsonschema_rs.Draft202012Validator(schema)
    assert '"$ref":' not in json.dumps({key: value for key, value in schema.items() if key != "enum"})
    assert nodes(schema) <= 3 * MOST_NODES[DEPTH]
