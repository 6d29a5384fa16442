"""Playing a code task with a given solution, without agents."""

from __future__ import annotations

import anyio
import msgspec

from tdscaling.sandbox.code.base import Backend
from tdscaling.sandbox.tasks.catalogue import Task
from tdscaling.sandbox.tasks.moves import moves
from tdscaling.sandbox.tasks.toolbox import TaskToolbox
from tdscaling.sandbox.tools import JsonObject, Snapshot


class Played(msgspec.Struct, frozen=True):
    """What came of it."""

    heard: tuple[str, ...]
    """What the user would hear."""
    errors: tuple[str, ...]
    """Replies that were errors."""
    state: Snapshot

    @property
    def result(self) -> tuple[tuple[str, ...], Snapshot]:
        """What a solution is judged by."""
        return self.heard, self.state


async def play(task: Task, source: str, backend: Backend, places: anyio.Semaphore | None = None) -> Played:
    """The calls of the task, made with this solution in a fresh world."""
    box = TaskToolbox(task.family, backend, places or anyio.Semaphore(4))
    world = await box.open(task.seed)
    heard: list[str] = []
    errors: list[str] = []
    try:
        for move in moves(task.of, task.slots, source):
            reply = await world.call(move.tool, move.arguments)
            if reply.is_error:
                errors.append(reply.content)
            elif move.told:
                heard.append(str(msgspec.json.decode(reply.content, type=JsonObject)[move.told]).strip())
        return Played(tuple(heard), tuple(errors), (await world.snapshot())[box.name])
    finally:
        await world.aclose()
