"""The checks of an endpoint, one function each: what a run needs of a server, tried with few requests."""

from __future__ import annotations

import json
import statistics
import time

import anyio
import jsonschema_rs
from pydantic import JsonValue

from .checkup import Check, Status
from .probe_talk import REASONING, Body, Said, Talk, Unusable

LEVELS = (1, 4, 16)
"""Requests in flight while throughput is measured."""
PER_LANE = 2
"""Requests that follow each other on each of them."""
LEVEL_S = 8.0
"""Seconds for one level."""
FILLER = 6000
"""Words of the long context: some eight thousand tokens."""
NEEDLE = "7391"

PARSERS = "vLLM: --enable-auto-tool-choice --tool-call-parser NAME; SGLang: --tool-call-parser NAME; llama.cpp: --jinja"
THINKING = "vLLM and SGLang: --reasoning-parser NAME; llama.cpp: --jinja --reasoning-format deepseek"


def _tool(name: str, description: str) -> JsonValue:
    city: JsonValue = {"type": "string", "description": "Name of the city"}
    parameters: JsonValue = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS: list[JsonValue] = [
    _tool("get_weather", "Get the current weather of a city"),
    _tool("get_local_time", "Get the local time of a city"),
]
WEATHER: Body = {
    "role": "user",
    "content": "Get the current weather. The city is Lisbon. Tell me the temperature.",
}
BOTH: Body = {
    "role": "user",
    "content": "Get the current weather. The city is Lisbon. "
    "At the same time, get the local time. The city is Oslo. Call both tools at once.",
}
HELLO: Body = {"role": "user", "content": "Say in one short sentence what you can do."}
SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "size": {"enum": ["small", "large"]}, "people": {"type": "integer"}},
    "required": ["city", "size", "people"],
    "additionalProperties": False,
}


async def answer(talk: Talk) -> Check:
    """A plain answer, with finish reason and token counts."""
    said = await talk.chat([HELLO])
    missing: list[str] = []
    if said.finish_reason is None:
        missing.append("finish_reason")
    if not said.usage.get("prompt_tokens"):
        missing.append("usage (token budgets and costs cannot be kept)")
    if not said.content.strip() and not said.reasoning:
        return Check("answer", "fail", "the reply has no text", "check the model's chat template")
    detail = f"{said.seconds:.2f} s, model {said.model or 'unnamed'}"
    if missing:
        return Check("answer", "warn", f"{detail}; without {', '.join(missing)}", "a newer server version may send it")
    return Check("answer", "ok", detail)


async def tool_calls(talk: Talk) -> Check:
    """A tool is called, its reply is read, and reasoning may go back with it."""
    name = "tool calls"
    said = await talk.chat([WEATHER], tools=TOOLS)
    problem = _call_problem(said)
    if problem:
        return Check(name, "fail", problem, PARSERS)
    if not isinstance(said.calls[0].get("arguments"), str):
        return Check(name, "warn", "the call's arguments are an object, not a text", "a run repairs and counts that")
    reply: Body = {
        "role": "tool",
        "tool_call_id": said.call_id,
        "content": json.dumps({"city": "Lisbon", "temperature": 19.5, "sky": "clear"}),
    }
    try:
        final = await talk.chat([WEATHER, echo(said), reply], tools=TOOLS)
    except Unusable as error:
        return Check(name, "fail", f"the conversation with the tool's reply is refused: {error}", PARSERS)
    if "19" not in final.content:
        return Check(name, "warn", "called, but the answer does not use the tool's reply", "try a stronger model")
    if said.finish_reason != "tool_calls":
        return Check(name, "warn", f"called, but finish_reason is {said.finish_reason!r}", "harmless; it is recorded")
    return Check(name, "ok", f"called and answered in {said.seconds + final.seconds:.2f} s")


def echo(said: Said) -> Body:
    """An assistant message as it goes back to the server, with its reasoning under the name that it came under."""
    kept = ("tool_calls", *REASONING)
    text: Body = {"role": "assistant", "content": said.content}
    return text | {field: said.message[field] for field in kept if said.message.get(field)}


def _call_problem(said: Said) -> str:
    """Why an answer is not the call that was asked for; empty when it is."""
    if said.leaked:
        return f"the call came as text with {said.leaked!r} in it: the server's parser does not match the model"
    if not said.calls:
        return f"no tool was called; the text was {said.content[:80]!r}"
    function = said.calls[0]
    arguments = function.get("arguments")
    try:
        decoded: object = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return f"the call's arguments are not JSON: {str(arguments)[:80]!r}"
    if function.get("name") != "get_weather" or not isinstance(decoded, dict) or "city" not in decoded:
        return f"another call was made than the one asked for: {function.get('name')} {str(arguments)[:80]}"
    return ""


async def parallel_calls(talk: Talk) -> Check:
    """Two independent calls in one message."""
    said = await talk.chat([BOTH], tools=TOOLS)
    if len(said.calls) >= 2:
        return Check("parallel calls", "ok", f"{len(said.calls)} calls in one message")
    detail = f"{len(said.calls)} call where two were asked for"
    advice = "rows of mode `parallel` will be rare with this model or parser"
    return Check("parallel calls", "warn", detail, advice)


async def json_schema(talk: Talk) -> Check:
    """Structured output, which plans are written in."""
    task: Body = {
        "role": "user",
        "content": "Describe the city of Lisbon: name, size, number of people. Reply in JSON.",
    }
    wanted: JsonValue = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA, "strict": True}}
    advice = "runs ask in words instead: expect more rejected plans; vLLM and SGLang have structured output built in"
    try:
        said = await talk.chat([task], response_format=wanted)
    except Unusable as error:
        return Check("json_schema", "warn", f"refused: {error}", advice)
    try:
        value: object = json.loads(said.content)
    except ValueError:
        return Check("json_schema", "warn", f"not JSON: {said.content[:80]!r}", advice)
    if not jsonschema_rs.is_valid(SCHEMA, value):
        return Check("json_schema", "warn", f"JSON, but not of the schema: {said.content[:80]}", advice)
    return Check("json_schema", "ok", f"kept to the schema in {said.seconds:.2f} s")


async def reasoning(talk: Talk) -> Check:
    """Whether reasoning text comes in its own field. Looks at what was heard so far."""
    names = {said.reasoning for said in talk.heard if said.reasoning}
    if names:
        return Check("reasoning", "ok", f"comes as {', '.join(sorted(names))}, and goes back within tool loops")
    if any("think" in said.leaked.lower() for said in talk.heard):
        return Check("reasoning", "fail", "thoughts stand in the answer's text", THINKING)
    if not talk.heard:
        return Check("reasoning", "warn", "nothing was heard to look at")
    return Check("reasoning", "ok", "none came: this model does not think aloud, or not for such questions")


async def markup(talk: Talk) -> Check:
    """Template tags in texts. Looks at what was heard so far."""
    leaks = [said.leaked for said in talk.heard if said.leaked]
    if leaks:
        detail = f"{len(leaks)} of {len(talk.heard)} answers hold template tags such as {leaks[0]!r}"
        return Check("markup", "fail", detail, f"{PARSERS}; {THINKING}")
    if not talk.heard:
        return Check("markup", "warn", "nothing was heard to look at")
    return Check("markup", "ok", f"none in {len(talk.heard)} answers")


async def long_context(talk: Talk) -> Check:
    """A number told before some eight thousand tokens is still known after them."""
    name = "long context"
    filler = "The weather has been changing all day over the hills. " * (FILLER // 10)
    told: Body = {"role": "user", "content": f"{WEATHER['content']} The access code is {NEEDLE}."}
    said = await talk.chat(
        [
            told,
            {"role": "assistant", "content": f"Here is the report. {filler}"},
            {"role": "user", "content": "Please remind me which access code I told you."},
        ],
        tools=TOOLS,
    )
    counted = said.usage.get("prompt_tokens")
    advice = "allow at least 16k tokens: vLLM --max-model-len, llama.cpp -c, Ollama OLLAMA_CONTEXT_LENGTH"
    if isinstance(counted, int) and 0 < counted < FILLER // 2:
        return Check(name, "fail", f"the server counted {counted} tokens: it cuts long conversations silently", advice)
    if NEEDLE not in said.content:
        return Check(name, "warn", f"the number was not found again ({counted} prompt tokens)", advice)
    return Check(
        name, "ok", f"{counted if isinstance(counted, int) else 'some 8000'} prompt tokens, {said.seconds:.2f} s"
    )


async def streaming(talk: Talk) -> Check:
    """A stream with tool call deltas, its end mark and its token counts. Runs use it only when asked to."""
    heard = await talk.events([WEATHER], tools=TOOLS)
    data = [event for _, event in heard]
    try:
        decoded: list[object] = [json.loads(event) for event in data if event != b"[DONE]"]
    except ValueError:
        return Check("streaming", "warn", "an event is not JSON", "leave streaming off")
    if not decoded:
        return Check("streaming", "warn", "no events came", "leave streaming off")
    missing: list[str] = []
    if b"[DONE]" not in data:
        missing.append("the end mark")
    if not any(isinstance(event, dict) and event.get("usage") for event in decoded):
        missing.append("usage")
    if not any(b'"tool_calls"' in event for event in data):
        missing.append("tool call deltas")
    detail = f"{len(decoded)} events, the first after {heard[0][0]:.2f} s"
    if missing:
        return Check("streaming", "warn", f"{detail}; without {', '.join(missing)}", "leave streaming off")
    return Check("streaming", "ok", detail)


async def throughput(talk: Talk) -> Check:
    """Requests per second at a few levels of concurrency; short answers, so this is an upper bound."""
    measured: list[str] = []
    failed, refusal = 0, ""
    for level in LEVELS:
        seconds: list[float] = []
        begun = time.perf_counter()

        async def lane(seconds: list[float] = seconds) -> None:
            nonlocal failed, refusal
            for _ in range(PER_LANE):
                try:
                    seconds.append((await talk.chat([HELLO], max_tokens=32)).seconds)
                except Unusable as error:
                    failed += 1
                    refusal = refusal or str(error)

        with anyio.move_on_after(LEVEL_S):
            async with anyio.create_task_group() as group:
                for _ in range(level):
                    group.start_soon(lane)
        if seconds:
            rate = len(seconds) / (time.perf_counter() - begun)
            measured.append(f"{level}: {rate:.1f}/s (median {statistics.median(seconds):.2f} s)")
    status: Status = "ok" if measured and not failed else "warn"
    detail = f"in flight {'; '.join(measured)}" if measured else f"nothing was answered within {LEVEL_S:g} s"
    if failed:
        detail += f"; {failed} failed, the first with {refusal}"
    return Check("throughput", status, detail, "" if status == "ok" else "keep --concurrency low for this endpoint")
