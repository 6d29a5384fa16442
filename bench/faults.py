"""Measures what the gates catch and let pass: planted faults, legitimate alternatives, untouched rows. Simulated model.

    python bench/faults.py [--rows 50] [--untouched 500] [--misses FILE] [ROWS.jsonl ...]

One fault per row, under fresh ids, verdicts stripped, judged as `tdscaling verify` judges a stranger's row. Without
files, accepted rows are made first, with the simulated model and no mistakes and with its usual ones. They are
presented plainly, since faults are planted by the tools' own names.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import anyio
import msgspec

from tdscaling.agents.planting.fault import Fault
from tdscaling.agents.planting.line import Line, line_of, stranger
from tdscaling.agents.planting.table import ALTERNATIVES, FAULTS, Caught, benchmark, catch
from tdscaling.agents.reverify import Reverifier
from tdscaling.agents.stage import Stage
from tdscaling.runtime.row import Row
from tdscaling.sandbox.services import BUILTIN, builtin

POOL = 700
"""Rows made per kind of run when no file is given."""


def rows_of(paths: list[Path]) -> list[Line]:
    """The accepted rows of the files, or of fresh runs."""
    if paths:
        return list(_read(paths))
    with tempfile.TemporaryDirectory() as folder:
        made: list[Path] = []
        for seed, mistakes in ((101, "0"), (202, "1")):
            out = Path(folder) / f"{seed}.jsonl"
            run = ["--count", str(POOL), "--seed", str(seed), "--mistakes", mistakes]
            run += ["--presentation", "plain"]
            where = ["--out", str(out), "--run", str(Path(folder) / str(seed))]
            command = [sys.executable, "-m", "tdscaling", "run", *run, *where]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            made.append(out)
        return list(_read(made))


def _read(paths: list[Path]) -> Iterator[Line]:
    for path in paths:
        with path.open("rb") as lines:
            for line in lines:
                row = msgspec.json.decode(line, type=Row)
                if row.verdict.accepted:
                    yield line_of(row)


async def measure(lines: list[Line], rows: int, untouched: int) -> tuple[int, list[bytes]]:
    """Print the tables. Returns 0 when all is as it should be, and lines that were judged as they should not."""
    stage = Stage(builtin(BUILTIN), ())
    reverifier = Reverifier(builtin(BUILTIN), gates=(benchmark().no_benchmark,))
    rejected = 0
    for number, line in enumerate(lines[:untouched]):
        finding, _ = await reverifier.judge(msgspec.json.encode(stranger(line, Random(number))))
        if not finding.accepted:
            rejected += 1
            print(f"untouched row rejected: {finding.reasons}", file=sys.stderr)
    print(f"untouched rows rejected: {rejected} of {min(untouched, len(lines))}\n")

    async def tried(kinds: tuple[Fault, ...]) -> AsyncIterator[Caught]:
        for number, kind in enumerate(kinds):
            start = number * 37 % max(1, len(lines))  # other rows for every kind
            yield await catch(kind, lines[start:] + lines[:start], stage, reverifier, rows=rows)

    print("| planted fault | rows | caught | right class | reasons given |\n|---|--:|--:|--:|---|")
    faults = [_shown(caught) async for caught in tried(FAULTS)]
    planted, named = sum(c.planted for c in faults), sum(c.named for c in faults)
    print(f"\n{len(faults)} kinds, {planted} rows, {named} caught for the right reason: {named / planted:.2%}\n")
    print("| alternative | rows | accepted | reasons given |\n|---|--:|--:|---|")
    others = [_shown(caught, fault=False) async for caught in tried(ALTERNATIVES)]
    planted, refused = sum(c.planted for c in others), sum(c.caught for c in others)
    print(f"\n{len(others)} kinds, {planted} rows, {planted - refused} accepted: {1 - refused / planted:.2%}")
    short = (named < 0.99 * sum(c.planted for c in faults)) + (refused > 0.01 * planted) + rejected
    return short, [line for caught in faults + others for line in caught.missed]


def _shown(caught: Caught, *, fault: bool = True) -> Caught:
    """Print one line of a table."""
    top = ", ".join(f"`{code}` {count}" for code, count in list(caught.reasons.items())[:3])
    figures = (caught.caught, caught.named) if fault else (caught.planted - caught.caught,)
    print(f"| {caught.name} | {caught.planted} | {' | '.join(map(str, figures))} | {top} |", flush=True)
    return caught


def main() -> None:
    """Parse the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--untouched", type=int, default=500)
    parser.add_argument("--misses", type=Path)
    given = parser.parse_args()
    short, misses = anyio.run(measure, rows_of(given.files), given.rows, given.untouched)
    if given.misses:
        given.misses.write_bytes(b"\n".join(misses))
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
