"""The least that a five-call tool loop can cost with a given client: no retries, checks or records around it.

python floors.py aiohttp|sdk URL EPISODES IN_FLIGHT
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import aiohttp
import anyio
import msgspec
import openai

from tdscaling.runtime import loop

SPEC = {
    "name": "lookup",
    "description": "Look up the value of a key.",
    "parameters": {
        "type": "object",
        "properties": {"key": {"type": "string", "description": "which value"}},
        "required": ["key"],
    },
}
TOOLS: Any = [{"type": "function", "function": SPEC}]
Messages: TypeAlias = list[Any]
Ask = Callable[[Messages], Awaitable[tuple[dict[str, Any], str | None]]]
"""One request: the conversation so far to (assistant message, id of its tool call or None)."""


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    id: str
    function: _Function
    type: str = "function"


class _Message(msgspec.Struct, omit_defaults=True):
    role: str
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str


class _Reply(msgspec.Struct):
    choices: list[_Choice]


async def episode(number: int, ask: Ask) -> None:
    """Ask until the model answers in words."""
    messages: Messages = [{"role": "user", "content": f"Add up the values, round {number}."}]
    while True:
        said, call = await ask(messages)
        messages.append(said)
        if call is None:
            return
        messages.append({"role": "tool", "tool_call_id": call, "content": "value"})


async def with_aiohttp(url: str, run: Callable[[Ask], Awaitable[None]]) -> None:
    """The floor that ratios refer to: one session, msgspec both ways."""
    decoder = msgspec.json.Decoder(_Reply)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(messages: Messages) -> tuple[dict[str, Any], str | None]:
            body = msgspec.json.encode({"model": "mock", "messages": messages, "tools": TOOLS})
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/chat/completions", data=body, headers=headers) as response:
                said = decoder.decode(await response.read()).choices[0].message
            return msgspec.to_builtins(said), said.tool_calls[0].id if said.tool_calls else None

        await run(ask)


async def with_sdk(url: str, run: Callable[[Ask], Awaitable[None]]) -> None:
    """OpenAI's SDK on its aiohttp transport."""
    async with openai.AsyncOpenAI(base_url=url, api_key="none", http_client=openai.DefaultAioHttpClient()) as client:

        async def ask(messages: Messages) -> tuple[dict[str, Any], str | None]:
            reply = await client.chat.completions.create(model="mock", messages=messages, tools=TOOLS)
            said = reply.choices[0].message
            return said.model_dump(exclude_none=True), said.tool_calls[0].id if said.tool_calls else None

        await run(ask)


async def main(client: str, url: str, episodes: int, in_flight: int) -> None:
    """So many episodes, so many at a time."""
    left = iter(range(episodes))

    async def run(ask: Ask) -> None:
        async def work() -> None:
            for number in left:
                await episode(number, ask)

        async with anyio.create_task_group() as group:
            for _ in range(min(in_flight, episodes)):
                group.start_soon(work)

    await {"aiohttp": with_aiohttp, "sdk": with_sdk}[client](url, run)


if __name__ == "__main__":
    loop.run(lambda: main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
