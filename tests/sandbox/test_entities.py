"""The entity store as a toolbox: verbs on seeded entries, typed errors, read-after-write, private worlds."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.sandbox.entities import EntityToolbox, Hints, Play, Unplayable, explain
from tdscaling.sandbox.entities.world import EntityWorld
from tdscaling.sandbox.tools import ToolSpec

from .entity_lists import SHOP, TEXT, shop, tool

BOX = shop()


def say(world: EntityWorld, name: str, **arguments: Any) -> Any:
    """The decoded good reply of a call."""
    reply = world.call_nowait(name, arguments)
    assert not reply.is_error, reply.content
    return json.loads(reply.content)


def refusal(world: EntityWorld, name: str, **arguments: Any) -> str:
    """The code of a call's error."""
    reply = world.call_nowait(name, arguments)
    assert reply.is_error, reply.content
    code: str = json.loads(reply.content)["error"]["code"]
    return code


def first(world: EntityWorld, table: str) -> str:
    """The key of the table's first entry."""
    return next(iter(world.tables()[table]))


@pytest.mark.parametrize(
    ("name", "verb", "entity"),
    [
        ("create_order", "create", "order"),
        ("get_order", "get", "order"),
        ("list_orders", "list", "order"),
        ("update_order", "update", "order"),
        ("cancel_order", "transition", "order"),
        ("delete_order", "delete", "order"),
        ("estimate_shipping", "compute", "shipping"),
    ],
)
def test_a_tool_is_read_by_its_name(name: str, verb: str, entity: str) -> None:
    """Verb and entity of the verb table."""
    play = BOX.explanations[name]
    assert isinstance(play, Play)
    assert (play.verb, play.entity) == (verb, entity)


def test_what_was_created_is_read_back() -> None:
    """The issued id leads to the fields that were given."""
    world = BOX.open_nowait(1)
    customer = first(world, "customers")
    made = say(world, "create_order", customer_id=customer, note="ring twice")
    assert say(world, "get_order", order_id=made["order_id"])["note"] == "ring twice"


def test_what_was_updated_is_read_back() -> None:
    """Update, then get."""
    world = BOX.open_nowait(1)
    order = first(world, "orders")
    say(world, "update_order", order_id=order, note="leave at the gate")
    assert say(world, "get_order", order_id=order)["note"] == "leave at the gate"


def test_what_was_deleted_is_gone() -> None:
    """Delete, then get."""
    world = BOX.open_nowait(1)
    order = first(world, "orders")
    assert say(world, "delete_order", order_id=order)["deleted"] is True
    assert refusal(world, "get_order", order_id=order) == "not_found"


def test_a_transition_changes_the_status_once() -> None:
    """The second time is a conflict."""
    world = BOX.open_nowait(1)
    order = say(world, "create_order", customer_id=first(world, "customers"))["order_id"]
    if say(world, "get_order", order_id=order)["status"] != "cancelled":
        say(world, "cancel_order", order_id=order)
    assert say(world, "get_order", order_id=order)["status"] == "cancelled"
    assert refusal(world, "cancel_order", order_id=order) == "conflict"


def test_a_list_is_filtered_by_the_given_arguments() -> None:
    """Only entries of the wanted status and customer."""
    world = BOX.open_nowait(2)
    orders = world.tables()["orders"].values()
    wanted = next(iter(orders))["customer_id"]
    found = say(world, "list_orders", customer_id=wanted)["orders"]
    assert {o["order_id"] for o in found} == {o["order_id"] for o in orders if o["customer_id"] == wanted}


def test_references_lead_to_entries_that_stand_there() -> None:
    """An order's customer can be looked up."""
    world = BOX.open_nowait(3)
    for order in world.tables()["orders"].values():
        say(world, "get_customer", customer_id=order["customer_id"])


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("get_order", {"order_id": "nope"}, "not_found"),
        ("create_order", {"customer_id": "nope"}, "not_found"),
        ("get_order", {}, "invalid_argument"),
        ("get_order", {"order_id": 7}, "invalid_argument"),
        ("get_order", {"order_id": "\ud800"}, "invalid_argument"),
        ("list_orders", {"status": "sideways"}, "invalid_argument"),
        ("no_such_tool", {}, "unknown_tool"),
    ],
)
def test_bad_calls_are_typed_errors_and_change_nothing(name: str, arguments: dict[str, Any], code: str) -> None:
    """The code says which kind."""
    world = BOX.open_nowait(1)
    before = world.tables()
    assert refusal(world, name, **arguments) == code
    assert world.tables() == before


def test_two_worlds_of_one_seed_are_equal_and_private() -> None:
    """A write in one is not seen in the other, nor in one opened later."""
    one, other = BOX.open_nowait(5), BOX.open_nowait(5)
    before = other.tables()
    assert one.tables() == before
    say(one, "delete_order", order_id=first(one, "orders"))
    assert one.tables() != before == other.tables() == BOX.open_nowait(5).tables()


def test_seeds_make_different_worlds() -> None:
    """Another seed, other ids."""
    assert BOX.open_nowait(1).tables() != BOX.open_nowait(2).tables()


def test_ids_of_an_entity_have_one_format() -> None:
    """Initial and issued ids look alike: the same prefix and length."""
    world = BOX.open_nowait(1)
    say(world, "create_order", customer_id=first(world, "customers"))
    assert len({(key[:1], len(key)) for key in world.tables()["orders"]}) == 1


calls = st.lists(
    st.one_of(
        st.tuples(st.just("create_order"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["get_order", "update_order", "cancel_order", "delete_order"]), st.integers(0, 9)),
        st.tuples(st.just("list_orders"), st.just(0)),
        st.tuples(st.just("estimate_shipping"), st.integers(1, 9)),
    ),
    max_size=12,
)


def played(seed: int, sequence: list[tuple[str, int]]) -> list[str]:
    """The replies of calls whose ids are chosen by number from what stands there."""
    world = BOX.open_nowait(seed)
    replies: list[str] = []
    for name, number in sequence:
        tables = world.tables()
        orders, customers = list(tables["orders"]), list(tables["customers"])
        arguments: dict[str, Any] = {}
        if name == "create_order":
            arguments = {"customer_id": customers[number % len(customers)]}
        elif name == "estimate_shipping":
            arguments = {"city": "Omaha", "weight": number}
        elif name != "list_orders":
            arguments = {"order_id": orders[number] if number < len(orders) else "gone"}
            arguments |= {"note": f"note {number}"} if name == "update_order" else {}
        reply = world.call_nowait(name, arguments)
        play = BOX.explanations[name]
        assert isinstance(play, Play)
        if play.read_only or reply.is_error:
            assert world.tables() == tables
        replies.append(reply.content)
    return replies


@given(seed=st.integers(0, 200), sequence=calls)
def test_equal_calls_give_equal_replies_and_reading_changes_nothing(seed: int, sequence: list[tuple[str, int]]) -> None:
    """Replay, and no change by reads and refusals."""
    assert played(seed, sequence) == played(seed, sequence)


def test_offered_specs_say_how_the_tool_is_played() -> None:
    """Service, read-only and the inferred output stand in the spec; the declared output is left as it is."""
    specs = {spec.name: spec for spec in BOX.tools()}
    assert specs["list_orders"].read_only
    assert not specs["cancel_order"].read_only
    assert specs["get_order"].output_schema == SHOP[1].output_schema
    inferred = specs["create_order"].output_schema
    assert inferred is not None
    assert "inferred" in inferred["$comment"]


def test_provenance_names_the_entity_store() -> None:
    """These are no real tools, and rows say so."""
    assert BOX.provenance == "entity store over a test"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (tool("browser_click", {"selector": TEXT}), "screen"),
        (tool("execute_command", {"command": TEXT}), "runs_code"),
        (tool("base64_encode", {"text": TEXT}), "exact_result"),
        (tool("sequentialthinking", {"thought": TEXT}), "thinking"),
        (tool("delete_order", {}), "no_identifier"),
        (tool("xyzzy", {"a": TEXT}), "no_verb"),
        (tool("get_order", {"order_id": {"type": "strng"}}), "bad_schema"),
        (tool("get_order", {"order_id": {"$ref": "https://example.com/order.json"}}), "bad_schema"),
        (tool("create_tree", {"root": {"$ref": "#/properties/root"}}), "endless_schema"),
        (tool("create_order", {"a": {"type": "integer", "minimum": 3, "maximum": 1}}), "no_arguments"),
        (tool("create_order", {"a": {"type": "string", "pattern": "(?=x)y"}}), "no_arguments"),
        (tool("get_x", {"a": TEXT}, output={"type": "object", "not": {}}), "no_reply"),
    ],
)
def test_what_cannot_be_played_says_why(spec: ToolSpec, reason: str) -> None:
    """One reason per tool, and a detail."""
    found = explain(spec)
    assert isinstance(found, Unplayable)
    assert found.reason == reason
    assert found.detail


def test_a_read_only_hint_makes_a_write_word_a_look_up() -> None:
    """What the server says of itself goes before the word."""
    spec = tool("trigger_check", {"host": TEXT})
    found = explain(spec, Hints(read_only=True))
    assert isinstance(found, Play)
    assert found.read_only
    plain = explain(spec)
    assert isinstance(plain, Play)
    assert not plain.read_only


def test_names_in_other_scripts_are_read() -> None:
    """Verb and entry from words without Latin letters."""
    found = explain(tool("查询订单", {"订单号": TEXT}, description="查询订单"))
    assert isinstance(found, Play)
    assert found.verb == "list"


def test_a_schema_of_a_thousand_properties_is_played() -> None:
    """Bounded work, and a valid reply."""
    wide = {f"field_{n}": TEXT for n in range(1000)}
    output = {"type": "object", "properties": wide, "required": list(wide)}
    box = EntityToolbox("wide", [tool("create_form", wide, [], output=output)])
    assert len(say(box.open_nowait(0), "create_form")) == 1000


def test_a_circular_schema_that_may_end_is_played() -> None:
    """A comment may have replies, which are comments."""
    comment = {
        "type": "object",
        "properties": {"text": TEXT, "replies": {"type": "array", "items": {"$ref": "#/$defs/comment"}}},
        "required": ["text", "replies"],
    }
    output = {"$ref": "#/$defs/comment", "$defs": {"comment": comment}}
    box = EntityToolbox("talk", [tool("get_comment", {"comment_id": TEXT}, output=output)])
    assert not box.unplayable


def test_settings_without_a_key_are_one_entry() -> None:
    """Set, then get, without any id."""
    box = EntityToolbox("s", [tool("get_settings", {}), tool("set_settings", {"theme": TEXT})])
    world = box.open_nowait(0)
    say(world, "set_settings", theme="dark")
    assert say(world, "get_settings")["theme"] == "dark"


def test_a_renamed_entry_stands_under_its_new_name_only() -> None:
    """Move, then read both."""
    box = EntityToolbox(
        "f", [tool("read_file", {"path": TEXT}), tool("move_file", {"source": TEXT, "destination": TEXT})]
    )
    world = box.open_nowait(0)
    path = first(world, "files")
    say(world, "move_file", source=path, destination="/new.txt")
    assert refusal(world, "read_file", path=path) == "not_found"
    assert say(world, "read_file", path="/new.txt")["path"] == "/new.txt"


def test_a_change_inside_an_entry_is_kept_with_the_entry_that_holds_it() -> None:
    """A path that every tool takes is the workbook's: deleting rows in it does not delete it."""
    path = {"path": TEXT}
    book = [
        tool("describe_workbook", path, read_only=True),
        tool("delete_rows", {**path, "start": {"type": "integer"}}),
        tool("insert_columns", path),
        tool("replace_cells", {**path, "query": TEXT}),
    ]
    world = EntityToolbox("book", book).open_nowait(0)
    key = first(world, "workbooks")
    assert say(world, "delete_rows", path=key, start=3) == {"path": key, "result": "done"}
    assert world.tables()["workbooks"][key]["last_delete_rows"] == {"start": 3}
    assert refusal(world, "delete_rows", path="/none.xlsx", start=3) == "not_found"


def test_an_entry_is_found_only_where_it_hangs() -> None:
    """A sheet of one workbook is not in another one."""
    path = {"path": TEXT}
    tools = [tool("get_sheet", {**path, "sheet": TEXT}), *(tool(f"{verb}_workbook", path) for verb in ("get", "close"))]
    world = EntityToolbox("book", tools).open_nowait(0)
    key, sheet = next(iter(world.tables()["sheets"].items()))
    other = next(path for path in world.tables()["workbooks"] if path != sheet["path"])
    assert say(world, "get_sheet", path=sheet["path"], sheet=key)["sheet"] == key
    assert refusal(world, "get_sheet", path=other, sheet=key) == "not_found"


def test_a_whole_shows_the_entries_that_were_made() -> None:
    """A graph without a key holds every entity."""
    name = {"name": TEXT}
    entity = {"type": "object", "properties": name, "required": ["name"]}
    output = {
        "type": "object",
        "properties": {"entities": {"type": "array", "items": entity}},
        "required": ["entities"],
    }
    tools = [
        tool("create_entities", {"entities": {"type": "array", "items": entity}}, output=output),
        tool("read_graph", {}, output=output, read_only=True),
    ]
    world = EntityToolbox("graph", tools).open_nowait(0)
    say(world, "create_entities", entities=[{"name": "Ana"}])
    assert {"name": "Ana"} in say(world, "read_graph")["entities"]


def test_a_snapshot_holds_every_table_under_the_services_name() -> None:
    """As the world contract says."""
    world = BOX.open_nowait(0)
    assert anyio.run(world.snapshot) == {"shop": world.tables()}
    assert set(world.tables()) == {"orders", "customers"}


def test_the_version_changes_with_the_list() -> None:
    """Rows that name the version name the tools too."""
    assert EntityToolbox("shop", SHOP).version == BOX.version != EntityToolbox("shop", SHOP[:4]).version
