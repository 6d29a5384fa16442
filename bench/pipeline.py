"""What a model call costs a whole pipeline in CPU: ours beside bare clients, and beside peers on the same tool loop.

    .venv/bin/python bench/pipeline.py [--rounds 3] [--peers .servers/peers/bin/python]

Every contender runs as a process of its own, once short and once long; its marginal cost is the difference in CPU time
(children included) divided by the difference in requests, which the server counts. Start-up falls out. Rounds are
interleaved; medians with their range, and the ratio to the aiohttp + msgspec floor of the same run. The clients and
peers play the five-call tool loop of bench/endpoint.py. Ours plays whole verified trajectories (blueprint, user,
assistant, tools, verification, journal, rows: bench/whole.py) against the simulated model served over HTTP, which has
seen the assignments before and answers from memory. Both servers wait for --latency-ms before each answer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
OURS = "tdscaling, all included"
CALLS = 12
"""Of the trajectories that the last line counts in."""


class Contender(msgspec.Struct, frozen=True):
    """Somebody who asks a model."""

    name: str
    command: Callable[[str, int, Path], list[str]]
    """(base URL, episodes, empty folder) → command line."""
    short: int
    """Episodes of the short run."""
    long: int
    """Episodes of the long run."""
    served: str = "mock"
    """Which server it asks: mock or simulated."""


class Cost(msgspec.Struct, frozen=True):
    """What one process took."""

    cpu_s: float
    """User and system time, children included."""
    requests: int
    """As the server counted them."""
    wall_s: float


def contenders(in_flight: int, peers: Path | None) -> list[Contender]:
    """Everybody who takes part, the floor first."""

    def floor(client: str) -> Callable[[str, int, Path], list[str]]:
        script = str(HERE / "floors.py")
        return lambda url, episodes, _: [sys.executable, script, client, url, str(episodes), str(in_flight)]

    def peer(script: str) -> Callable[[str, int, Path], list[str]]:
        place = str(HERE / "peers" / script)
        return lambda url, episodes, _: [str(peers), place, url, str(episodes), str(in_flight)]

    def ours(*flags: str) -> Callable[[str, int, Path], list[str]]:
        script = str(HERE / "whole.py")
        return lambda url, episodes, _: [sys.executable, script, url, str(episodes), str(in_flight), *flags]

    found = [
        Contender("aiohttp + msgspec (floor)", floor("aiohttp"), 500, 3000),
        Contender("openai SDK on aiohttp", floor("sdk"), 100, 400),
        Contender(OURS, ours(), 400, 2000, "simulated"),
        Contender("the same without its profile", ours("--no-profile"), 400, 2000, "simulated"),
        Contender("the same over aiohttp", ours("--aiohttp"), 400, 2000, "simulated"),
        Contender("the same, Python's default collector", ours("--default-gc"), 400, 2000, "simulated"),
    ]
    if peers is not None:
        found += [
            Contender("verifiers ToolEnv", peer("verifiers_loop.py"), 50, 250),
            Contender("inspect_ai generate loop", peer("inspect_loop.py"), 30, 130),
        ]
    return found


@contextmanager
def serving(command: list[str]) -> Iterator[str]:
    """A server for as long as the context lasts; its first line is its base URL."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def answered(url: str) -> int:
    """Requests that the server has answered."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as reply:  # noqa: S310 -- our own loopback server
        return int(msgspec.json.decode(reply.read())["requests"])


def spend(command: list[str], url: str) -> Cost:
    """Run a contender to its end. Raises RuntimeError when it fails."""
    before, begun = answered(url), time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise RuntimeError(f"{command[:3]} failed: {errors.read()[-800:].decode(errors='replace')}")
    return Cost(used.ru_utime + used.ru_stime, answered(url) - before, time.monotonic() - begun)


def marginal(contender: Contender, url: str) -> float:
    """CPU in milliseconds per request, start-up left out."""
    with tempfile.TemporaryDirectory() as folder:
        costs = []
        for name, episodes in (("short", contender.short), ("long", contender.long)):
            place = Path(folder) / name
            place.mkdir()
            costs.append(spend(contender.command(url, episodes, place), url))
    short, long = costs
    return 1000 * (long.cpu_s - short.cpu_s) / (long.requests - short.requests)


def main() -> None:
    """Measure in interleaved rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--peers", type=Path, help="the Python of the environment that bench/peers/install.sh makes")
    parser.add_argument("--json", type=Path, help="also write {name: ratio to the floor} here")
    options = parser.parse_args()
    wait = ["--latency-ms", f"{options.latency_ms:g}"]
    parties = contenders(options.in_flight, options.peers)
    spent: dict[str, list[float]] = {party.name: [] for party in parties}
    mock = [sys.executable, str(HERE / "endpoint.py"), *wait]
    simulated = [*mock, "--simulated"]
    with serving(mock) as mock_url, serving(simulated) as simulated_url:
        urls = {"mock": mock_url, "simulated": simulated_url}
        spend([sys.executable, str(HERE / "whole.py"), simulated_url, "600", "200"], simulated_url)
        for _ in range(options.rounds):
            for party in parties:
                spent[party.name].append(marginal(party, urls[party.served]))
    floor = statistics.median(spent[parties[0].name])
    print(f"{options.in_flight} in flight, {options.latency_ms:g} ms per answer, {options.rounds} rounds")
    print(f"{'CPU ms per model call, marginal':34}{'median':>8}{'range':>18}{'ratio':>8}")
    for name, values in spent.items():
        middle = statistics.median(values)
        print(f"{name:34}{middle:8.3f}{f'[{min(values):.3f}-{max(values):.3f}]':>18}{middle / floor:8.2f}")
    own = statistics.median(spent[OURS])
    print(f"one core: {1000 / (own * CALLS):.0f} trajectories of {CALLS} calls per second")
    if options.json:
        ratios = {name: statistics.median(values) / floor for name, values in spent.items()}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(ratios)))


if __name__ == "__main__":
    main()
