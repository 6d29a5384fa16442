"""Whether anything became slower: the quick benchmarks, held against the committed ratios of bench/expected.json.

    make bench-check            or .venv/bin/python bench/check.py [--only bus,client] [--update]

Only ratios are compared, each measured within one run, so that another machine or a busy one says the same. A ratio
that is above the expected one by more than its tolerance is a regression: exit code 1. One that is below by more is
named, too: the file wants an update. --update writes what was measured and keeps the tolerances.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected.json"
COMMANDS: dict[str, list[str]] = {
    "bus": ["bus.py", "--hops", "100000", "--rounds", "5"],
    "client": ["client.py", "--requests", "2000", "--rounds", "5"],
    "pipeline": ["pipeline.py", "--rounds", "3"],
}
"""Benchmark → its command line; each takes --json."""
TOLERANCE = 0.35
"""Of a ratio that is new in the file: what a busy machine was seen to add."""


class Expected(msgspec.Struct):
    """One ratio."""

    ratio: float
    tolerance: float = TOLERANCE
    """The share by which it may be exceeded."""


Table = dict[str, dict[str, Expected]]
"""{benchmark: {what: ratio}}"""


def measured(name: str) -> dict[str, float]:
    """The ratios of one benchmark. Raises CalledProcessError when it fails."""
    script, *flags = COMMANDS[name]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ratios.json"
        command = [sys.executable, str(HERE / script), *flags, "--json", str(out)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        return msgspec.json.decode(out.read_bytes(), type=dict[str, float])


def compare(expected: dict[str, Expected], found: dict[str, float]) -> tuple[list[str], bool]:
    """One line per ratio, and whether all are as they should be. What is expected and was not measured is wrong."""
    lines, good = list[str](), True
    for what, wanted in expected.items():
        ratio = found.get(what)
        if ratio is None:
            verdict, good = "NOT MEASURED", False
        elif ratio > wanted.ratio * (1 + wanted.tolerance):
            verdict, good = "SLOWER", False
        else:
            verdict = "faster: --update?" if ratio < wanted.ratio * (1 - wanted.tolerance) else "ok"
        shown = "-" if ratio is None else f"{ratio:.2f}"
        lines.append(f"{what:52}{shown:>8}{wanted.ratio:9.2f} ±{100 * wanted.tolerance:.0f} %  {verdict}")
    return lines, good


def main() -> int:
    """Measure, compare or update; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(COMMANDS), help="benchmarks, by name")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    table = msgspec.json.decode(EXPECTED.read_bytes(), type=Table) if EXPECTED.exists() else {}
    good = True
    for name in options.only.split(","):
        found = measured(name)
        before = table.get(name, {})
        if options.update:
            table[name] = {
                what: Expected(round(ratio, 3), before[what].tolerance if what in before else TOLERANCE)
                for what, ratio in found.items()
            }
            continue
        lines, fine = compare(before, found)
        print(f"{name:52}{'now':>8}{'expected':>9}", *lines, sep="\n", flush=True)
        good = good and fine and bool(before)
    if options.update:
        EXPECTED.write_bytes(msgspec.json.format(msgspec.json.encode(table)) + b"\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
