"""Measures what judging costs: CPU per row of the gates, of the benchmark look-up, and of verifying from the bytes.

    python bench/verify.py [ROWS.jsonl]

Figures are CPU milliseconds (process time), scaled to a row of 20 messages, each row's cheapest of a few passes; rows
are the simulated model's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import msgspec

from tdscaling.agents.contamination import Contamination
from tdscaling.agents.evidence import Evidence
from tdscaling.agents.gates.all import OUTCOME_GATES, TALK_GATES
from tdscaling.agents.gates.problem import OutcomeGate, TalkGate
from tdscaling.agents.judging import Conversation, gather, judge
from tdscaling.agents.modes import reply_values
from tdscaling.agents.raising import content_words
from tdscaling.agents.reverify import Reverifier
from tdscaling.agents.said import folded
from tdscaling.agents.stage import Stage
from tdscaling.agents.talk import Talk
from tdscaling.runtime.row import Row
from tdscaling.sandbox.facts import normalise
from tdscaling.sandbox.services import BUILTIN, builtin

ROWS = 300
MESSAGES = 20
PASSES = 5
TEXT_CACHES = (folded, content_words, reply_values, normalise)
"""Filled by the texts of rows; tools' schemas are the same for many rows and stay."""
GATES_AT_MOST, HASHED_AT_MOST = 1.0, 5.0
"""CPU milliseconds per row of 20 messages that are allowed, without and with the benchmark look-up."""


def rows_of(path: Path | None) -> list[Row]:
    """The accepted rows of a file, or of a fresh run."""
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = Path(folder) / "rows.jsonl"
            where = ["--out", str(path), "--run", str(Path(folder) / "run")]
            command = [sys.executable, "-m", "tdscaling", "run", "--count", str(ROWS), "--seed", "7", *where]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        rows = [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines()]
    return [row for row in rows if row.verdict.accepted][:ROWS]


async def gathered(rows: list[Row]) -> list[Evidence]:
    """The evidence of every row, executed again."""
    stage = Stage(builtin(BUILTIN), ())
    return [
        await gather(Conversation(row.messages, row.tools, row.blueprint, row.face), stage, None)
        for row in rows
        if row.blueprint
    ]


def fresh(evidence: Evidence) -> Evidence:
    """The same with nothing looked at yet."""
    made = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
    return Evidence(**made | {"talk": Talk(evidence.talk.transcript, evidence.talk.tools)})


def cost(evidences: list[Evidence], work: Callable[[Evidence], object]) -> float:
    """CPU milliseconds over all rows, each row's cheapest pass; what texts leave in caches is forgotten in between."""
    best = [sys.maxsize] * len(evidences)
    for _ in range(PASSES):
        for cached in TEXT_CACHES:
            cached.cache_clear()
        for index, evidence in enumerate(evidences):
            new = fresh(evidence)
            start = time.process_time_ns()
            work(new)
            best[index] = min(best[index], time.process_time_ns() - start)
    return sum(best) / 1e6


def pace() -> float:
    """CPU microseconds of a fixed piece of work, the best of many: how fast this machine is just now."""
    best = float("inf")
    for _ in range(200):
        start = time.process_time_ns()
        sum(range(10_000))
        best = min(best, time.process_time_ns() - start)
    return best / 1000


def benchmark() -> Contamination:
    """A benchmark of a thousand texts that has nothing to do with the rows."""
    made = Contamination()
    for number in range(1000):
        made.add(" ".join(f"word{(number * 31 + place) % 5000}" for place in range(60)))
    return made


def _talk(gate: TalkGate, evidence: Evidence) -> object:
    return list(gate(evidence.talk))


def _outcome(gate: OutcomeGate, evidence: Evidence) -> object:
    return list(gate(evidence))


async def main() -> None:
    """Print the figures."""
    rows = rows_of(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    evidences = await gathered(rows)
    scale = MESSAGES / sum(len(evidence.transcript) for evidence in evidences)
    lookup = benchmark().no_benchmark
    judged = cost(evidences, judge) * scale
    hashed = cost(evidences, lambda evidence: judge(evidence, (lookup,))) * scale
    messages = sum(len(e.transcript) for e in evidences) / len(evidences)
    print(f"{len(evidences)} rows of {messages:.1f} messages on average; CPU ms per {MESSAGES} messages\n")
    print(f"sum(range(10_000)) takes {pace():.0f} us here\n")
    print(f"gates and scores               {judged:6.2f}   (at most {GATES_AT_MOST})")
    print(f"the same with text hashing     {hashed:6.2f}   (at most {HASHED_AT_MOST})")
    lines = [msgspec.json.encode(row) for row in rows]
    reverifier = Reverifier(builtin(BUILTIN))
    start = time.process_time()
    for line in lines:
        await reverifier.judge(line)
    print(f"verify: decode, plan and calls {(time.process_time() - start) * 1000 * scale:6.2f}\n")
    costs = {gate.__name__: cost(evidences, partial(_talk, gate)) * scale for gate in TALK_GATES}
    costs |= {gate.__name__: cost(evidences, partial(_outcome, gate)) * scale for gate in OUTCOME_GATES}
    for name, spent in sorted(costs.items(), key=lambda item: -item[1])[:12]:
        print(f"  {name:28} {spent:6.3f}   alone, from nothing")
    sys.exit(judged > GATES_AT_MOST or hashed > HASHED_AT_MOST)


if __name__ == "__main__":
    anyio.run(main)
