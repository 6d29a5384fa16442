"""The simulated model: it answers from the request alone, and its conversations hold."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import anyio
import msgspec
import pytest

from tdscaling.agents.sim.model import MISTAKES, answer
from tdscaling.runtime.assignment import MODES
from tdscaling.runtime.model import ModelRequest
from tdscaling.runtime.row import Row

from .play import Theatre, encoded

REPLAY = """
import sys, msgspec
from tdscaling.agents.sim.model import answer
from tdscaling.runtime.model import ModelRequest
for line in sys.stdin.buffer:
    request = msgspec.json.decode(line, type=ModelRequest)
    sys.stdout.buffer.write(msgspec.json.encode(answer(request, 1.0)) + b"\\n")
"""


def test_another_process_gives_the_same_answers_to_the_same_requests() -> None:
    """Nothing but the request reaches the model: in a fresh process, in another order, the answers are the same."""
    theatre = Theatre(mistakes=1.0)
    anyio.run(theatre.play, 26)
    exchanges = list(theatre.model.exchanges)
    random.Random(7).shuffle(exchanges)
    lines = b"".join(encoded(request) + b"\n" for request, _ in exchanges)
    replayed = subprocess.run([sys.executable, "-c", REPLAY], input=lines, capture_output=True, check=True)
    assert len(exchanges) > 100
    assert replayed.stdout.splitlines() == [msgspec.json.encode(reply) for _, reply in exchanges]


def test_requests_do_not_depend_on_the_ids_of_episodes() -> None:
    """Episodes under other ids send byte for byte the same requests."""
    first, second = Theatre(mistakes=1.0), Theatre(mistakes=1.0)
    anyio.run(first.play, 13)

    async def under_other_names() -> None:
        await second.play(13, prefix="other")

    anyio.run(under_other_names)
    sent = [[encoded(request) for request, _ in theatre.model.exchanges] for theatre in (first, second)]
    assert sent[0] == sent[1]


def test_the_order_of_object_keys_and_struct_identity_do_not_matter() -> None:
    """A request that went over the wire and back is answered like the original."""
    theatre = Theatre()
    anyio.run(theatre.play, 5)
    for request, reply in theatre.model.exchanges:
        assert answer(msgspec.json.decode(encoded(request), type=ModelRequest), 0.0) == reply


@pytest.fixture(scope="module")
def faultless() -> list[Row]:
    """260 rows of a model that makes no mistakes."""
    theatre = Theatre(mistakes=0.0)
    return anyio.run(theatre.play, 260)


def test_without_mistakes_every_row_is_accepted(faultless: list[Row]) -> None:
    """Every plan holds after its repairs, and every conversation meets it."""
    rejected = Counter(row.verdict.reasons[0].split(":")[0] for row in faultless if not row.verdict.accepted)
    assert sum(rejected.values()) <= 0.005 * len(faultless), rejected


def test_every_mode_is_realised_and_mostly_where_it_was_asked_for(faultless: list[Row]) -> None:
    """Asked and realised modes are both on the row; they agree far more often than chance."""
    accepted = [row for row in faultless if row.verdict.accepted]
    assert {row.measurements.mode for row in accepted} == set(MODES)
    agreed = sum(row.measurements.mode == row.assignment.mode for row in accepted)
    assert agreed >= 0.75 * len(accepted)


def test_conversations_are_long_enough_to_teach_something(faultless: list[Row]) -> None:
    """Two or more tool replies in most rows, two user turns on average, no two conversations alike."""
    accepted = [row for row in faultless if row.verdict.accepted]
    assert sum(row.measurements.tool_calls >= 2 for row in accepted) >= 0.6 * len(accepted)
    assert sum(row.measurements.user_turns for row in accepted) >= 2 * len(accepted)
    assert len({tuple(m.content for m in row.messages[1:]) for row in accepted}) == len(accepted)


def test_mistakes_cost_about_what_is_documented() -> None:
    """At the documented rates some rows are lost to the assistant's mistakes, most are not."""
    rows = anyio.run(Theatre(mistakes=1.0, seed=3).play, 200)
    accepted = sum(row.verdict.accepted for row in rows)
    assert 0.7 * len(rows) <= accepted <= 0.97 * len(rows)
    assert set(MISTAKES) == {"wrong_argument", "wrong_tool", "malformed_json", "premature_stop", "sloppy_plan"}
