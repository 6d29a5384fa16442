"""Every kind of planted fault is caught for its own reason, and every legitimate alternative is accepted."""

from __future__ import annotations

import functools
from random import Random

import anyio
import msgspec
import pytest

from tdscaling.agents.planting.fault import Fault
from tdscaling.agents.planting.line import Line, line_of, stranger
from tdscaling.agents.planting.table import ALTERNATIVES, FAULTS, Caught, benchmark, catch
from tdscaling.agents.reverify import Reverifier
from tdscaling.agents.stage import Stage
from tdscaling.sandbox.services import BUILTIN, builtin

from .play import Theatre

ROWS = 3
"""Rows per kind; bench/faults.py plants in more."""
RARE = {"another tool with the same effect", "a thing given up without a try"}
"""Kinds that fit few rows, or only rows whose world is disturbed; bench/faults.py has those."""


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """Accepted rows over all services and modes."""
    rows = anyio.run(Theatre().play, 130)
    return [line_of(row) for row in rows if row.verdict.accepted]


@pytest.fixture(scope="module")
def judges() -> tuple[Stage, Reverifier]:
    """The tools, and who judges lines."""
    return Stage(builtin(BUILTIN), ()), Reverifier(builtin(BUILTIN), gates=(benchmark().no_benchmark,))


def _tried(kind: Fault, lines: list[Line], judges: tuple[Stage, Reverifier]) -> Caught:
    return anyio.run(functools.partial(catch, kind, lines, *judges, rows=ROWS))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_caught_with_a_reason_of_its_class(
    fault: Fault, lines: list[Line], judges: tuple[Stage, Reverifier]
) -> None:
    """In every row that it was planted in, under fresh ids, judged from the line alone."""
    found = _tried(fault, lines, judges)
    assert found.planted > 0 or fault.name in RARE
    assert found.named == found.planted, found.reasons


@pytest.mark.parametrize("kind", ALTERNATIVES, ids=lambda kind: kind.name)
def test_another_road_to_the_same_outcome_is_right(
    kind: Fault, lines: list[Line], judges: tuple[Stage, Reverifier]
) -> None:
    """Really taken on the world, its replies real."""
    found = _tried(kind, lines, judges)
    assert found.planted > 0 or kind.name in RARE
    assert found.caught == 0, found.reasons


def test_untouched_rows_are_accepted_under_any_id(lines: list[Line], judges: tuple[Stage, Reverifier]) -> None:
    """Row ids and call ids decide nothing."""

    async def judge() -> list[tuple[str, ...]]:
        fresh = [msgspec.json.encode(stranger(line, Random(number))) for number, line in enumerate(lines)]
        return [(await judges[1].judge(line))[0].reasons for line in fresh]

    assert [reasons for reasons in anyio.run(judge) if reasons] == []


def test_kinds_have_names_of_their_own() -> None:
    """At least forty kinds of fault and twelve of alternatives."""
    names = [kind.name for kind in (*FAULTS, *ALTERNATIVES)]
    assert len(set(names)) == len(names)
    assert len(FAULTS) >= 40
    assert len(ALTERNATIVES) >= 12
