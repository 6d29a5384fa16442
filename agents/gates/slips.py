"""Slips that were noticed and mended: a refused call whose right form follows in the same turn spoils nothing.

Outcome first: when everything else about a row is right, a call that the tool refused and the assistant then made
correctly is an example of recovery. The refused message is context, never a training target (`agents/weights.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..evidence import Exchange
from .problem import Problem

MENDABLE = frozenset({"calls.arguments_not_json", "calls.schema", "provenance.invented"})
"""What a tool may refuse and an assistant put right. A tool that was never given is none: nothing mends its name."""


def without_mended(found: tuple[Problem, ...], exchanges: Sequence[Exchange]) -> tuple[Problem, ...]:
    """No problem at all where each is a slip that was mended; else all of them: nothing hides behind another."""
    if not found or any(problem.code not in MENDABLE for problem in found):
        return found
    spoiled = {problem.position for problem in found}
    return () if all(_mended(position, exchanges) for position in spoiled) else found


def _mended(position: int, exchanges: Sequence[Exchange]) -> bool:
    """Every call of the message was refused, and each tool's next call in that turn, otherwise filled, went through."""
    slips = [exchange for exchange in exchanges if exchange.position == position]
    return bool(slips) and all(not slip.ok and _made_right(slip, exchanges) for slip in slips)


def _made_right(slip: Exchange, exchanges: Sequence[Exchange]) -> bool:
    later = (
        exchange
        for exchange in exchanges
        if exchange.turn == slip.turn
        and exchange.position > slip.position
        and exchange.call.function.name == slip.call.function.name
    )
    redone = next(later, None)
    return redone is not None and redone.ok and redone.arguments != slip.arguments
