"""The simulated assistant as a programmer: what it does next, from the conversation alone."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from tdscaling.agents.blueprint import definition
from tdscaling.agents.sim.coder import work_on
from tdscaling.runtime.chat import AssistantMessage, ChatMessage, FunctionCall, ToolCall, ToolMessage, UserMessage
from tdscaling.sandbox.code.specs import SPECS
from tdscaling.sandbox.tasks.catalogue import FAMILIES, draw, scene_of

TOOLS = tuple(map(definition, SPECS))


def heard(intent: str) -> list[ChatMessage]:
    """A conversation in which a task was just given."""
    return [UserMessage(f"Hello. Could you please {intent}? Thanks.")]


def after(messages: list[ChatMessage], tool: str, arguments: object, reply: object) -> list[ChatMessage]:
    """The conversation with a call and its reply."""
    name = f"call_{len(messages)}"
    call = ToolCall(name, FunctionCall(tool, msgspec.json.encode(arguments).decode()))
    answer = ToolMessage(name, tool, msgspec.json.encode(reply).decode())
    return [*messages, AssistantMessage("", tool_calls=(call,)), answer]


@pytest.mark.parametrize("name", FAMILIES)
def test_it_begins_every_task_with_a_call(name: str) -> None:
    """Whatever the wording."""
    task = draw(name, 9)[0]
    worked = work_on(heard(task.intent), TOOLS, Random(1))
    assert worked is not None
    assert len(worked[1]) == 1


def test_it_leaves_other_wishes_and_other_tools_to_the_assistant() -> None:
    """No code task, or no Python."""
    task = draw("top_group", 9)[0]
    assert work_on(heard("cancel the order"), TOOLS, Random(1)) is None
    assert work_on(heard(task.intent), [tool for tool in TOOLS if tool.function.name != "python"], Random(1)) is None


def test_it_mends_the_module_that_it_has_read() -> None:
    """With the faults of the family put right."""
    task = draw("mend_pages", 9)[0]
    module = task.slots["module"]
    faulty = scene_of(task.family, task.seed).files[module].decode()
    said = after(heard(task.intent), "run_tests", {}, {"passed": 1, "failed": 2, "error": 0, "skipped": 0, "tests": []})
    said = after(said, "read_file", {"path": module}, {"path": module, "content": faulty, "size": len(faulty)})
    worked = work_on(said, TOOLS, Random(1))
    assert worked is not None
    assert worked[1][0].arguments == {"path": module, "content": task.reference}


def test_it_tries_again_after_an_error_and_gives_up_in_the_end() -> None:
    """The same call, then a sentence that says so."""
    task = draw("total_where", 9)[0]
    said = heard(task.intent)
    for _ in range(3):
        worked = work_on(said, TOOLS, Random(3))
        assert worked is not None
        (call,) = worked[1]
        said = after(said, call.tool, call.arguments, {"error": {"code": "unavailable", "message": "it is out"}})
    worked = work_on(said, TOOLS, Random(3))
    assert worked is not None
    assert not worked[1]
    assert "it is out" in worked[0]
