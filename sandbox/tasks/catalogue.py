"""All families of code tasks by name, and drawing tasks from them: the same seed gives the same task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from random import Random

import msgspec

from ...runtime.seed import derive, rng
from .analysis import ANALYSIS
from .family import Family, Scene, Slots
from .mixed import MIXED
from .queries import DATABASE, QUERIES
from .repairs import REPAIRS
from .texts import TEXTS

VERSION = "2"
"""Raised whenever a seed gives another task."""

OWN: Mapping[str, Family] = {family.name: family for family in (*ANALYSIS, *QUERIES, *TEXTS, *REPAIRS)}
"""The families whose workspace holds all that a task needs."""
FAMILIES: Mapping[str, Family] = {**OWN, **{family.name: family for family in MIXED}}
"""Those, and the ones that take their data from a business service."""


class Task(msgspec.Struct, frozen=True):
    """One task about a workspace."""

    family: str
    seed: int
    intent: str
    """What is wanted, in a user's words."""
    slots: Slots
    """What fills the gaps of the intent."""
    reference: str
    """Source that solves it: Python, SQL, or the mended module."""
    wrong: str
    """Source that runs and does not solve it."""
    output: str
    """The file that is looked at: what is written, the query, the database, the module; empty for an answer."""

    @property
    def of(self) -> Family:
        """Its family."""
        return FAMILIES[self.family]


@lru_cache(maxsize=256)
def scene_of(family: str, seed: int) -> Scene:
    """The workspace that a seed gives a family."""
    return FAMILIES[family].scene(rng(seed, "code task", family))


def draw(family: str, seed: int, goals: int = 1) -> tuple[Task, ...]:
    """Tasks about one workspace: at most `goals`, fewer where the family has nothing else to ask, never none.

    No two of them ask for the same or write the same file.
    """
    found: dict[str, Task] = {}  # {source of the solution: task}
    scene = scene_of(family, seed)
    several = FAMILIES[family].kind not in ("repair", "change", "mixed")  # what is mended once is mended
    for number in range(4 * goals if several else 1):
        task = _ask(FAMILIES[family], scene, seed, rng(seed, "question", family, number))
        taken = {other.output for other in found.values() if other.output}
        if len(found) < goals and task.output not in taken:
            found.setdefault(task.reference, task)
    return tuple(found.values())


def _ask(family: Family, scene: Scene, seed: int, random: Random) -> Task:
    drawn = family.ask(scene, random)
    intent = family.say(drawn, random.randrange(len(family.wordings)))
    slots = family.read(intent)
    if slots is None:
        raise ValueError(f"{family.name} cannot read its own words: {intent}")
    if family.mends:
        module = scene.files[slots["module"]].decode()
        reference, wrong, output = family.mended(module), str(scene.about["other"]), slots["module"]
    else:
        reference, wrong = family.solve(slots), family.wrong(slots)
        output = {"answer": "", "change": DATABASE}.get(family.kind, slots.get("out", ""))
    return Task(family.name, seed, intent, slots, reference, wrong, output)


def draw_many(count: int, seed: int) -> Iterator[Task]:
    """Tasks of the families with a workspace of their own, in turn."""
    names = tuple(OWN)
    for number in range(count):
        name = names[number % len(names)]
        yield draw(name, derive(seed, "code tasks", number))[0]
