"""The model protocol: one request, one reply. HTTP, SDK and simulated models all answer to it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from .chat import AssistantMessage, ChatMessage, ToolDefinition

SIMULATED = "sim"
"""The simulated model's name. A server whose replies carry it serves the simulated model: rows say so."""


class ResponseFormat(msgspec.Struct, frozen=True):
    """OpenAI's structured output: the reply's content must be JSON of this schema."""

    name: str
    schema: msgspec.Raw
    """JSON Schema, encoded."""


class ModelRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a model is told. A model that is not told it here must not know it."""

    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...] = ()
    """Empty for roles that only write; otherwise native tool calling with `tool_choice: auto`."""
    response_format: ResponseFormat | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 4096
    seed: int = 0
    """OpenAI's sampling seed: derived from (run seed, index, role, step)."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the server counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class ModelReply(msgspec.Struct, frozen=True):
    """What came back."""

    message: AssistantMessage
    finish_reason: str
    """Raw: `stop`, `tool_calls`, `length`, …"""
    usage: Usage
    model: str
    """The name the server gave, which may differ from the one asked for; empty when it gave none."""
    logprobs: str = ""
    """JSON text of the log probabilities as the server gave them; empty when none were asked for."""


class Model(Protocol):
    """Answers requests."""

    @property
    def simulated(self) -> bool:
        """True for the stand-in; rows it touched say so."""
        ...

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Answer one request.

        Raises:
            InfrastructureFault: no usable answer after the model's own retries.
        """
        ...
