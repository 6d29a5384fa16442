"""`tdscaling sandbox`: the image that Docker's sandboxes are made from, and the containers there are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter

from ..runtime import loop
from ..runtime.errors import ConfigError
from .safe import safe

if TYPE_CHECKING:
    from ..sandbox.code.sweep import Found


def build(
    *,
    source: Annotated[Literal["auto", "registry", "debian"], Parameter(name="--from")] = "auto",
    base: str = "",
    data: Annotated[bool, Parameter(negative=())] = False,
    name: str = "",
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    source
        Where from: a registry, or Debian's packages by this machine's apt; auto asks the registry first.
    base
        The registry's image, which needs Python 3.9 or newer and bash.
    data
        A larger image, with numpy and pandas, from Debian's packages.
    name
        Name and tag of the image.
    """
    from ..sandbox.code.engine import connected, engine_url
    from ..sandbox.code.image import BASE, NAME
    from ..sandbox.code.image import build as build_image

    if base and (source == "debian" or data):
        raise ConfigError("--base names a registry's image: leave --from debian and --data away")

    async def main() -> str:
        async with connected(engine_url()) as docker:
            chosen = "registry" if base else source
            return await build_image(docker, chosen, name=name or NAME, base=base or BASE, data=data, say=_say)

    contents = loop.run(main)
    _say(f"{name or NAME} is ready (contents {contents})")
    return 0


def show(*, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    json
        One JSON object per container.
    """
    from ..sandbox.code.engine import connected, engine_url
    from ..sandbox.code.sweep import find

    async def main() -> list[Found]:
        async with connected(engine_url()) as docker:
            return await find(docker)

    for found in loop.run(main):
        line = msgspec.json.encode(found).decode() if json else _line(found)
        sys.stdout.write(line + "\n")
    return 0


def sweep() -> int:
    """See the help text in `app.py`."""
    from ..sandbox.code.engine import connected, engine_url
    from ..sandbox.code.sweep import sweep as sweep_engine

    async def main() -> int:
        async with connected(engine_url()) as docker:
            return await sweep_engine(docker)

    gone = loop.run(main)
    _say(f"{gone} removed")
    return 0


def _line(found: Found) -> str:
    return safe(f"{found.id[:12]}  {found.state:<8}  owner {found.pid} ({found.owner})")


def _say(text: str) -> None:
    sys.stderr.write(safe(text) + "\n")
    sys.stderr.flush()
