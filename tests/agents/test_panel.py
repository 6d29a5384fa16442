"""A judging model is asked last, its majority may reject, and its agreement with the rules is counted."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import msgspec
import pytest

from tdscaling.agents.panel import VOTE_FORMAT, Panel, rendered
from tdscaling.agents.sim.model import SimModel
from tdscaling.agents.verifier import with_opinion
from tdscaling.runtime.chat import AssistantMessage
from tdscaling.runtime.messages import Episode
from tdscaling.runtime.model import ModelReply, ModelRequest, Usage
from tdscaling.runtime.row import Opinion, Scores, Verdict

from .play import Theatre, final_episode

YES = '{"asked_for":true,"true":true,"sensible":true,"natural":true}'
NO = '{"asked_for":true,"true":false,"sensible":true,"natural":true,"reason":"The total\\nis made up."}'


class Script:
    """A model that says its lines in order and keeps what it was asked."""

    simulated = False

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(lines)
        self.asked: list[ModelRequest] = []

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The next line."""
        self.asked.append(request)
        return ModelReply(AssistantMessage(self._lines.pop(0)), "stop", Usage(10, 5), "reader")


@pytest.fixture(scope="module")
def episode() -> Episode:
    """A finished episode whose user wants to hear values by name."""
    theatre = Theatre()
    for index in range(20):
        found = final_episode(anyio.run(theatre.stages, theatre.sampler.assign(index)))
        if all(goal.reports for goal in found.blueprint.plan.goals):
            return found
    raise AssertionError("none of twenty episodes asks for values")


def read(episode: Episode, lines: Sequence[str]) -> tuple[Opinion, Script]:
    """The opinion of a scripted model."""
    model = Script(lines)
    opinion, calls = anyio.run(Panel(model, "reader", len(lines)).read, episode)
    assert [(call.role, call.prompt_tokens) for call in calls] == [("verifier", 10)] * len(lines)
    return opinion, model


def test_a_majority_accepts_and_a_tie_rejects(episode: Episode) -> None:
    """The first reason against the row is kept, on one line."""
    assert read(episode, [YES, NO, YES])[0] == Opinion("reader", 2, 3, "The total is made up.")
    assert read(episode, [YES, NO, YES])[0].accepts
    assert not read(episode, [YES, NO])[0].accepts


def test_a_reply_that_is_no_vote_is_an_abstention(episode: Episode) -> None:
    """Prose, half a vote, a list: none of them counts, and nobody's vote rejects nothing."""
    opinion, _ = read(episode, ["I like it.", '{"asked_for":true}', "[]"])
    assert (opinion.accepting, opinion.votes, opinion.accepts) == (0, 0, True)


def test_votes_are_asked_for_with_seeds_of_their_own_and_the_same_text(episode: Episode) -> None:
    """So that an endpoint can cache the prompt and still vote three times."""
    _, model = read(episode, [YES, YES, YES])
    assert len({request.seed for request in model.asked}) == 3
    assert len({msgspec.json.encode(request.messages) for request in model.asked}) == 1
    assert all(request.response_format == VOTE_FORMAT for request in model.asked)


def test_the_model_sees_the_row_and_not_the_blueprint(episode: Episode) -> None:
    """Instructions, tools, what was said and called; no goal, no plan."""
    text = rendered(episode.transcript, episode.tools)
    assert all(spoken.content[:200] in text for spoken in episode.transcript)
    assert "## Goal" not in text
    assert '"steps"' not in text


def test_an_opinion_rejects_what_the_rules_accept_and_says_why() -> None:
    """The reason is counted like every other."""
    accepted = Verdict(True, (), Scores())
    against = with_opinion(accepted, Opinion("reader", 1, 3, "The total is made up."))
    assert (against.accepted, against.reasons) == (
        False,
        ("judge.rejected: 2 of 3 votes: The total is made up.",),
    )
    assert with_opinion(accepted, Opinion("reader", 2, 3)).accepted


def test_the_simulated_model_votes(episode: Episode) -> None:
    """Without mistakes it accepts what is complete, and rejects a row whose values are not told."""
    opinion, _ = anyio.run(Panel(SimModel(0.0), "sim", 3).read, episode)
    assert (opinion.accepting, opinion.votes) == (3, 3)
    silent = tuple(
        msgspec.structs.replace(said, content="All done.") if isinstance(said, AssistantMessage) else said
        for said in episode.transcript
    )
    opinion, _ = anyio.run(Panel(SimModel(0.0), "sim", 3).read, msgspec.structs.replace(episode, transcript=silent))
    assert (opinion.accepting, opinion.votes) == (0, 3)
