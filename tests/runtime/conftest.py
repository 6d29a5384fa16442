"""Every test that asks for `run` runs on each kind of event loop."""

from __future__ import annotations

from functools import partial

import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.simloop import simulate
from tdscaling.tests.runtime.play import Runner


@pytest.fixture(params=["asyncio", "uvloop", "simulated"])
def run(request: pytest.FixtureRequest) -> Runner:
    """Runs an async function on a fresh loop."""
    if request.param == "simulated":
        return partial(simulate, seed=7)
    return partial(loop.run, use_uvloop=request.param == "uvloop")
