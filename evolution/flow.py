"""How values flow from call to call: who depends on whom, how deep, and which calls the outcome hangs on.

A call depends on an earlier one when an argument holds a value that the earlier reply brought up and the user had not
told. The outcome hangs on calls that changed something, on calls whose values the assistant reported, on calls that a
branch was decided on, and on all that these depend on. Everything else is idle.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..sandbox.facts import leaf_values, normalise, reads_by_name
from .conversation import Call, Conversation

SHORTEST = 3
"""Characters of a text that can be recognised in another place."""
SMALLEST = 100
"""Least absolute value of a number that can: smaller ones coincide by chance."""


class Flow(msgspec.Struct, frozen=True):
    """The dependencies between the calls of a conversation, by number."""

    parents: tuple[tuple[int, ...], ...]
    """For each call the earlier calls that it takes values from, ascending."""
    depths: tuple[int, ...]
    """For each call, the calls on the longest path that ends with it."""
    relevant: tuple[int, ...]
    """The calls that the outcome hangs on, ascending."""

    @property
    def depth(self) -> int:
        """Calls on the longest path."""
        return max(self.depths, default=0)


def flow_of(conversation: Conversation) -> Flow:
    """Recover the dependencies of a conversation."""
    replies = [reply_values(call.reply) if call.ok else frozenset[str]() for call in conversation.calls]
    parents = tuple(_parents(conversation, number, replies) for number in range(len(conversation.calls)))
    depths: list[int] = []
    for before in parents:
        depths.append(1 + max((depths[parent] for parent in before), default=0))
    return Flow(parents, tuple(depths), _closure(_ends(conversation, replies), parents))


def _parents(conversation: Conversation, number: int, replies: list[frozenset[str]]) -> tuple[int, ...]:
    """For every argument value that was not told, the nearest source: one producer is enough."""
    call = conversation.calls[number]
    told = conversation.told.get(call.turn, "")
    found: set[int] = set()
    for value in scalars(call.arguments):
        if value not in told:
            source = _source(conversation, value, call, replies)
            found.update([] if source is None else [source])
    return tuple(sorted(found))


def _source(conversation: Conversation, value: str, at: Call, replies: list[frozenset[str]]) -> int | None:
    """Which earlier reply brought a value up: of the same turn first, then the most specific, then the earliest."""
    candidates = [n for n, c in enumerate(conversation.calls) if c.position < at.position and value in replies[n]]
    return min(candidates, key=lambda n: (conversation.calls[n].turn != at.turn, len(replies[n]), n), default=None)


def _ends(conversation: Conversation, replies: list[frozenset[str]]) -> set[int]:
    """Where the outcome begins: writes that went through, reported values, conditions."""
    ends = {n for n, call in enumerate(conversation.calls) if call.ok and not reads_by_name(call.tool)}
    ends |= conversation.conditions
    for answer in conversation.answers:
        text = " ".join(answer.text.lower().split())
        told = conversation.told.get(answer.turn, "")
        mine = [n for n, call in enumerate(conversation.calls) if call.turn == answer.turn and replies[n]]
        for number in mine:
            for value in replies[number]:
                if value in text and value not in told and _first(value, number, mine, replies):
                    ends.add(number)
                    break
    return ends


def _first(value: str, number: int, mine: list[int], replies: list[frozenset[str]]) -> bool:
    """Whether no other call of the turn is a better source of the value: a repeated read adds nothing."""
    return number == min((n for n in mine if value in replies[n]), key=lambda n: (len(replies[n]), n))


def _closure(ends: set[int], parents: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """The ends and everything that they depend on."""
    found = set(ends)
    for number in range(len(parents) - 1, -1, -1):  # parents have smaller numbers
        if number in found:
            found.update(parents[number])
    return tuple(sorted(found))


def scalars(value: object) -> Iterator[str]:
    """The values of arguments that can be recognised elsewhere, normalised."""
    for _, leaf in leaf_values(value):
        if isinstance(leaf, str) and len(leaf) >= SHORTEST:
            yield normalise(leaf)
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool) and abs(leaf) >= SMALLEST:
            yield str(leaf)


def reply_values(reply: str) -> frozenset[str]:
    """The recognisable scalars of a JSON reply; the words of any other text that look like values, with a digit."""
    try:
        decoded: object = msgspec.json.decode(reply)
    except (msgspec.DecodeError, UnicodeError):
        words = {normalise(word) for word in reply.split()}
        return frozenset(w for w in words if len(w) >= SHORTEST and any(c.isdigit() for c in w))
    return frozenset(value for value in scalars(decoded) if len(value) >= SHORTEST)
