"""Every test that asks for `run` runs on each kind of event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.simloop import simulate

T = TypeVar("T")


@pytest.fixture(params=["asyncio", "uvloop", "simulated"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[object]]], object]:
    """Runs an async function on a fresh loop."""
    if request.param == "simulated":
        return partial(simulate, seed=7)
    return partial(loop.run, use_uvloop=request.param == "uvloop")
