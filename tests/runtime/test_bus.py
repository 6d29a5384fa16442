"""The bus: routing, ends of episodes, restarts, deadlines, cancellation, measurement."""

from __future__ import annotations

from typing import TypedDict, Unpack, get_args

import anyio
import pytest

from tdscaling.runtime.bus import ROUTES, Bus, Clock, Work
from tdscaling.runtime.errors import EnvironmentFault, InfrastructureFault, ModelFault
from tdscaling.runtime.messages import ROLES, Draft, Message, Outcome, Role
from tdscaling.runtime.simloop import simulate, virtual_ns
from tdscaling.runtime.telemetry import Timing
from tdscaling.tests.runtime.play import ROAD, Gates, Runner, Troupe, assignment, completed, identity, settled


class Post:
    """Collects what a bus delivers."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.timings: list[Timing] = []

    async def __call__(self, outcome: Outcome, timing: Timing) -> None:
        """Keep both."""
        self.outcomes.append(outcome)
        self.timings.append(timing)


class Settings(TypedDict, total=False):
    """What a test may set."""

    deadline: float
    max_restarts: int
    capacity: int
    clock: Clock


def make(troupe: Troupe, post: Post, **settings: Unpack[Settings]) -> Bus:
    """A bus with room for four."""
    return Bus(troupe.handlers, deliver=post, reject=troupe.reject, release=troupe.release, max_in_flight=4, **settings)


def play(run: Runner, troupe: Troupe, indices: list[int], **settings: Unpack[Settings]) -> tuple[Post, Bus]:
    """Run these episodes to their ends."""
    post = Post()

    async def main() -> Bus:
        async with make(troupe, post, **settings) as bus:
            for index in indices:
                await bus.admit(Draft(identity(index), assignment(index)))
            await bus.drained()
        return bus

    return post, run(main)


def test_every_message_type_with_a_handler_has_a_route() -> None:
    """The routing table covers the union and reaches every role."""
    assert set(ROUTES) == set(get_args(Work))
    assert set(ROUTES) | {Outcome} == set(get_args(Message))
    assert set(ROUTES.values()) == set(ROLES)


def test_an_episode_passes_its_road_and_ends_in_one_outcome(run: Runner) -> None:
    """Every hop is counted at its role; the world is released once."""
    troupe = Troupe()
    post, bus = play(run, troupe, [0])
    assert post.outcomes == [completed(0)]
    assert {role: stage.hops for role, stage in post.timings[0].stages.items()} == {r: ROAD.count(r) for r in ROLES}
    assert {role: stage.count for role, stage in bus.report().items()} == {r: ROAD.count(r) for r in ROLES}
    assert troupe.released == {identity(0): 1}


def test_many_episodes_share_the_bus_within_its_bound(run: Runner) -> None:
    """All end; never more than `max_in_flight` handlers are busy."""
    troupe = Troupe()
    post, _ = play(run, troupe, list(range(50)))
    assert sorted(o.index for o in post.outcomes) == list(range(50))
    assert troupe.peak <= 4


def test_a_waiting_handler_does_not_cap_its_role(run: Runner) -> None:
    """Four episodes wait in the same role at one time: workers start on demand."""
    gates = Gates()
    troupe = Troupe(gates)
    post = Post()

    async def main() -> tuple[int, int]:
        async with make(troupe, post) as bus:
            for index in range(4):
                bus.admit_nowait(Draft(identity(index), assignment(index)))
            await settled()
            busy = len(gates.waiting)
            gates.open_all()
            await bus.drained()
            return busy, bus.statistics().workers["blueprint"]

    assert run(main) == (4, 4)


def test_idle_workers_are_used_again(run: Runner) -> None:
    """One episode after the other needs one worker per role."""
    post = Post()

    async def main() -> dict[Role, int]:
        async with make(Troupe(), post) as bus:
            for index in range(20):
                bus.admit_nowait(Draft(identity(index), assignment(index)))
                await bus.drained()
            return bus.statistics().workers

    # Two roles stand on the road twice; a worker may still be on its way back to the mailbox the second time.
    assert all(1 <= n <= 2 for n in run(main).values())


def test_admission_waits_for_a_free_slot(run: Runner) -> None:
    """The fifth episode starts only when one of four has ended."""
    gates = Gates()
    post = Post()

    async def main() -> tuple[int, int]:
        async with make(Troupe(gates), post) as bus:
            for index in range(4):
                await bus.admit(Draft(identity(index), assignment(index)))
            async with anyio.create_task_group() as group:
                group.start_soon(bus.admit, Draft(identity(4), assignment(4)))
                await settled()
                before = bus.in_flight
                with pytest.raises(RuntimeError, match="already carries 4"):
                    bus.admit_nowait(Draft(identity(5), assignment(5)))
                gates.open_all()
            await bus.drained()
            return before, len(post.outcomes)

    assert run(main) == (4, 5)


@pytest.mark.parametrize(("fault", "reason"), [(ModelFault, "model"), (EnvironmentFault, "environment")])
@pytest.mark.parametrize("role", ROLES)
def test_a_fault_of_the_episode_becomes_a_completed_rejection(
    run: Runner, role: Role, fault: type[ModelFault | EnvironmentFault], reason: str
) -> None:
    """In every role; the other episodes do not notice."""
    troupe = Troupe()
    troupe.faults[1, role] = [fault("bad", "it was bad")]
    post, _ = play(run, troupe, [0, 1, 2])
    by_index = {o.index: o for o in post.outcomes}
    assert by_index[1] == completed(1, f"{reason}.bad: it was bad")
    assert by_index[0] == completed(0)
    assert by_index[2] == completed(2)
    assert troupe.released == {identity(i): 1 for i in range(3)}


@pytest.mark.parametrize("role", ROLES)
def test_an_infrastructure_fault_starts_the_episode_again(run: Runner, role: Role) -> None:
    """With a fresh world: the old one was released."""
    troupe = Troupe()
    troupe.faults[0, role] = [InfrastructureFault("down"), InfrastructureFault("down")]
    post, bus = play(run, troupe, [0])
    assert post.outcomes == [completed(0)]
    assert troupe.lives == {identity(0): 3}
    assert troupe.released == {identity(0): 3}
    assert bus.statistics().restarts == 2


def test_an_episode_is_abandoned_after_its_last_restart(run: Runner) -> None:
    """The reason keeps the fault's code and detail, on one line."""
    troupe = Troupe()
    troupe.faults[0, "toolsim"] = [InfrastructureFault("down", "server\nis gone") for _ in range(3)]
    post, _ = play(run, troupe, [0])
    assert post.outcomes == [
        Outcome(0, identity(0), "abandoned", None, "infrastructure.down: server is gone"),
    ]
    assert troupe.released == {identity(0): 3}


def test_an_episode_past_its_deadline_is_abandoned_where_it_waits() -> None:
    """On loop time, to the moment; the handler is cancelled and the world released."""
    troupe = Troupe(lambda index, _role: anyio.sleep(1000 if index == 1 else 1))
    post, _ = play(simulate, troupe, [0, 1], deadline=30.0, clock=virtual_ns)
    assert post.outcomes == [completed(0), Outcome(1, identity(1), "abandoned", None, "deadline")]
    assert post.timings[1].total_ms == pytest.approx(30_000)
    assert troupe.released == {identity(0): 1, identity(1): 1}


def test_restarts_do_not_move_the_deadline() -> None:
    """An episode that fails for ever ends at its deadline, however many restarts it may have."""

    async def fail(_index: int, _role: str) -> None:
        await anyio.sleep(7)
        raise InfrastructureFault("down")

    post, _ = play(simulate, Troupe(fail), [0], deadline=30.0, max_restarts=1000, clock=virtual_ns)
    assert post.outcomes[0].reason == "deadline"
    assert post.timings[0].total_ms == pytest.approx(30_000)


def test_a_cancelled_token_in_a_handler_is_abandoned(run: Runner) -> None:
    """Its siblings of a parallel call are cancelled with it."""
    gates = Gates()
    post = Post()

    async def main() -> tuple[bool, bool]:
        async with make(Troupe(gates), post) as bus:
            bus.admit_nowait(Draft(identity(0), assignment(0)))
            for _ in range(3):  # on to the tools
                await settled()
                gates.waiting[0, 0].set_result(None)
            await settled()
            assert set(gates.waiting) == {(0, 1), (0, 2)}
            first = bus.cancel(0)
            await bus.drained()
            return first, bus.cancel(0)

    assert run(main) == (True, False)
    assert post.outcomes == [Outcome(0, identity(0), "abandoned", None, "cancelled")]
    assert gates.waiting == {}


def test_a_cancelled_token_in_a_mailbox_becomes_an_outcome_when_its_turn_comes(run: Runner) -> None:
    """No handler sees it, and what it may hold is released."""
    troupe = Troupe()
    post = Post()

    async def main() -> None:
        async with make(troupe, post) as bus:
            bus.admit_nowait(Draft(identity(0), assignment(0)))
            assert bus.cancel(0)
            await bus.drained()

    run(main)
    assert post.outcomes == [Outcome(0, identity(0), "abandoned", None, "cancelled")]
    assert troupe.lives == {}
    assert troupe.released == {identity(0): 1}


@pytest.mark.parametrize("role", ROLES)
def test_a_bug_in_a_handler_ends_the_bus_and_releases_everything(run: Runner, role: Role) -> None:
    """It comes out as what it is; nothing is delivered for the episodes it stopped."""
    troupe = Troupe()
    troupe.faults[2, role] = [ZeroDivisionError("a bug")]
    with pytest.RaisesGroup(pytest.RaisesExc(ZeroDivisionError, match="a bug"), flatten_subgroups=True):
        play(run, troupe, [0, 1, 2, 3])
    assert set(troupe.released.values()) == {1}
    assert len(troupe.released) >= 3


def test_a_handler_that_answers_with_another_episode_is_a_bug(run: Runner) -> None:
    """One token carries one episode."""
    troupe = Troupe()
    troupe.endings[0] = completed(1)
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="episode 0 ended with the outcome of episode 1")):
        play(run, troupe, [0])


def test_a_release_that_hangs_is_cut_off() -> None:
    """The episode's outcome comes all the same, five virtual seconds later, and it is counted."""
    troupe = Troupe()

    async def hang(_episode: str) -> None:
        await anyio.sleep_forever()

    troupe.release = hang
    post, bus = play(simulate, troupe, [0], clock=virtual_ns)
    assert post.outcomes == [completed(0)]
    assert bus.statistics().stuck_releases == 1
    assert post.timings[0].total_ms == pytest.approx(5000)


def test_more_in_flight_than_a_mailbox_holds_is_refused() -> None:
    """Otherwise a send inside the circle could wait."""
    with pytest.raises(ValueError, match="at most the capacity 3"):
        make(Troupe(), Post(), capacity=3)


def test_waiting_and_working_are_measured_apart() -> None:
    """Service is the time in the handler, wait the time in the mailbox; on the clock that was passed in."""
    troupe = Troupe(lambda _index, _role: anyio.sleep(2))
    post, bus = play(simulate, troupe, [0], clock=virtual_ns)
    assert post.timings[0].total_ms == pytest.approx(2000 * len(ROAD))
    stage = bus.report()["assistant"]
    assert stage.count == 2
    assert stage.service_ms.p50 == pytest.approx(2000, rel=0.02)
    assert stage.service_ms.max == pytest.approx(2000)
    assert stage.wait_ms.max == 0
