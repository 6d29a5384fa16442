"""Perturbations, repeated plays and contrast pairs, played by the simulated model on the built-in services."""

from __future__ import annotations

from collections import Counter

import anyio
import msgspec
import pytest

from tdscaling.agents.plays import choose
from tdscaling.agents.reverify import Reverifier
from tdscaling.evolution.perturbing import Extras, Perturbing
from tdscaling.runtime.assignment import COUNTERFACTUALS, PERTURBATIONS, Perturbation
from tdscaling.runtime.chat import AssistantMessage, ToolMessage, UserMessage
from tdscaling.runtime.messages import Outcome
from tdscaling.runtime.row import Row, Verdict
from tdscaling.sandbox.services import BUILTIN, builtin

from .play import Theatre


def _outcomes(extras: Extras, count: int, *, mistakes: float = 0.0, seed: int = 2) -> list[Outcome]:
    theatre = Theatre(mistakes=mistakes, seed=seed)
    controller = Perturbing(theatre.sampler, theatre.clusters, extras, seed=seed)

    async def play() -> list[Outcome]:
        played = [(await theatre.stages(controller.assign(index)))[-1] for index in range(count)]
        return [message for message in played if isinstance(message, Outcome)]

    return anyio.run(play)


def _rows(outcomes: list[Outcome]) -> list[Row]:
    return [outcome.row for outcome in outcomes if outcome.row is not None]


@pytest.fixture(scope="module")
def perturbed() -> list[Row]:
    """270 rows, all with a perturbation, of a model that makes no mistakes."""
    return _rows(_outcomes(Extras(share=1.0), 270))


@pytest.fixture(scope="module")
def paired() -> list[Outcome]:
    """60 episodes with a contrast pair, each blueprint played twice by a model that makes mistakes."""
    return _outcomes(Extras(share=0.0, pairs=1.0, attempts=2), 60, mistakes=2.0)


def test_perturbed_rows_are_accepted_without_mistakes(perturbed: list[Row]) -> None:
    """What is right then comes from the dry run in the same disturbed world."""
    rejected = Counter(row.verdict.reasons[0].split(":")[0] for row in perturbed if not row.verdict.accepted)
    assert sum(rejected.values()) <= 0.03 * len(perturbed), rejected


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_perturbation_comes_about(name: Perturbation, perturbed: list[Row]) -> None:
    """Most of what is asked for can be read off the conversation; what cannot is not claimed."""
    asked = [row for row in perturbed if row.assignment.perturbation == name and row.verdict.accepted]
    shown = [row for row in asked if row.measurements.perturbation == name]
    assert len(shown) >= 0.3 * len(asked) > 3
    assert {row.measurements.perturbation for row in asked} <= {name, "none"}


def test_what_the_world_refuses_is_reported_and_not_worked_around(perturbed: list[Row]) -> None:
    """After a denial nothing of the plan's goal is changed, and the last words say so."""
    denied = [row for row in perturbed if row.measurements.perturbation == "permission_denied"]
    for row in (row for row in denied if row.verdict.accepted):
        refused = [
            said for said in row.messages if isinstance(said, ToolMessage) and "permission_denied" in said.content
        ]
        assert len(refused) == 1
        answers = " ".join(said.content for said in row.messages if isinstance(said, AssistantMessage))
        assert "permission" in answers or "access rights" in answers


def test_a_passing_error_is_tried_again(perturbed: list[Row]) -> None:
    """The same call comes again and works."""
    for row in perturbed:
        passing = [
            d for d in (row.blueprint.plan.disturbances if row.blueprint else ()) if d.kind == "error" and d.times
        ]
        if not passing or not row.verdict.accepted or row.measurements.perturbation != "tool_error":
            continue
        calls = [call for said in row.messages if isinstance(said, AssistantMessage) for call in said.calls]
        made = [call.function.arguments for call in calls if call.function.name == passing[0].tool]
        assert len(made) > len(set(made))


def test_rows_of_disturbed_worlds_are_executed_again(perturbed: list[Row]) -> None:
    """`verify` opens the same disturbed world by the row's own reference."""
    judge = Reverifier(builtin(BUILTIN))

    async def check() -> list[tuple[bool, bool]]:
        disturbed = [row for row in perturbed if row.blueprint and row.blueprint.world.disturbances][:60]
        return [((await judge.judge(msgspec.json.encode(row)))[0].accepted, row.verdict.accepted) for row in disturbed]

    judged = anyio.run(check)
    assert len(judged) > 30
    assert all(again == then for again, then in judged)


def test_a_row_whose_disturbance_is_taken_out_does_not_hold(perturbed: list[Row]) -> None:
    """The replies are those of the disturbed world only."""
    row = next(r for r in perturbed if r.measurements.perturbation == "permission_denied" and r.verdict.accepted)
    assert row.blueprint is not None
    world = msgspec.structs.replace(row.blueprint.world, disturbances=())
    forged = msgspec.structs.replace(row, blueprint=msgspec.structs.replace(row.blueprint, world=world))
    finding, _ = anyio.run(Reverifier(builtin(BUILTIN)).judge, msgspec.json.encode(forged))
    assert not finding.accepted


def test_every_play_of_a_blueprint_is_kept_and_counted(paired: list[Outcome]) -> None:
    """One row and the other plays: same blueprint, ids of their own, the pass rate on each."""
    played = [outcome for outcome in paired if outcome.row and outcome.row.kin.attempts == 2]
    assert len(played) >= 50
    for outcome in played:
        assert outcome.row is not None
        rows = [outcome.row, *outcome.others]
        assert len(rows) == 2
        assert {row.kin.blueprint for row in rows} == {outcome.id}
        assert sorted(row.kin.attempt for row in rows) == [0, 1]
        assert len({row.id for row in rows}) == 2
        assert {row.kin.passes for row in rows} == {sum(row.verdict.accepted for row in rows)}
        assert outcome.row.blueprint == outcome.others[0].blueprint


def test_the_first_accepted_play_becomes_the_row(paired: list[Outcome]) -> None:
    """A play that passes is never hidden behind one that does not."""
    kept = [outcome for outcome in paired if outcome.row and outcome.others]
    assert all(outcome.row.verdict.accepted == (outcome.row.kin.passes > 0) for outcome in kept if outcome.row)
    assert any(outcome.row.kin.attempt == 1 for outcome in kept if outcome.row)
    row = paired[0].row
    assert row is not None
    scores = row.verdict.scores
    judged = [Verdict(not reasons, reasons, scores) for reasons in (("a.b", "c.d"), ("e.f",), (), ())]
    plays = tuple(msgspec.structs.replace(row, verdict=verdict) for verdict in judged)
    assert [choose(plays), choose(plays[:2])] == [2, 1]


def test_pairs_differ_in_one_thing_and_know_each_other(paired: list[Outcome]) -> None:
    """The second row's plan is the first one's with a tool, a fact or a permission less."""
    pairs = [
        (outcome.row, outcome.twin)
        for outcome in paired
        if outcome.row and outcome.twin and outcome.twin.verdict.accepted
    ]
    assert {second.kin.counterfactual for _, second in pairs} == set(COUNTERFACTUALS)
    for first, second in pairs:
        assert (first.kin.pair, second.kin.pair) == (second.id, first.id)
        assert first.blueprint is not None
        assert second.blueprint is not None
        one, other = first.blueprint.plan, second.blueprint.plan
        assert [goal.intent for goal in one.goals] == [goal.intent for goal in other.goals]
        changed = [(a.kind, a.facts) != (b.kind, b.facts) for a, b in zip(one.goals, other.goals, strict=True)]
        assert sum(changed) == 1
        match second.kin.counterfactual:
            case "tool_removed":
                assert len(second.tools) == len(first.tools) - 1
            case "permission_denied":
                assert len(other.disturbances) == 1
            case _:
                assert len([m for m in second.messages if isinstance(m, UserMessage)]) > len(
                    [m for m in first.messages if isinstance(m, UserMessage)]
                )


def test_a_pair_without_a_second_row_says_so(paired: list[Outcome]) -> None:
    """Only an accepted second row is named in the first."""
    for outcome in paired:
        if outcome.row is not None and outcome.row.kin.pair:
            assert outcome.twin is not None
            assert outcome.twin.verdict.accepted


def test_nothing_came_about_where_nothing_was_asked_for() -> None:
    """The measure speaks of the assignment's perturbation only."""
    outcomes = _outcomes(Extras(share=0.0), 26)
    assert {row.measurements.perturbation for row in _rows(outcomes)} == {"none"}
