"""What can be said of an exported file without any trainer: does every record read, link and alternate, what is masked.

Nothing is repaired and nothing stops at the first fault: every record is counted once, as read or as unreadable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, Raw

from ..chat import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from . import FORMATS
from .form import check_turns, encode, object_text
from .importing import sessions
from .sample import NotHeld, Sample

TEXT_ARGUMENTS = ("openai", "sts", "toucan")
"""Formats in which arguments are a text; what a template gets then is a text."""
EXAMPLES = 3
"""Places that are named of each problem."""


@dataclass
class Findings:
    """What a check came to."""

    records: int = 0
    readable: int = 0
    messages: Counter[str] = field(default_factory=Counter[str])
    """`{role: messages}`"""
    calls: int = 0
    targets: int = 0
    """Messages of the assistant with a weight above 0."""
    context: int = 0
    """Messages of the assistant with weight 0."""
    unweighted: int = 0
    """Messages of the assistant without a weight: the trainer's own mask decides."""
    problems: Counter[str] = field(default_factory=Counter[str])
    """`{problem: records}`"""
    examples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """`{problem: places}`"""

    def problem(self, name: str, place: str) -> None:
        """Count a problem of a record."""
        self.problems[name] += 1
        some = self.examples.setdefault(name, [])
        if len(some) < EXAMPLES:
            some.append(place)

    def inspect(self, sample: Sample, place: str, *, masks: bool) -> None:
        """Count what stands in a conversation, and what is wrong with it. `masks`: its format holds weights."""
        self.readable += 1
        for name in dict.fromkeys(_wrong(sample)):
            self.problem(name, place)
        for said in sample.messages:
            match said:
                case AssistantMessage():
                    self.messages["assistant"] += 1
                    self.calls += len(said.calls)
                    weight = said.train if masks else UNSET
                    self.unweighted += weight is UNSET
                    self.targets += weight is not UNSET and weight > 0
                    self.context += weight == 0
                case ToolMessage():
                    self.messages["tool"] += 1
                case UserMessage():
                    self.messages["user"] += 1
                case SystemMessage():
                    self.messages["system"] += 1


def inspected(lines: Iterable[tuple[str, bytes]], name: str, findings: Findings) -> Iterator[Sample]:
    """The conversations of the records that can be read, each looked at; the others are counted in `findings`."""
    form = FORMATS[name]
    for place, record in sessions(lines) if name == "sts" else lines:
        findings.records += 1
        try:
            sample = form.decode(record)
        except NotHeld as error:
            findings.problem(f"unreadable: {error.reason}", place)
            continue
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            findings.problem(f"unreadable: {_plain(str(error))}", place)
            continue
        findings.inspect(sample, place, masks=form.masks)
        yield sample


def _plain(text: str) -> str:
    """Without the place in the record, so that the same fault of two records is one problem."""
    return text.partition(" - at `")[0]


def _wrong(sample: Sample) -> Iterator[str]:
    if not any(isinstance(said, AssistantMessage) for said in sample.messages):
        yield "no assistant"
    try:
        check_turns(sample.messages, strict=True)
    except NotHeld as error:
        yield f"order: {error.reason}"
    known = _tool_names(sample.tools)
    asked: dict[str, str] = {}
    answered: set[str] = set()
    for said in sample.messages:
        if isinstance(said, ToolMessage):
            if said.tool_call_id not in asked:
                yield "linkage: a reply to no call"
            elif said.tool_call_id in answered:
                yield "linkage: two replies to one call"
            answered.add(said.tool_call_id)
        elif isinstance(said, AssistantMessage):
            for call in said.calls:
                if call.id in asked:
                    yield "linkage: the same id twice"
                asked[call.id] = call.function.name
                if known and call.function.name not in known:
                    yield "tools: a call of a tool that is not in the list"
                try:
                    object_text(call.function.arguments)
                except NotHeld:
                    yield "arguments: not a JSON object"
    if asked.keys() - answered:
        yield "linkage: a call without a reply"


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    function: _Function | None = None
    name: str = ""


_TOOLS = msgspec.json.Decoder(tuple[_Tool, ...])


def _tool_names(tools: Raw) -> set[str]:
    try:
        return {tool.function.name if tool.function else tool.name for tool in _TOOLS.decode(tools)}
    except msgspec.DecodeError:
        return set()


def for_template(sample: Sample, *, objects: bool) -> bytes:
    """A line for the template engine: `id`, `messages`, `tools`. `objects`: arguments as objects where they can be."""
    messages: list[dict[str, object]] = []
    for said in sample.messages:
        match said:
            case SystemMessage():
                messages.append({"role": "system", "content": said.content})
            case UserMessage():
                messages.append({"role": "user", "content": said.content})
            case ToolMessage():
                reply = {"role": "tool", "content": said.content, "name": said.name, "tool_call_id": said.tool_call_id}
                messages.append(dict(reply))
            case AssistantMessage():
                spoken: dict[str, object] = {"role": "assistant", "content": said.content}
                if said.reasoning:
                    spoken["reasoning_content"] = said.reasoning
                if said.calls:
                    spoken["tool_calls"] = [
                        {
                            "id": call.id,
                            "type": "function",
                            "function": {
                                "name": call.function.name,
                                "arguments": _arguments(call.function.arguments, objects=objects),
                            },
                        }
                        for call in said.calls
                    ]
                messages.append(spoken)
    return encode({"id": sample.id, "messages": messages, "tools": sample.tools})


def _arguments(text: str, *, objects: bool) -> Raw | str:
    try:
        return object_text(text) if objects else text
    except NotHeld:
        return text
