"""What a call on the entity store costs, how long a list of tools takes to read, and which tools are left out.

    .venv/bin/python bench/entities.py [--data ../shared/data] [--sample 500] [--seed 7] [--rounds 15]

Lists are the tools/list answers of real servers (mcp_listings.json) and a sample of catalogued tools
(toucan_tools.json). CPU time of the process per call, tables of the world opened beforehand; the median of each tool's
calls, then the median and the 90th percentile over the tools. The replies are simulated: the entity store made them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jsonschema_rs

from tdscaling.sandbox.entities import EntityToolbox, Play, ToolList, Unplayable, parse_tools
from tdscaling.sandbox.entities.filling import filled, first_key
from tdscaling.sandbox.tools import ToolSpec

GOAL_US = 50


def listings(data: Path) -> Iterator[ToolList]:
    """One list per server that could be read."""
    for server in json.loads((data / "mcp_listings.json").read_text()):
        if server.get("tools"):
            yield parse_tools({"tools": server["tools"]}, server["server"], server["server"])


def sampled(data: Path, count: int, seed: int) -> Iterator[ToolList]:
    """One list per server of the sample; a name that a server lists twice counts once."""
    servers: dict[str, dict[str, dict[str, object]]] = {}
    for entry in random.Random(seed).sample(json.loads((data / "toucan_tools.json").read_text()), count):
        wire = {"name": entry["name"], "description": entry["description"], "inputSchema": entry["input"]}
        servers.setdefault(entry["server"], {}).setdefault(entry["name"], wire)
    for server, tools in servers.items():
        yield parse_tools(list(tools.values()), server[:40], server)


def measure(title: str, lists: list[ToolList], rounds: int) -> None:
    """Read the lists, call every playable tool, print the tables."""
    begun = time.process_time()
    boxes = [EntityToolbox(listed.name, listed.specs, hints=listed.hints) for listed in lists]
    reading = time.process_time() - begun
    reasons: Counter[str] = Counter()
    verbs: dict[str, list[float]] = {}
    invalid = 0
    for box in boxes:
        specs = {spec.name: spec for spec in box.tools()}
        for name, found in box.explanations.items():
            if isinstance(found, Unplayable):
                reasons[found.reason] += 1
                continue
            spent = [cost(box, specs[name], found, seed) for seed in range(rounds)]
            invalid += any(us < 0 for us in spent)
            verbs.setdefault(found.verb, []).append(statistics.median(spent))
    costs = sorted(us for per_verb in verbs.values() for us in per_verb)
    total = len(costs) + reasons.total()
    print(f"{title}: {total} tools of {len(boxes)} servers, read in {reading:.2f} s CPU")
    print(f"  playable {len(costs)} ({len(costs) / total:.1%}), replies that break their schema: {invalid}")
    print(f"  left out: {', '.join(f'{reason} {count}' for reason, count in reasons.most_common()) or 'none'}")
    p90 = costs[int(0.9 * len(costs))]
    print(f"  CPU µs per call: median {statistics.median(costs):.1f}, p90 {p90:.1f} (goal: median {GOAL_US})")
    for verb, per_verb in sorted(verbs.items()):
        print(f"    {verb:12}{len(per_verb):5} tools  median {statistics.median(per_verb):6.1f}")


def cost(box: EntityToolbox, spec: ToolSpec, play: Play, seed: int) -> float:
    """CPU µs of one made-up call in a fresh world; negative when a good reply breaks its schema."""
    world = box.open_nowait(seed)
    arguments = filled(world, spec, play, partial(first_key, world), random.Random(seed))
    world.tables()  # opens every table: a fresh world's first look is not what is measured
    begun = time.process_time_ns()
    reply = world.call_nowait(play.tool, arguments)
    spent = (time.process_time_ns() - begun) / 1000
    good = reply.is_error or jsonschema_rs.is_valid(play.output, json.loads(reply.content))
    return spent if good else -1.0


def main() -> None:
    """Measure both lists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    if not (options.data / "mcp_listings.json").exists():
        print(f"skipped: no mcp_listings.json in {options.data}")
        return
    measure("tools/list answers", list(listings(options.data)), options.rounds)
    measure("catalogue sample", list(sampled(options.data, options.sample, options.seed)), options.rounds)


if __name__ == "__main__":
    main()
