"""The tool-sim agent: answers the assistant's calls on the episode's own world."""

from __future__ import annotations

import msgspec

from ..runtime.chat import AssistantMessage, ToolCall, ToolMessage
from ..runtime.messages import Act, Respond
from ..runtime.profile.here import step
from ..sandbox.tools import ToolReply, World
from .episode import extend
from .presentation.undoing import Keys
from .stage import Stage
from .talk import decode_arguments


class ToolSimAgent:
    """Sees the tools, the state and the calls; never the user's goal."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def handle(self, message: Act) -> Respond:
        """Answer every call of the last message, in order, and give the word back to the assistant.

        Raises EnvironmentFault and InfrastructureFault as `World.call` does; then nothing of the batch is kept.
        """
        episode = message.episode
        last = episode.transcript[-1]
        calls = last.calls if isinstance(last, AssistantMessage) else ()
        world = await self._stage.playing(episode.id, episode.blueprint.world, len(episode.rows), episode.face)
        keys = Keys(episode.face)
        given = {tool.function.name for tool in episode.tools}
        answers = [ToolMessage(c.id, c.function.name, (await answer(world, c, given, keys)).content) for c in calls]
        return Respond(extend(episode, answers))


async def answer(world: World, call: ToolCall, given: set[str], keys: Keys | None = None) -> ToolReply:
    """One call's reply; `keys` say what the given names stand for.

    A tool that was not given or arguments that are no object are answered like any mistake.
    """
    name = call.function.name
    if name not in given:
        return error("unknown_tool", f"there is no tool named {name}")
    arguments = decode_arguments(call)
    if arguments is None:
        return error("invalid_arguments", "the arguments are not a JSON object")
    with step("tool call"):
        return await world.call(keys.of(name) if keys else name, arguments)


def error(code: str, text: str) -> ToolReply:
    """An error reply in the form that the built-in services use."""
    return ToolReply(msgspec.json.encode({"error": {"code": code, "message": text}}).decode(), is_error=True)
