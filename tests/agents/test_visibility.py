"""Who sees what: requests hold what their role may see, and grow at the end only."""

from __future__ import annotations

from itertools import pairwise

import anyio
import msgspec
import pytest

from tdscaling.agents import prompts
from tdscaling.agents.user import conversation
from tdscaling.runtime.messages import Judge, Respond, Speak
from tdscaling.runtime.model import ModelRequest

from .play import Theatre


@pytest.fixture(scope="module")
def theatre() -> Theatre:
    """Twenty-six episodes, two of each mode, all requests kept."""
    played = Theatre(mistakes=1.0)
    anyio.run(played.play, 26)
    return played


def _is_user(request: ModelRequest) -> bool:
    return not request.tools and request.response_format is None


def test_the_user_agent_sees_no_tool_and_no_plan(theatre: Theatre) -> None:
    """Neither tool names nor tool calls nor replies stand in a user agent's request."""
    names = [name for name in theatre.stage.tools if "_" in name]
    requests = [request for request, _ in theatre.model.exchanges if _is_user(request)]
    assert requests
    for request in requests:
        text = msgspec.json.encode(request.messages).decode()
        assert not any(name in text for name in names)
        assert "tool_calls" not in text
        assert '"role":"tool"' not in text


def test_the_assistant_sees_no_blueprint(theatre: Theatre) -> None:
    """The assistant's request holds no persona, no goal list, no fact the user has not said."""
    requests = [request for request, _ in theatre.model.exchanges if request.tools]
    assert requests
    for request in requests:
        text = msgspec.json.encode(request.messages).decode()
        assert "You play a user" not in text
        assert "## Goal" not in text
        assert prompts.STOP not in text
        assert request.response_format is None


def test_a_withheld_tool_is_not_given() -> None:
    """The capable tool of an impossible goal is missing from the assistant's list."""
    theatre = Theatre()

    async def withheld() -> int:
        seen = 0
        for index in range(26):
            messages = await theatre.stages(theatre.sampler.assign(index))
            for message in messages:
                if isinstance(message, Speak):
                    given = {tool.function.name for tool in message.episode.tools}
                    assert given.isdisjoint(message.episode.blueprint.plan.withheld)
                    seen += bool(message.episode.blueprint.plan.withheld)
        return seen

    assert anyio.run(withheld) > 0


def test_requests_of_an_episode_are_append_only() -> None:
    """Each request's encoded messages begin with those of the one before, for assistant and user; tools stay put."""
    theatre = Theatre(mistakes=1.0)

    async def check() -> None:
        for index in range(13):
            assistant: list[bytes] = []
            user: list[bytes] = []
            tools = None
            for message in await theatre.stages(theatre.sampler.assign(index)):
                if isinstance(message, Respond):
                    assistant.append(msgspec.json.encode(message.episode.transcript).removesuffix(b"]"))
                    tools = tools or message.episode.tools
                    assert message.episode.tools == tools
                elif isinstance(message, Speak | Judge):
                    user.append(msgspec.json.encode(conversation(message.episode)).removesuffix(b"]"))
            for requests in (assistant, user):
                assert all(later.startswith(earlier) for earlier, later in pairwise(requests))

    anyio.run(check)
