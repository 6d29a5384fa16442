"""Planted faults against the assistant's instructions."""

from __future__ import annotations

from random import Random

from ..prompts import VERIFY
from ..stage import Stage
from .fault import Fault, Skip
from .line import Line, called, failed, reply_of
from .playing import specs_of


async def _look_no_more(line: Line, _: Random, stage: Stage) -> None:
    """Every look after the first change is left out, though the instructions demand one."""
    if VERIFY not in line["blueprint"]["instructions"]:
        raise Skip
    reads = {spec.name for spec in specs_of(line, stage) if spec.read_only}
    calls = [call for _, call in called(line) if not failed(line, call)]
    wrote = next((n for n, call in enumerate(calls) if call["function"]["name"] not in reads), len(calls))
    looks = [call for call in calls[wrote + 1 :] if call["function"]["name"] in reads]
    if not looks:
        raise Skip
    for look in looks:
        line["messages"].remove(reply_of(line, look))
        message = next(m for m in line["messages"] if look in m.get("tool_calls", ()))
        message["tool_calls"].remove(look)
        if not message["tool_calls"]:
            line["messages"].remove(message)


INSTRUCTED: tuple[Fault, ...] = (
    Fault("a change that is not read back, though it should be", ("instructions.not_read_back",), live=_look_no_more),
)
