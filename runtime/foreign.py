"""Formats of other people, told apart and unfolded into OpenAI's messages: OpenAI itself, Toucan, τ²-bench, BFCL,
ShareGPT.

What a format does not say stays empty or None; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from .formats.speakers import SPEAKERS, Waiting
from .pycall import parse_call

Form: TypeAlias = Literal["openai", "toucan", "tau2", "bfcl", "sharegpt"]
FORMS: tuple[Form, ...] = get_args(Form)
Json: TypeAlias = Any
"""A decoded JSON value."""
Object: TypeAlias = Mapping[str, Any]


class Unfolded(msgspec.Struct, frozen=True):
    """One conversation of a record."""

    id: str
    """As the format gives it; empty where it does not."""
    messages: tuple[Object, ...]
    """In OpenAI's form, calls under `tool_calls`; arguments are text or an object, as they came."""
    tools: tuple[Object, ...] | None
    """In OpenAI's form; None where the format does not say what was given."""
    sector: str = ""
    domain: str = ""
    servers: str = ""
    """Names of the servers that the tools belong to."""
    whole: bool = True
    """False where only the assistant's part was kept, without what the user said and the tools answered."""


def form_of(record: Object) -> Form | None:
    """Which format a record is in; None for an unknown one."""
    if isinstance(record.get("simulations"), list):
        return "tau2"
    if isinstance(record.get("conversations"), list):
        return "sharegpt"
    if isinstance(record.get("result"), list) and "id" in record:
        return "bfcl"
    messages = record.get("messages")
    if isinstance(messages, str) and ("available_tools" in record or "subset_name" in record or "tools" in record):
        return "toucan"
    if isinstance(messages, list) and any(_is_tau2(said) for said in messages):
        return "tau2"
    return "openai" if isinstance(messages, list) else None


def unfold(record: Object, form: Form) -> Iterator[Unfolded]:
    """The conversations of a record: one, or every simulation of a file of results."""
    match form:
        case "openai":
            yield _openai(record)
        case "toucan":
            yield _toucan(record)
        case "sharegpt":
            yield _sharegpt(record)
        case "bfcl":
            yield _bfcl(record)
        case "tau2":
            info = as_mapping(as_mapping(record.get("info")).get("environment_info"))
            runs = record.get("simulations")
            for run in _objects(runs) if isinstance(runs, list) else [record]:
                yield _tau2(run, str(info.get("domain_name") or run.get("domain") or ""))


def text_of(content: Json) -> str:
    """Content as text: a list of parts is joined."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(str(part.get("text") or "") for part in _objects(content))
    return "" if content is None else msgspec.json.encode(content).decode()


def calls_of(said: Object) -> list[tuple[str, str, Json]]:
    """`(id, tool, arguments)` of a message's calls: OpenAI's nested ones, and τ²'s flat ones."""
    calls: list[tuple[str, str, Json]] = []
    for call in _objects(said.get("tool_calls")):
        function = as_mapping(call.get("function")) or call
        calls.append((str(call.get("id") or ""), str(function.get("name") or ""), function.get("arguments")))
    return calls


def names_of(tools: Sequence[Object]) -> list[str]:
    """The names of tools in OpenAI's form, nested or flat."""
    return [str((as_mapping(tool.get("function")) or tool).get("name") or "") for tool in tools]


def as_mapping(value: Json) -> Object:
    """A JSON object from itself or its text; empty where it is neither."""
    decoded = _decoded(value)
    return decoded if isinstance(decoded, dict) else {}


def _openai(record: Object) -> Unfolded:
    listed = record.get("tools") or record.get("functions")
    identity = next((str(record[key]) for key in ("id", "uuid", "prompt_id") if record.get(key) is not None), "")
    return Unfolded(
        identity,
        tuple(_modern(_objects(record.get("messages")))),
        tuple(_objects(_decoded(listed))) if listed is not None else None,
        str(record.get("sector") or ""),
        str(record.get("domain") or ""),
    )


def _toucan(record: Object) -> Unfolded:
    """Columns are JSON text; the servers' labels give domain and cluster."""
    listed = _decoded(record.get("available_tools") or record.get("tools"))
    servers = _objects(as_mapping(record.get("metadata") or {}).get("mcp_servers"))
    labels = [str(as_mapping(server.get("labels")).get("primary_label") or "") for server in servers]
    names = sorted(str(server.get("server_name") or "") for server in servers)
    return Unfolded(
        str(record.get("uuid") or ""),
        tuple(_modern(_objects(_decoded(record.get("messages"))))),
        tuple(_objects(listed)) if listed is not None else None,
        domain=" + ".join(sorted({label for label in labels if label})),
        servers=" + ".join(names),
    )


def _tau2(run: Object, domain: str) -> Unfolded:
    """Calls carry their arguments as objects; those of the simulated user are not the assistant's."""
    messages: list[Object] = []
    for said in _objects(run.get("messages")):
        asked = _objects(said.get("tool_calls"))
        users_own = said.get("role") == "user" and asked and not said.get("content")
        if said.get("requestor") != "user" and not users_own:
            messages.append(said)
    return Unfolded(str(run.get("id") or ""), tuple(_modern(messages)), None, domain=domain)


def _sharegpt(record: Object) -> Unfolded:
    """`from` and `value`; consecutive calls before an observation are parallel."""
    messages: list[Object] = []
    if record.get("system"):
        messages.append({"role": "system", "content": record["system"]})
    for said in _objects(record.get("conversations")):
        value = said.get("value")
        origin = str(said.get("from"))
        speaker = SPEAKERS.get(origin, origin)
        if speaker == "calls":
            asked = _decoded(value)
            together = asked if isinstance(asked, list) else [asked]
            messages.extend({"role": "assistant", "function_call": call} for call in together)
        else:
            messages.append({"role": "tool" if speaker == "reply" else speaker, "content": value})
    listed = record.get("tools")
    return Unfolded(
        str(record.get("id") or ""),
        tuple(_modern(messages)),
        tuple(_objects(_decoded(listed))) if listed is not None else None,
        domain=str(record.get("domain") or ""),
    )


def _bfcl(record: Object) -> Unfolded:
    """With its log of the inference a whole conversation; without it the assistant's calls alone."""
    log = record.get("inference_log")
    turns = [turn for turn in _objects(log) if "begin_of_turn_query" in turn]
    messages: list[Object] = []
    for turn in turns:
        messages += _objects(turn["begin_of_turn_query"])
        for name, step in turn.items():
            if name.startswith("step_"):
                messages += _step(_objects(step))
    if not turns:
        messages = [
            _spoken(step, None) for turn in _listed(record.get("result")) for step in _listed(turn) if step != []
        ]
    return Unfolded(str(record.get("id") or ""), tuple(_modern(messages)), None, whole=bool(turns))


def _step(entries: Sequence[Object]) -> Iterator[Object]:
    """The messages of one step: the model's answer, decoded where the log says how, and the tools' replies."""
    decoded = next((e.get("model_response_decoded") for e in entries if "model_response_decoded" in e), None)
    for entry in entries:
        if entry.get("role") == "assistant":
            yield _spoken(entry.get("content"), decoded)
        elif entry.get("role") == "tool":
            yield entry


def _spoken(content: Json, decoded: Json) -> Object:
    """An answer: a list of `{tool: arguments}`, a list of calls in Python's notation, or plain text."""
    listed = _listed(content) or _listed(decoded)
    if listed:
        calls = [call for item in listed for call in _pythonic(item)]
        if calls:
            return {"role": "assistant", "content": "", "tool_calls": calls}
    return {"role": "assistant", "content": content if isinstance(content, str) else ""}


def _pythonic(item: Json) -> Iterator[Object]:
    if isinstance(item, dict):
        yield from ({"name": name, "arguments": arguments} for name, arguments in item.items())
    elif isinstance(item, str):
        try:
            call = parse_call(item)
        except ValueError:
            return
        yield {"name": call.name, "arguments": call.arguments([])}


def _modern(messages: Sequence[Object]) -> Iterator[Object]:
    """Messages with calls under `tool_calls` and ids on calls and replies.

    The older `function_call`: several of them in a row are parallel calls. A reply without an id answers the oldest
    open call.
    """
    together: list[Object] = []
    waiting = Waiting[str]()  # ids of open calls
    number = 0
    for said in messages:
        older = as_mapping(said.get("function_call"))
        if older and not said.get("tool_calls"):
            together.append({"id": f"f{number}", "function": older})
            waiting.ask(f"f{number}")
            number += 1
            if text_of(said.get("content")):
                together[-1] = {**together[-1], "said": text_of(said.get("content"))}
            continue
        if together:
            yield _parallel(together)
            together = []
        if said.get("role") in ("tool", "function"):
            own = str(said.get("tool_call_id") or said.get("id") or "")
            if own:
                waiting.settle(own)
            answered = own or waiting.answered() or ""
            yield {**said, "role": "tool", "tool_call_id": answered}
        elif said.get("tool_calls"):
            calls: list[Object] = []
            for call in _objects(said["tool_calls"]):
                calls.append(call if call.get("id") else {**call, "id": f"f{number}"})
                waiting.ask(str(calls[-1]["id"]))
                number += 1
            yield {**said, "tool_calls": calls}
        else:
            yield said
    if together:
        yield _parallel(together)


def _parallel(calls: Sequence[Object]) -> Object:
    said = " ".join(str(call["said"]) for call in calls if "said" in call)
    return {
        "role": "assistant",
        "content": said,
        "tool_calls": [{k: call[k] for k in ("id", "function")} for call in calls],
    }


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _objects(value: Json) -> list[Object]:
    return [item for item in _listed(value) if isinstance(item, dict)]


def _decoded(value: Json) -> Json:
    """A value, or what its JSON text says; as it stands where that is no JSON."""
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return value
    return value


def _is_tau2(said: Json) -> bool:
    return isinstance(said, dict) and ("turn_idx" in said or "requestor" in said)
