"""The shape of a trajectory as one label: a hash of its graph of calls, with tools replaced by what they do.

Two trajectories have the same signature when their calls do the same kinds of things and depend on each other in the
same way, whichever service they talk to and in whatever order independent calls were made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..sandbox.facts import snake
from .conversation import Conversation
from .flow import Flow

ROUNDS = 2
"""Rounds of Weisfeiler-Lehman refinement: a node knows its neighbours two steps away."""
EMPTY = "none"
"""The signature of a trajectory without (relevant) calls."""

_ROLES = {
    "search": "search list find query filter browse lookup discover",
    "get": "get read show fetch view describe retrieve load open inspect see",
    "verify": "verify check validate confirm test diff compare status",
    "create": "create add new make insert book place post open register request submit schedule upload write",
    "update": "update edit set change modify move rename assign patch put relocate promote adjust reschedule",
    "delete": "delete remove cancel drop clear archive revoke withdraw close",
    "notify": "send notify email message share publish announce reply forward remind",
    "auth": "login authenticate authorize auth sign verify_identity logout",
    "compute": "calculate compute convert count sum estimate evaluate analyze analyse summarize translate",
    "code": "execute run python bash shell sql code eval",
    "pay": "pay refund charge transfer purchase buy order checkout",
}
_ROLE_OF = {word: role for role, words in reversed(_ROLES.items()) for word in words.split()}


def role_of(tool: str) -> str:
    """What a tool does, by the first word of its name that says so; `other` when none does."""
    return next((_ROLE_OF[word] for word in snake(tool).replace("-", "_").split("_") if word in _ROLE_OF), "other")


def relevant_signature(conversation: Conversation, flow: Flow) -> str:
    """The signature of the calls that the outcome hangs on: idle calls do not change it."""
    return signature(conversation, flow, flow.relevant)


def raw_signature(conversation: Conversation, flow: Flow) -> str:
    """The signature of all calls: easy to inflate with idle ones."""
    return signature(conversation, flow, range(len(conversation.calls)))


def signature(conversation: Conversation, flow: Flow, numbers: Sequence[int]) -> str:
    """The signature of some of a conversation's calls: 16 hex digits, or `none`."""
    if not numbers:
        return EMPTY
    inside = set(numbers)
    parents = {n: [p for p in flow.parents[n] if p in inside] for n in numbers}
    children: dict[int, list[int]] = {n: [] for n in numbers}
    for n, before in parents.items():
        for parent in before:
            children[parent].append(n)
    labels = {n: role_of(conversation.calls[n].tool) + ("" if conversation.calls[n].ok else "!") for n in numbers}
    for _ in range(ROUNDS):
        labels = {
            n: _hash([labels[n], "<", *sorted(labels[p] for p in parents[n]), ">", *sorted(labels[c] for c in after)])
            for n, after in children.items()
        }
    return _hash(sorted(labels.values()))


def _hash(parts: Sequence[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
