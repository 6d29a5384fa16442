"""Families of code tasks, without running anything: words, parameters, variety."""

from __future__ import annotations

import inspect
import re
from random import Random

import msgspec
import pytest

from tdscaling.runtime.seed import derive
from tdscaling.sandbox.tasks import mendable, picks
from tdscaling.sandbox.tasks.catalogue import FAMILIES, OWN, draw, draw_many
from tdscaling.sandbox.tasks.family import Family

from .likeness import likest

MANY = 520


def test_there_are_forty_families_and_more_in_five_fields() -> None:
    """By name and by what they are about."""
    assert len(OWN) >= 40
    fields = {family.field for family in FAMILIES.values()}
    assert fields == {"data analysis", "database queries", "text processing", "program repair", "data operations"}


def test_no_two_of_five_hundred_tasks_are_alike() -> None:
    """By MinHash over five neighbouring words; a task with one number changed is one that it would find."""
    tasks = list(draw_many(MANY, 7))
    assert likest(tasks) == []
    planted = msgspec.structs.replace(tasks[3], intent=tasks[3].intent.replace("a", "e", 1))
    ((similarity, first, second),) = likest([*tasks, planted])
    assert (first, second) == (tasks[3], planted)
    assert similarity < 1


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
