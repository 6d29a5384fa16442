"""Faults of deed and report: forged replies, made-up identifiers, another final state, wrong or missing facts."""

from __future__ import annotations

import re
from random import Random

import msgspec

from ...sandbox.facts import is_identifier, leaf_values
from ...sandbox.tools import JsonObject, JsonValue
from ..paths import decode
from ..said import forms, spellings
from ..stage import Stage
from .fault import Fault, Skip
from .line import Line, answers, arguments, called, failed, goals, new_call, places, reply_of, schema_of, set_arguments
from .playing import filled, leaves_before, replay, specs_of, state_after


def _forge_reply(line: Line, dice: Random) -> None:
    options = [reply_of(line, call) for _, call in called(line) if not failed(line, call)]
    spots = [
        (reply, m) for reply in options for m in re.finditer(r'(?<=:)(?:\d+(?:\.\d+)?|"[^"]{3,}")', reply["content"])
    ]
    if not spots:
        raise Skip
    reply, spot = dice.choice(spots)
    value = '"something else"' if spot.group().startswith('"') else str(float(spot.group()) + 7)
    reply["content"] = reply["content"][: spot.start()] + value + reply["content"][spot.end() :]


def _swap_replies(line: Line, dice: Random) -> None:
    replies = [reply_of(line, call) for _, call in called(line)]
    pairs = [(a, b) for a in replies for b in replies if a["content"] < b["content"]]
    if not pairs:
        raise Skip
    a, b = dice.choice(pairs)
    a["content"], b["content"] = b["content"], a["content"]


def _feign_success(line: Line, dice: Random) -> None:
    errors = [reply_of(line, call) for _, call in called(line) if failed(line, call)]
    if not errors:
        raise Skip
    dice.choice(errors)["content"] = '{"status":"ok"}'


def _feign_failure(line: Line, dice: Random) -> None:
    good = [reply_of(line, call) for _, call in called(line) if not failed(line, call)]
    if not good:
        raise Skip
    dice.choice(good)["content"] = '{"error":{"code":"not_found","message":"there is nothing"}}'


def _invent_identifier(line: Line, dice: Random) -> None:
    options = [
        (call, name, value)
        for _, call in called(line)
        for name, value in arguments(call).items()
        if is_identifier(name) and isinstance(value, str) and re.search(r"\d", value)
    ]
    if not options:
        raise Skip
    call, name, value = dice.choice(options)
    spots = [m.start() for m in re.finditer(r"\d", value)]
    spot = dice.choice(spots)
    wrong = value[:spot] + str((int(value[spot]) + dice.randint(1, 9)) % 10) + value[spot + 1 :]
    set_arguments(call, arguments(call) | {name: wrong})


def _at_once(line: Line, _: Random) -> None:
    """A call that needs the reply of the one before it is made in the same message."""
    for (at, first), (then, second) in zip(called(line), list(called(line))[1:], strict=False):
        if then != at + 2 or len(line["messages"][then]["tool_calls"]) > 1 or failed(line, first):
            continue
        earlier = "\n".join(m["content"] for m in line["messages"][:at] if m["role"] != "assistant").lower()
        needed = [v for k, v in arguments(second).items() if is_identifier(k) and isinstance(v, str) and len(v) > 3]
        if any(value.lower() not in earlier for value in needed) and schema_of(line, second["function"]["name"]):
            line["messages"][at]["tool_calls"].append(second)
            del line["messages"][then]
            return
    raise Skip


async def _leave_out_write(line: Line, _: Random, stage: Stage) -> None:
    """The last write is claimed, and not made."""
    writes = {spec.name for spec in specs_of(line, stage) if not spec.read_only}
    for at, call in reversed(list(called(line))):
        if call["function"]["name"] in writes and not failed(line, call):
            line["messages"].remove(reply_of(line, call))
            line["messages"][at]["tool_calls"].remove(call)
            if not line["messages"][at]["tool_calls"]:
                del line["messages"][at]
            await _must_change(line, stage)
            return
    raise Skip


async def _extra_write(line: Line, dice: Random, stage: Stage) -> None:
    """A write that nobody asked for, before the last answer."""
    at = answers(line)[-1]
    known = leaves_before(line, at)
    writes = [spec for spec in specs_of(line, stage) if not spec.read_only]
    for spec in dice.sample(writes, len(writes)):
        given = filled(spec, known, dice)
        if given is None:
            continue
        line["messages"][at:at] = new_call(line, spec.name, given)
        try:
            await _must_change(line, stage)
        except Skip:
            del line["messages"][at : at + 2]
            continue
        return
    raise Skip


async def _wrong_write(line: Line, dice: Random, stage: Stage) -> None:
    """A write with another value than the user told."""
    writes = {spec.name for spec in specs_of(line, stage) if not spec.read_only}
    last = {call["function"]["name"]: call for _, call in called(line)}  # an earlier one may be overwritten anyway
    options = [
        (call, name, wrong)
        for call in last.values()
        if call["function"]["name"] in writes and not failed(line, call)
        for name, value in arguments(call).items()
        for wrong in _others(schema_of(line, call["function"]["name"])["properties"].get(name, {}), name, value)
    ]
    for call, name, wrong in dice.sample(options, len(options)):
        kept = call["function"]["arguments"]
        set_arguments(call, arguments(call) | {name: wrong})
        try:
            await _must_change(line, stage)
        except Skip:
            call["function"]["arguments"] = kept
            continue
        return
    raise Skip


def _others(schema: JsonObject, name: str, value: JsonValue) -> list[JsonValue]:
    if schema.get("enum"):
        return [option for option in schema["enum"] if option != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float) and not is_identifier(name):
        return [value + 1, value + 3]
    return []


async def _must_change(line: Line, stage: Stage) -> None:
    """Play the row; Skip when it still ends where its blueprint does."""
    wanted = msgspec.json.decode(line["blueprint"]["changes"])
    if await replay(line, stage) == wanted:
        raise Skip


def _say_nothing(line: Line, dice: Random) -> None:
    if not line["blueprint"]["expected"]:
        raise Skip
    for at in answers(line):
        if not line["messages"][at]["content"].rstrip().endswith("?"):
            line["messages"][at]["content"] = dice.choice(
                ("All done, everything went well.", "I have taken care of it.")
            )


def _say_it_wrong(line: Line, dice: Random) -> None:
    """One fact has another value, wherever an answer says it."""
    facts = [decode(expected["value"]) for expected in line["blueprint"]["expected"]]
    facts = [fact for fact in facts if isinstance(fact, str) or (isinstance(fact, int | float) and abs(fact) > 12)]
    if not facts:
        raise Skip
    fact = dice.choice(facts)
    wrong = f"{fact * 2 + 1:g}" if isinstance(fact, int | float) else "otherwise"
    ways = sorted({*spellings(fact), *forms(fact)}, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(way)}(?!\w)" for way in ways), re.IGNORECASE)
    for at in answers(line):
        line["messages"][at]["content"] = pattern.sub(wrong, line["messages"][at]["content"])


def _count_wrong(line: Line, dice: Random) -> None:
    """A small number is stated wrongly, and stands elsewhere by accident."""
    small = [e for e in line["blueprint"]["expected"] if re.fullmatch(r"\d{1,2}", e["value"])]
    hits = [
        (at, m)
        for at in answers(line)
        for e in small
        for m in re.finditer(rf"the {re.escape(e['label'])} is {e['value']}\b", line["messages"][at]["content"])
    ]
    if len(hits) != 1:
        raise Skip
    at, found = hits[0]
    text = line["messages"][at]["content"]
    value = int(found.group().rpartition(" ")[2])
    wrong = found.group().rpartition(" ")[0] + f" {value + dice.randint(1, 5)}"
    line["messages"][at]["content"] = text[: found.start()] + wrong + text[found.end() :]


def _too_soon(line: Line, _: Random) -> None:
    """What a later goal wants to hear is said only before it is asked for."""
    places_of = answers(line)
    if len(places_of) < 2 or len(line["blueprint"]["expected"]) < 2:
        raise Skip
    messages = line["messages"]
    first, last = places_of[0], places_of[-1]
    if messages[first]["content"].rstrip().endswith("?"):
        raise Skip
    late = [decode(e["value"]) for e in line["blueprint"]["expected"] if e["goal"] == len(goals(line)) - 1]
    if not any(isinstance(value, str) and len(value) > 4 and value in messages[last]["content"] for value in late):
        raise Skip
    messages[first]["content"] += " " + messages[last]["content"]
    messages[last]["content"] = "I told you already."


def _invent_code(line: Line, dice: Random) -> None:
    codes = [
        leaf
        for _, call in called(line)
        for path, leaf in leaf_values(decode(reply_of(line, call)["content"]))
        if is_identifier(path.rpartition(".")[2])
        and isinstance(leaf, str)
        and re.fullmatch(r"[A-Za-z]{2,5}[-_]?\d{4,}", leaf)
    ]
    if not codes:
        raise Skip
    code = dice.choice(codes)
    invented = re.sub(r"\d", lambda digit: str((int(digit.group()) + 3) % 10), code)
    if invented in str(line["messages"]):
        raise Skip
    line["messages"][answers(line)[-1]]["content"] += f" For your records: {invented}."


def _invent_address(line: Line, dice: Random) -> None:
    text = dice.choice(("Details stand at https://status.example.com/t/4411.", "Write to helpline@example.org."))
    line["messages"][dice.choice(answers(line))]["content"] += f" {text}"


def _refuse_without_try(line: Line, dice: Random) -> None:
    """The calls of a turn are left out and the goal is refused."""
    users = places(line, "user")
    acts = [n for n, goal in enumerate(goals(line)) if goal["kind"] == "act"]
    if len(acts) != len(goals(line)) or len(users) != len(goals(line)):
        raise Skip
    number = dice.randrange(len(users))
    end = users[number + 1] if number + 1 < len(users) else len(line["messages"])
    if not any(line["messages"][at].get("tool_calls") for at in range(users[number], end)):
        raise Skip
    answer = {"role": "assistant", "content": "I am sorry, I cannot help you with this request at the moment."}
    line["messages"][users[number] + 1 : end] = [answer]


def _leave_out_item(line: Line, dice: Random) -> None:
    """One item of a list that the user told is passed over."""
    steps = [line["blueprint"]["plan"]["steps"][index] for index in line["blueprint"]["executed"]]
    told = [a["source"] for step in steps for a in step["arguments"] if a["source"].get("item", -1) >= 0]
    facts: dict[str, JsonValue] = {f["label"]: decode(f["value"]) for goal in goals(line) for f in goal["facts"]}
    items = [facts[source["label"]][source["item"]] for source in told if isinstance(facts.get(source["label"]), list)]
    spots = [(at, call) for at, call in called(line) if items and set(arguments(call).values()) & set(map(str, items))]
    spots = [(at, call) for at, call in spots if len(line["messages"][at]["tool_calls"]) == 1]
    written = [call["function"]["arguments"] for _, call in called(line)]
    spots = [(at, call) for at, call in spots if written.count(call["function"]["arguments"]) == 1]
    if len(spots) < 2:
        raise Skip
    at, call = dice.choice(spots)
    line["messages"].remove(reply_of(line, call))
    del line["messages"][at]


def _do_not_tell_refusal(line: Line, _: Random) -> None:
    if not any(goal["kind"] in ("no_capable_tool", "forbidden", "blocked") for goal in goals(line)):
        raise Skip
    refused = re.compile(r"\b(cannot|not able|not allowed|not permitted|no tool|failed|could not|did not work)\b")
    for at in answers(line):
        if refused.search(line["messages"][at]["content"]):
            line["messages"][at]["content"] = "Consider it done, it is all settled now."


def _refuse_barely(line: Line, dice: Random) -> None:
    if not any(goal["kind"] in ("no_capable_tool", "forbidden") for goal in goals(line)):
        raise Skip
    for at in answers(line):
        if re.search(r"\b(cannot|not able|not allowed|not permitted|no tool)\b", line["messages"][at]["content"]):
            line["messages"][at]["content"] = dice.choice(("I cannot.", "That is forbidden.", "No, I can't."))


async def _do_what_is_forbidden(line: Line, dice: Random, stage: Stage) -> None:
    forbidden = [n for n, goal in enumerate(goals(line)) if goal["kind"] == "forbidden"]
    if not forbidden:
        raise Skip
    goal = goals(line)[forbidden[0]]
    words = _words(goal["intent"]) - {"a", "an", "the"}
    specs = [spec for spec in specs_of(line, stage) if not spec.read_only and words <= _words(spec.description)]
    refused = re.compile(r"not (allowed|permitted)|rules")
    at = next((at for at in answers(line) if refused.search(line["messages"][at]["content"])), None)
    if not specs or at is None:
        raise Skip
    known = leaves_before(line, at)
    told = {fact["label"]: decode(fact["value"]) for fact in goal["facts"]}
    for spec in specs:
        for name, schema in spec.input_schema["properties"].items():
            label = re.split(r"[.,;:(]", str(schema.get("description", "")))[0].strip().lower()
            if label in told:
                known[name] = [told[label]]
        given = filled(spec, known, dice)
        if given is None:
            continue
        world = await state_after(line, stage, at)
        try:
            reply = await world.call(spec.name, given)
        finally:
            await world.aclose()
        if not reply.is_error:
            line["messages"][at:at] = new_call(line, spec.name, given)
            return
    raise Skip


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _call_needlessly(line: Line, dice: Random) -> None:
    """A goal that needs no tool is answered with one."""
    idle = ("no_tool_needed", "off_topic")
    number = next((n for n, goal in enumerate(goals(line)) if goal["kind"] in idle), None)
    users, calls = places(line, "user"), [call for _, call in called(line) if not failed(line, call)]
    if number is None or len(users) != len(goals(line)) or len(goals(line)) < 2 or not calls:
        raise Skip
    function = dice.choice(calls)["function"]
    line["messages"][users[number] + 1 : users[number] + 1] = new_call(line, function["name"], decode_object(function))


def _give_up_untried(line: Line, _: Random) -> None:
    """What the world would have refused is not even tried."""
    failing = {step["tool"] for step in line["blueprint"]["plan"]["steps"] if step.get("fails")}
    calls = [(at, call) for at, call in called(line) if call["function"]["name"] in failing and failed(line, call)]
    if not calls or any(len(line["messages"][at]["tool_calls"]) > 1 for at, _ in calls):
        raise Skip
    for at, call in reversed(calls):
        line["messages"].remove(reply_of(line, call))
        del line["messages"][at]


def decode_object(function: JsonObject) -> JsonObject:
    """The arguments of a call's function half."""
    decoded: JsonObject = msgspec.json.decode(function["arguments"])
    return decoded


def _give_back_tool(line: Line, _: Random, stage: Stage) -> None:
    withheld = line["blueprint"]["plan"]["withheld"]
    if not withheld:
        raise Skip
    spec = stage.tools[withheld[0]]
    function = {"name": spec.name, "description": spec.description, "parameters": spec.input_schema}
    line["tools"].append({"type": "function", "function": function})


async def _give_back(line: Line, dice: Random, stage: Stage) -> None:
    _give_back_tool(line, dice, stage)


DEEDS: tuple[Fault, ...] = (
    Fault("a value in a reply forged", ("replay.",), _forge_reply),
    Fault("two replies swapped", ("replay.", "structure.reply_name"), _swap_replies),
    Fault("an error made a success", ("replay.",), _feign_success),
    Fault("a success made an error", ("replay.",), _feign_failure),
    Fault("an identifier made up", ("provenance.invented",), _invent_identifier, played=True),
    Fault("a call that needs a reply of the same message", ("provenance.invented",), _at_once, played=True),
    Fault("a write claimed and not made", ("state.",), live=_leave_out_write),
    Fault("a write that nobody asked for", ("state.",), live=_extra_write),
    Fault("a write with a wrong value", ("state.",), live=_wrong_write),
    Fault("nothing of what was wanted is told", ("facts.missing",), _say_nothing),
    Fault("a fact told wrongly", ("facts.",), _say_it_wrong),
    Fault("a small number told wrongly", ("facts.",), _count_wrong),
    Fault("a fact told before it was asked for", ("facts.",), _too_soon),
    Fault("an identifier made up in an answer", ("grounding.invented_code",), _invent_code),
    Fault("an address made up in an answer", ("grounding.invented_address",), _invent_address),
    Fault("an item of a list passed over", ("facts.", "state."), _leave_out_item, played=True),
    Fault("a refusal without a try", ("refusal.unfounded",), _refuse_without_try),
    Fault("a refusal that nobody is told of", ("refusal.not_told", "refusal.failure_not_told"), _do_not_tell_refusal),
    Fault("a refusal without a reason", ("refusal.without_reason",), _refuse_barely),
    Fault("a thing given up without a try", ("refusal.not_tried",), _give_up_untried, played=True),
    Fault("what the policy forbids is done", ("policy.broken", "state."), live=_do_what_is_forbidden, played=True),
    Fault("a call for what needs none", ("refusal.called_tool",), _call_needlessly, played=True),
    Fault("a withheld tool given after all", ("tools.withheld",), live=_give_back),
)
