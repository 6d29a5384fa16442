"""Which event loop a run uses: uvloop, or plain asyncio when asked for or when uvloop is not there."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")


def uvloop_available() -> bool:
    """Whether uvloop is installed (it does not exist for Windows)."""
    return importlib.util.find_spec("uvloop") is not None


def run(main: Callable[[], Awaitable[T]], *, use_uvloop: bool = True) -> T:
    """Run `main` on a fresh loop and return what it returns.

    Raises whatever `main` raises, and RuntimeError when a loop already runs in this thread.
    """
    return anyio.run(main, backend_options={"use_uvloop": use_uvloop and uvloop_available()})
