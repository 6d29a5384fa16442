"""Random calls to the built-in services, valid and invalid, with every promise of the tool contract checked.

    .venv/bin/python bench/fuzz_services.py [--calls 100000] [--services orders,files] [--seed 0] [--length 40]

Arguments are drawn from each tool's own schema, mostly with values of the world; one call in five is spoiled.
Checked: a reply fits its schema or is a typed error; a read and a refusal change nothing, a write that succeeds does;
the same calls on a fresh world get the same replies; no world sees another; the invariants of the service hold. Printed
per service: calls, the share that succeeded, CPU time of a call, of opening a world met before, and the size of one.
Exits with 1 and the offending calls at the first promise that does not hold.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator
from random import Random
from typing import Any

import jsonschema_rs
import msgspec

from tdscaling.sandbox.services import BUILTIN
from tdscaling.sandbox.services.base import Service
from tdscaling.sandbox.services.families import WORLDS
from tdscaling.sandbox.services.invariants import broken
from tdscaling.sandbox.tools import JsonObject, ToolSpec

CODES = {"not_found", "conflict", "forbidden", "invalid_argument"}
SPOILED = 0.2
JUNK: tuple[object, ...] = (None, True, -1, 1e308, "", "x" * 300, "\u2028\u0000é", [], {}, [1, {"a": None}], 2**70)

Call = tuple[str, JsonObject]


class BrokenPromise(Exception):
    """A check failed."""


class Caller:
    """Draws calls for one service."""

    def __init__(self, service: Service, rng: Random) -> None:
        self._rng = rng
        self._tools = {tool.name: tool for tool in service.tools()}
        self._worlds = [service.open_nowait(world).tables() for world in range(WORLDS)]

    def sequence(self, world: int, length: int) -> list[Call]:
        """Calls that make some sense in a world."""
        pool: dict[str, list[str]] = {}
        for key, text in _texts(self._worlds[world]):
            pool.setdefault(key, []).append(text)
        return [self._call(pool) for _ in range(length)]

    def _call(self, pool: dict[str, list[str]]) -> Call:
        tool = self._rng.choice(list(self._tools.values()))
        required = tool.input_schema["required"]
        arguments = {
            name: self._value(name, schema, pool)
            for name, schema in tool.input_schema["properties"].items()
            if name in required or self._rng.random() < 0.3
        }
        return tool.name, self._spoil(tool, arguments) if self._rng.random() < SPOILED else arguments

    def _value(self, name: str, schema: JsonObject, pool: dict[str, list[str]]) -> object:
        if "enum" in schema:
            return self._rng.choice(schema["enum"])
        match schema["type"]:
            case "integer":
                return self._rng.randint(schema["minimum"], min(schema["maximum"], schema["minimum"] + 12))
            case "number":
                return round(self._rng.uniform(schema["minimum"], schema["maximum"]), 2)
            case "boolean":
                return self._rng.random() < 0.5
            case _:
                known = pool.get(name, []) + schema.get("examples", [])
                if known and self._rng.random() < 0.9:
                    return self._rng.choice(known)
                return "".join(self._rng.choices("abc XYZ0129-:'\"%;é☂", k=self._rng.randint(0, 30)))

    def _spoil(self, tool: ToolSpec, arguments: JsonObject) -> JsonObject:
        """One argument missing, added, or of a wrong kind."""
        names = list(tool.input_schema["properties"])
        way = self._rng.randrange(3)
        if not names or way == 0:
            return {**arguments, self._rng.choice(("id", "limit ", "extra", "")): self._rng.choice(JUNK)}
        name = self._rng.choice(names)
        if way == 1:
            return {key: value for key, value in arguments.items() if key != name}
        return {**arguments, name: self._rng.choice(JUNK)}


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str):
        yield name, value


class Trial:
    """Runs calls on a service and checks what it promises."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tools = {tool.name: tool for tool in service.tools()}
        self._replies = {name: jsonschema_rs.validator_for(t.output_schema or {}) for name, t in self._tools.items()}
        self.seconds: list[float] = []
        """CPU time of every call."""
        self.good: list[float] = []
        """Of these, the calls that succeeded."""

    def run(self, seed: int, calls: list[Call]) -> None:
        """Play a sequence twice. Raises BrokenPromise."""
        world, other = self._service.open_nowait(seed), self._service.open_nowait(seed)
        before = world.tables()
        changed: Any = {}
        replies: list[str] = []
        for number, (name, arguments) in enumerate(calls):
            begun = time.process_time_ns()
            reply = world.call_nowait(name, arguments)
            self.seconds.append((time.process_time_ns() - begun) / 1e9)
            replies.append(reply.content)
            self._check_reply(name, reply.content, is_error=reply.is_error)
            now = world.changes()
            if (now == changed) != (reply.is_error or self._tools[name].read_only):
                raise BrokenPromise(f"seed {seed}, call {number}: {name} {arguments}: {reply.content}: state")
            changed = now
            if not reply.is_error:
                self.good.append(self.seconds[-1])
        if other.tables() != before:
            raise BrokenPromise(f"seed {seed}: another world changed")
        if replies != [other.call_nowait(name, arguments).content for name, arguments in calls]:
            raise BrokenPromise(f"seed {seed}: the second run differs: {calls}")
        if other.tables() != world.tables():
            raise BrokenPromise(f"seed {seed}: the second run ends elsewhere: {calls}")
        if wrong := broken(self._service.name, world.tables()):
            raise BrokenPromise(f"seed {seed}: {wrong}: {calls}")

    def _check_reply(self, name: str, content: str, *, is_error: bool) -> None:
        decoded = msgspec.json.decode(content)
        if is_error and (decoded.keys() != {"error"} or decoded["error"].get("code") not in CODES):
            raise BrokenPromise(f"{name}: not a typed error: {content}")
        if not is_error and not self._replies[name].is_valid(decoded):
            raise BrokenPromise(f"{name}: does not fit its schema: {content}")


def fresh(service: Service) -> tuple[float, float]:
    """Seconds to open a world whose seed was met before, and bytes that it holds until its first write."""
    laps: list[float] = []
    for _ in range(2_000):
        begun = time.process_time_ns()
        service.open_nowait(3)
        laps.append((time.process_time_ns() - begun) / 1e9)
    tracemalloc.start()
    kept = [service.open_nowait(3) for _ in range(200)]
    size = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    return statistics.median(laps), size


def fuzz(service: Service, calls: int, length: int, seed: int) -> str:
    """A line of figures. Raises BrokenPromise."""
    rng = Random(f"{seed}/{service.name}")
    caller, trial = Caller(service, rng), Trial(service)
    begun = time.monotonic()
    while len(trial.seconds) < calls:
        world = rng.randrange(WORLDS)
        trial.run(world, caller.sequence(world, min(length, calls - len(trial.seconds))))
    opened, size = fresh(service)
    median, good = statistics.median(trial.seconds) * 1e6, statistics.median(trial.good) * 1e6
    slowest = sorted(trial.seconds)[int(0.99 * calls)] * 1e6
    return (
        f"{service.name:<10} {calls:>8,} calls, {len(trial.good) / calls:4.0%} succeeded, call {median:5.1f} us median "
        f"({good:5.1f} us when it succeeded), {slowest:6.1f} us p99, "
        f"fresh world {opened * 1e6:4.1f} us {size / 1024:4.1f} KB, {time.monotonic() - begun:5.1f} s"
    )


def main() -> int:
    """Fuzz every service that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000, help="calls per service")
    parser.add_argument("--length", type=int, default=40, help="calls on one world")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--services", default=",".join(BUILTIN), help="names with commas")
    options = parser.parse_args()
    for name in options.services.split(","):
        try:
            print(fuzz(BUILTIN[name](), options.calls, options.length, options.seed), flush=True)
        except BrokenPromise as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
