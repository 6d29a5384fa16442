"""The simulated planner: reads the order in a blueprint prompt and drafts a plan of the asked structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import msgspec

from ...runtime.blueprint import Goal, Plan
from ...runtime.chat import ChatMessage
from .sketch import Sketch, Unfit
from .structures import STRUCTURES, filler
from .world import Order, Records, read_order

TRIES = 30
"""Random starts for one structure before the planner falls back to a plain one."""


def draft(messages: Sequence[ChatMessage], dice: Random, *, sloppy: bool = False) -> str:
    """A plan as JSON text. `sloppy` plants a mistake that the dry run will find."""
    order = read_order(messages)
    records = Records(order, dice)
    plan = _try(order, records, dice, STRUCTURES.get(order.mode, filler)) or _try(order, records, dice, filler)
    if plan is None:
        plan = Plan(goals=(Goal("tell me what you can do"),), steps=())
    if sloppy and plan.steps:
        plan = msgspec.structs.replace(plan, steps=plan.steps[:-1])
    return msgspec.json.encode(plan).decode()


def _try(order: Order, records: Records, dice: Random, structure: Callable[[Sketch], None]) -> Plan | None:
    """The structure with plain goals around it, from the first random start that fits; None when none does."""
    for _ in range(TRIES):
        sketch = Sketch(order, records, dice)
        ahead = dice.randrange(order.goals) if order.mode != "no_tool_needed" else order.goals - 1
        try:
            for _ in range(ahead):
                filler(sketch)
            structure(sketch)
            while len(sketch.goals) < order.goals:
                filler(sketch)
        except Unfit:
            continue
        return sketch.plan()
    return None
