"""Faults of form: who speaks when, which reply belongs to which call, what calls look like."""

from __future__ import annotations

from random import Random

from ...sandbox.tools import JsonObject
from .fault import Fault, Skip
from .line import Line, answers, arguments, called, places, reply_of, schema_of, set_arguments


def some_call(line: Line, dice: Random) -> tuple[int, JsonObject]:
    """One of the row's calls. Raises Skip without any."""
    calls = list(called(line))
    if not calls:
        raise Skip
    return dice.choice(calls)


def _drop_reply(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    line["messages"].remove(reply_of(line, call))


def _stray_reply(line: Line, dice: Random) -> None:
    at = dice.choice(answers(line))
    line["messages"].insert(at, {"role": "tool", "tool_call_id": "lost", "name": "lost", "content": "{}"})


def _double_reply(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    reply = reply_of(line, call)
    line["messages"].insert(line["messages"].index(reply), dict(reply))


def _drop_last_word(line: Line, _: Random) -> None:
    line["messages"].pop()


def _repeat_id(line: Line, _: Random) -> None:
    calls = list(called(line))
    if len(calls) < 2:
        raise Skip
    reply_of(line, calls[-1][1])["tool_call_id"] = calls[0][1]["id"]
    calls[-1][1]["id"] = calls[0][1]["id"]


def _no_id(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    reply_of(line, call)["tool_call_id"] = ""
    call["id"] = ""


def _rename_reply(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    reply_of(line, call)["name"] = "another_tool"


def _empty_answer(line: Line, dice: Random) -> None:
    line["messages"][dice.choice(answers(line))]["content"] = dice.choice(("", " \n "))


def _empty_user(line: Line, dice: Random) -> None:
    line["messages"].insert(places(line, "user")[-1] + 1, {"role": "user", "content": " "})
    del dice


def _user_twice(line: Line, dice: Random) -> None:
    at = dice.choice(places(line, "user"))
    line["messages"].insert(at, {"role": "user", "content": "Hello again."})


def _late_instructions(line: Line, dice: Random) -> None:
    at = dice.choice(answers(line))
    line["messages"].insert(at, {"role": "system", "content": "Be brief."})


def _assistant_twice(line: Line, dice: Random) -> None:
    at = dice.choice(answers(line))
    line["messages"].insert(at + 1, {"role": "assistant", "content": "That is everything I found."})


def _assistant_first(line: Line, _: Random) -> None:
    first = places(line, "user")[0]
    line["messages"].insert(first, {"role": "assistant", "content": "Good day."})


def _unknown_tool(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    reply_of(line, call)["name"] = "drop_everything"
    call["function"]["name"] = "drop_everything"


def _not_json(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    text = call["function"]["arguments"]
    call["function"]["arguments"] = dice.choice((text[:-1], f"```json\n{text}\n```", f"[{text}]", text + "}"))


def _drop_required(line: Line, dice: Random) -> None:
    options = [(call, name) for _, call in called(line) for name in schema_of(line, _name(call)).get("required") or ()]
    options = [(call, name) for call, name in options if name in arguments(call)]
    if not options:
        raise Skip
    call, name = dice.choice(options)
    set_arguments(call, {key: value for key, value in arguments(call).items() if key != name})


def _extra_argument(line: Line, dice: Random) -> None:
    closed = [c for _, c in called(line) if schema_of(line, _name(c)).get("additionalProperties") is False]
    if not closed:
        raise Skip
    call = dice.choice(closed)
    set_arguments(call, arguments(call) | {"colour": "red"})


def _wrong_type(line: Line, dice: Random) -> None:
    options = [(call, name) for _, call in called(line) for name in arguments(call)]
    if not options:
        raise Skip
    call, name = dice.choice(options)
    set_arguments(call, arguments(call) | {name: {"value": arguments(call)[name]}})


def _wrong_option(line: Line, dice: Random) -> None:
    options = [
        (call, name)
        for _, call in called(line)
        for name in arguments(call)
        if "enum" in (schema_of(line, _name(call)).get("properties") or {}).get(name, {})
    ]
    if not options:
        raise Skip
    call, name = dice.choice(options)
    set_arguments(call, arguments(call) | {name: "something_else"})


def _huge_arguments(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    set_arguments(call, arguments(call) | {"note": "x" * 1_048_576})


def _relax_schema(line: Line, dice: Random) -> None:
    _, call = some_call(line, dice)
    schema_of(line, _name(call)).pop("required", None)
    schema_of(line, _name(call))["additionalProperties"] = True


def _reword_tool(line: Line, dice: Random) -> None:
    dice.choice(line["tools"])["function"]["description"] = "Does what you want."


def _twice_at_once(line: Line, dice: Random) -> None:
    at, call = some_call(line, dice)
    reply = reply_of(line, call)
    line["messages"][at]["tool_calls"].append(call | {"id": "again"})
    line["messages"].insert(line["messages"].index(reply) + 1, reply | {"tool_call_id": "again"})


def _name(call: JsonObject) -> str:
    return str(call["function"]["name"])


FORM: tuple[Fault, ...] = (
    Fault("a reply is missing", ("structure.unanswered_call",), _drop_reply),
    Fault("a reply to no call", ("structure.stray_reply",), _stray_reply),
    Fault("a call answered twice", ("structure.stray_reply",), _double_reply),
    Fault("the last answer is missing", ("structure.last_word", "structure.unanswered_call"), _drop_last_word),
    Fault("a call id used twice", ("structure.repeated_call_id",), _repeat_id),
    Fault("a call without id", ("structure.call_without_id",), _no_id),
    Fault("a reply under another tool's name", ("structure.reply_name",), _rename_reply),
    Fault("an empty answer", ("structure.empty_answer",), _empty_answer),
    Fault("an empty user message", ("structure.empty_user",), _empty_user),
    Fault("two user messages in a row", ("structure.user_twice",), _user_twice),
    Fault("instructions in the middle", ("structure.late_instructions",), _late_instructions),
    Fault("two answers in a row", ("structure.assistant_twice",), _assistant_twice),
    Fault("the assistant begins", ("structure.assistant_first",), _assistant_first),
    Fault("a call of an unknown tool", ("calls.unknown_tool",), _unknown_tool, played=True),
    Fault("arguments that are no JSON object", ("calls.arguments_not_json",), _not_json, played=True),
    Fault("a required argument is missing", ("calls.schema",), _drop_required, played=True),
    Fault("an argument too many", ("calls.schema",), _extra_argument, played=True),
    Fault("an argument of the wrong type", ("calls.schema",), _wrong_type, played=True),
    Fault("a value outside of its list", ("calls.schema",), _wrong_option, played=True),
    Fault("1 MB of arguments", ("calls.arguments_too_long", "length.arguments"), _huge_arguments, played=True),
    Fault("the same call twice in one message", ("calls.twice_at_once",), _twice_at_once, played=True),
    Fault("a tool's schema made looser", ("tools.altered",), _relax_schema),
    Fault("a tool described otherwise", ("tools.altered",), _reword_tool),
)
