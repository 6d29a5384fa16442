"""Tools that a model plays: what is asked, what is refused, mending, state, the tape, worlds of several kinds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from tdscaling.runtime.chat import AssistantMessage
from tdscaling.runtime.errors import ConfigError, EnvironmentFault, Fault, InfrastructureFault
from tdscaling.runtime.model import ModelReply, ModelRequest, Usage
from tdscaling.sandbox.services import builtin
from tdscaling.sandbox.simulated import Change, Proposal, SimulatedToolbox, Tape
from tdscaling.sandbox.tools import Snapshot, Toolbox, ToolReply
from tdscaling.sandbox.world import open_worlds

from .entity_lists import STATUS, TEXT, shop, tool

LOAN = {
    "type": "object",
    "properties": {"loan_id": TEXT, "status": STATUS},
    "required": ["loan_id", "status"],
}
LIBRARY = (
    tool("get_loan", {"loan_id": TEXT}, output=LOAN, read_only=True, description="Show a loan."),
    tool("set_loan", {"loan_id": TEXT, "status": STATUS}, output=LOAN, description="Change a loan."),
    tool("open_loan", {}, output=LOAN, description="Open a loan."),
)
TABLES: Snapshot = {"loans": {"L-1": {"loan_id": "L-1", "status": "open"}}}


class Scripted:
    """A model that gives its answers one after the other, and keeps what it was asked."""

    simulated = True

    def __init__(self, answers: Sequence[Proposal | str]) -> None:
        self._answers = list(answers)
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The next answer."""
        self.requests.append(request)
        answer = self._answers.pop(0)
        text = answer if isinstance(answer, str) else msgspec.json.encode(answer).decode()
        return ModelReply(AssistantMessage(text), "stop", Usage(), request.model)


def loan(status: str, key: str = "L-1") -> str:
    """A loan as JSON text."""
    return json.dumps({"loan_id": key, "status": status})


def read(status: str = "open", key: str = "L-1") -> Proposal:
    """A reply that changes nothing."""
    return Proposal(loan(status, key), False, (), ())


def write(status: str, *, said: str = "", key: str = "L-1", issued: tuple[str, ...] = ()) -> Proposal:
    """A reply with its change; `said` is the status in the reply when it is another one."""
    return Proposal(loan(said or status, key), False, (Change("loans", key, loan(status, key)),), issued)


def library(model: Scripted | None, tape: Tape | None = None) -> SimulatedToolbox:
    """The library, played by the model."""
    return SimulatedToolbox("library", LIBRARY, model, model_name="m", tables=lambda _seed: TABLES, tape=tape)


def play(box: SimulatedToolbox, *calls: tuple[str, dict[str, Any]]) -> tuple[list[ToolReply], Snapshot]:
    """The replies of calls in one fresh world, and its state afterwards."""

    async def inside() -> tuple[list[ToolReply], Snapshot]:
        world = await box.open(0)
        replies = [await world.call(name, arguments) for name, arguments in calls]
        return replies, (await world.snapshot())["library"]

    return anyio.run(inside)


GET = ("get_loan", {"loan_id": "L-1"})
PAY = ("set_loan", {"loan_id": "L-1", "status": "paid"})


def test_a_change_is_applied_and_read_back() -> None:
    """The state after the write is what the next call is asked on."""
    model = Scripted([write("paid"), read("paid")])
    replies, state = play(library(model), PAY, GET)
    assert [json.loads(reply.content)["status"] for reply in replies] == ["paid", "paid"]
    assert state["loans"]["L-1"]["status"] == "paid"
    assert '"status":"paid"' in model.requests[1].messages[-1].content


def test_the_initial_tables_are_never_changed() -> None:
    """A second world starts where the first one started."""
    play(library(Scripted([write("paid")])), PAY)
    assert TABLES["loans"]["L-1"]["status"] == "open"


def test_the_model_is_told_tool_state_and_call_only() -> None:
    """Three sections, structured output, nothing else."""
    model = Scripted([read()])
    play(library(model), GET)
    request = model.requests[0]
    system, question = request.messages
    assert [line for line in question.content.splitlines() if line.startswith("# ")] == ["# Tool", "# State", "# Call"]
    assert request.response_format is not None
    assert not request.tools
    assert "goal" not in system.content.lower()


@pytest.mark.parametrize(
    ("call", "bad", "why"),
    [
        (GET, "no json", "not the JSON"),
        (GET, Proposal("", False, (), ()), "empty"),
        (GET, Proposal('{"loan_id": "L-1"}', False, (), ()), "output schema"),
        (GET, Proposal("plain words", False, (), ()), "not JSON text"),
        (GET, write("paid"), "read-only"),
        (GET, read("paid"), "in the state"),
        (GET, read("open", "L-9"), "neither in the state"),
        (PAY, write("cancelled"), "the call says 'paid'"),
        (PAY, write("paid", said="open"), "in the state"),
        (PAY, Proposal(loan("open"), True, (Change("loans", "L-1", ""),), ()), "refused call changes nothing"),
        (PAY, Proposal(loan("paid"), False, (Change("books", "B", "{}"),), ()), "there is no table"),
        (PAY, Proposal(loan("paid"), False, (Change("loans", "L-1", "[]"),), ()), "JSON text of an object"),
        (PAY, Proposal(loan("paid"), False, (Change("loans", "L-7", ""),), ()), "to remove"),
        (("open_loan", {}), write("open", key="L-2"), "not among the issued"),
        (("open_loan", {}), write("open", issued=("L-1",)), "stands in the state already"),
        (("open_loan", {}), write("open", key="L-2", issued=("L-2", "L-3")), "names no record"),
    ],
)
def test_a_proposal_that_breaks_a_rule_twice_is_a_fault_of_the_environment(
    call: tuple[str, dict[str, Any]], bad: Proposal | str, why: str
) -> None:
    """The problem is stated once, then the episode's world is given up."""
    model = Scripted([bad, bad])
    with pytest.raises(EnvironmentFault, match="simulated_tool") as fault:
        play(library(model), call)
    assert why in fault.value.detail
    assert why in model.requests[1].messages[-1].content
    assert len(model.requests) == 2


def test_one_repair_is_enough_when_it_holds() -> None:
    """The mended proposal counts, the broken one leaves no trace."""
    replies, state = play(library(Scripted([write("cancelled"), write("paid")])), PAY)
    assert not replies[0].is_error
    assert state["loans"] == {"L-1": {"loan_id": "L-1", "status": "paid"}}


def test_a_fresh_identifier_is_accepted_when_it_is_issued() -> None:
    """A new record under its own key."""
    _, state = play(library(Scripted([write("open", key="L-2", issued=("L-2",))])), ("open_loan", {}))
    assert set(state["loans"]) == {"L-1", "L-2"}


@pytest.mark.parametrize("call", [("get_loan", {}), ("get_loan", {"loan_id": 3}), ("burn_loan", {})])
def test_calls_that_break_the_schema_are_refused_without_the_model(call: tuple[str, dict[str, Any]]) -> None:
    """No request is spent on them."""
    model = Scripted([])
    replies, _ = play(library(model), call)
    assert replies[0].is_error
    assert not model.requests


def test_the_same_call_on_the_same_state_is_answered_from_the_tape() -> None:
    """Dry run, play and verification of one episode agree."""
    model = Scripted([write("paid"), read("paid")])
    box = library(model)
    assert play(box, PAY, GET) == play(box, PAY, GET)
    assert len(model.requests) == 2


def test_a_tape_replays_without_a_model_and_says_what_it_lacks() -> None:
    """Recorded calls are answered, others are a fault of the infrastructure, never an invention."""
    box = library(Scripted([write("paid")]))
    first = play(box, PAY)
    kept = msgspec.json.decode(msgspec.json.encode(box.tape.recordings()), type=tuple[Any, ...])
    assert len(kept) == 1
    offline = library(None, Tape(box.tape.recordings()))
    assert play(offline, PAY) == first
    with pytest.raises(InfrastructureFault, match="no_recording"):
        play(offline, GET)


def test_a_tape_is_bounded() -> None:
    """The oldest recording goes first."""
    tape = Tape(capacity=2)
    for key in "abc":
        tape.keep(key, read())
    assert [recording.key for recording in tape.recordings()] == ["b", "c"]


def test_a_model_toolbox_does_not_claim_to_be_replayable() -> None:
    """A sampling model need not say the same again, and provenance names it."""
    box = library(Scripted([]))
    assert not box.replayable
    assert box.provenance == "simulated by model m over library"


def test_a_broken_schema_is_refused_at_the_start() -> None:
    """One line with the tool's name."""
    with pytest.raises(ConfigError, match="bad_tool"):
        SimulatedToolbox("x", [tool("bad_tool", {"a": {"type": "strng"}})], None)


def test_without_tables_the_entity_store_gives_the_first_state() -> None:
    """Seeded entries for the same tools."""
    box = SimulatedToolbox("library", LIBRARY, Scripted([]))
    _, state = play(box)
    assert len(state["loans"]) > 1


def test_all_kinds_of_tools_play_in_one_world() -> None:
    """A built-in service, the entity store and a simulated service beside each other."""

    async def inside() -> tuple[list[ToolReply], dict[str, Snapshot]]:
        boxes: list[Toolbox] = [*builtin(["calendar"]), shop(), library(Scripted([write("paid")]))]
        names = {spec.name for box in boxes[:1] for spec in box.tools()}
        assert names.isdisjoint(spec.name for box in boxes[1:] for spec in box.tools())
        world = await open_worlds(boxes, 3)
        try:
            before = await world.snapshot()
            order = next(iter(before["shop"]["orders"]))
            replies = [
                await world.call("delete_order", {"order_id": order}),
                await world.call(*PAY),
                await world.call("no_such_tool", {}),
            ]
            return replies, await world.snapshot()
        finally:
            await world.aclose()

    replies, state = anyio.run(inside)
    assert [reply.is_error for reply in replies] == [False, False, True]
    assert set(state) == {"calendar", "shop", "library"}
    assert state["library"]["loans"]["L-1"]["status"] == "paid"


def test_a_failing_model_is_passed_on_as_it_is() -> None:
    """An endpoint's failure never becomes the tool's."""

    class Down(Scripted):
        async def complete(self, request: ModelRequest) -> ModelReply:
            raise InfrastructureFault("endpoint", "down")

    with pytest.raises(Fault, match="endpoint"):
        play(library(Down([])), GET)
