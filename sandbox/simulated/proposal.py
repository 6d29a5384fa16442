"""What a model is asked for one call and what it proposes: the reply, the changes of state, the keys it issues."""

from __future__ import annotations

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, SystemMessage, UserMessage
from ...runtime.model import ResponseFormat
from ..tools import JsonObject, Snapshot, ToolSpec

PROMPT_VERSION = "1"
"""Changes with the text below or with the schema of the answer."""

PROMPT = """You are the server behind a set of tools. You are given one tool, the state it works on, and one call of it.
Answer as a real server would: act on the state as it is, and on nothing else.

- reply: what the caller gets, as JSON text. It satisfies the tool's output schema when there is one.
- is_error: true when the call cannot be served, for instance because the entry does not exist. Then nothing changes.
- changes: every record that is added, replaced or removed, whole. A read-only tool changes nothing.
- issued: the keys of records that are new. Identifiers that stand neither in the state nor here must not appear.
- What the reply says of a record equals what the state says of it after the changes."""


class Change(msgspec.Struct, frozen=True):
    """One record after the call."""

    table: str
    key: str
    record: str
    """JSON text of the whole record; empty when it is removed."""


class Proposal(msgspec.Struct, frozen=True):
    """What the model proposes for one call. Free-form parts are JSON text, so that the answer has one closed schema."""

    reply: str
    is_error: bool
    changes: tuple[Change, ...]
    issued: tuple[str, ...]


def response_format() -> ResponseFormat:
    """The closed schema of a proposal, as structured output wants it."""
    text: JsonObject = {"type": "string"}
    change = _closed({"table": text, "key": text, "record": text})
    schema = _closed(
        {
            "reply": text,
            "is_error": {"type": "boolean"},
            "changes": {"type": "array", "items": change},
            "issued": {"type": "array", "items": text},
        }
    )
    return ResponseFormat("tool_reply", msgspec.Raw(msgspec.json.encode(schema)))


def question(spec: ToolSpec, state: Snapshot, arguments: JsonObject) -> tuple[ChatMessage, ...]:
    """The messages for one call. The tool, the state and the call are all that a model is told."""
    tool = {
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.input_schema,
        "returns": spec.output_schema,
        "read_only": spec.read_only,
    }
    parts = (("Tool", tool), ("State", state), ("Call", {"name": spec.name, "arguments": arguments}))
    text = "\n\n".join(f"# {title}\n{msgspec.json.encode(part).decode()}" for title, part in parts)
    return SystemMessage(PROMPT), UserMessage(text)


def repair(answer: str, problem: str) -> tuple[ChatMessage, ...]:
    """What follows an answer that cannot be used."""
    return (
        AssistantMessage(answer),
        UserMessage(f"This cannot be used: {problem}\nAnswer the same call again, in the same form, without it."),
    )


def _closed(properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
