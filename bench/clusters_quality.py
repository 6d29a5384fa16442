"""A sample of clusters to judge by eye, and what the judgements come to.

    python bench/clusters_quality.py --file build/clusters.jsonl --sample 60 --seed 1 > sheet.md
    python bench/clusters_quality.py --read bench/clusters_quality.csv

The first writes the clusters as a person reads them, and an empty sheet (--sheet FILE.csv) to fill in. Every cluster of
the file has the same chance, so that the sample is proportional to the whole. The rubric:

sensible     y when the tools are of one business (one person or department could have them before them for one task),
             the cluster is about something that can be named, and the order of the plan makes sense: what is needed is
             there before, nothing is used after it was removed. Thin but right clusters are sensible. n otherwise.
edges        How many edges the cluster has (filled in).
false_edges  How many of them are not meaningful: the value that stands at that place of the reply is not what the
             parameter means (another kind of thing, another entity's name, a paging token), so that a person who
             follows the edge calls the tool wrongly. A weak but possible edge is not false.
note         Why, in a few words.

The sheet that is kept here holds five samples of sixty, each from other documents than those before, each drawn and
marked before the rules were mended by what it showed. They come from parts of the public catalogues (three to five of
forty parts, by place in the listing) in which joins are drawn apart: 43 and 17, in the last 48 and 12.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tdscaling.cli.clusters_show import shown
from tdscaling.evolution.clusterfile.line import ClusterLine
from tdscaling.evolution.clusterfile.reading import read_clusters

COLUMNS = ("sample", "number", "id", "kind", "services", "domain", "tools", "edges", "sensible", "false_edges", "note")


def sample(file: Path, size: int, seed: int) -> list[ClusterLine]:
    """So many clusters of the file, each with the same chance, in the order of the file."""
    numbers = set(random.Random(seed).sample(range(sum(1 for _ in read_clusters(file))), size))
    return [line for number, line in enumerate(read_clusters(file)) if number in numbers]


def row(sample: str, number: int, line: ClusterLine) -> dict[str, str]:
    """The part of a sheet's row that is known beforehand."""
    known = (
        sample,
        number,
        line.id[:16],
        line.kind,
        " + ".join(line.services),
        line.domain,
        len(line.tools),
        len(line.edges),
    )
    return dict(zip(COLUMNS, map(str, known), strict=False))


def interval(hits: int, total: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    if not total:
        return "none"
    z, p = 1.96, hits / total
    middle, half = p + z * z / (2 * total), z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    low, high = (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)
    return f"{hits} of {total}: {p:.1%} ({low:.1%} to {high:.1%})"


def read(sheet: Path) -> None:
    """Print the figures of a sheet that was filled in, sample by sample, joins apart from what is of one service."""
    with sheet.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    assert all(entry["sensible"] in ("y", "n") for entry in rows), "every row needs y or n"
    for sample in dict.fromkeys(entry["sample"] for entry in rows):
        drawn = [entry for entry in rows if entry["sample"] == sample]
        print(f"sample {sample}")
        _told("all", drawn)
        _told("  of one service", [entry for entry in drawn if entry["kind"] != "join"])
        _told("  joins", [entry for entry in drawn if entry["kind"] == "join"])


def _told(name: str, rows: Sequence[Mapping[str, str]]) -> None:
    edges, wrong = (sum(int(entry[key]) for entry in rows) for key in ("edges", "false_edges"))
    sensible = sum(entry["sensible"] == "y" for entry in rows)
    print(f"  {name:18} sensible {interval(sensible, len(rows)):32} false edges {interval(wrong, edges)}")


def main() -> None:
    """Draw, or read."""
    parser = argparse.ArgumentParser(description="A sample of clusters to judge by eye.")
    parser.add_argument("--file", type=Path, default=Path("build/clusters.jsonl"))
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="write an empty sheet here")
    parser.add_argument("--read", type=Path, help="a sheet that was filled in")
    given = parser.parse_args()
    if given.read:
        read(given.read)
        return
    if not given.file.exists():
        print(f"{given.file} does not exist: make clusters first")
        return
    lines = sample(given.file, given.sample, given.seed)
    if given.sheet:
        with given.sheet.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(row(str(given.seed), number, line) for number, line in enumerate(lines, 1))
    for number, line in enumerate(lines, 1):
        sys.stdout.write(f"## {number}\n\n```\n" + "\n".join(shown(line)) + "\n```\n\n")


if __name__ == "__main__":
    main()
