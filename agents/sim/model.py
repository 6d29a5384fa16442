"""The simulated model: answers from the request alone, as a stand-in for trying, testing and measuring.

It sees exactly what a real model would see. Nothing else reaches it: no shared table, no marker, no run seed; its dice
are seeded by a hash of the request (which, as with a real endpoint, carries a sampling seed). It errs at the rates
below, times `mistakes`.
"""

from __future__ import annotations

import hashlib
from random import Random

import anyio.lowlevel
import msgspec

from ...runtime.chat import AssistantMessage, FunctionCall, ToolCall
from ...runtime.model import ModelReply, ModelRequest, Usage
from ..panel import VOTE_FORMAT
from .assistant import Assistant
from .choosing import Call
from .coder import work_on
from .drafter import draft
from .grader import vote
from .user import say_next
from .words import index

NAME = "sim"
MISTAKES = {
    "wrong_argument": 0.015,
    "wrong_tool": 0.01,
    "malformed_json": 0.005,
    "premature_stop": 0.01,
    "sloppy_plan": 0.05,
}
"""How often a reply of the kind goes wrong: the first four per assistant reply, the last per drafted plan."""

_encoder = msgspec.json.Encoder()


class SimModel:
    """A model without weights. `mistakes` scales the error rates; 0 switches them off."""

    def __init__(self, mistakes: float = 1.0) -> None:
        self._mistakes = mistakes

    @property
    def simulated(self) -> bool:
        """Always."""
        return True

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Answer at once; gives other tasks a turn first, as an endpoint would. Raises nothing."""
        await anyio.lowlevel.checkpoint()
        return answer(request, self._mistakes)


def answer(request: ModelRequest, mistakes: float = 1.0) -> ModelReply:
    """The reply to a request: a pure function of both arguments."""
    encoded = _encoder.encode(request)
    dice = Random(hashlib.blake2b(encoded, digest_size=8).digest())
    if request.response_format is not None and request.response_format.name == VOTE_FORMAT.name:
        message = AssistantMessage(vote(request.messages, dice, mistakes))
    elif request.response_format is not None:
        sloppy = dice.random() < MISTAKES["sloppy_plan"] * mistakes
        message = AssistantMessage(draft(request.messages, dice, sloppy=sloppy))
    elif request.tools:
        message = _assist(request, dice, mistakes)
    else:
        message = AssistantMessage(say_next(request.messages, dice))
    written = len(message.content) + sum(len(call.function.arguments) + 16 for call in message.calls)
    usage = Usage(prompt_tokens=len(encoded) // 4, completion_tokens=1 + written // 4)
    return ModelReply(message, "tool_calls" if message.calls else "stop", usage, NAME)


def _assist(request: ModelRequest, dice: Random, mistakes: float) -> AssistantMessage:
    said, moves = (
        work_on(request.messages, request.tools, dice) or Assistant(request.messages, request.tools, dice).move_on()
    )
    slip = dice.random() / mistakes if mistakes else 1.0
    if moves and slip < sum(MISTAKES.values()):
        said, moves, garbled = _err(said, moves, request, slip, dice)
    else:
        garbled = False
    made = sum(len(spoken.calls) for spoken in request.messages if isinstance(spoken, AssistantMessage))
    calls = tuple(
        ToolCall(f"call_{made + number}", FunctionCall(move.tool, _arguments(move, garbled)))
        for number, move in enumerate(moves)
    )
    return AssistantMessage(said, tool_calls=calls) if calls else AssistantMessage(said)


def _arguments(move: Call, garbled: bool) -> str:
    text = _encoder.encode(move.arguments).decode()
    return text[:-1] if garbled else text


def _err(
    said: str, moves: list[Call], request: ModelRequest, slip: float, dice: Random
) -> tuple[str, list[Call], bool]:
    """One of the documented mistakes, chosen by where `slip` falls among the rates; often none."""
    kind = ""
    for name in ("wrong_argument", "wrong_tool", "malformed_json", "premature_stop"):
        if 0 <= slip < MISTAKES[name]:
            kind = name
            break
        slip -= MISTAKES[name]
    first, rest = moves[0], moves[1:]
    match kind:
        case "wrong_argument" if texts := [k for k, v in first.arguments.items() if isinstance(v, str) and len(v) > 2]:
            name = dice.choice(texts)
            value = first.arguments[name]
            return said, [Call(first.tool, first.arguments | {name: value[:-2] + value[-1] + value[-2]}), *rest], False
        case "wrong_tool":
            other = dice.choice(sorted(index(request.tools).tools))
            return said, [Call(other, first.arguments), *rest], False
        case "malformed_json":
            return said, moves, True
        case "premature_stop":
            return "That is all done.", [], False
        case _:
            return said, moves, False
