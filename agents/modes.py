"""Which reasoning a conversation shows: flags read off the action structure, and one primary mode by precedence.

The rules are ours (docs/design.md, "Reasoning modes"). They look at actions, not at wording, but for two: a question to
the user and a numbered plan can only be seen in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from ..runtime.assignment import REFUSALS, Mode
from ..runtime.chat import AssistantMessage, UserMessage
from ..sandbox.facts import leaf_values, normalise
from .evidence import Evidence, Exchange
from .paths import decode

CHAIN_DEPTH = 3
LOOP_LENGTH = 3
PRECEDENCE: tuple[Mode, ...] = (
    "recover",
    "clarify",
    "no_tool_needed",
    "no_capable_tool",
    "forbidden",
    "branch",
    "loop",
    "parallel",
    "chain",
    "verify",
    "plan",
    "react",
    "direct",
)
"""The first flag in this order names the mode."""

_LIST_ITEM = re.compile(r"(?m)^\s*(?:[-*]|\d+[.)])\s+\S")


def flags(evidence: Evidence) -> tuple[Mode, ...]:
    """Every mode whose structure the conversation shows, in the order of precedence; at least `direct`."""
    calls = evidence.exchanges
    shown: dict[str, bool] = {
        "recover": _recovers(calls),
        "clarify": _clarifies(evidence),
        "branch": any(step.condition for step in evidence.blueprint.plan.steps) and bool(calls),
        "loop": _loops(calls),
        "parallel": len({e.position for e in calls}) < len(calls),
        "chain": dependent_depth(evidence) >= CHAIN_DEPTH,
        "verify": _verifies(calls),
        "plan": _plans(evidence),
        "react": any(b.turn == a.turn and b.position > a.position for a, b in pairwise(calls)),
    }
    for goal, turn in zip(evidence.blueprint.plan.goals, evidence.raised, strict=True):
        if goal.kind in REFUSALS:
            shown[goal.kind] = not called_in(evidence, turn)
    return tuple(mode for mode in PRECEDENCE if shown.get(mode)) or ("direct",)


def primary(shown: Sequence[Mode]) -> Mode:
    """The one label of a conversation with these flags."""
    for mode in PRECEDENCE:
        if mode in shown:
            return mode
    return "direct"


def dependent_depth(evidence: Evidence) -> int:
    """Calls on the longest path in which each takes a value that an earlier reply brought up.

    A value that the user told before is not a dependency. Calls of one message do not see each other.
    """
    depths: list[int] = []
    told_by_turn: dict[int, str] = {}
    for number, exchange in enumerate(evidence.exchanges):
        if exchange.turn not in told_by_turn:
            told_by_turn[exchange.turn] = normalise(" ".join(evidence.users[: exchange.turn]))
        told = told_by_turn[exchange.turn]
        wanted = {value for value in _values(exchange.arguments) if value not in told}
        if not wanted:
            depths.append(1)
            continue
        before = (
            depths[index]
            for index, earlier in enumerate(evidence.exchanges[:number])
            if earlier.position < exchange.position and earlier.ok and wanted & reply_values(earlier.again.content)
        )
        depths.append(1 + max(before, default=0))
    return max(depths, default=0)


@lru_cache(maxsize=1_024)
def reply_values(reply: str) -> frozenset[str]:
    """The scalars of a JSON reply, or the words and lines of a text, normalised."""
    decoded = decode(reply)
    found = set(_values(decoded))
    for value in [v for _, v in leaf_values(decoded) if isinstance(v, str)]:
        found.update(normalise(line) for line in value.splitlines())
        found.update(normalise(word) for word in value.split())
    return frozenset(found)


def _values(value: object) -> Iterator[str]:
    for _, leaf in leaf_values(value):
        if isinstance(leaf, str) and len(leaf) >= 3:
            yield normalise(leaf)
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool) and abs(leaf) >= 100:
            yield str(leaf)


def called_in(evidence: Evidence, turn: int) -> bool:
    """True when any tool was called between this user message and the next."""
    return any(exchange.turn == turn for exchange in evidence.exchanges)


def _recovers(calls: Sequence[Exchange]) -> bool:
    """A call fails, and a later changed call of the same tool succeeds."""
    return any(
        not failed.ok
        and later.ok
        and later.call.function.name == failed.call.function.name
        and later.arguments != failed.arguments
        for number, failed in enumerate(calls)
        for later in calls[number + 1 :]
    )


def _loops(calls: Sequence[Exchange]) -> bool:
    """One tool succeeds three times or more with different arguments within one user turn."""
    seen: dict[tuple[int, str], set[str]] = {}
    for exchange in calls:
        if exchange.ok:
            seen.setdefault((exchange.turn, exchange.call.function.name), set()).add(exchange.call.function.arguments)
    return any(len(arguments) >= LOOP_LENGTH for arguments in seen.values())


def _clarifies(evidence: Evidence) -> bool:
    """The assistant asks the user something, and calls a tool after the answer."""
    for position, spoken in enumerate(evidence.transcript[:-1]):
        if isinstance(spoken, AssistantMessage) and not spoken.calls and spoken.content.rstrip().endswith("?"):
            after = next((e for e in evidence.exchanges if e.position > position), None)
            if after and isinstance(evidence.transcript[position + 1], UserMessage):
                return True
    return False


def _verifies(calls: Sequence[Exchange]) -> bool:
    """A write succeeds, and a later read of the same turn names one of the identifiers it wrote."""
    for number, write in enumerate(calls):
        if write.ok and write.spec and not write.spec.read_only:
            touched = set(_values(write.arguments)) | set(_values(decode(write.again.content)))
            for read in calls[number + 1 :]:
                same = read.turn == write.turn and read.position > write.position
                if same and read.ok and read.spec and read.spec.read_only and touched & set(_values(read.arguments)):
                    return True
    return False


def _plans(evidence: Evidence) -> bool:
    """Before or with the first call, the assistant writes a list of at least two lines."""
    if not evidence.exchanges:
        return False
    first = evidence.exchanges[0].position
    said = [s.content for s in evidence.transcript[: first + 1] if isinstance(s, AssistantMessage)]
    return any(len(_LIST_ITEM.findall(text)) >= 2 for text in said)
