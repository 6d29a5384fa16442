"""`tdscaling view`: a run as a page in the browser, on loopback; it follows the run while it goes on."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
from cyclopts import Parameter

from ..runtime import loop
from ..runtime.errors import ConfigError

if TYPE_CHECKING:
    from .pages.serving import Viewer

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def view(run: Annotated[Path, Parameter(name="RUN")], /, *, port: int = 8765) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    run
        The directory of a run, also of one that goes on.
    port
        On 127.0.0.1; 0 takes a free one.
    """
    from .pages.live import Live
    from .pages.serving import Viewer

    if not 0 <= port <= 65535:
        raise ConfigError(f"--port must be between 0 and 65535, not {port}")
    viewer = Viewer(Live(run))
    loop.run(lambda: _serve(viewer, port))
    return 0


async def _serve(viewer: Viewer, port: int) -> None:
    from .pages.serving import serving

    with anyio.open_signal_receiver(*SIGNALS) as received:
        try:
            async with serving(viewer, port) as url:
                sys.stdout.write(f"{url}\n")
                sys.stdout.flush()
                async for _ in received:
                    break
        except OSError as error:
            raise ConfigError(f"--port {port}: {error.strerror or error}") from None
