"""Slips that were noticed and mended: a refused call whose right form follows in the same turn spoils nothing.

Outcome first: when everything else about a row is right, a call that the tool refused and the assistant then made
correctly is an example of recovery. The refused message is context, never a training target (`agents/weights.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..evidence import Exchange
from .problem import Problem

MENDABLE = frozenset({"calls.arguments_not_json", "calls.schema", "provenance.invented"})
"""What a tool may refuse and an assistant put right. A tool that was never given is none: nothing mends its name."""


def without_mended(
    found: tuple[Problem, ...], exchanges: Sequence[Exchange], planned: Collection[str]
) -> tuple[Problem, ...]:
    """No problem at all where each is a slip that was mended; else all of them: nothing hides behind another.

    Args:
        found: What the gates found.
        exchanges: Every call, in order, with what it is answered.
        planned: Names of the tools that the plan calls.
    """
    if not found or any(problem.code not in MENDABLE for problem in found):
        return found
    spoiled = {problem.position for problem in found}
    sound = [exchange for exchange in exchanges if exchange.position not in spoiled]
    slips = [exchange for exchange in exchanges if exchange.position in spoiled]
    if {slip.position for slip in slips} != spoiled:
        return found
    return () if all(not slip.ok and _put_right(slip, sound, planned) for slip in slips) else found


def _put_right(slip: Exchange, sound: Sequence[Exchange], planned: Collection[str]) -> bool:
    """A sound call follows in the same turn: of the same tool, otherwise filled; any, after a tool not in the plan."""
    name = slip.call.function.name
    own = slip.spec.name if slip.spec else name  # a row may call its tools otherwise than the plan
    later = [exchange for exchange in sound if exchange.turn == slip.turn and exchange.position > slip.position]
    again = [exchange for exchange in later if exchange.call.function.name == name]
    if own in planned or again:
        return any(exchange.arguments != slip.arguments for exchange in again)
    return bool(later)
