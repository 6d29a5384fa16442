"""What one message costs in other runtimes: agents that send each other a number. Runs in an environment of its own.

python bus_loop.py COROUTINES HOPS → JSON {name: CPU µs per message}

autogen-core: pairs of agents in one SingleThreadedAgentRuntime, `send_message` to and fro. llama-index-workflows: as
many workflows as pairs, one step that emits its own event until the hops are done. Their units do more than a queue
does (routing, serialisation, bookkeeping), which is what is compared: what a hop between roles costs there.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass

from autogen_core import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, message_handler
from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


@dataclass
class Number:
    left: int


class Player(RoutedAgent):
    def __init__(self) -> None:
        super().__init__("player")

    @message_handler
    async def on_number(self, message: Number, ctx: MessageContext) -> Number:  # noqa: ARG002 -- the protocol's
        return Number(message.left - 1)


async def autogen(pairs: int, hops: int) -> None:
    runtime = SingleThreadedAgentRuntime()
    await Player.register(runtime, "player", Player)
    runtime.start()

    async def play(pair: int) -> None:
        for hop in range(hops):
            await runtime.send_message(Number(hop), AgentId("player", str(pair)))

    async with asyncio.TaskGroup() as group:
        for pair in range(pairs):
            group.create_task(play(pair))
    await runtime.stop_when_idle()


class Hop(Event):
    left: int


class Loop(Workflow):
    @step
    async def begin(self, event: StartEvent) -> Hop:
        return Hop(left=event.hops)

    @step
    async def again(self, event: Hop) -> Hop | StopEvent:
        return Hop(left=event.left - 1) if event.left else StopEvent(result=0)


async def llama_index(pairs: int, hops: int) -> None:
    async def play() -> None:
        await Loop(timeout=None).run(hops=hops)

    async with asyncio.TaskGroup() as group:
        for _ in range(pairs):
            group.create_task(play())


def main(coroutines: int, hops: int) -> None:
    pairs = max(1, coroutines // 2)
    each = max(1, hops // pairs)
    found = {}
    for name, contest in (("autogen-core send_message", autogen), ("llama-index-workflows event", llama_index)):
        begun = time.process_time()
        asyncio.run(contest(pairs, each))
        found[name] = (time.process_time() - begun) * 1e6 / (pairs * each)
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
