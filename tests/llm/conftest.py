"""Every test that asks for `run` runs on each of the event loops that runs use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from tdscaling.runtime import loop

T = TypeVar("T")
Runner = Callable[[Callable[[], Awaitable[T]]], T]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Runner[object]:
    """Runs an async function on a fresh loop."""
    return partial(loop.run, use_uvloop=request.param == "uvloop")
