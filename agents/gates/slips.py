"""Slips that were noticed and mended: a refused call whose right form follows in the same turn spoils nothing.

Outcome first: when everything else about a row is right, a call that the tool refused and the assistant then made
correctly is an example of recovery. The message with the slip is context, never a training target (`weights.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..evidence import Evidence, Exchange
from .problem import Problem

MENDABLE = frozenset({"calls.arguments_not_json", "calls.schema", "provenance.invented"})
"""What a tool may refuse and an assistant put right. A tool that was never given is none: nothing mends its name."""


def mended(found: Sequence[Problem], evidence: Evidence) -> frozenset[int]:
    """Positions of the messages with slips, when slips that were mended are all that was found; else none.

    One problem of another kind, and nothing is forgiven: nothing hides behind another.
    """
    spoilt = {problem.call for problem in found}
    if any(problem.code not in MENDABLE for problem in found):
        return frozenset()
    slips = [exchange for exchange in evidence.exchanges if exchange.call.id in spoilt]
    sound = [exchange for exchange in evidence.exchanges if exchange.call.id not in spoilt]
    if {slip.call.id for slip in slips} != spoilt:
        return frozenset()
    forgiven = all(not slip.ok and _put_right(slip, sound, _planned(evidence, slip.turn)) for slip in slips)
    return frozenset(slip.position for slip in slips) if forgiven else frozenset()


def _planned(evidence: Evidence, turn: int) -> Collection[str]:
    """Tools that the plan calls for what the user has wished so far."""
    wished = {goal for goal, raised in enumerate(evidence.raised) if 0 < raised <= turn}
    return {step.tool for step in evidence.blueprint.plan.steps if step.goal in wished}


def _put_right(slip: Exchange, sound: Sequence[Exchange], planned: Collection[str]) -> bool:
    """A sound call follows in the same turn: of the same tool, otherwise filled; any, after a tool not in the plan."""
    name = slip.call.function.name
    later = [exchange for exchange in sound if exchange.turn == slip.turn and exchange.position > slip.position]
    again = [exchange for exchange in later if exchange.call.function.name == name]
    if slip.own in planned or again:
        return any(exchange.arguments != slip.arguments for exchange in again)
    return bool(later)
