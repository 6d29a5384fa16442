"""Whatever a model answers, the episode ends in a row with a named reason, and good beginnings keep their weight."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import msgspec
import pytest

from tdscaling.agents import prompts
from tdscaling.agents.cast import Cast
from tdscaling.agents.sim.model import SimModel
from tdscaling.agents.verifier import Origin
from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.chat import AssistantMessage, FunctionCall, ToolCall
from tdscaling.runtime.model import ModelReply, ModelRequest
from tdscaling.runtime.row import Row

from .play import Theatre

Spoil = Callable[[ModelReply], ModelReply]
"""Changes what the model would have answered."""


class SpoiltModel:
    """The simulated model, whose answers of one kind are spoilt from the n-th on."""

    def __init__(self, spoil: Spoil, *, kind: str, after: int, times: int) -> None:
        """`kind`: blueprint, user, calls (the assistant's that call) or answers (its words). `after` good ones of the
        kind so many are spoilt."""
        self._inner = SimModel(0.0)
        self._spoil = spoil
        self._kind = kind
        self._spoilt = range(after, after + times)
        self._seen = 0

    @property
    def simulated(self) -> bool:
        """As the model inside."""
        return True

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The answer, spoilt where it is of the kind."""
        reply = await self._inner.complete(request)
        if _kind_of(request, reply) != self._kind:
            return reply
        self._seen += 1
        return self._spoil(reply) if self._seen - 1 in self._spoilt else reply


def _kind_of(request: ModelRequest, reply: ModelReply) -> str:
    if request.response_format is not None:
        return "blueprint"
    if not request.tools:
        return "user"
    return "calls" if reply.message.calls else "answers"


def text(content: str) -> Spoil:
    """Says something else instead."""
    return lambda reply: msgspec.structs.replace(reply, message=AssistantMessage(content))


def calls(change: Callable[[ToolCall], ToolCall], times: int = 1) -> Spoil:
    """Calls otherwise."""

    def spoil(reply: ModelReply) -> ModelReply:
        changed = tuple(change(call) for call in reply.message.calls for _ in range(times))
        return msgspec.structs.replace(reply, message=AssistantMessage("", tool_calls=changed))

    return spoil


def with_function(name: str = "", arguments: str = "") -> Callable[[ToolCall], ToolCall]:
    """Another name or other arguments."""

    def change(call: ToolCall) -> ToolCall:
        function = FunctionCall(name or call.function.name, arguments or call.function.arguments)
        return msgspec.structs.replace(call, function=function)

    return change


@pytest.fixture(scope="module")
def theatre() -> Theatre:
    """Two services; each test puts a cast of its own on."""
    return Theatre(services=("orders", "directory"))


@pytest.fixture(scope="module")
def two_goals(theatre: Theatre) -> Assignment:
    """An assignment whose user has two goals, raised one after the other and done with tools."""

    async def find() -> Assignment:
        for index in range(200):
            assignment = theatre.sampler.assign(index)
            row = await theatre.play_one(assignment)
            goals = row.blueprint.plan.goals if row.blueprint else ()
            apart = all(goal.kind == "act" and goal.reports and not goal.together for goal in goals)
            if row.verdict.accepted and len(goals) == 2 and apart:
                return assignment
        raise AssertionError("no episode fits")

    return anyio.run(find)


def played(
    theatre: Theatre, assignment: Assignment, spoil: Spoil, kind: str, *, after: int = 0, times: int = 1000
) -> Row:
    """The row of an episode with a spoilt model."""
    origin = Origin("digest", "sim", "{}", prompts.digest(), simulated=True)
    theatre.cast = Cast(SpoiltModel(spoil, kind=kind, after=after, times=times), theatre.stage, origin)
    return anyio.run(theatre.play_one, assignment)


def cut_at_the_limit(reply: ModelReply) -> ModelReply:
    """As a server ends an answer that grew too long."""
    return msgspec.structs.replace(reply, finish_reason="length")


EVER = 1000
BAD: list[tuple[str, str, Spoil, int, str]] = [
    ("a plan that is no JSON", "blueprint", text("Here is my plan: first …"), EVER, "model.no_plan"),
    ("a plan of the wrong shape", "blueprint", text('{"goals": 3}'), EVER, "model.no_plan"),
    ("a plan that is empty", "blueprint", text(""), EVER, "model.no_plan"),
    ("a user who says nothing", "user", text("  "), 1, "model.user_silent"),
    ("an empty answer", "answers", text(""), 1, "model.silent"),
    ("an answer cut at the limit", "answers", cut_at_the_limit, 1, "model.cut_off"),
    ("a call of an unknown tool", "calls", calls(with_function(name="drop_tables")), 1, "calls.unknown_tool"),
    ("1 MB of arguments", "calls", calls(with_function(arguments=f'{{"a":"{"x" * 2**20}"}}')), 1, "length.arguments"),
    ("endless calls", "calls", calls(with_function(name="drop_tables")), EVER, "model.endless"),
    ("the same call forty times", "calls", calls(lambda call: call, times=40), 1, "calls.too_many_at_once"),
    ("a refusal", "calls", text("I am sorry, I cannot help with that request."), 1, "refusal.unfounded"),
    ("a bad gateway as answer", "answers", text("502 Bad Gateway"), 1, "serving.infrastructure"),
    ("control characters", "answers", text("All \x00done\x1b[0m."), 1, "text.control_character"),
    ("endless talk", "answers", text("and so on " * 2_000), 1, "length.message"),
]


@pytest.mark.parametrize(("kind", "spoil", "times", "reason"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_reply_becomes_a_named_rejection(
    theatre: Theatre, two_goals: Assignment, kind: str, spoil: Spoil, times: int, reason: str
) -> None:
    """The episode ends in a row, rejected, with that reason among others."""
    row = played(theatre, two_goals, spoil, kind, times=times)
    assert not row.verdict.accepted
    assert [r for r in row.verdict.reasons if r.startswith(reason)], row.verdict.reasons


@pytest.mark.parametrize("arguments", ["{oops", "[1]"], ids=["no JSON", "a list"])
def test_malformed_arguments_that_were_put_right_are_context(
    theatre: Theatre, two_goals: Assignment, arguments: str
) -> None:
    """The row is accepted, the refused call counted, and nothing to be learnt."""
    row = played(theatre, two_goals, calls(with_function(arguments=arguments)), "calls", times=1)
    slip = next(said for said in row.messages if isinstance(said, AssistantMessage) and said.calls)
    assert slip.calls[0].function.arguments == arguments
    assert row.verdict.accepted
    assert (row.measurements.tool_errors, slip.train) == (1, 0.0)


def test_repeated_call_ids_are_renumbered(theatre: Theatre, two_goals: Assignment) -> None:
    """A server's slip of the pen is not the model's fault."""
    row = played(theatre, two_goals, calls(lambda call: msgspec.structs.replace(call, id="call_x")), "calls")
    assert row.verdict.accepted


def test_a_rejected_row_keeps_the_weight_of_its_good_beginning(theatre: Theatre, two_goals: Assignment) -> None:
    """Up to the last answer before the first fault; from there on nothing is a target."""
    row = played(theatre, two_goals, text("502 Bad Gateway"), "answers", after=1)
    assert not row.verdict.accepted
    weights = [said.train for said in row.messages]
    fault = next(n for n, said in enumerate(row.messages) if said.content == "502 Bad Gateway")
    answer = next(n for n, m in enumerate(row.messages) if isinstance(m, AssistantMessage) and not m.calls)
    assert answer < fault
    assert weights[answer] == 1.0
    assert set(weights[answer + 1 :]) == {0.0}


def test_a_row_with_a_fault_from_the_start_keeps_no_weight(theatre: Theatre, two_goals: Assignment) -> None:
    """There is no good beginning."""
    row = played(theatre, two_goals, text("502 Bad Gateway"), "answers")
    assert {said.train for said in row.messages} == {0.0}
