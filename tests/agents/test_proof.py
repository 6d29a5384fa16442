"""Plans are checked on paper and by running; what does not hold is named."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from tdscaling.agents.paths import find
from tdscaling.agents.proof import PlanProblem, Proof, prove
from tdscaling.runtime.blueprint import (
    Argument,
    Condition,
    Constant,
    Disturbance,
    Fact,
    Goal,
    GoalKind,
    Plan,
    Produced,
    Report,
    Step,
    Told,
)
from tdscaling.sandbox.disturbed import disturbed
from tdscaling.sandbox.services import builtin
from tdscaling.sandbox.world import open_worlds

TOOLS = {tool.name: tool for box in builtin(["orders"]) for tool in box.tools()}


async def _prove(plan: Plan) -> Proof:
    world = await open_worlds(builtin(["orders"]), 5)
    try:
        return await prove(plan, world, await world.snapshot(), TOOLS)
    finally:
        await world.aclose()


def _orders() -> dict[str, dict[str, str]]:
    async def read() -> dict[str, dict[str, str]]:
        world = await open_worlds(builtin(["orders"]), 5)
        snapshot = await world.snapshot()
        await world.aclose()
        return snapshot["orders"]["orders"]

    return anyio.run(read)


ORDER = next(key for key, order in _orders().items() if order["status"] in ("pending", "processing"))
DONE = next(key for key, order in _orders().items() if order["status"] == "cancelled")


def _plan(*steps: Step, goals: int = 1, order: str = ORDER, reports: tuple[Report, ...] = ()) -> Plan:
    fact = Fact("order number", f'"{order}"')
    return Plan(tuple(Goal("look after an order", (fact,), reports=reports) for _ in range(goals)), steps)


def _step(tool: str, source: Told | Produced | Constant | None = None, **more: object) -> Step:
    told = source or Told("order number")
    return Step(0, tool, (Argument("order_id", told),), **more)  # type: ignore[arg-type]  # keywords of Step


def test_a_plan_that_holds_says_what_came_out() -> None:
    """Replies, changes and expected values come from running it."""
    proof = anyio.run(_prove, _plan(_step("cancel_order"), reports=(Report(0, "status", "status"),)))
    assert proof.executed == (0,)
    assert proof.changes["orders"]["orders"][ORDER]["status"] == "cancelled"
    assert [expected.value for expected in proof.expected] == ['"cancelled"']


def test_a_condition_that_does_not_hold_leaves_its_step_out() -> None:
    """Only the steps that were taken count as executed."""
    skipped = _step("cancel_order", condition=Condition(0, "status", '"lost"'))
    proof = anyio.run(_prove, _plan(_step("get_order"), skipped))
    assert proof.executed == (0,)
    assert proof.changes == {}


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (Plan((), ()), "there is no goal"),
        (_plan(), "goal 0 has no step"),
        (_plan(_step("drop_tables")), "no such tool"),
        (_plan(_step("get_order", Told("colour"))), "no fact of its goal"),
        (_plan(_step("get_order", Produced(3, "order_id"))), "not earlier"),
        (_plan(Step(0, "get_order", ())), "required argument order_id is missing"),
        (_plan(Step(0, "list_agents", ())), "no such tool"),
        (
            _plan(Step(0, "get_order", (Argument("order_id", Told("order number")), Argument("id", Constant("1"))))),
            "no argument id",
        ),
        (_plan(_step("get_order"), goals=2), "goal 1 has no step"),
        (_plan(_step("get_order", Constant('"ORD-0"'))), "must be told or produced"),
        (_plan(_step("cancel_order"), order=DONE), "fails"),
        (_plan(_step("get_order"), reports=(Report(0, "nowhere", "x"),)), "no single value"),
        (_plan(_step("get_order"), reports=(Report(7, "status", "x"),)), "does not exist"),
        (_plan(_step("get_order"), _step("get_order", Produced(0, "nowhere"))), "gives 0 values"),
    ],
)
def test_a_plan_that_does_not_hold_says_why(plan: Plan, says: str) -> None:
    """The text names the step or goal, so that a model can mend it."""
    with pytest.raises(PlanProblem, match=says):
        anyio.run(_prove, plan)


def test_paths_reach_into_lists_and_choose_by_neighbours() -> None:
    """`*` gives every element, `where` the one that has these fields."""
    reply = {"orders": [{"id": "a", "status": "new"}, {"id": "b", "status": "done"}], "total": 2}
    assert find(reply, "orders.*.id") == ["a", "b"]
    assert find(reply, "orders.*.id", {"status": "done"}) == ["b"]
    assert find(reply, "orders.1.status") == ["done"]
    assert find(reply, "total") == [2]
    assert find(reply, "orders.*.colour") == []


def _blocked(*disturbances: Disturbance, fails: bool = True, kind: GoalKind = "blocked") -> Plan:
    plan = _plan(_step("cancel_order", fails=fails))
    goal = msgspec.structs.replace(plan.goals[0], kind=kind)
    return msgspec.structs.replace(plan, goals=(goal,), disturbances=disturbances)


async def _prove_disturbed(plan: Plan) -> Proof:
    world = disturbed(await open_worlds(builtin(["orders"]), 5), plan.disturbances, 5)
    try:
        return await prove(plan, world, await world.snapshot(), TOOLS)
    finally:
        await world.aclose()


def test_a_step_that_the_world_refuses_is_part_of_the_proof() -> None:
    """What comes out is that nothing changed; the refusal is the step's reply."""
    proof = anyio.run(_prove_disturbed, _blocked(Disturbance("denied", "cancel_order")))
    assert proof.changes == {}
    assert "permission_denied" in proof.replies[0]


def test_a_passing_error_does_not_stop_a_plan() -> None:
    """The dry run tries again as often as the error lasts."""
    plan = _blocked(Disturbance("error", "cancel_order", times=2), fails=False, kind="act")
    assert anyio.run(_prove_disturbed, plan).changes["orders"]["orders"][ORDER]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (_blocked(), "works, though it is to fail"),
        (_blocked(Disturbance("denied", "cancel_order"), fails=False, kind="act"), "does not fail"),
        (_blocked(Disturbance("denied", "cancel_order"), kind="act"), "of kind blocked exactly when"),
        (_blocked(Disturbance("denied", "cancel_order"), fails=False), "of kind blocked exactly when"),
        (_blocked(Disturbance("denied", "get_order")), "no step calls that tool"),
        (_blocked(Disturbance("pages", "cancel_order", times=2)), "two steps at least read pages"),
        (_blocked(Disturbance("meddling", "cancel_order", other="get_order", arguments="{}")), "must be a read"),
    ],
)
def test_a_disturbance_that_does_nothing_for_the_plan_is_named(plan: Plan, says: str) -> None:
    """A plan with a perturbation holds only when the perturbation happens."""
    with pytest.raises(PlanProblem, match=says):
        anyio.run(_prove_disturbed, plan)


def test_a_fact_is_taken_back_only_where_there_is_occasion_to() -> None:
    """Somebody who is asked nothing has no next message to change their mind in."""
    plan = _plan(_step("get_order"))
    fact = msgspec.structs.replace(plan.goals[0].facts[0], at_first='"ORD-1"')
    goal = msgspec.structs.replace(plan.goals[0], facts=(fact,))
    with pytest.raises(PlanProblem, match="asked nothing"):
        anyio.run(_prove, msgspec.structs.replace(plan, goals=(goal,)))


def _overtaken(order: str) -> Plan:
    """Read, cancel, read again, while somebody else cancels after the first read."""
    steps = (_step("get_order"), _step("cancel_order", fails=True), _step("get_order"))
    plan = _plan(*steps, order=order, reports=(Report(2, "status", "status"),))
    arguments = msgspec.json.encode({"order_id": order}).decode()
    meddling = Disturbance("meddling", "get_order", other="cancel_order", arguments=arguments)
    goal = msgspec.structs.replace(plan.goals[0], kind="blocked")
    return msgspec.structs.replace(plan, goals=(goal,), disturbances=(meddling,))


def test_what_somebody_else_changed_is_in_the_proof() -> None:
    """Their change is expected, and what the user must hear is the state after it."""
    proof = anyio.run(_prove_disturbed, _overtaken(ORDER))
    assert proof.changes["orders"]["orders"][ORDER]["status"] == "cancelled"
    assert [expected.value for expected in proof.expected] == ['"cancelled"']


def test_somebody_else_who_changes_nothing_does_not_explain_a_refusal() -> None:
    """The order was cancelled from the beginning: nobody was quicker."""
    with pytest.raises(PlanProblem, match="changes nothing"):
        anyio.run(_prove_disturbed, _overtaken(DONE))


def test_a_wish_that_depends_needs_a_step_that_depends() -> None:
    """What is to be done under a condition only must not be left out of the plan."""
    plan = _plan(_step("get_order"))
    depends = Goal("show an order; if it is lost, cancel it; otherwise, tell me the status", plan.goals[0].facts)
    with pytest.raises(PlanProblem, match="none of its steps has a condition"):
        anyio.run(_prove, Plan((depends,), plan.steps))
