"""The closed alphabet of twelve reasoning modes, and how a conversation of any origin is labelled with it.

Our own rows carry thirteen modes, read off with the plan at hand (`agents/modes.py`). The closed alphabet joins the
three refusals to one label and has one more, `code`, for calls of an interpreter: twelve, so at most log2 12 = 3.585
bits. Foreign data is labelled from its structure alone. There a branch cannot be seen (a conditional leaves no trace in
what was done) and a refusal is any conversation with tools and without a call. Data sets are compared under one rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ..runtime.assignment import REFUSALS
from ..sandbox.facts import reads_by_name
from .conversation import Call, Conversation
from .flow import Flow, reply_values, scalars
from .signature import role_of

RME12: Final = (
    "recover",
    "clarify",
    "refuse",
    "branch",
    "loop",
    "parallel",
    "code",
    "chain",
    "verify",
    "plan",
    "react",
    "direct",
)
"""The twelve labels; the first one that applies names the mode."""

CHAIN_DEPTH = 3
LOOP_LENGTH = 3
_LIST_ITEM = re.compile(r"(?m)^\s*(?:[-*]|\d+[.)])\s+\S")


def closed(mode: str) -> str:
    """One of our thirteen modes in the closed alphabet."""
    return "refuse" if mode in REFUSALS else mode


def primary(flags: Sequence[str]) -> str:
    """The label of a conversation with these flags, by precedence."""
    shown = {closed(flag) for flag in flags}
    return next((label for label in RME12 if label in shown), "direct")


def structural_flags(conversation: Conversation, flow: Flow) -> tuple[str, ...]:
    """The labels whose structure a conversation shows, in the order of precedence; at least `direct`."""
    calls = conversation.calls
    shown = {
        "recover": _recovers(calls),
        "clarify": _clarifies(conversation),
        "refuse": not calls and conversation.offered > 0,
        "loop": _loops(calls),
        "parallel": len({call.position for call in calls}) < len(calls),
        "code": any(role_of(call.tool) == "code" for call in calls),
        "chain": flow.depth >= CHAIN_DEPTH,
        "verify": _verifies(calls),
        "plan": _plans(conversation),
        "react": any(b.turn == a.turn and b.position > a.position for a, b in pairwise(calls)),
    }
    return tuple(label for label in RME12 if shown.get(label)) or ("direct",)


def _recovers(calls: Sequence[Call]) -> bool:
    """A call fails, and a later changed call of the same tool succeeds."""
    return any(
        not failed.ok and later.ok and later.tool == failed.tool and later.arguments != failed.arguments
        for number, failed in enumerate(calls)
        for later in calls[number + 1 :]
    )


def _clarifies(conversation: Conversation) -> bool:
    """The assistant ends on a question, the user speaks again, and a call follows."""
    last = max((call.turn for call in conversation.calls), default=0)
    return any(said.text.rstrip().endswith("?") and said.turn < last for said in conversation.answers)


def _loops(calls: Sequence[Call]) -> bool:
    """One tool succeeds three times or more with different arguments within one user turn."""
    seen: dict[tuple[int, str], set[str]] = {}
    for call in calls:
        if call.ok:
            seen.setdefault((call.turn, call.tool), set()).add(repr(sorted(call.arguments.items(), key=lambda i: i[0])))
    return any(len(arguments) >= LOOP_LENGTH for arguments in seen.values())


def _verifies(calls: Sequence[Call]) -> bool:
    """A write succeeds, and a later read of the same turn names a value that it wrote or returned."""
    for number, write in enumerate(calls):
        if write.ok and not reads_by_name(write.tool):
            touched = set(scalars(write.arguments)) | reply_values(write.reply)
            for read in calls[number + 1 :]:
                after = read.turn == write.turn and read.position > write.position
                if after and read.ok and reads_by_name(read.tool) and touched & set(scalars(read.arguments)):
                    return True
    return False


def _plans(conversation: Conversation) -> bool:
    """Before or with the first call, the assistant writes a list of at least two lines."""
    if not conversation.calls:
        return False
    first = conversation.calls[0].position
    said = [s.text for s in (*conversation.remarks, *conversation.answers) if s.position <= first]
    return any(len(_LIST_ITEM.findall(text)) >= 2 for text in said)
