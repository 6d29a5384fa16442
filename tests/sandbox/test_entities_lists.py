"""Lists of tools: files that can be read or not, plan orders, and what real servers list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from tdscaling.runtime.errors import ConfigError
from tdscaling.sandbox.entities import (
    EntityToolbox,
    Hints,
    PlanRun,
    Play,
    Pointer,
    ToolList,
    Unplayable,
    execute_plan,
    load_tools,
    parse_tools,
)
from tdscaling.sandbox.entities.arguments import made_arguments
from tdscaling.sandbox.entities.filling import filled, first_key
from tdscaling.sandbox.entities.schemas import Unsatisfiable
from tdscaling.sandbox.entities.world import EntityWorld

from .entity_lists import SHOP, TEXT, listings, sampled, tool

TAKES = {"type": "object", "properties": {"order_id": TEXT}, "required": ["order_id"]}
WIRE = {
    "name": "get_order",
    "description": "Get an order.",
    "inputSchema": TAKES,
    "annotations": {"readOnlyHint": True},
}
OPENAI = {"type": "function", "function": {"name": "get_order", "description": "Get an order.", "parameters": TAKES}}


@pytest.mark.parametrize(
    "document",
    [
        [WIRE],
        {"tools": [WIRE]},
        {"jsonrpc": "2.0", "id": 1, "result": {"tools": [WIRE]}},
        [OPENAI],
        {"tools": [OPENAI]},
    ],
)
def test_a_list_is_read_in_either_form_and_any_envelope(document: Any) -> None:
    """MCP's wire form and OpenAI's say the same tool."""
    spec = parse_tools(document, "shop", "here").specs[0]
    assert (spec.name, spec.description, spec.input_schema) == ("get_order", "Get an order.", TAKES)


def test_annotations_become_hints() -> None:
    """What the server says beside its schemas is evidence."""
    assert parse_tools([WIRE], "shop", "here").hints == {"get_order": Hints(read_only=True)}


def test_names_that_models_do_not_accept_are_replaced_and_kept_apart() -> None:
    """Spaces, other scripts, very long names; the listed name is remembered."""
    names = ["get my order", "get my-order", "查询订单", "x" * 90, "get!my!order"]
    listed = parse_tools([{**WIRE, "name": name} for name in names], "shop", "here")
    made = [spec.name for spec in listed.specs]
    assert len(set(made)) == len(names)
    assert all(name.isascii() and " " not in name and 0 < len(name) <= 64 for name in made)
    assert [listed.renamed.get(name, name) for name in made] == names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no tools"),
        ('{"a": 1}', "holds no tools"),
        ('[{"description": "x"}]', "tool 1: has no name"),
        ('[{"name": "a", "inputSchema": 3}]', "tool 1 (a): its input schema is no object"),
        ('[{"name": "a"}, {"name": "a"}]', "tool 2: 'a' is listed twice"),
        ('[{"name": "a b"}, {"name": "a b"}]', "tool 2: 'a b' is listed twice"),
        ("[1]", "tool 1: is no object"),
        ("\xff", "is not JSON"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """The line names the file and what is wrong with it."""
    path = tmp_path / "list.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as refused:
        load_tools(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """With the system's own words."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_tools(tmp_path / "none.json")


def test_a_plan_order_runs_and_says_where_its_identifiers_came_from() -> None:
    """The order's id comes from the reply that made it, the customer's from the world."""
    run = execute_plan(SHOP, ["create_order", "get_order", "cancel_order"], 4)
    assert run.ok, run.failure
    made, read, cancelled = run.calls
    assert made.origins == {"customer_id": "entry"}
    assert read.producers == {"order_id": 0}
    assert json.loads(read.arguments)["order_id"] == json.loads(made.reply)["order_id"]
    assert cancelled.origins == {"order_id": "reply"}


def test_a_plan_order_is_a_function_of_list_order_and_seed() -> None:
    """Equal arguments, equal runs; another seed, another run."""
    order = ["list_orders", "update_order", "estimate_shipping"]
    run: Callable[[int], PlanRun] = partial(execute_plan, SHOP, order)
    assert run(1) == run(1) != run(2)


@pytest.mark.parametrize(
    ("order", "failure"),
    [
        (["fly"], "fly: is not in the list"),
        (["get_order", "run_script"], "run_script: unplayable: runs_code: run"),
        (["delete_room", "get_room"], "get_room: there is no room"),
    ],
)
def test_a_plan_order_that_fails_says_where(order: list[str], failure: str) -> None:
    """It ends at the first tool that cannot be called."""
    # One room in all: once it is deleted, nothing is left to get.
    only = {"type": "string", "const": "main"}
    rooms = [tool(f"{verb}_room", {"room_id": only}) for verb in ("delete", "get")]
    run = execute_plan([*SHOP, *rooms, tool("run_script", {"script": TEXT})], order, 0)
    assert not run.ok
    assert failure in run.failure


def replies(lists: Iterator[ToolList]) -> tuple[int, Counter[str], list[str]]:
    """Playable tools, reasons of the others, and the playable ones that answered by no valid reply to three calls."""
    playable, reasons, broken = 0, Counter[str](), list[str]()
    for listed in lists:
        box = EntityToolbox(listed.name, listed.specs, hints=listed.hints)
        specs = {spec.name: spec for spec in listed.specs}
        for name, found in box.explanations.items():
            if isinstance(found, Unplayable):
                reasons[found.reason] += 1
                continue
            playable += 1
            if not any(answers(box, specs[name], found, seed) for seed in range(3)):
                broken.append(f"{listed.name}.{name}")
    return playable, reasons, broken


def any_call(world: EntityWorld, spec: Any, play: Play, dice: Random) -> dict[str, Any]:
    """Arguments of a call that is mostly right: now and then an unknown entry, or a value of another type."""

    def key(pointer: Pointer) -> Any:
        keys = [key for key, _ in world.entries(pointer.entity).items()]
        return world.key_value(pointer.entity, dice.choice(keys)) if keys else "none-such"

    try:
        made = made_arguments(spec, play, key, dice, optional=dice.random() < 0.6)
    except Unsatisfiable:  # everything is deleted, and the key of nothing does not fit the schema
        return {}
    if made and dice.random() < 0.2:
        made[dice.choice(list(made))] = dice.choice([None, 7, 2.5, "none-such", [], {}, "x", -1e300, "\ud800"])
    return made


@pytest.mark.parametrize("lists", [listings, partial(sampled, 150, 11)])
def test_any_call_gets_a_valid_reply_or_a_typed_error_and_reading_changes_nothing(
    lists: Callable[[], Iterator[ToolList]],
) -> None:
    """Thousands of right and wrong calls, one after the other in shared worlds."""
    for listed in lists():
        box = EntityToolbox(listed.name, listed.specs, hints=listed.hints)
        specs = {spec.name: spec for spec in listed.specs}
        plays = [play for play in box.explanations.values() if isinstance(play, Play)]
        world, dice = box.open_nowait(1), Random(listed.name)
        for play in plays * 12:
            before = world.tables() if play.read_only else None
            reply = world.call_nowait(play.tool, any_call(world, specs[play.tool], play, dice))
            said = json.loads(reply.content)
            if reply.is_error:
                assert said["error"]["code"] in ("invalid_argument", "not_found", "conflict")
            else:
                jsonschema_rs.validate(play.output, said)
            assert before is None or world.tables() == before


def answers(box: EntityToolbox, spec: Any, play: Play, seed: int) -> bool:
    """True when a made-up call gets a good reply that satisfies the declared or inferred schema."""
    world = box.open_nowait(seed)
    reply = world.call_nowait(spec.name, filled(world, spec, play, partial(first_key, world), Random(seed)))
    if not reply.is_error:
        jsonschema_rs.validate(play.output, json.loads(reply.content))
    return not reply.is_error


@pytest.mark.parametrize("lists", [listings, sampled])
def test_most_tools_of_real_servers_are_played_by_their_schemas(lists: Callable[[], Iterator[ToolList]]) -> None:
    """Four of five at least, and every one of these answers."""
    playable, reasons, broken = replies(lists())
    assert playable >= 0.8 * (playable + sum(reasons.values())), reasons
    assert not broken
