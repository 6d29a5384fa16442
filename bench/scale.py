"""How the runtime carries more and more episodes at one time: CPU per call, memory per episode, loop lag, full slots.

    .venv/bin/python bench/scale.py [--widths 1,16,128,500,1000,4000,16000] [--latency-ms 1000] [--calls 12000]

Whole trajectories (bench/whole.py) against an endpoint that answers from memory after --latency-ms, one process per
width. Every width plays about --calls model calls, but each place at least three episodes, after the endpoint has seen
all assignments once. CPU is that of the run without start-up. Memory is the process' peak above what it held before the
run, per episode in flight: transcripts, worlds, requests and connections. Full is what the client held of its slots in
the steady window (calls/s ÷ (slots ÷ latency) beside it, which also counts the time on the way). More connections than
`ulimit -n` allows are refused by the run in one line.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from tdscaling.bench.pipeline import serving

HERE = Path(__file__).resolve().parent
CALLS_PER_EPISODE = 10.5
"""Of the simulated model, on average; only to size the runs."""


def played(url: str, episodes: int, width: int, *flags: str) -> dict[str, float]:
    """The figures of one process. Raises RuntimeError when it fails."""
    command = [sys.executable, str(HERE / "whole.py"), url, str(episodes), str(width), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{width} in flight: {done.stderr.strip()[-400:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, float])


def main() -> None:
    """Measure and print one line per width."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", default="1,16,128,500,1000,4000,16000")
    parser.add_argument("--latency-ms", type=float, default=1000)
    parser.add_argument("--calls", type=int, default=12_000)
    parser.add_argument("--distinct", type=int, default=600)
    parser.add_argument("--above", type=float, default=1.0, help="episodes in flight per slot")
    parser.add_argument("--json", type=Path, help="also write {width: figures} here")
    options = parser.parse_args()
    endpoint = [sys.executable, str(HERE / "endpoint.py"), "--simulated", "--latency-ms", f"{options.latency_ms:g}"]
    found: dict[str, dict[str, float]] = {}
    distinct = ["--distinct", str(options.distinct)]
    with serving([*endpoint[:-1], "0"]) as warm:  # only to see that everything works before it takes long
        played(warm, 2, 1, "--distinct", "2")
    with serving(endpoint) as url:
        begun = time.monotonic()
        played(url, options.distinct, min(options.distinct, 256), *distinct)
        print(f"the endpoint has seen {options.distinct} assignments in {time.monotonic() - begun:.0f} s")
        print(f"{'episodes':>9}{'slots':>7}{'calls':>9}{'calls/s':>9}{'CPU ms/call':>12}{'KB/episode':>11}", end="")
        print(f"{'lag p99 ms':>11}{'lag max':>9}{'full':>7}{'on time':>8}{'starved':>8}")
        for width in map(int, options.widths.split(",")):
            slots = max(1, round(width / options.above))
            episodes = max(3 * width, round(options.calls / CALLS_PER_EPISODE))
            one = played(url, episodes, width, "--slots", str(slots), *distinct)
            on_time = one["window_calls_per_s"] * options.latency_ms / 1000 / slots
            memory = (one["peak_mb"] - one["base_mb"]) * 1000 / width
            cpu = 1000 * one["cpu_s"] / one["calls"]
            print(
                f"{width:9,}{slots:7,}{one['calls']:9,.0f}{one['window_calls_per_s']:9.0f}{cpu:12.3f}{memory:11.0f}"
                f"{one['lag_p99_ms']:11.1f}{one['lag_max_ms']:9.0f}{one['held_share']:7.1%}{on_time:8.1%}"
                f"{one['starved_share']:8.1%}",
                flush=True,
            )
            found[str(width)] = {**one, "cpu_ms_per_call": cpu, "kb_per_episode": memory, "on_time": on_time}
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


if __name__ == "__main__":
    main()
