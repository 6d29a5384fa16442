"""What one hop between coroutines costs: our mailbox with its measurements, asyncio.Queue, anyio's memory streams.

    .venv/bin/python bench/bus.py [--coroutines 1000] [--hops 100000] [--rounds 5] [--loop uvloop|asyncio]
        [--peers .servers/buses/bin/python]

Pairs of coroutines pass one message to and fro. CPU time of the process, in microseconds per hop; the rounds of the
contestants are interleaved and the median is printed with its range, so that a busy machine disturbs all alike.
With --peers, autogen-core and llama-index-workflows too (bench/peers/install.sh buses), with a hundredth of the hops.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from tdscaling.runtime import loop
from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.blueprint import Blueprint, Plan, WorldRef
from tdscaling.runtime.bus import Bus, Handler, Work
from tdscaling.runtime.mailbox import Mailbox
from tdscaling.runtime.messages import ROLES, Draft, Episode, Judge, Message, Outcome, Respond, Role, Speak
from tdscaling.runtime.telemetry import LogHistogram

GOAL_US = 2.5


class Letter:
    """What travels in the mailbox contest."""

    __slots__ = ("stamp",)

    def __init__(self) -> None:
        self.stamp = 0


async def mailbox(pairs: int, hops: int, *, measured: bool) -> None:
    """Our mailbox; measured as on the bus, with three clock stamps and two histogram records a hop, or bare."""
    clock, wait, service = time.perf_counter_ns, LogHistogram(), LogHistogram()

    async def play(mine: Mailbox[Letter], other: Mailbox[Letter]) -> None:
        for _ in range(hops):
            letter = await mine.get()
            if measured:
                begun = clock()
                done = clock()
                wait.record(begun - letter.stamp)
                service.record(done - begun)
                letter.stamp = clock()
            other.put_nowait(letter)

    async with anyio.create_task_group() as group:
        for _ in range(pairs):
            one, two = Mailbox[Letter](4), Mailbox[Letter](4)
            group.start_soon(play, one, two)
            group.start_soon(play, two, one)
            one.put_nowait(Letter())


async def queue(pairs: int, hops: int) -> None:
    """asyncio.Queue, `put_nowait` and `get`, without measurements."""

    async def play(mine: asyncio.Queue[Letter], other: asyncio.Queue[Letter]) -> None:
        for _ in range(hops):
            other.put_nowait(await mine.get())

    async with anyio.create_task_group() as group:
        for _ in range(pairs):
            one, two = asyncio.Queue[Letter](4), asyncio.Queue[Letter](4)
            group.start_soon(play, one, two)
            group.start_soon(play, two, one)
            one.put_nowait(Letter())


async def stream(pairs: int, hops: int, *, waiting: bool) -> None:
    """anyio's memory object streams, `send` or `send_nowait` with `receive`, without measurements."""
    ends: list[MemoryObjectReceiveStream[Letter] | MemoryObjectSendStream[Letter]] = []

    async def play(
        mine: MemoryObjectReceiveStream[Letter],
        other: MemoryObjectSendStream[Letter],
    ) -> None:
        for _ in range(hops):
            letter = await mine.receive()
            if waiting:
                await other.send(letter)
            else:
                other.send_nowait(letter)

    async with anyio.create_task_group() as group:
        for _ in range(pairs):
            to_one, one = anyio.create_memory_object_stream[Letter](4)
            to_two, two = anyio.create_memory_object_stream[Letter](4)
            group.start_soon(play, one, to_two)
            group.start_soon(play, two, to_one)
            to_one.send_nowait(Letter())
            ends += [to_one, one, to_two, two]
    for end in ends:
        end.close()


async def scope(pairs: int, hops: int, *, seconds: float) -> None:
    """Entering and leaving a cancel scope, as around a handler call; with a deadline it takes a timer each time."""
    deadline = anyio.current_time() + seconds
    for _ in range(2 * pairs * hops):
        with anyio.CancelScope(deadline=deadline):  # noqa: ASYNC100 - entering and leaving is what is measured
            pass


async def whole_bus(pairs: int, hops: int) -> None:
    """The bus itself: as many episodes as there are coroutines elsewhere, sent to and fro between two roles."""
    blueprint = Blueprint(Plan((), ()), WorldRef((), 0), (), (), (), (), "{}")
    left = [hops] * (2 * pairs)

    async def handle(message: Work) -> Message:
        if isinstance(message, Draft):
            return Speak(Episode(message.id, message.assignment, 0, blueprint, (), (), ()))
        index = message.episode.assignment.index
        if isinstance(message, Judge):
            return Outcome(index, message.episode.id, "abandoned", None)
        left[index] -= 1
        if not left[index]:
            return Judge(message.episode)
        return Respond(message.episode) if isinstance(message, Speak) else Speak(message.episode)

    async def nothing(*_: object) -> None:
        """Deliver and release."""

    def reject(_message: Work, fault: Exception, /) -> Outcome:
        raise fault

    handlers: dict[Role, Handler] = dict.fromkeys(ROLES, handle)
    async with Bus(
        handlers,
        deliver=nothing,
        reject=reject,
        release=nothing,
        max_in_flight=2 * pairs,
    ) as bus:
        for index in range(2 * pairs):
            draft = Draft(str(index), Assignment(index, "", "", "", "direct", 1, "", "", 0, ""))
            bus.admit_nowait(draft)
        await bus.drained()


CONTESTS: dict[str, Callable[[int, int], Awaitable[None]]] = {
    "mailbox, bare": partial(mailbox, measured=False),
    "mailbox + stamps + 2 histograms": partial(mailbox, measured=True),
    "asyncio.Queue": queue,
    "anyio stream, send_nowait": partial(stream, waiting=False),
    "anyio stream, send": partial(stream, waiting=True),
    "cancel scope, alone": partial(scope, seconds=math.inf),
    "cancel scope with deadline, alone": partial(scope, seconds=1000),
    "whole bus, handler and scope included": whole_bus,
}


def peers(python: Path, coroutines: int, hops: int) -> dict[str, float]:
    """CPU µs per message in other runtimes. Raises CalledProcessError when they fail."""
    script = Path(__file__).resolve().parent / "peers" / "bus_loop.py"
    command = [str(python), str(script), str(coroutines), str(max(hops, coroutines))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, float])


def main() -> None:
    """Run the contest and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coroutines", type=int, default=1000)
    parser.add_argument("--hops", type=int, default=200_000, help="in all, per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, help="the Python of the environment that bench/peers/install.sh makes")
    parser.add_argument("--json", type=Path, help="also write {name: ratio to asyncio.Queue} here")
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    options = parser.parse_args()
    pairs = max(1, options.coroutines // 2)
    each = max(1, options.hops // (2 * pairs))
    spent: dict[str, list[float]] = {name: [] for name in CONTESTS}
    for _ in range(options.rounds):
        for name, contest in CONTESTS.items():
            begun = time.process_time()
            loop.run(partial(contest, pairs, each), use_uvloop=options.loop == "uvloop")
            spent[name].append((time.process_time() - begun) * 1e6 / (2 * pairs * each))
        if options.peers:
            for name, value in peers(options.peers, 2 * pairs, options.hops // 100).items():
                spent.setdefault(name, []).append(value)
    reference = statistics.median(spent["asyncio.Queue"])
    print(f"{2 * pairs} coroutines, {2 * pairs * each} hops a round, {options.rounds} rounds, {options.loop}")
    print(f"{'CPU µs per hop':40}{'median':>8}{'min':>8}{'max':>8}{'vs Queue':>10}")
    for name, values in spent.items():
        median = statistics.median(values)
        print(f"{name:40}{median:8.2f}{min(values):8.2f}{max(values):8.2f}{median / reference:9.2f}x")
    if options.json:
        ratios = {name: statistics.median(values) / reference for name, values in spent.items()}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(ratios)))
    print(f"goal: mailbox + stamps + 2 histograms at most {GOAL_US} µs")


if __name__ == "__main__":
    main()
