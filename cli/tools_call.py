"""`tdscaling tools call`: one call on a fresh world, the reply on stdout."""

from __future__ import annotations

import json as decoder
import sys
from typing import Annotated, cast

from cyclopts import Parameter

from ..runtime.errors import ConfigError, Fault, ToolServerError
from ..sandbox.tools import JsonObject, ToolReply
from .safe import safe
from .tools_box import opened, perform

REFUSED = 1


def call_tool(
    source: Annotated[str, Parameter(name="MANIFEST")],
    tool: Annotated[str, Parameter(name="TOOL")],
    arguments: Annotated[str, Parameter(name="ARGUMENTS", allow_leading_hyphen=True)] = "{}",
    /,
    *,
    seed: int = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    source
        A manifest's file, or the name of a built-in service.
    tool
        The tool's name.
    arguments
        A JSON object.
    seed
        Of the world, for a built-in service.
    json
        One JSON object: content, is_error.
    """
    reply = perform(_call, source, tool, _object(arguments), seed)
    if json:
        sys.stdout.write(decoder.dumps({"content": reply.content, "is_error": reply.is_error}) + "\n")
    else:
        sys.stdout.write(safe(reply.content) + "\n")
    return REFUSED if reply.is_error else 0


def _object(text: str) -> JsonObject:
    try:
        decoded: object = decoder.loads(text)
    except ValueError as error:
        raise ConfigError(f"ARGUMENTS: not JSON: {error}") from None
    if not isinstance(decoded, dict):
        raise ConfigError('ARGUMENTS: must be a JSON object, for instance {"path": "/workspace"}')
    return cast("JsonObject", decoded)


async def _call(source: str, tool: str, arguments: JsonObject, seed: int) -> ToolReply:
    async with opened(source) as box:
        names = [spec.name for spec in box.tools()]
        if tool not in names:
            raise ConfigError(f"TOOL: {box.name} has no tool {tool!r}; it has {', '.join(names)}")
        try:
            world = await box.open(seed)
            try:
                return await world.call(tool, arguments)
            finally:
                await world.aclose()
        except Fault as fault:
            raise ToolServerError(str(fault)) from fault
