"""Families of code tasks, without running anything: words, parameters, variety."""

from __future__ import annotations

import inspect
import re
from itertools import combinations
from random import Random

import pytest

from tdscaling.runtime.seed import derive
from tdscaling.sandbox.tasks import mendable, picks
from tdscaling.sandbox.tasks.catalogue import FAMILIES, OWN, Task, draw, draw_many, scene_of
from tdscaling.sandbox.tasks.family import Family

MANY = 520
ALIKE = 0.8
"""Jaccard similarity from which two tasks count as the same one."""


def shingles(task: Task) -> frozenset[int]:
    """The hashes of all five neighbouring words of a task: its words, its workspace, its solution."""
    scene = scene_of(task.family, task.seed)
    texts = [data.decode("utf-8", "replace") for _, data in sorted(scene.files.items())]
    words = re.findall(r"\w+|[^\w\s]", "\n".join([task.intent, *texts, task.reference]))
    return frozenset(hash(tuple(words[place : place + 5])) for place in range(len(words) - 4))


def test_there_are_forty_families_and_more_in_five_fields() -> None:
    """By name and by what they are about."""
    assert len(OWN) >= 40
    fields = {family.field for family in FAMILIES.values()}
    assert fields == {"data analysis", "database queries", "text processing", "program repair", "data operations"}


def test_no_two_of_five_hundred_tasks_are_alike() -> None:
    """Every pair is compared exactly; an estimate by MinHash would only come near that."""
    tasks = list(draw_many(MANY, 7))
    sets = [shingles(task) for task in tasks]
    sizes = [len(one) for one in sets]
    for a, b in combinations(range(MANY), 2):
        if min(sizes[a], sizes[b]) >= ALIKE * max(sizes[a], sizes[b]):  # else they cannot be that similar
            shared = len(sets[a] & sets[b])
            assert shared < ALIKE * (sizes[a] + sizes[b] - shared), (tasks[a].intent, tasks[b].intent)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_wording_tells_all_that_the_solution_needs(family: Family) -> None:
    """The gaps are read back from what a user says, among other sentences."""
    scene = family.scene(Random(1))
    drawn = family.ask(scene, Random(2))
    for wording in range(len(family.wordings)):
        said = f"Hello there. Could you please {family.say(drawn, wording)}? Thanks."
        slots = family.read(said)
        assert slots is not None
        assert slots == {name: drawn[name] for name in slots}
        family.heard(slots)
        if family.kind != "repair":
            assert not re.search(r"<\w+!?>", family.solve(slots) + family.wrong(slots))


def test_no_family_takes_the_words_of_another() -> None:
    """Each of many tasks is read by its own family only."""
    mixed = [draw(name, seed)[0] for name in FAMILIES.keys() - OWN.keys() for seed in (3, 4)]
    for task in (*draw_many(2 * len(OWN), 3), *mixed):
        assert [family.name for family in FAMILIES.values() if family.read(task.intent)] == [task.family]


def test_the_same_seed_gives_the_same_task_and_another_seed_another() -> None:
    """Whatever was drawn before."""
    for name in FAMILIES:
        again = FAMILIES[name].scene
        first = draw(name, 5)[0]
        assert draw(name, 5)[0] == first
        assert draw(name, derive(5, "other"))[0] != first
        assert again is FAMILIES[name].scene


def test_several_tasks_about_one_workspace_differ_in_question_and_file() -> None:
    """And the first ones are the same, however many are asked for."""
    for name in FAMILIES:
        tasks = draw(name, 11, 3)
        assert tasks[:1] == draw(name, 11, 1)
        assert len({task.reference for task in tasks}) == len(tasks)
        written = [task.output for task in tasks if task.output]
        assert len(set(written)) == len(written)


@pytest.mark.parametrize("name", [name for name in FAMILIES if FAMILIES[name].mends])
def test_a_repair_family_mends_its_faults_and_leaves_right_code_alone(name: str) -> None:
    """Each fault alone."""
    family = FAMILIES[name]
    module, function = (picks, name.removeprefix("mend_and_")) if family.errand else (mendable, name[len("mend_") :])
    right = inspect.getsource(getattr(module, function))
    assert family.mended(right) == right
    for faulty, piece in family.mends:
        broken = right.replace(piece, faulty)
        assert broken != right
        assert family.mended(broken) == right
