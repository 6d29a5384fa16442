"""Presentations: names, distractors and the tool list, the way back, and what gates make of presented rows."""

from __future__ import annotations

import json
from random import Random

import msgspec
import pytest

from tdscaling.agents.presentation.distractors import Distractors
from tdscaling.agents.presentation.facing import Cast, face_of, without
from tdscaling.agents.presentation.naming import LONGEST, shown_names, styled
from tdscaling.agents.presentation.undoing import Keys, own_messages, own_tools
from tdscaling.agents.raising import content_words
from tdscaling.runtime.chat import AssistantMessage, FunctionCall, ToolCall, ToolMessage
from tdscaling.runtime.presentation import NAMINGS, Naming, Presentation
from tdscaling.sandbox.facts import is_identifier, leaves, params
from tdscaling.sandbox.services import BUILTIN, builtin
from tdscaling.sandbox.tools import ToolSpec

SERVICES = {box.name: box for box in builtin(BUILTIN)}
ORDERS = SERVICES["orders"].tools()
POOL = Distractors(SERVICES.values())


def spec(name: str, service: str = "shop") -> ToolSpec:
    """A tool that needs nothing."""
    return ToolSpec(name, "Do a thing.", service, {"type": "object"}, None, read_only=True)


def cast(needed: int = 2, withheld: int = 0) -> Cast:
    """The tools of one service, the first of them needed, the last withheld."""
    own = ORDERS[: len(ORDERS) - withheld]
    return Cast(own, frozenset(s.name for s in own[:needed]), frozenset(), ORDERS[len(own) :])


@pytest.mark.parametrize(
    ("naming", "shown"),
    [
        ("own", "cancel_order"),
        ("camel", "cancelOrder"),
        ("pascal", "CancelOrder"),
        ("kebab", "cancel-order"),
        ("namespaced", "orders__cancel_order"),
        ("dotted", "orders.cancel_order"),
    ],
)
def test_a_tool_is_named_in_every_style(naming: Naming, shown: str) -> None:
    """From its own name and its service's."""
    assert styled("cancel_order", "orders", naming) == shown


@pytest.mark.parametrize("naming", NAMINGS)
def test_tools_of_one_name_get_names_of_their_own(naming: Naming) -> None:
    """By the service, then by number; a name that is too long stays its own."""
    tools = [spec("search"), spec("search", "files"), spec("search", "files"), spec("list_all"), spec("listAll", "x")]
    names = shown_names([*tools, spec("a_" * 31 + "b")], naming)
    assert len(set(names)) == 6
    assert max(map(len, names)) <= LONGEST


@pytest.mark.parametrize("length", [3, 12, 40, 128])
def test_the_list_has_the_length_asked_for_and_holds_what_is_needed(length: int) -> None:
    """Or as long as it can be; every name is one of a kind and leads back to one tool."""
    wanted = Presentation(tools=length, order="shuffled", naming="camel")
    tools, face = face_of(wanted, cast(), POOL, Random(length))
    keys = Keys(face)
    back = {keys.of(tool.function.name) for tool in tools}
    assert len(back) == len(tools) == face.tools
    assert face.tools >= min(length, 60)
    assert {s.name for s in ORDERS[:2]} <= back
    assert face.distractors == sum(":" in key for key in back)
    assert face.trimmed == (length < 20)  # half of what is not needed is left to distractors


@pytest.mark.parametrize("near", [0.0, 1.0])
def test_no_distractor_can_do_or_bring_up_what_is_needed(near: float) -> None:
    """None sounds like a needed or withheld tool, none returns an identifier that a needed one takes."""
    needed = cast(4, 1)
    found = POOL.choose(60, near, (*needed.own, *needed.withheld), {"orders"}, Random(1))
    takes = {p.name for s in ORDERS for p in params(s.input_schema) if is_identifier(p.name)}
    first = [content_words(s.description.split(". ")[0]) for s in ORDERS]
    for one in found:
        assert one.spec.service != "orders"
        assert not takes & {leaf.name for leaf in leaves(one.spec.output_schema)}
        said = content_words(f"{one.spec.name} {one.spec.description}")
        assert all(len(said & words) < len(words) / 2 for words in first)


def test_near_distractors_speak_of_the_same_things_more_than_far_ones() -> None:
    """Counted in words that they share with the needed tools."""
    about = frozenset[str]().union(*(content_words(f"{s.name} {s.description}") for s in ORDERS))
    shared = [
        sum(len(one.words & about) for one in POOL.choose(12, near, ORDERS, {"orders"}, Random(2)))
        for near in (1.0, 0.0)
    ]
    assert shared[0] > shared[1]


def test_equal_dice_give_equal_lists() -> None:
    """Byte for byte."""
    wanted = Presentation(tools=30, order="shuffled", naming="kebab")
    once, again = (msgspec.json.encode(face_of(wanted, cast(), POOL, Random(5))) for _ in range(2))
    assert once == again


def test_what_is_withheld_later_leaves_a_presented_list() -> None:
    """By its own name, whatever it is called there."""
    tools, face = face_of(Presentation(naming="pascal"), cast(), POOL, Random(1))
    left = without(tools, face, [ORDERS[0].name])
    assert {tool.function.name for tool in tools} - {tool.function.name for tool in left} == {
        styled(ORDERS[0].name, "orders", "pascal")
    }


def test_the_way_back_gives_calls_and_replies_their_own_names() -> None:
    """And a name that the row does not show never becomes one of a tool, though a service has it."""
    tools, face = face_of(Presentation(naming="camel"), cast(), None, Random(1))
    keys = Keys(face)
    name = ORDERS[0].name
    shown = styled(name, "orders", "camel")
    said = (
        AssistantMessage(
            "", tool_calls=(ToolCall("a", FunctionCall(shown, "{}")), ToolCall("b", FunctionCall(name, "{}")))
        ),
        ToolMessage("a", shown, "{}"),
    )
    made, reply = own_messages(said, keys)
    assert isinstance(made, AssistantMessage)
    assert [call.function.name for call in made.calls] == [name, f"{name}?"]
    assert isinstance(reply, ToolMessage)
    assert reply.name == name
    assert {tool.function.name for tool in own_tools(tools, keys)} == {s.name for s in ORDERS}


def test_a_plain_presentation_is_the_services_own_list() -> None:
    """No distractor, no other name, nothing to remember."""
    tools, face = face_of(Presentation(), cast(), POOL, Random(1))
    assert [tool.function.name for tool in tools] == [s.name for s in ORDERS]
    assert face.names == ()
    assert json.loads(bytes(tools[0].function.parameters)) == ORDERS[0].input_schema
