"""Clusters from the public catalogues: how many, how diverse, what they cost, and whether they are the same every time.

    bash examples/catalogs/install.sh
    python bench/clusters.py [--catalogs build/catalogs] [--mcp FILE] [--once]
    python bench/clusters.py --file build/clusters.jsonl      # only what the lines of a file say

Builds with two workers, checks every promise of the file from its lines, selects, builds again with one worker and
another hash seed, and, where --mcp names a list of MCP servers' tools (the form of `toucan`), counts the servers that
get clusters. CPU time is that of all processes; memory is the largest sum of their proportional shares, looked at ten
times a second. Behind every figure with a goal stands whether it is reached.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tdscaling.evolution.catalogs.read import list_catalogs, load
from tdscaling.evolution.catalogs.record import ToolRecord
from tdscaling.evolution.catalogs.source import parse_source
from tdscaling.evolution.clusterfile.reading import read_clusters
from tdscaling.sandbox.entities import EntityToolbox
from tdscaling.sandbox.tools import ToolSpec

LEAST_TOOLS = 3


class Cost(msgspec.Struct, frozen=True):
    """What a command cost."""

    cpu: float
    """Seconds, all processes."""
    peak: int
    """MiB."""


def perform(*arguments: str, hash_seed: str = "0") -> Cost:
    """Run a command of ours to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "tdscaling", *arguments]
    running = subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, sum(map(proportional, family(running.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = running.wait()
    ended.set()
    watcher.join()
    assert code == 0, f"{' '.join(arguments)}: exit code {code}"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak // 1024)


def family(pid: int) -> list[int]:
    """A process with all its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            children[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    found = [pid]
    for one in found:
        found.extend(children[one])
    return found


def proportional(pid: int) -> int:
    """KiB of memory, what is shared divided among those who share it; 0 for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stats(path: Path, *flags: str) -> dict[str, Any]:
    """The figures of a cluster file."""
    command = [sys.executable, "-m", "tdscaling", "clusters", "stats", str(path), "--json", *flags]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return found


def show(name: str, value: float | str, least: float | None = None, most: float | None = None) -> None:
    """One figure, and whether it lies between its bounds where it has some."""
    bounds = [f"{sign} {bound:,}" for sign, bound in ((">=", least), ("<=", most)) if bound is not None]
    said = ""
    if bounds and not isinstance(value, str):
        held = (least is None or value >= least) and (most is None or value <= most)
        said = f"{' and '.join(bounds)}: {'reached' if held else 'NOT REACHED'}"
    written = value if isinstance(value, str) else f"{value:,}"
    print(f"  {name:44} {written:>24}   {said}".rstrip(), flush=True)


def building(flags: list[str], folder: Path) -> Path:
    """Build, and say what it cost and what it left out."""
    out, report = folder / "clusters.jsonl", folder / "report.json"
    wanted = ("--out", str(out), "--report", str(report), "--workers", "2", "--overwrite")
    cost = perform("clusters", "build", *flags, *wanted)
    print("build, two workers")
    show("CPU seconds", round(cost.cpu, 1), most=300)
    show("peak memory, MiB, workers included", cost.peak, most=2560)
    show("bytes of the file", out.stat().st_size)
    told = json.loads(report.read_text())
    show("clusters left out by the providers' bound", sum(told["capped"].values()))
    capped = sorted(told["capped"].items(), key=lambda item: -item[1])[:6]
    show("  most of them of", ", ".join(f"{name} {count}" for name, count in capped))
    show("joins looked at / failed", f"{told['pairs']} / {told['failed']}")
    show("not kept", ", ".join(f"{why} {n}" for why, n in sorted(told["rejected"].items(), key=lambda i: -i[1])[:6]))
    return out


def checking(out: Path) -> None:
    """Every promise of a file, from its lines."""
    found = stats(out, "--check")
    print("the file")
    show("clusters", found["clusters"], 30_000)
    show("services with a cluster of their own", found["services_with_own_cluster"], 1_500)
    show("largest provider's share", found["max_provider_share"], most=0.1)
    show("  which is", found["max_provider"])
    show("joins' share", found["cross_service_share"], 0.15, 0.4)
    show("share with five tools or more", found["five_plus_share"], 0.4)
    names = "services providers tools_covered tool_uses domains sectors unlabelled_share edges entities evaluation_only"
    for key in names.split():
        show(key, found[key])
    check = found["check"]
    show("pairs that share a tool", check["pairs"])
    show("pairs at Jaccard 0.5 or above", check["too_alike"], most=0)
    show("highest Jaccard of a pair", check["max_jaccard"])
    show("plans executed", check["plans_executed"], found["clusters"])
    show("wrong ids and edges", check["wrong_ids"] + check["wrong_edges"], most=0)
    show("kinds", " ".join(f"{kind} {count}" for kind, count in found["kinds"].items()))


def selecting(out: Path, folder: Path) -> None:
    """The set that covers what the clusters hold."""
    chosen = folder / "selected.jsonl"
    cost = perform("clusters", "select", str(out), "--out", str(chosen), "--overwrite")
    whole, few = stats(out), stats(chosen)
    print("selection")
    show("CPU seconds", round(cost.cpu, 1))
    show("clusters (the paper: 6,944)", few["clusters"])
    show("tools covered", round(few["tools_covered"] / whole["tools_covered"], 4), 0.95)
    show("clusters per covered tool", round(few["clusters"] / few["tools_covered"], 4), most=0.24)
    show("distinct edges covered", round(few["distinct_edges"] / max(1, whole["distinct_edges"]), 4))
    show("entities covered", round(few["entities"] / max(1, whole["entities"]), 4))
    show("domains", f"{few['domains']} of {whole['domains']}")
    show("max_provider_share", few["max_provider_share"])


def again(flags: list[str], first: Path, folder: Path) -> None:
    """One worker, another hash seed: the same bytes."""
    other = folder / "again.jsonl"
    perform("clusters", "build", *flags, "--out", str(other), "--workers", "1", "--overwrite", hash_seed="1")
    print("determinism")
    show("sha256, two workers, hash seed 0", digest(first)[:24])
    show("sha256, one worker, hash seed 1", digest(other)[:24])
    assert digest(first) == digest(other)


def of_mcp(path: Path, folder: Path) -> None:
    """Servers of MCP tools: those with three playable tools or more, and those that get a cluster."""
    playable = {
        service.name
        for document in list_catalogs([parse_source(f"toucan:{path}")]).documents
        for service in load(document).services
        if _playable(service.tools) >= LEAST_TOOLS
    }
    out = folder / "mcp.jsonl"
    cost = perform(
        "clusters", "build", "--catalog", f"toucan:{path}", "--out", str(out), "--workers", "2", "--overwrite"
    )
    found = {tool.service for line in read_clusters(out) for tool in line.tools}
    own = {line.services[0] for line in read_clusters(out) if len(line.services) == 1}
    print("MCP servers alone")
    show("CPU seconds", round(cost.cpu, 1))
    show("servers with three or more playable tools", len(playable))
    show("of them with a cluster", round(len(found & playable) / len(playable), 4), 0.7)
    show("of them with a cluster of their own", round(len(own & playable) / len(playable), 4))


def _playable(tools: Sequence[ToolRecord]) -> int:
    """Tools that the entity store plays, the server's list taken as a whole."""
    specs = {
        tool.name: ToolSpec(tool.name, tool.description, "s", tool.input_schema, tool.output_schema, False)
        for tool in tools
    }
    return len(EntityToolbox("server", list(specs.values())).tools())


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description="Clusters from the public catalogues.")
    parser.add_argument("--catalogs", type=Path, default=Path("build/catalogs"))
    parser.add_argument("--mcp", type=Path, help="a list of MCP servers' tools")
    parser.add_argument("--once", action="store_true", help="do not build a second time")
    parser.add_argument("--file", type=Path, help="build nothing: check and select from this file")
    parser.add_argument("--keep", type=Path, help="leave the files in this folder")
    given = parser.parse_args()
    if given.file:
        with tempfile.TemporaryDirectory() as name:
            checking(given.file)
            selecting(given.file, Path(name))
        return
    kinds = [kind for kind in ("openapi", "aws", "google") if (given.catalogs / kind).exists()]
    if not kinds:
        print(f"no catalogues in {given.catalogs}: bash examples/catalogs/install.sh first")
        return
    flags = [part for kind in kinds for part in ("--catalog", f"{kind}:{given.catalogs / kind}")]
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        out = building(flags, folder)
        checking(out)
        selecting(out, folder)
        if not given.once:
            again(flags, out, folder)
        if given.mcp:
            of_mcp(given.mcp, folder)


if __name__ == "__main__":
    main()
