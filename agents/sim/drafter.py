"""The simulated planner: reads the order in a blueprint prompt and drafts a plan of the asked structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

import msgspec

from ...runtime.blueprint import Goal, Plan
from ...runtime.chat import ChatMessage
from .changes import CHANGES, EARLY
from .sketch import Sketch, Unfit
from .structures import STRUCTURES, filler
from .tongues.tongue import named
from .world import Order, Records, read_order

Build: TypeAlias = Callable[[Sketch], None]

_USER_WRITES = re.compile(r"^The user writes in (\w+):", re.MULTILINE)
TRIES = 30
"""Random starts for one structure before the planner falls back to a plain one."""


def draft(messages: Sequence[ChatMessage], dice: Random, *, sloppy: bool = False) -> str:
    """A plan as JSON text. `sloppy` plants a mistake that the dry run will find."""
    order = read_order(messages)
    records = Records(order, dice)
    structure = STRUCTURES.get(order.mode, filler)
    change = None if order.careful else CHANGES.get(order.perturbation)
    plan = _try(order, records, dice, structure, change) if change else None
    plan = plan or _try(order, records, dice, structure) or _try(order, records, dice, filler)
    plan = plan or _try(msgspec.structs.replace(order, avoid=()), records, dice, filler)
    if plan is None and order.goals > 1:  # so few tools that they give no more than one wish
        alone = msgspec.structs.replace(order, goals=1, avoid=())
        plan = _try(alone, records, dice, structure) or _try(alone, records, dice, filler)
    if plan is None:
        plan = Plan(goals=(Goal("tell me what you can do"),), steps=())
    if sloppy and plan.steps:
        plan = msgspec.structs.replace(plan, steps=plan.steps[:-1])
    speaks = _USER_WRITES.search(next(said.content for said in messages if said.content.startswith("# Structure")))
    if speaks and (tongue := named(speaks[1])) is not None:
        plan = tongue.plan(plan) or plan
    return msgspec.json.encode(plan).decode()


def _try(order: Order, records: Records, dice: Random, structure: Build, change: Build | None = None) -> Plan | None:
    """Structure and change with plain goals around them, from the first random start that fits; None when none does."""
    for _ in range(TRIES):
        sketch = Sketch(order, records, dice)
        ahead = dice.randrange(order.goals) if order.mode != "no_tool_needed" else order.goals - 1
        try:
            for _ in range(ahead):
                filler(sketch)
            parts = [structure, *([change] if change else [])]
            if order.perturbation in EARLY and dice.random() < 0.5:
                parts.reverse()
            for part in parts:
                part(sketch)
            while len(sketch.goals) < order.goals:
                filler(sketch)
        except Unfit:
            continue
        return sketch.plan()
    return None
