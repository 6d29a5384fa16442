"""Cumulative Action Complexity: a sum over the calls of a trajectory of what each of them adds.

A call costs 1, plus ½·log2(1 + calls it takes values from), ½ when it makes the longest chain longer, ¼·log2(1 + leaf
values in its arguments), ½ for a tool not used before; a recovery, a question to the user and a branch add 1 each.
Most of any such sum is length (rank correlation with the number of calls is high), so depth, turns and tokens stand
beside it wherever it is shown. Version 1 of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..sandbox.facts import leaf_values
from .conversation import Conversation
from .flow import Flow

CALL, FAN_IN, DEEPER, ARGUMENTS, NEW_TOOL, TWIST = 1.0, 0.5, 0.5, 0.25, 0.5, 1.0
TWISTS = ("recover", "branch", "clarify")
EDGES = (2.0, 4.0, 8.0, 16.0, 32.0)
"""Upper edges of the first five of six bins; the last one is open."""


def complexity(conversation: Conversation, flow: Flow, flags: Sequence[str]) -> float:
    """The sum; 0 without calls and twists."""
    total = sum(TWIST for twist in TWISTS if twist in flags)
    used: set[str] = set()
    deepest = 0
    for call, parents, depth in zip(conversation.calls, flow.parents, flow.depths, strict=True):
        leaves = sum(1 for _ in leaf_values(dict(call.arguments)))
        total += CALL + FAN_IN * math.log2(1 + len(parents)) + ARGUMENTS * math.log2(1 + leaves)
        total += DEEPER * (depth > deepest) + NEW_TOOL * (call.tool not in used)
        deepest = max(deepest, depth)
        used.add(call.tool)
    return total


def bin_of(value: float) -> int:
    """Which of the six bins a complexity falls into, from 0."""
    return sum(value >= edge for edge in EDGES)
