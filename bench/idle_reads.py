"""Measures whether idle reads pay: plants up to two in every row and compares the entropies of shapes.

    python bench/idle_reads.py ROWS.jsonl

A planted read is one that another row of the same domain made, with its reply, put before a random message of the
assistant. RME-sig must not move (it looks at what the outcome hangs on); RME-sig of all calls shows what it would have
earned.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from random import Random

import msgspec

from tdscaling.evolution.event import event_of_row
from tdscaling.evolution.panel import panel
from tdscaling.runtime.chat import AssistantMessage, ChatMessage, FunctionCall, ToolCall, ToolMessage
from tdscaling.runtime.row import Row
from tdscaling.sandbox.facts import reads_by_name

Read = tuple[str, str, str]
"""Tool, arguments, reply."""


def reads_of(row: Row) -> list[Read]:
    """The good reads of a row."""
    replies = {m.tool_call_id: m.content for m in row.messages if isinstance(m, ToolMessage)}
    return [
        (call.function.name, call.function.arguments, replies[call.id])
        for message in row.messages
        if isinstance(message, AssistantMessage)
        for call in message.calls
        if reads_by_name(call.function.name) and '"error"' not in replies.get(call.id, '"error"')
    ]


def planted(row: Row, pool: list[Read], dice: Random) -> Row:
    """The row with up to two reads more."""
    messages: list[ChatMessage] = list(row.messages)
    for number in range(dice.choice((0, 1, 2)) if pool else 0):
        tool, arguments, reply = dice.choice(pool)
        places = [n for n, message in enumerate(messages) if isinstance(message, AssistantMessage)]
        where = dice.choice(places)
        call = ToolCall(f"idle{number}", FunctionCall(tool, arguments))
        messages[where:where] = [AssistantMessage("", tool_calls=(call,)), ToolMessage(call.id, tool, reply)]
    return msgspec.structs.replace(row, messages=tuple(messages))


def main() -> None:
    """Print both panels' entropies of shapes."""
    with Path(sys.argv[1]).open("rb") as lines:
        rows = [msgspec.json.decode(line, type=Row) for line in lines]
    pools: dict[str, list[Read]] = defaultdict(list)
    for row in rows:
        pools[row.assignment.domain].extend(reads_of(row))
    dice = Random(0)
    before = panel("before", [event_of_row(row) for row in rows])
    after = panel("after", [event_of_row(planted(row, pools[row.assignment.domain], dice)) for row in rows])
    print(f"rows {before.n}, calls per row {before.calls_mean:.2f} -> {after.calls_mean:.2f}")
    print(f"RME-sig {before.rme_sig_bits:.3f} -> {after.rme_sig_bits:.3f} bits")
    print(f"RME-sig of all calls {before.rme_sig_raw_bits:.3f} -> {after.rme_sig_raw_bits:.3f} bits")


if __name__ == "__main__":
    main()
