"""`tdscaling tools list`: the tools of a server or service, with their schemas."""

from __future__ import annotations

import json as encoder
import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from ..sandbox.facts import params
from ..sandbox.tools import ToolSpec
from .safe import one_line
from .tools_box import opened, perform


def list_tools(
    source: Annotated[str, Parameter(name="MANIFEST")],
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    source
        A manifest's file, or the name of a built-in service.
    json
        One JSON object per tool, with its schemas.
    """
    for spec in perform(_tools, source):
        sys.stdout.write((_encoded(spec) if json else _shown(spec)) + "\n")
    return 0


async def _tools(source: str) -> tuple[ToolSpec, ...]:
    async with opened(source) as box:
        return box.tools()


def _encoded(spec: ToolSpec) -> str:
    return encoder.dumps(msgspec.to_builtins(spec), ensure_ascii=False)


def _shown(spec: ToolSpec) -> str:
    """Name and kind, what it says of itself, its parameters, its reply."""
    kind = "reads" if spec.read_only else "writes"
    lines = [f"{spec.name}  ({kind})", f"    {one_line(spec.description)[:300]}"]
    for param in params(spec.input_schema):
        need = "" if param.required else ", optional"
        about = one_line(str(param.schema.get("description") or ""))[:160]
        lines.append(f"    {one_line(param.name)}: {param.kind}{need}{' - ' if about else ''}{about}")
    if spec.output_schema is not None:
        lines.append(
            f"    replies with: {', '.join(map(one_line, spec.output_schema.get('properties', {}))) or 'JSON'}"
        )
    return "\n".join(lines)
