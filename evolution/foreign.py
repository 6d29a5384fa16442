"""Formats of other people, read as conversations: OpenAI messages, Toucan, τ²-bench, ShareGPT.

Every reader takes one decoded JSON object and gives the conversation with its place in the tree of labels. What a
format does not say (mostly the domain) stays empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from ..sandbox.tools import JsonObject, JsonValue
from .conversation import Builder, Conversation, as_object
from .event import Place

Form: TypeAlias = Literal["openai", "toucan", "tau2", "sharegpt"]
Read: TypeAlias = tuple[Conversation, Place]


def form_of(record: JsonObject) -> Form | None:
    """Which format a record is in; None for an unknown one."""
    if isinstance(record.get("simulations"), list):
        return "tau2"
    if isinstance(record.get("conversations"), list):
        return "sharegpt"
    messages = record.get("messages")
    if isinstance(messages, str) and ("available_tools" in record or "subset_name" in record or "tools" in record):
        return "toucan"
    if isinstance(messages, list) and any(_is_tau2(said) for said in messages):
        return "tau2"
    return "openai" if isinstance(messages, list) else None


def conversations(record: JsonObject, form: Form) -> Iterator[Read]:
    """The conversations of a record: one, or every simulation of a file of results."""
    match form:
        case "openai":
            yield _openai(record)
        case "toucan":
            yield _toucan(record)
        case "sharegpt":
            yield _sharegpt(record)
        case "tau2":
            info = as_object(as_object(record.get("info")).get("environment_info"))
            runs = record.get("simulations")
            for run in _objects(runs) if isinstance(runs, list) else [record]:
                yield _tau2(run, str(info.get("domain_name") or run.get("domain") or ""))


def _openai(record: JsonObject) -> Read:
    tools = _names(record.get("tools") or record.get("functions"))
    builder = Builder(len(tools))
    _messages(builder, _objects(record.get("messages")))
    domain = str(record.get("domain") or "")
    return _placed(builder.build(), tools, Place(str(record.get("sector") or ""), domain, ""))


def _messages(builder: Builder, messages: Sequence[Mapping[str, JsonValue]]) -> None:
    """Messages in OpenAI's form, the older `function_call` included: several of them in a row are parallel calls."""
    together: list[tuple[str, str, JsonValue]] = []
    for number, said in enumerate(messages):
        older = as_object(said.get("function_call"))
        if older:
            together.append((f"f{number}", str(older.get("name")), older.get("arguments")))
            continue
        if together:
            builder.assistant("", together)
            together = []
        match said.get("role"):
            case "user":
                builder.user(_text(said.get("content")))
            case "assistant":
                builder.assistant(_text(said.get("content")), _calls(said.get("tool_calls")))
            case "tool" | "function":
                call_id = str(said.get("tool_call_id") or said.get("id") or "")
                failed = said.get("error")
                builder.tool(call_id, _text(said.get("content")), failed=True if failed is True else None)
            case _:
                pass
    if together:
        builder.assistant("", together)


def _toucan(record: JsonObject) -> Read:
    """Columns are JSON text; the servers' labels give domain and cluster."""
    tools = _names(_decoded(record.get("available_tools") or record.get("tools")))
    builder = Builder(len(tools))
    _messages(builder, _objects(_decoded(record.get("messages"))))
    servers = _objects(as_object(record.get("metadata") or {}).get("mcp_servers"))
    labels = [str(as_object(server.get("labels")).get("primary_label") or "") for server in servers]
    names = sorted(str(server.get("server_name") or "") for server in servers)
    place = Place("", " + ".join(sorted({label for label in labels if label})), " + ".join(names))
    return _placed(builder.build(), tools, place)


def _tau2(run: Mapping[str, JsonValue], domain: str) -> Read:
    """Calls carry their arguments as objects; those of the simulated user are not the assistant's."""
    builder = Builder(1)
    messages: list[Mapping[str, JsonValue]] = []
    for said in _objects(run.get("messages")):
        if said.get("requestor") == "user":
            continue
        messages.append(said)
    _messages(builder, messages)
    built = builder.build()
    return built, Place("", domain, domain or _cluster([call.tool for call in built.calls]))


def _sharegpt(record: JsonObject) -> Read:
    """`from` and `value`; consecutive calls before an observation are parallel."""
    tools = _names(_decoded(record.get("tools")))
    builder = Builder(len(tools))
    messages: list[JsonObject] = []
    for said in _objects(record.get("conversations")):
        value = said.get("value")
        match said.get("from"):
            case "human" | "user":
                messages.append({"role": "user", "content": value})
            case "gpt" | "assistant":
                messages.append({"role": "assistant", "content": value})
            case "function_call" | "tool_call":
                calls = _decoded(value)
                listed = calls if isinstance(calls, list) else [calls]
                messages.extend({"role": "assistant", "function_call": call} for call in listed)
            case "observation" | "tool" | "tool_response":
                messages.append({"role": "tool", "content": value})
            case _:
                pass
    _messages(builder, messages)
    return _placed(builder.build(), tools, Place("", str(record.get("domain") or ""), ""))


def _placed(conversation: Conversation, tools: Sequence[str], place: Place) -> Read:
    """The set of tools is the cluster where nothing else is known."""
    if place.cluster:
        return conversation, place
    used = tools or [call.tool for call in conversation.calls]
    return conversation, msgspec.structs.replace(place, cluster=_cluster(used))


def _cluster(tools: Sequence[str]) -> str:
    return hashlib.blake2b("\0".join(sorted(set(tools))).encode(), digest_size=8).hexdigest()


def _calls(value: JsonValue) -> list[tuple[str, str, JsonValue]]:
    """OpenAI's nested calls, and τ²'s flat ones."""
    calls: list[tuple[str, str, JsonValue]] = []
    for number, call in enumerate(_objects(value)):
        function = as_object(call.get("function")) or call
        name, arguments = str(function.get("name") or ""), function.get("arguments")
        calls.append((str(call.get("id") or f"c{number}"), name, arguments))
    return calls


def _names(tools: JsonValue) -> list[str]:
    return [str((as_object(tool.get("function")) or tool).get("name") or "") for tool in _objects(tools)]


def _objects(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _decoded(value: JsonValue) -> JsonValue:
    """A value, or what its JSON text says; as it stands where that is no JSON."""
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError):
            return value
    return value


def _text(value: JsonValue) -> str:
    """Content as text: a list of parts is joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(str(part.get("text") or "") for part in _objects(value))
    return "" if value is None else msgspec.json.encode(value).decode()


def _is_tau2(said: JsonValue) -> bool:
    return isinstance(said, dict) and ("turn_idx" in said or "requestor" in said)
