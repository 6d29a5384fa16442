"""Every format there and back: what it says, what comes home, what it refuses by name."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from tdscaling.runtime.chat import AssistantMessage, ChatMessage, ToolMessage, UserMessage
from tdscaling.runtime.formats import FORMATS
from tdscaling.runtime.formats.form import Format
from tdscaling.runtime.formats.sample import NotHeld, Sample, read_row, row_line
from tdscaling.tests.runtime.formats.rows import TALK, TOOLS, call, line, talks

every = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
WITH_OBJECTS = [form for form in FORMATS.values() if form.name not in ("openai", "sts", "toucan")]

REFUSALS = (
    "arguments_not_an_object assistant_twice empty_system markup_in_text no_assistant_last no_user_first "
    "reply_without_call system_not_first user_out_of_turn"
).split()


def sample(data: bytes, *, plan: bool = True) -> Sample:
    """A row as formats see it."""
    return read_row(data, blueprint=plan).sample


@every
def test_a_row_comes_back_byte_for_byte(form: Format) -> None:
    """With its plan, its weights, its ids and the spaces inside its arguments."""
    assert row_line(form.decode(form.encode(sample(line())))) == line()


@every
def test_a_plan_stays_behind_unless_it_is_asked_for(form: Format) -> None:
    """It holds the answers."""
    record = form.encode(sample(line(), plan=False))
    assert b"orders@1" not in record
    assert json.loads(row_line(form.decode(record)))["blueprint"] is None


@every
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(talk=talks())
def test_whatever_a_format_takes_it_gives_back(form: Format, talk: tuple[ChatMessage, ...]) -> None:
    """Or it refuses, by name; it never changes a conversation."""
    data = line(talk)
    try:
        record = form.encode(sample(data))
    except NotHeld as error:
        reason = error.reason
    else:
        assert row_line(form.decode(record)) == data
        return
    assert reason in REFUSALS


@every
def test_without_metadata_a_reader_still_sees_the_conversation(form: Format) -> None:
    """Who says what and which tools are called with what; the losses are those that the format names."""
    bare = msgspec.structs.replace(sample(line()), about=None)
    back = form.decode(form.encode(bare))
    assert back.about is None
    assert bytes(back.tools) == TOOLS
    assert [type(said) for said in back.messages] == [type(said) for said in TALK]
    for ours, theirs in zip(TALK, back.messages, strict=True):
        if isinstance(ours, AssistantMessage) and isinstance(theirs, AssistantMessage):
            assert [one.function for one in theirs.calls] == [one.function for one in ours.calls]
            assert theirs.reasoning == ours.reasoning
            assert theirs.content == ours.content or ("text beside calls" in form.losses and ours.calls)
        else:
            assert theirs.content == ours.content
    asked = [one.id for said in back.messages if isinstance(said, AssistantMessage) for one in said.calls]
    assert asked == [said.tool_call_id for said in back.messages if isinstance(said, ToolMessage)]


@pytest.mark.parametrize("form", WITH_OBJECTS, ids=lambda form: form.name)
@pytest.mark.parametrize("written", ["{not json", "[1]", '"text"', ""])
def test_arguments_that_are_no_object_are_refused_by_name(form: Format, written: str) -> None:
    """A format that wants an object cannot say what a model wrote wrongly."""
    talk = (UserMessage("x"), AssistantMessage("", tool_calls=(call("a", written),)), ToolMessage("a", "get_order", ""))
    with pytest.raises(NotHeld, match="arguments_not_an_object"):
        form.encode(sample(line((*talk, AssistantMessage("y")))))


def test_arguments_are_a_text_for_openai_and_an_object_for_trl() -> None:
    """The trap between the two."""
    said = {
        name: json.loads(FORMATS[name].encode(sample(line())))["messages"][2]["tool_calls"][0]["function"]["arguments"]
        for name in ("openai", "trl", "verl")
    }
    assert said == {"openai": '{"order_id": "ORD-1"}', "trl": {"order_id": "ORD-1"}, "verl": {"order_id": "ORD-1"}}


def test_weights_become_openai_s_own() -> None:
    """On messages of the assistant, and nowhere else."""
    messages = json.loads(FORMATS["openai"].encode(sample(line())))["messages"]
    assert [said.get("weight") for said in messages if said["role"] == "assistant"] == [0, 1, 1, 1]
    assert not any("weight" in said or "train" in said for said in messages if said["role"] != "assistant")


def test_llama_factory_alternates_with_parallel_calls_in_one_entry() -> None:
    """What its converter skips otherwise, without an error."""
    record = json.loads(FORMATS["llama-factory"].encode(sample(line())))
    speakers = [entry["from"] for entry in record["conversations"]]
    assert len(speakers) % 2 == 0
    assert set(speakers[::2]) <= {"human", "observation"}
    assert set(speakers[1::2]) <= {"gpt", "function_call"}
    assert record["system"] == "Be brief."
    assert len(json.loads(record["conversations"][1]["value"].partition("</think>\n\n")[2])) == 2


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        ((UserMessage("a"), UserMessage("b"), AssistantMessage("c")), "user_out_of_turn"),
        ((AssistantMessage("c"),), "no_user_first"),
        ((UserMessage("a"),), "no_assistant_last"),
        ((UserMessage("a"), AssistantMessage("", tool_calls=(call("a"),))), "no_assistant_last"),
    ],
)
def test_llama_factory_refuses_what_its_converter_would_drop(talk: tuple[ChatMessage, ...], reason: str) -> None:
    """By name, so that counts add up."""
    with pytest.raises(NotHeld, match=reason):
        FORMATS["llama-factory"].encode(sample(line(talk)))


def test_toucan_is_texts_all_through() -> None:
    """Table loaders see one type per column."""
    record = json.loads(FORMATS["toucan"].encode(sample(line())))
    assert all(isinstance(value, str) for value in record.values())
    assert record["target_tools"] == "get_order"


def test_atif_numbers_its_steps_and_ties_replies_to_calls() -> None:
    """From 1, observations within the step that called."""
    record = json.loads(FORMATS["atif"].encode(sample(line())))
    assert [step["step_id"] for step in record["steps"]] == list(range(1, len(record["steps"]) + 1))
    step = record["steps"][2]
    asked = {one["tool_call_id"] for one in step["tool_calls"]}
    assert {result["source_call_id"] for result in step["observation"]["results"]} == asked == {"a", "b"}


def test_a_reply_of_a_megabyte_goes_through_every_format() -> None:
    """Unchanged."""
    reply = "\n".join(f'line {n} <tag> \\ "quoted"' for n in range(40_000))
    talk = (*TALK[:6], ToolMessage("c", "get_order", reply, train=0.0), *TALK[7:])
    assert len(reply) > 1_000_000
    for form in FORMATS.values():
        assert row_line(form.decode(form.encode(sample(line(talk))))) == line(talk)
