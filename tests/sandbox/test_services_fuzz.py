"""Every tool of every built-in service under arguments drawn from its own schema, good and bad."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.sandbox.services import BUILTIN
from tdscaling.sandbox.services.base import Service, ServiceWorld
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.sandbox.services.invariants import broken
from tdscaling.sandbox.tools import JsonObject, Snapshot, ToolSpec

SERVICES: dict[str, Service] = {name: factory() for name, factory in BUILTIN.items()}
TOOLS: dict[str, ToolSpec] = {tool.name: tool for service in SERVICES.values() for tool in service.tools()}
REPLIES = {name: jsonschema_rs.validator_for(tool.output_schema or {}) for name, tool in TOOLS.items()}
SEED = 5

Call = tuple[str, JsonObject]
TIMES = [f"2026-0{month}-1{day}T{hour}:30:00Z" for month in (3, 4) for day in (1, 7, 8) for hour in (10, 11, 14)]


def leaves(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a state with the key it stands under."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif isinstance(value, str):
        yield name, value


def fresh(*names: str) -> dict[str, ServiceWorld]:
    """A world of each service, or of the named ones, all of one seed."""
    return {name: SERVICES[name].open_nowait(SEED) for name in names or SERVICES}


def state(worlds: dict[str, ServiceWorld]) -> dict[str, Snapshot]:
    """The tables of all."""
    return {name: world.tables() for name, world in worlds.items()}


POOL: dict[str, list[str]] = {}
for key, text in leaves(state(fresh())):
    POOL.setdefault(key, []).append(text)


def values(name: str, schema: JsonObject) -> st.SearchStrategy[Any]:
    """Values that the schema allows, mostly ones that mean something in the world."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "integer":
            return st.integers(schema["minimum"], min(schema["maximum"], 12))
        case "number":
            return st.floats(schema["minimum"], schema["maximum"])
        case "boolean":
            return st.booleans()
        case _:
            low, high = schema.get("minLength", 0), min(schema.get("maxLength", 30), 30)
            words = st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=high)
            known = POOL.get(name, []) + schema.get("examples", []) + (TIMES if name.endswith("_at") else [])
            return st.one_of(st.sampled_from(known), st.sampled_from(known), words) if known else words


def arguments(tool: ToolSpec) -> st.SearchStrategy[JsonObject]:
    """Valid arguments of a tool."""
    properties, required = tool.input_schema["properties"], tool.input_schema["required"]
    drawn = {name: values(name, schema) for name, schema in properties.items()}
    return st.fixed_dictionaries(
        {name: drawn[name] for name in required}, optional={n: v for n, v in drawn.items() if n not in required}
    )


def calls_of(names: list[str]) -> st.SearchStrategy[list[Call]]:
    """Calls of some tools, one after the other."""
    one = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), arguments(TOOLS[name])))
    return st.lists(one, min_size=1, max_size=12)


# Services do not see each other's state, so the calls of an example go to one of them.
calls: st.SearchStrategy[list[Call]] = st.sampled_from(list(SERVICES)).flatmap(
    lambda service: calls_of([tool.name for tool in SERVICES[service].tools()])
)


def owner(sequence: list[Call]) -> str:
    """The service that the calls go to."""
    return TOOLS[sequence[0][0]].service


def answers(worlds: dict[str, ServiceWorld], sequence: list[Call]) -> list[tuple[str, bool]]:
    """What a sequence of calls is told."""
    replies = [worlds[TOOLS[name].service].call_nowait(name, given_arguments) for name, given_arguments in sequence]
    return [(reply.content, reply.is_error) for reply in replies]


@settings(max_examples=300, deadline=None)
@given(calls)
def test_a_reply_fits_its_schema_or_is_a_typed_error(sequence: list[Call]) -> None:
    """Valid arguments never get anything else, whatever state the calls before them made."""
    worlds = fresh(owner(sequence))
    for name, given_arguments in sequence:
        reply = worlds[TOOLS[name].service].call_nowait(name, given_arguments)
        decoded = msgspec.json.decode(reply.content)
        if reply.is_error:
            assert decoded.keys() == {"error"}
            assert decoded["error"].keys() == {"code", "message"}
            assert decoded["error"]["code"] in ("not_found", "conflict", "forbidden", "invalid_argument")
        else:
            REPLIES[name].validate(decoded)


@settings(max_examples=300, deadline=None)
@given(calls)
def test_only_a_successful_write_changes_state(sequence: list[Call]) -> None:
    """A tool marked read-only and a refused call leave every table as it was; a write that succeeds does not."""
    worlds = fresh(owner(sequence))
    for name, given_arguments in sequence:
        world = worlds[TOOLS[name].service]
        before = world.tables()
        reply = world.call_nowait(name, given_arguments)
        assert (world.tables() == before) == (TOOLS[name].read_only or reply.is_error)


@settings(max_examples=200, deadline=None)
@given(calls)
def test_equal_calls_on_an_equal_seed_get_equal_replies_and_states(sequence: list[Call]) -> None:
    """A world is a function of its seed and its calls."""
    one, other = fresh(owner(sequence)), fresh(owner(sequence))
    assert answers(one, sequence) == answers(other, sequence)
    assert state(one) == state(other)


@settings(max_examples=200, deadline=None)
@given(calls)
def test_two_worlds_of_one_seed_do_not_see_each_other(sequence: list[Call]) -> None:
    """What happens in one world reaches neither another open one nor one opened later."""
    bystander, busy = fresh(owner(sequence)), fresh(owner(sequence))
    before = state(bystander)
    answers(busy, sequence)
    assert state(bystander) == before == state(fresh(owner(sequence)))


@settings(max_examples=200, deadline=None)
@given(calls)
def test_changes_lead_from_the_initial_state_to_the_present_one(sequence: list[Call]) -> None:
    """The difference names what changed, and nothing else."""
    worlds = fresh(owner(sequence))
    before = state(worlds)
    answers(worlds, sequence)
    for name, world in worlds.items():
        difference = world.changes()
        patched = {table: {**records, **difference.get(table, {})} for table, records in before[name].items()}
        left = {table: {key: r for key, r in rows.items() if r is not None} for table, rows in patched.items()}
        assert left == world.tables()
        for table, records in difference.items():
            assert all(before[name][table].get(key) != record for key, record in records.items())


@settings(max_examples=200, deadline=None)
@given(calls)
def test_the_invariants_of_a_service_survive_any_calls(sequence: list[Call]) -> None:
    """Sums add up, references lead somewhere, nothing is booked twice."""
    worlds = fresh(owner(sequence))
    answers(worlds, sequence)
    assert not broken(owner(sequence), worlds[owner(sequence)].tables())


def test_every_world_begins_with_its_invariants_kept() -> None:
    """The seeded tables themselves make sense."""
    for name, service in SERVICES.items():
        for seed in range(WORLDS):
            assert not broken(name, service.open_nowait(seed).tables())


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, JsonObject, str]:
    """A tool, arguments with one violation, and the field it concerns."""
    name = draw(st.sampled_from(sorted(TOOLS)))
    schema = TOOLS[name].input_schema
    given_arguments = draw(arguments(TOOLS[name]))
    ways = ["unknown"] + (["missing"] if schema["required"] else []) + (["type"] if schema["properties"] else [])
    way = draw(st.sampled_from(ways))
    if way == "unknown":
        field = draw(st.text("abcdefgh", min_size=3, max_size=9).filter(lambda text: text not in schema["properties"]))
        return name, {**given_arguments, field: draw(st.integers(0, 9))}, field
    if way == "missing":
        field = draw(st.sampled_from(schema["required"]))
        return name, {key: value for key, value in given_arguments.items() if key != field}, field
    field = draw(st.sampled_from(sorted(schema["properties"])))
    wrong: st.SearchStrategy[object] = st.one_of(st.none(), st.lists(st.integers(), max_size=2), st.just({"a": 1}))
    return name, {**given_arguments, field: draw(wrong)}, field


@settings(max_examples=400, deadline=None)
@given(spoiled())
def test_a_violated_schema_is_an_invalid_argument_that_names_the_field(case: tuple[str, JsonObject, str]) -> None:
    """A missing, unknown or mistyped argument never reaches the tool."""
    name, given_arguments, field = case
    world = SERVICES[TOOLS[name].service].open_nowait(SEED)
    reply = world.call_nowait(name, given_arguments)
    error = msgspec.json.decode(reply.content)["error"]
    assert reply.is_error
    assert error["code"] == "invalid_argument"
    assert error["message"].startswith(f"{field}: ")
    assert world.changes() == {}


def test_a_state_is_made_of_json_values() -> None:
    """It compares equal to itself after a trip through JSON text, as rows and blueprints keep it."""
    worlds = fresh()
    assert msgspec.json.decode(msgspec.json.encode(state(worlds))) == state(worlds)
    organizer = next(iter(worlds["calendar"].tables()["events"].values()))["organizer"]["colleague_id"]
    span = {"starts_at": "2026-05-05T10:00:00Z", "ends_at": "2026-05-05T11:00:00Z"}
    assert answers(worlds, [("create_event", {"colleague_id": organizer, "title": "x", **span})])[0][1] is False
    changed = worlds["calendar"].changes()
    assert changed["events"]
    assert msgspec.json.decode(msgspec.json.encode(changed)) == changed


def test_worlds_change_only_with_the_version() -> None:
    """The initial states are part of what a version stands for: to change them, raise it and record the new digest."""
    digests = {}
    for name in BUILTIN:
        service = SERVICES[name]
        digest = hashlib.sha256()
        for seed in range(WORLDS):
            digest.update(msgspec.json.encode(service.open_nowait(seed).tables()))
        digests[f"{name}@{service.version}"] = digest.hexdigest()[:16]
    assert digests == {
        "orders@1": "aecd09d9cebd8451",
        "calendar@1": "846fbe81e0d6900a",
        "tickets@1": "f60a1beda5d07957",
        "inventory@1": "28fa046ecb4c1f62",
        "payments@1": "eb01d8efe80fe126",
        "directory@1": "cc70ef99ff391c56",
        "files@1": "50b8eaaabc55de38",
        "messaging@1": "191bc579035a6a03",
        "bookings@1": "3c684eed0dfe50f7",
        "analytics@1": "e5f8367da4feb472",
    }
