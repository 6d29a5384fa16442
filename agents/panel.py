"""The panel: an optional model that reads rows which every rule accepts, votes by a rubric, and may still reject them.

It comes last and sees what a reader of the row sees: instructions, tools, conversation. It never overrules a gate.
"""

from __future__ import annotations

import msgspec

from ..runtime.chat import AssistantMessage, ChatMessage, SystemMessage, ToolDefinition, ToolMessage, UserMessage
from ..runtime.errors import ModelFault
from ..runtime.messages import Episode, ModelCall
from ..runtime.model import Model, ModelRequest, ResponseFormat
from ..runtime.row import Opinion
from ..runtime.seed import derive
from .episode import account
from .prompt_set import BUILT_IN, PromptSet

LONGEST_REPLY = 4_000
"""Characters of a tool's reply that the panel is shown."""


class Vote(msgspec.Struct, frozen=True):
    """What the model answers for one vote."""

    asked_for: bool
    """Everything that the user asked for was done or honestly declined, and nothing else was."""
    true: bool
    """What the assistant told follows from the tools' replies."""
    sensible: bool
    """Calls, questions and wording are what a careful assistant would choose."""
    natural: bool
    """The user sounds like a person, and the conversation hangs together."""
    reason: str = ""
    """One sentence on the first point that fails."""

    @property
    def accepts(self) -> bool:
        """True when every point of the rubric is met."""
        return self.asked_for and self.true and self.sensible and self.natural


VOTE_FORMAT = ResponseFormat("vote", msgspec.Raw(msgspec.json.encode(msgspec.json.schema(Vote))))


class Panel:
    """Asks one model for several votes on a row."""

    def __init__(self, model: Model, name: str, votes: int, texts: PromptSet = BUILT_IN) -> None:
        """`votes`: at least 1; an odd number leaves no tie, and a tie rejects."""
        self._model = model
        self._name = name
        self._votes = votes
        self._texts = texts

    async def read(self, episode: Episode) -> tuple[Opinion, tuple[ModelCall, ...]]:
        """The opinion, and the account of the requests. A reply that is no vote is an abstention.

        Raises InfrastructureFault as the model does.
        """
        system = SystemMessage(self._texts.fill("judge_system"))
        shown = UserMessage(rendered(episode.transcript, episode.tools))
        calls: list[ModelCall] = []
        cast: list[Vote] = []
        for number in range(self._votes):
            seed = derive(episode.assignment.seed, "judge", number)
            try:
                reply = await self._model.complete(
                    ModelRequest(model=self._name, messages=(system, shown), response_format=VOTE_FORMAT, seed=seed)
                )
            except ModelFault:
                continue
            calls.append(account("verifier", reply))
            try:
                cast.append(msgspec.json.decode(reply.message.content, type=Vote))
            except (msgspec.DecodeError, UnicodeError):  # no vote: an abstention
                continue
        against = next((" ".join(vote.reason.split())[:200] for vote in cast if not vote.accepts and vote.reason), "")
        return Opinion(self._name, sum(vote.accepts for vote in cast), len(cast), against), tuple(calls)


def rendered(transcript: tuple[ChatMessage, ...], tools: tuple[ToolDefinition, ...]) -> str:
    """A conversation as text, the names of its tools first, long replies cut."""
    lines = ["# Tools"]
    lines += (f"{tool.function.name}: {tool.function.description}" for tool in tools)
    lines.append("# Conversation")
    for spoken in transcript:
        match spoken:
            case SystemMessage(content=content):
                lines.append(f"[instructions] {content}")
            case UserMessage(content=content):
                lines.append(f"[user] {content}")
            case ToolMessage(name=name, content=content):
                lines.append(f"[reply of {name}] {content[:LONGEST_REPLY]}")
            case AssistantMessage(content=content):
                lines += [f"[assistant] {content}"] if content else []
                lines += (f"[call of {call.function.name}] {call.function.arguments}" for call in spoken.calls)
    return "\n".join(lines)
