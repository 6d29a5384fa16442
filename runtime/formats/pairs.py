"""Preference pairs from several plays of one blueprint: an accepted continuation beside a rejected one.

Two plays make a pair where they first differ, if what differs is the assistant's: until there they are the prompt, and
from there each side goes on to the end of the user turn. Plays that differ because the user spoke otherwise say
nothing of the assistant and are counted, not paired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Raw

from ..chat import AssistantMessage, ChatMessage, SystemMessage, UserMessage
from .form import as_text, encode
from .llama_factory import entries
from .openai import WireMessage, wire
from .sample import NotHeld, Read, unweighted
from .sharegpt import Entry
from .trl import ObjectMessage, with_objects

FORMS = ("openai", "trl", "llama-factory")
"""The formats that have a form for pairs."""


class Pair(msgspec.Struct, frozen=True):
    """One prompt, two ways to go on."""

    id: str
    """Ids of both rows, joined by `+`."""
    tools: Raw
    prompt: tuple[ChatMessage, ...]
    chosen: tuple[ChatMessage, ...]
    rejected: tuple[ChatMessage, ...]


class _Kin(msgspec.Struct):
    blueprint: str = ""


class _OpenAIInput(msgspec.Struct, frozen=True):
    messages: tuple[WireMessage, ...]
    tools: Raw


class _OpenAIPair(msgspec.Struct, frozen=True):
    input: _OpenAIInput
    preferred_output: tuple[WireMessage, ...]
    non_preferred_output: tuple[WireMessage, ...]


class _TrlPair(msgspec.Struct, frozen=True):
    id: str
    prompt: tuple[ObjectMessage, ...]
    chosen: tuple[ObjectMessage, ...]
    rejected: tuple[ObjectMessage, ...]
    tools: Raw


class _FactoryPair(msgspec.Struct, frozen=True):
    id: str
    conversations: tuple[Entry, ...]
    chosen: Entry
    rejected: Entry
    tools: Raw
    system: str


def pairs(rows: Iterable[Read], left: Counter[str]) -> Iterator[tuple[Pair, tuple[Read, Read]]]:
    """Pairs with their rows: of each blueprint, the n-th accepted play with the n-th rejected one.

    `left` counts the rows that came into no pair, by reason.
    """
    groups: dict[str, list[Read]] = {}
    for row in rows:
        groups.setdefault(_blueprint(row) or f"row {row.sample.id}", []).append(row)
    for group in groups.values():
        good = [row for row in group if row.accepted]
        bad = [row for row in group if not row.accepted]
        if not good or not bad:
            left["no_rejected_play" if good else "no_accepted_play"] += len(group)
            continue
        left["more_of_one_kind"] += abs(len(good) - len(bad))
        for first, second in zip(good, bad, strict=False):
            pair = _pair(first, second)
            if pair is None:
                left["differ_elsewhere"] += 2
            else:
                yield pair, (first, second)


def _blueprint(row: Read) -> str:
    about = row.sample.about
    return msgspec.json.decode(about.kin, type=_Kin).blueprint if about else ""


def _pair(good: Read, bad: Read) -> Pair | None:
    ours, theirs = _plain(good), _plain(bad)
    same = 0
    while same < min(len(ours), len(theirs)) and ours[same] == theirs[same]:
        same += 1
    chosen, rejected = _turn(ours[same:]), _turn(theirs[same:])
    sides = [side[0] if side else None for side in (chosen, rejected)]
    if bytes(good.sample.tools) != bytes(bad.sample.tools) or not all(isinstance(s, AssistantMessage) for s in sides):
        return None
    return Pair(f"{good.sample.id}+{bad.sample.id}", good.sample.tools, tuple(ours[:same]), chosen, rejected)


def _plain(row: Read) -> list[ChatMessage]:
    return [unweighted(said) for said in row.sample.messages]


def _turn(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    end = next((n for n, said in enumerate(messages) if isinstance(said, UserMessage)), len(messages))
    return tuple(messages[:end])


def encode_pair(pair: Pair, form: str) -> bytes:
    """The pair as one record of a format of FORMS. Raises NotHeld where the format cannot say it.

    OpenAI and LLaMA-Factory compare one message each: the first of either side.
    """
    if form == "openai":
        asked = _OpenAIInput(tuple(map(wire, pair.prompt)), pair.tools)
        return encode(_OpenAIPair(asked, (wire(pair.chosen[0]),), (wire(pair.rejected[0]),)))
    if form == "trl":
        prompt, chosen, rejected = (
            tuple(map(with_objects, side)) for side in (pair.prompt, pair.chosen, pair.rejected)
        )
        return encode(_TrlPair(pair.id, prompt, chosen, rejected, pair.tools))
    return encode(_factory_pair(pair))


def _factory_pair(pair: Pair) -> _FactoryPair:
    system, prompt = "", pair.prompt
    if prompt and isinstance(prompt[0], SystemMessage):
        system, prompt = prompt[0].content, prompt[1:]
    said = entries(prompt)
    if len(said) % 2 == 0:
        raise NotHeld("user_out_of_turn")
    chosen, rejected = entries(pair.chosen[:1])[0], entries(pair.rejected[:1])[0]
    return _FactoryPair(pair.id, said, chosen, rejected, as_text(bytes(pair.tools)), system)
