"""Values for schemas: within bounds, of the pattern, never without end."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.sandbox.entities import EntityToolbox
from tdscaling.sandbox.entities.patterns import matching
from tdscaling.sandbox.entities.schemas import Endless, Unsatisfiable, flat
from tdscaling.sandbox.entities.values import value_for
from tdscaling.tests.sandbox.entity_lists import TEXT, tool


@pytest.mark.parametrize(
    "pattern",
    [
        r"^0x[a-fA-F0-9]{40}$",
        r"^\d{4}-\d{2}$",
        r"^AS\d+$",
        r"^([01]\d|2[0-3]):([0-5]\d)$",
        r"[^a-z]{3}",
        r"^(?:cat|dog)s?$",
        r"^[1-9A-HJ-NP-Za-km-z]{55,60}$",
        r"\b\d{1,3}\.\d{1,3}\b",
        r"^[\w.-]+@[\w-]+$",
    ],
)
@given(seed=st.integers(0, 50))
def test_a_text_matches_its_pattern(pattern: str, seed: int) -> None:
    """By Python's own engine."""
    assert re.search(pattern, matching(pattern, Random(seed)))


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(", "a{99999}", "[", "\\", "x{3,1}"])
def test_a_pattern_of_another_kind_is_refused(pattern: str) -> None:
    """Never a wrong text, never a crash."""
    with pytest.raises(Unsatisfiable):
        matching(pattern, Random(0))


scalars: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
        st.integers(-99, 99),
        st.integers(0, 9),
    ),
    st.builds(lambda low: {"type": "number", "exclusiveMinimum": low}, st.integers(-99, 99)),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 60),
        st.integers(0, 9),
    ),
    st.just({"type": ["string", "null"]}),
    st.just({"type": "boolean"}),
    st.builds(lambda choices: {"enum": choices}, st.lists(st.integers(), min_size=1, max_size=4)),
    st.builds(lambda step: {"type": "integer", "multipleOf": step}, st.integers(1, 30)),
    st.builds(lambda value: {"const": value}, st.text(max_size=5)),
)


def deeper(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects, lists, alternatives of schemas."""
    names = st.sampled_from(["id", "email", "price", "创建", "due_date", "tags"])
    return st.one_of(
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 3)),
        st.builds(
            lambda parts: {
                "type": "object",
                "properties": parts,
                "required": list(parts),
                "additionalProperties": False,
            },
            st.dictionaries(names, inner, max_size=4),
        ),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda extra: {"type": "object", "additionalProperties": extra}, inner),
    )


@given(schema=st.recursive(scalars, deeper, max_leaves=8), seed=st.integers(0, 9))
def test_a_value_satisfies_its_schema(schema: dict[str, Any], seed: int) -> None:
    """Whatever is nested in whatever."""
    jsonschema_rs.validate(schema, value_for(schema, schema, "field", Random(seed)))


def test_a_reference_circle_is_endless() -> None:
    """Named as such, in bounded time."""
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    with pytest.raises(Endless):
        flat(schema, schema)


def test_an_object_that_needs_itself_is_endless() -> None:
    """Required all the way down."""
    schema: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    with pytest.raises(Endless):
        value_for(schema, schema, "", Random(0))


def test_equal_seeds_give_equal_values() -> None:
    """Nothing but the generator decides."""
    schema: dict[str, Any] = {"type": "object", "properties": {"email": {"type": "string"}, "due": {"type": "string"}}}
    assert value_for(schema, schema, "", Random(4)) == value_for(schema, schema, "", Random(4))


def test_keys_that_cannot_be_made_up_leave_their_entity_empty() -> None:
    """A pattern that looks ahead costs the tools that need such an entry, not the world."""
    key = {"type": "string", "pattern": "^(?=x)x$"}
    box = EntityToolbox("s", [tool("get_note", {"note_id": TEXT}), tool("list_tags", {"label_id": key}, [])])
    assert [spec.name for spec in box.tools()] == ["get_note", "list_tags"]
    assert box.open_nowait(1).tables()["labels"] == {}
