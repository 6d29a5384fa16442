"""Code tasks run: reference solutions give what is wanted, wrong ones do not, and cheating does not help."""

from __future__ import annotations

from itertools import chain

import anyio
import pytest

from tdscaling.runtime.seed import derive
from tdscaling.sandbox.code.base import Backend
from tdscaling.sandbox.tasks.catalogue import OWN, draw, scene_of
from tdscaling.sandbox.tasks.toolbox import TaskToolbox

from .playing import Played, play

pytestmark = [pytest.mark.anyio, pytest.mark.bubblewrap]
WIDTH = 4
"""Tasks played at one time."""


async def test_references_solve_their_tasks_and_wrong_solutions_do_not(backend: Backend) -> None:
    """One task of every family."""
    free, places = anyio.Semaphore(WIDTH), anyio.Semaphore(WIDTH)
    played: dict[str, tuple[Played, Played]] = {}

    async def both(family: str) -> None:
        async with free:
            task = draw(family, derive(21, family))[0]
            right = await play(task, task.reference, backend, places)
            played[family] = right, await play(task, task.wrong, backend, places)

    async with anyio.create_task_group() as group:
        for family in OWN:
            group.start_soon(both, family)
    assert len(played) == len(OWN)
    for family, (right, wrong) in played.items():
        assert not right.errors, family
        assert right.result != wrong.result, family
        if OWN[family].kind == "repair":
            tests = right.state["tests"]
            assert (tests["passed"], tests["failed"], tests["error"]) == (14, 0, 0), family
        elif OWN[family].kind == "answer":
            assert all(right.heard), family
        else:
            assert any(chain.from_iterable(table.values() for table in right.state.values())), family


async def test_tests_that_were_changed_do_not_count(backend: Backend) -> None:
    """A workspace whose tests were made to pass, and whose module was left as it was."""
    task = draw("mend_ranks", 3)[0]
    scene = scene_of(task.family, task.seed)
    box = TaskToolbox(task.family, backend, anyio.Semaphore(1))
    world = await box.open(task.seed)
    try:
        before = await world.snapshot()
        tests = next(path for path in scene.files if path.startswith("test_"))
        await world.call("write_file", {"path": tests, "content": "def test_nothing():\n    pass\n"})
        assert '"failed":0' in (await world.call("run_tests", {})).content
        assert await world.snapshot() == before
    finally:
        await world.aclose()


async def test_a_query_that_is_written_otherwise_counts_when_its_rows_are_the_same(backend: Backend) -> None:
    """Another order of rows, other names of columns."""
    task = draw("sql_latest_each", 4)[0]
    other = (
        "WITH names AS (SELECT DISTINCT {group} AS a FROM {table}) SELECT a, (SELECT {day} FROM {table} WHERE "
        "{group} = a ORDER BY {day} DESC LIMIT 1) AS z FROM names ORDER BY 1 DESC"
    ).format_map(task.slots)
    assert (await play(task, other, backend)).state == (await play(task, task.reference, backend)).state


async def test_a_file_counts_by_its_content_and_not_by_its_form(backend: Backend) -> None:
    """JSON on one line, keys in another order."""
    task = draw("group_totals", 5)[0]
    other = task.reference.replace("indent=1", "sort_keys=True").replace("sorted(result.items())", "result.items()")
    assert other != task.reference
    assert (await play(task, other, backend)).state == (await play(task, task.reference, backend)).state


async def test_worlds_wait_for_each_other_without_standing_still(backend: Backend) -> None:
    """Three at once with one place, each of which needs a second session for its outcome."""
    task = draw("mend_pages", 6)[0]
    places = anyio.Semaphore(1)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(play, task, task.reference, backend, places)
    assert places.value == 1


async def test_a_workspace_without_what_was_asked_for_has_no_outcome(backend: Backend) -> None:
    """Nothing written, a module that is gone, a query that is none."""
    task = draw("sql_pairs", 8)[0]
    assert (await play(task, "SELECT 1", backend)).state["queries"] == {task.output: [[1]]}
    broken = await play(task, "this is no SQL", backend)
    assert "unreadable" in broken.state["queries"][task.output]
    assert broken.errors
    mend = draw("mend_ranks", 8)[0]
    gone = await play(mend, "raise SystemExit", backend)
    assert gone.state["tests"]["passed"] == 0
