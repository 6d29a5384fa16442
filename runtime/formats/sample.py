"""What is exported and imported: a conversation with its tools, and what else a row of ours says about it.

Rows are read only as deep as an export needs. Everything but the messages passes through as the bytes it was, so that
a row that comes back is the row that went out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..chat import AssistantMessage, ChatMessage, SystemMessage, ToolMessage, UserMessage

NULL = Raw(b"null")
replace = msgspec.structs.replace


class NotHeld(Exception):
    """A format cannot say what stands in this conversation. `reason` is a short stable code for counting."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a format's own fields could not hold of the messages; it travels in the metadata."""

    train: tuple[float, ...] = ()
    """The weight of each message, in order; empty where they had none."""
    calls: tuple[str, ...] = ()
    """The ids of the calls, in order."""
    replies: tuple[str, ...] = ()
    """The call ids that the tools' messages answer, in order."""
    beside: dict[int, str] = {}
    """Text that stood beside calls, by position of the message."""


class About(msgspec.Struct, frozen=True):
    """The keys of a row beside `id`, `messages` and `tools`, encoded; `metadata` of most formats is this."""

    assignment: Raw
    verdict: Raw
    measurements: Raw
    provenance: Raw
    simulated: bool
    kin: Raw
    blueprint: Raw | UnsetType = UNSET
    """Absent unless it was asked for."""
    kept: Kept | UnsetType = UNSET
    face: Raw | UnsetType = UNSET
    """Absent in rows of before there were presentations."""


class Sample(msgspec.Struct, frozen=True):
    """One conversation as formats see it."""

    id: str
    messages: tuple[ChatMessage, ...]
    tools: Raw
    """JSON array of tool definitions in OpenAI's form."""
    about: About | None
    """None for a conversation that is not a row of ours, and where no metadata is wanted."""


class _Line(msgspec.Struct, frozen=True):
    """A row as it stands in a file, in the order of its keys."""

    id: str
    messages: tuple[ChatMessage, ...]
    tools: Raw
    assignment: Raw
    blueprint: Raw
    verdict: Raw
    measurements: Raw
    provenance: Raw
    simulated: bool
    kin: Raw = Raw(b"{}")
    face: Raw | UnsetType = UNSET


class _Bare(msgspec.Struct, frozen=True):
    id: str
    messages: tuple[ChatMessage, ...]
    tools: Raw


class Accepted(msgspec.Struct, frozen=True):
    """Of a verdict, whether it was one."""

    accepted: bool


class Origin(msgspec.Struct, frozen=True):
    """Of a provenance, what exports look at."""

    version: str = ""
    model: str = ""
    tools: str = ""
    evaluation_only: bool = False


_LINES = msgspec.json.Decoder(_Line)
_VERDICTS = msgspec.json.Decoder(Accepted)
_ORIGINS = msgspec.json.Decoder(Origin)
_ENCODER = msgspec.json.Encoder()


class Read(msgspec.Struct, frozen=True):
    """A row of a file with what decides whether it may leave."""

    sample: Sample
    accepted: bool
    simulated: bool
    origin: Origin


def read_row(line: bytes, *, blueprint: bool = False) -> Read:
    """A line of ours.

    Raises:
        msgspec.ValidationError: it is JSON, but no row.
        msgspec.DecodeError: it is not JSON.
    """
    found = _LINES.decode(line)
    about = About(
        found.assignment,
        found.verdict,
        found.measurements,
        found.provenance,
        found.simulated,
        found.kin,
        found.blueprint if blueprint else UNSET,
        face=found.face,
    )
    return Read(
        Sample(found.id, found.messages, found.tools, about),
        _VERDICTS.decode(found.verdict).accepted,
        found.simulated,
        _ORIGINS.decode(found.provenance),
    )


def row_line(sample: Sample) -> bytes:
    """The sample as a line: a row where all of one is known, else `id`, `messages` and `tools`."""
    about = sample.about
    if about is None:
        return _ENCODER.encode(_Bare(sample.id, sample.messages, sample.tools))
    return _ENCODER.encode(
        _Line(
            sample.id,
            sample.messages,
            sample.tools,
            about.assignment,
            NULL if about.blueprint is UNSET else about.blueprint,
            about.verdict,
            about.measurements,
            about.provenance,
            about.simulated,
            about.kin,
            about.face,
        )
    )


def origin(sample: Sample) -> Origin:
    """Version, model and licence behind a sample; empty where nothing is known."""
    return Origin() if sample.about is None else _ORIGINS.decode(sample.about.provenance)


def about_with(sample: Sample, *, ids: bool, beside: dict[int, str] | None = None) -> About | None:
    """The sample's `about` with what a format cannot hold: weights always, `ids` of calls where it says so."""
    if sample.about is None:
        return None
    weights: list[float] = []
    calls: list[str] = []
    replies: list[str] = []
    for said in sample.messages:
        if said.train is not UNSET:
            weights.append(said.train)
        if ids:
            if isinstance(said, ToolMessage):
                replies.append(said.tool_call_id)
            elif isinstance(said, AssistantMessage) and said.tool_calls:
                calls += [call.id for call in said.tool_calls]
    whole = len(weights) == len(sample.messages)
    kept = Kept(tuple(weights) if whole else (), tuple(calls), tuple(replies), beside or {})
    about = sample.about
    return About(
        about.assignment,
        about.verdict,
        about.measurements,
        about.provenance,
        about.simulated,
        about.kin,
        about.blueprint,
        kept,
        about.face,
    )


def restored(sample: Sample) -> Sample:
    """The sample with what stood in `kept` put back into its messages, and `kept` gone."""
    about = sample.about
    if about is None or about.kept is UNSET:
        return sample
    kept = about.kept
    messages: Sequence[ChatMessage] = sample.messages
    if kept.calls and sum(len(m.calls) for m in messages if isinstance(m, AssistantMessage)) == len(kept.calls):
        messages = list(_with_ids(messages, iter(kept.calls), iter(kept.replies)))
    if kept.beside:
        messages = [replace(m, content=kept.beside.get(i, m.content)) for i, m in enumerate(messages)]
    if len(kept.train) == len(messages):
        messages = [replace(m, train=weight) for m, weight in zip(messages, kept.train, strict=True)]
    return Sample(sample.id, tuple(messages), sample.tools, replace(about, kept=UNSET))


def _with_ids(messages: Sequence[ChatMessage], calls: Iterator[str], replies: Iterator[str]) -> Iterator[ChatMessage]:
    names: dict[str, str] = {}
    for said in messages:
        if isinstance(said, AssistantMessage) and said.tool_calls:
            again = tuple(replace(call, id=next(calls)) for call in said.tool_calls)
            names.update((call.id, call.function.name) for call in again)
            yield replace(said, tool_calls=again)
        elif isinstance(said, ToolMessage):
            answered = next(replies, said.tool_call_id)
            yield replace(said, tool_call_id=answered, name=names.get(answered, said.name))
        else:
            yield said


def unweighted(said: ChatMessage) -> ChatMessage:
    """The message without its weight."""
    match said:
        case SystemMessage():
            return SystemMessage(said.content)
        case UserMessage():
            return UserMessage(said.content)
        case ToolMessage():
            return ToolMessage(said.tool_call_id, said.name, said.content)
        case AssistantMessage():
            return AssistantMessage(said.content, said.reasoning, said.tool_calls)
