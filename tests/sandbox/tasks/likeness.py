"""How alike tasks are: MinHash finds the pairs that may be, and those are compared exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from rensa import RMinHash  # type: ignore[import-untyped]

from tdscaling.sandbox.tasks.catalogue import Task, scene_of

ALIKE = 0.8
"""Jaccard similarity from which two tasks count as the same one."""
WORDS = 5
"""Neighbouring words that make one element."""
SIZE = 256
"""Numbers of a signature: an estimate is off by 0.03 on average at most."""
SLACK = 0.15
"""By how much an estimate may be too low before a pair is missed: five times that."""


def shingles(task: Task) -> frozenset[str]:
    """All neighbouring words of a task: its words, its workspace, its solution."""
    scene = scene_of(task.family, task.seed)
    texts = [data.decode("utf-8", "replace") for _, data in sorted(scene.files.items())]
    words = re.findall(r"\w+|[^\w\s]", "\n".join([task.intent, *texts, task.reference]))
    return frozenset(" ".join(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1))


def likest(tasks: Sequence[Task], least: float = ALIKE) -> list[tuple[float, Task, Task]]:
    """Pairs of tasks with a similarity of `least` or more, the likest first."""
    sets = [shingles(task) for task in tasks]
    signatures = RMinHash.from_token_sets([sorted(one) for one in sets], SIZE, 1)
    found: list[tuple[float, Task, Task]] = []
    for a, b in combinations(range(len(tasks)), 2):
        if signatures[a].jaccard(signatures[b]) >= least - SLACK:
            similarity = len(sets[a] & sets[b]) / len(sets[a] | sets[b])
            if similarity >= least:
                found.append((similarity, tasks[a], tasks[b]))
    return sorted(found, key=lambda pair: -pair[0])
