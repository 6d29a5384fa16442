"""Code tasks: every reference is run and has to solve its task, every wrong solution is run and must not.

    python bench/code_tasks.py                        520 tasks in bubblewrap
    python bench/code_tasks.py --tasks 60 --seed 3    fewer, others
    python bench/code_tasks.py --backend docker

Mixed tasks are beside these: they need a business service, and the tests play each of their families.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from functools import partial

import anyio

from tdscaling.runtime import loop
from tdscaling.sandbox.code.backends import DEFAULT, make_backend
from tdscaling.sandbox.tasks.catalogue import OWN, Task, draw_many
from tdscaling.tests.sandbox.tasks.likeness import ALIKE, likest
from tdscaling.tests.sandbox.tasks.playing import Played, play

WIDTH = 4
"""Tasks played at one time."""


def solved(task: Task, right: Played) -> bool:
    """Whether the reference ran without an error and left what was asked for."""
    if right.errors:
        return False
    if task.of.kind == "repair":
        return right.state["tests"] == {"passed": 14, "failed": 0, "error": 0}
    if task.of.kind == "answer":
        return all(right.heard)
    return any(value not in (None, "", {}) for table in right.state.values() for value in table.values())


async def run(tasks: list[Task], backend_name: str) -> Counter[str]:
    """Play each task twice; what came of it, counted."""
    told: Counter[str] = Counter()
    free, places = anyio.Semaphore(WIDTH), anyio.Semaphore(WIDTH)
    async with make_backend("docker" if backend_name == "docker" else "bubblewrap", ready=WIDTH) as backend:

        async def both(task: Task) -> None:
            async with free:
                right = await play(task, task.reference, backend, places)
                wrong = await play(task, task.wrong, backend, places)
            told["references that solve their task"] += solved(task, right)
            told["wrong solutions that do not"] += right.result != wrong.result
            if not solved(task, right) or right.result == wrong.result:
                print(f"{task.family} {task.seed}: {right} {wrong}", file=sys.stderr)

        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(both, task)
    return told


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=520)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--backend", choices=("bubblewrap", "docker"), default=DEFAULT)
    options = parser.parse_args()
    tasks = list(draw_many(options.tasks, options.seed))
    pairs = likest(tasks, 0.3)
    print(f"{len(tasks)} tasks of {len(OWN)} families, seed {options.seed}, {options.backend}")
    if pairs:
        similarity, first, second = pairs[0]
        print(
            f"  likest pair                       {similarity:.2f} ({first.family}, {second.family}); {ALIKE} is alike"
        )
    began = time.perf_counter()
    told = loop.run(partial(run, tasks, options.backend))
    for what, count in told.items():
        print(f"  {what:<33} {count} of {len(tasks)}")
    print(f"  seconds                           {time.perf_counter() - began:.0f}")
    sys.exit(any(count < len(tasks) for count in told.values()))


if __name__ == "__main__":
    main()
