"""The calls that do a task, one after the other: what a plan's steps are made from, and what the simulated model does.

They follow from the family, the words of the task and, for a repair, from the module that was read.
"""

from __future__ import annotations

import msgspec

from ..tools import JsonObject
from .family import Family, Slots
from .queries import DATABASE

SCHEMA = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
"""Shows the tables of a database."""
CHANGED = "number of changed rows"
PASSED = "number of tests that pass"
"""What the user wants to hear of a change, and of a repair."""


EXPORT = "export_records"
"""The tool that a service has in mixed tasks."""


class Move(msgspec.Struct, frozen=True):
    """One call."""

    tool: str
    arguments: JsonObject
    told: str = ""
    """Dotted path of the value in the reply that the user wants to hear; empty for none."""
    label: str = ""
    """Its label."""
    takes: str = ""
    """The argument that takes what the move before it told."""


def moves(family: Family, slots: Slots, source: str, *, look: bool = True, back: bool = False) -> tuple[Move, ...]:
    """The calls in their order.

    Args:
        family: Of the task.
        slots: What fills the gaps of its words.
        source: Of the solution: Python, SQL, or the mended module.
        look: Look at the data, or at the tables, before the solution is written.
        back: Read a written query back.
    """
    match family.kind:
        case "answer":
            solve = Move("python", {"code": source}, "stdout", family.heard(slots))
            return (*_looks(slots, look=look), solve)
        case "file":
            return (*_looks(slots, look=look), Move("python", {"code": source}))
        case "query":
            tables = (Move("sql", {"query": SCHEMA}),) if look else ()
            again = (Move("read_file", {"path": slots["out"]}),) if back else ()
            write = Move("write_file", {"path": slots["out"], "content": source})
            return (*tables, Move("sql", {"query": source}), write, *again)
        case "change":
            tables = (Move("sql", {"query": SCHEMA}),) if look else ()
            return (*tables, Move("sql", {"query": source, "database": DATABASE}, "changes", CHANGED))
        case "repair":
            *tried, last = _mends(slots, source)
            return (*tried, Move(last.tool, last.arguments, "passed", PASSED))
        case "mixed":
            return _errand(family, slots, source, look=look)


def _errand(family: Family, slots: Slots, source: str, *, look: bool) -> tuple[Move, ...]:
    """Export, mend what the analysis needs where it is broken, analyse, write back."""
    errand = family.errand
    if errand is None:
        raise ValueError(f"{family.name} is mixed and has no errand")
    export = Move(EXPORT, {"table": errand.table, "file_format": "csv"})
    mends = _mends(slots, source) if family.mends else ()
    cell = Move("python", {"code": family.solve(slots) if family.mends else source}, "stdout", family.heard(slots))
    back = Move(errand.tool, {**errand.others(slots)}, takes=errand.param)
    return (export, *_looks({"file": errand.file}, look=look), *mends, cell, back)


def _mends(slots: Slots, source: str) -> tuple[Move, ...]:
    return (
        Move("run_tests", {}),
        Move("read_file", {"path": slots["module"]}),
        Move("write_file", {"path": slots["module"], "content": source}),
        Move("run_tests", {}),
    )


def _looks(slots: Slots, *, look: bool) -> tuple[Move, ...]:
    return (Move("shell", {"command": f"head -n 4 {slots['file']}"}),) if look else ()
