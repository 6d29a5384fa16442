"""Reading a conversation: the wishes that are still open, what was called for them, and what is known so far."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, ToolMessage, UserMessage
from ...sandbox.facts import Param, leaf_values, schema_type
from ...sandbox.tools import JsonObject, JsonValue
from ..paths import decode
from .speech import Wish, read, read_value, say_value, unquote
from .words import overlap

_NOT_FOUND = re.compile(
    r"not.?found|no such|unknown|does not exist|doesn't exist|there is no|ENOENT|invalid ref|did not match|"
    r"cannot find|could not find",
    re.IGNORECASE,
)
_PASSING = re.compile(r"try again|in time|busy|too many requests|timed? ?out|temporar", re.IGNORECASE)
_CONFLICT = re.compile(r"conflict|already|no longer|not allowed in|only .* can be", re.IGNORECASE)
_ERROR = re.compile(
    r"^\s*(error\b|E[A-Z]{3,}:|fatal\b|traceback|exception\b|access denied|unknown tool|\[error)", re.IGNORECASE
)
SAME_LABEL = 0.66


class Done(msgspec.Struct, frozen=True):
    """A call of the open thread with its reply."""

    tool: str
    arguments: JsonObject
    reply: str
    failed: bool

    @property
    def passing(self) -> bool:
        """True when the reply is an error that may be gone at the next try."""
        return self.failed and bool(_PASSING.search(self.reply))

    @property
    def conflict(self) -> bool:
        """True when the reply says that the present state does not allow it."""
        return self.failed and bool(_CONFLICT.search(self.reply))

    @property
    def not_found(self) -> bool:
        """True when the reply says that something does not exist."""
        return self.failed and bool(_NOT_FOUND.search(self.reply))


class Thread(msgspec.Struct):
    """What the user asked for since the last answer, and what was done about it."""

    wishes: list[Wish]
    done: list[Done]
    questions: list[str]
    """What the assistant already asked in this thread."""
    answers: dict[str, str]
    """What the user told when asked and had not told before."""
    earlier: dict[str, str]
    """Facts of earlier threads, for questions about the conversation itself."""


def thread_of(messages: Sequence[ChatMessage]) -> Thread:
    """The open thread: a question of the assistant keeps it open, any other answer closes it."""
    thread = Thread([], [], [], {}, {})
    pending: dict[str, tuple[str, JsonObject]] = {}
    closed = False
    for spoken in messages:
        match spoken:
            case UserMessage(content=content):
                if closed:
                    told = {label: value for wish in thread.wishes for label, value in wish.facts.items()}
                    thread = Thread([], [], [], {}, thread.earlier | told | thread.answers)
                    closed = False
                _hear(thread, content)
            case AssistantMessage() if spoken.calls:
                pending |= {c.id: (c.function.name, _object(c.function.arguments)) for c in spoken.calls}
            case AssistantMessage(content=content):
                closed = not content.rstrip().endswith("?")
                if not closed:
                    thread.questions.append(content)
            case ToolMessage(tool_call_id=identity, content=content):
                name, arguments = pending.get(identity, (spoken.name, {}))
                thread.done.append(Done(name, arguments, content, failed(content)))
            case _:
                pass
    return thread


def _hear(thread: Thread, content: str) -> None:
    """Take in what the user says. A fact goes to the wishes that have its label; else to the answers, or the last wish
    where nothing was asked."""
    wishes, facts, hear = read(content)
    thread.wishes += wishes
    for label, value in facts.items():
        known = [wish for wish in thread.wishes if _label_in(label, wish.facts)]
        if thread.questions and not known:
            thread.answers[label] = value
        for wish in known or ([] if thread.questions else thread.wishes[-1:]):
            wish.facts[_label_in(label, wish.facts) or label] = value
    if hear and thread.wishes:
        thread.wishes[-1].hear += hear


def _label_in(label: str, facts: Mapping[str, str]) -> str:
    return next((known for known in facts if known == label), "")


def _object(arguments: str) -> JsonObject:
    decoded = decode(arguments)
    return decoded if isinstance(decoded, dict) else {}


def failed(reply: str) -> bool:
    """True when a reply looks like an error: an `error` object, or a text that begins like one."""
    decoded = decode(reply)
    if isinstance(decoded, dict):
        return "error" in decoded and bool(decoded["error"])
    return bool(_ERROR.search(reply) or re.match(r"(?i)^(\w+ ){0,4}(failed|not found)", reply))


def told(parameters: Sequence[Param], wish: Wish) -> JsonObject:
    """What the user gave for a tool's parameters: each fact goes to the parameter whose label is most like its own."""
    given: JsonObject = {}
    closest: dict[str, float] = {}
    for label, text in wish.facts.items():
        able = [param for param in parameters if _may_be(text, param)]
        likeness = {param.name: _likeness(label, param) + 0.01 * param.required for param in able}
        param = max(able, key=lambda param: likeness[param.name], default=None)
        if param and likeness[param.name] >= max(SAME_LABEL, closest.get(param.name, 0.0)):
            closest[param.name] = likeness[param.name]
            given[param.name] = read_value(text, schema_type(param.schema))
    return given


def _may_be(text: str, param: Param) -> bool:
    """False for a value that the parameter's list of values does not hold."""
    options = param.schema.get("enum")
    return not options or read_value(text, schema_type(param.schema)) in options


def _likeness(label: str, param: Param) -> float:
    return max(overlap(label, param.label), overlap(label, param.name))


def told_list(param: Param, wish: Wish) -> list[str]:
    """The several values that the user gave for a parameter that takes one."""
    for known, text in wish.facts.items():
        if _likeness(known, param) >= SAME_LABEL:
            return [str(value) for value in read_value(text, "array")]
    return []


class Found(msgspec.Struct, frozen=True):
    """A value for a parameter in an earlier reply."""

    value: JsonValue
    hits: int
    """How many of the things that the user told stand beside it."""
    beside: JsonObject
    """The scalars of its object, by key."""
    call: Done


def found(param: Param, facts: Mapping[str, str], done: Sequence[Done]) -> list[Found]:
    """Values for a parameter in earlier replies, the likeliest first: those beside something the user told, then the
    latest reply's."""
    mentioned = {unquote(text).lower() for text in facts.values()}
    ranked: list[tuple[int, int, Found]] = []
    for age, call in enumerate(reversed(done)):
        if not call.failed:
            for value, beside in _keyed(decode(call.reply), param.name):
                hits = len(mentioned & {unquote(say_value(leaf)).lower() for leaf in beside.values()})
                ranked.append((-hits, age, Found(value, hits, beside, call)))
    ranked.sort(key=lambda entry: entry[:2])
    return [entry for _, _, entry in ranked]


def seen(param: Param, done: Sequence[Done]) -> list[JsonValue]:
    """The values for a parameter in earlier replies, the latest reply's first, without repeats."""
    return list(dict.fromkeys(entry.value for entry in found(param, {}, done)))


def _keyed(value: JsonValue, key: str) -> Iterator[tuple[JsonValue, JsonObject]]:
    """Every scalar under a key, with the scalars of its object by their paths."""
    if isinstance(value, dict):
        if key in value and not isinstance(value[key], dict | list):
            yield value[key], dict(leaf_values(value))
        for inner in value.values():
            yield from _keyed(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _keyed(inner, key)


def lookalikes(wrong: str, done: Sequence[Done], key: str) -> list[str]:
    """Words and values of the replies so far that might be what a wrong identifier meant."""
    found: list[str] = []
    for call in reversed(done):
        if call.failed:
            continue
        decoded = decode(call.reply)
        found += [str(value) for value, _ in _keyed(decoded, key)]
        if "/" in wrong or not found:
            found += [word.strip("[](),'\"") for _, leaf in leaf_values(decoded) for word in str(leaf).split()]
    return [value for value in dict.fromkeys(found) if value != wrong]
