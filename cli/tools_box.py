"""Where `tdscaling tools` gets its toolbox from: a manifest's file, or the name of a built-in service."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..runtime import loop
from ..runtime.errors import ConfigError
from ..runtime.supervisor import first_cause
from ..sandbox.manifest import Manifest, load_manifest
from ..sandbox.services import BUILTIN, builtin
from ..sandbox.tools import Toolbox

T = TypeVar("T")


def manifest_of(source: str) -> Manifest | None:
    """The manifest, or None for a built-in service. Raises ConfigError."""
    if source in BUILTIN:
        return None
    if not Path(source).suffix and not Path(source).exists():
        raise ConfigError(f"{source!r} is no built-in service ({', '.join(BUILTIN)}) and no manifest")
    return load_manifest(Path(source))


@asynccontextmanager
async def opened(source: str) -> AsyncGenerator[Toolbox]:
    """The toolbox, its server checked, no server kept ready. Raises ConfigError and ToolServerError."""
    manifest = manifest_of(source)
    if manifest is None:
        yield builtin([source])[0]
        return
    from ..sandbox.mcp import McpToolbox

    async with McpToolbox(manifest, prestart=0) as box:
        yield box


def perform(main: Callable[..., Coroutine[object, object, T]], *arguments: object, **named: object) -> T:
    """Run to the end; an error comes out of the groups that task groups make of it."""
    try:
        return loop.run(partial(main, *arguments, **named))
    except BaseExceptionGroup as errors:
        raise first_cause(errors) from None
