"""What a planner that sees only schemas can rely on, for every tool of every built-in service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import jsonschema_rs
import msgspec
import pytest

from tdscaling.runtime.errors import ConfigError
from tdscaling.sandbox.services import BUILTIN, builtin
from tdscaling.sandbox.services.base import Desk, Service, reads
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.sandbox.services.schema import says
from tdscaling.sandbox.tools import JsonObject, ToolSpec

BOXES = builtin(BUILTIN)
TOOLS = [tool for box in BOXES for tool in box.tools()]
every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)

LABEL = re.compile(r"([A-Za-z-]+(?: [A-Za-z-]+){1,3})[.,] ")


def nodes(value: object) -> Iterator[JsonObject]:
    """Every object in a schema."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def keys(schema: JsonObject | None) -> set[str]:
    """Every property name in a schema."""
    return {
        name for node in nodes(schema) for name in node.get("properties", {}) if isinstance(node["properties"], dict)
    }


def test_each_service_has_nine_to_fourteen_tools_and_no_name_is_used_twice() -> None:
    """Ten services of ten sectors with 80 tools or more, told apart by name."""
    assert all(9 <= len(box.tools()) <= 14 for box in BOXES)
    assert len({tool.name for tool in TOOLS}) == len(TOOLS) >= 80
    assert len({box.sector for box in BOXES}) == len({box.domain for box in BOXES}) == len(BOXES) == 10


@every_tool
def test_schemas_compile_and_stand_alone(tool: ToolSpec) -> None:
    """No reference is left, the input is closed, and both schemas are valid."""
    assert tool.output_schema is not None
    for schema in (tool.input_schema, tool.output_schema):
        jsonschema_rs.validator_for(schema)
        assert all("$ref" not in node and "$defs" not in node for node in nodes(schema))
    assert tool.input_schema["additionalProperties"] is False


@every_tool
def test_parameters_are_described_by_a_label_of_their_own(tool: ToolSpec) -> None:
    """Every parameter starts its description with two to four words that no other of the tool has."""
    labels = []
    for name, detail in tool.input_schema["properties"].items():
        match = LABEL.match(detail["description"])
        assert match, f"{tool.name}.{name}: {detail['description']!r}"
        labels.append(match[1].lower())
    assert len(set(labels)) == len(labels)


@every_tool
def test_numbers_are_bounded_and_null_is_never_offered(tool: ToolSpec) -> None:
    """An optional parameter is left out, not null; a number cannot leave what the tool can count."""
    for detail in tool.input_schema["properties"].values():
        assert isinstance(detail["type"], str)
        assert detail.get("default", "") is not None
        if detail["type"] in ("integer", "number"):
            assert {"minimum", "maximum"} <= detail.keys()


@every_tool
def test_ids_are_always_qualified(tool: ToolSpec) -> None:
    """No key is called just `id`, neither in arguments nor in replies."""
    assert "id" not in keys(tool.input_schema) | keys(tool.output_schema)


@every_tool
def test_the_first_sentence_is_one_a_person_would_say(tool: ToolSpec) -> None:
    """It is an imperative without the jargon of tools."""
    first = tool.description.split(". ")[0]
    assert first[0].isupper()
    assert not re.search(r"\b(tool|API|record|JSON|ID|id|return|returns|string|parameter|query)\b|_", first)


def test_descriptions_tell_the_tools_apart() -> None:
    """No two tools have the same first sentence."""
    firsts = [tool.description.split(". ")[0] for tool in TOOLS]
    assert len(set(firsts)) == len(firsts)


def test_every_identifier_of_an_argument_is_returned_by_some_other_tool() -> None:
    """Chains can be planned: what one tool takes, another gives under the same key."""
    for tool in TOOLS:
        for name in tool.input_schema["properties"]:
            if name.endswith(("_id", "_number")):
                producers = [t.name for t in TOOLS if t is not tool and name in keys(t.output_schema)]
                assert producers, f"nothing returns {name} for {tool.name}"


def test_what_a_description_gives_as_an_example_stands_in_no_world() -> None:
    """An example id can never be mistaken for a real one."""
    examples = {
        word
        for tool in TOOLS
        for detail in tool.input_schema["properties"].values()
        for word in re.findall(r"\S*\d\S*|\S+@\S+", detail["description"])
        if not re.match(r"\d{4}-\d\d-\d\d|\d+$|\d+\.", word) and word != "12"
    }
    assert {"ORD-10423", "CUS-W7Q2", "#TCK-00817", "emp-7301"} <= examples
    for box in BOXES:
        assert isinstance(box, Service)
        for world in range(WORLDS):
            held = msgspec.json.encode(box.open_nowait(world).tables()).decode()
            assert not [example for example in examples if f'"{example}"' in held]


def test_an_unknown_or_repeated_service_is_refused_with_the_known_names() -> None:
    """A typing error on the command line gets one helpful line."""
    with pytest.raises(ConfigError, match=r"'order'; the built-in ones are orders, calendar, tickets"):
        builtin(["order"])
    with pytest.raises(ConfigError, match=r"'orders' is given twice"):
        builtin(["orders", "orders"])


class Echo(msgspec.Struct, frozen=True):
    """What was said."""

    text: str


class EchoDesk(Desk):
    """The smallest service there can be."""

    @reads
    def echo(
        self,
        text: Annotated[str, says("Spoken words, for example hello")],
        times: Annotated[int | None, says("Number of times, for example 2")] = None,
    ) -> Echo:
        """Say something again."""
        return Echo(text * (times or 1))


def test_a_signature_and_a_docstring_are_all_a_tool_needs() -> None:
    """Name, description, schemas and optional parameters come from the function itself."""
    (spec,) = Service("echo", "1", domain="speech", sector="testing", desk=EchoDesk).tools()
    assert spec == ToolSpec(
        name="echo",
        description="Say something again.",
        service="echo",
        input_schema={
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "Spoken words, for example hello"},
                "times": {"type": "integer", "description": "Number of times, for example 2"},
            },
            "required": ["text"],
            "additionalProperties": False,
        },
        output_schema={
            "type": "object",
            "description": "What was said.",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
        read_only=True,
    )


def test_a_whole_number_written_with_a_point_is_taken_as_whole() -> None:
    """JSON lets a model write 2.0 where an integer is meant."""
    world = Service("echo", "1", domain="speech", sector="testing", desk=EchoDesk).open_nowait(0)
    assert world.call_nowait("echo", {"text": "a", "times": 2.0}).content == '{"text":"aa"}'


def test_a_tool_without_a_docstring_is_a_programming_error() -> None:
    """A tool that nobody could choose does not start."""

    class Mute(Desk):
        @reads
        def nothing(self) -> Echo:
            return Echo("")

    with pytest.raises(TypeError, match=r"nothing has no docstring"):
        Service("mute", "1", domain="speech", sector="testing", desk=Mute).tools()
