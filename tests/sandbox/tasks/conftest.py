"""A bubblewrap backend for code tasks."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tdscaling.sandbox.code.backends import make_backend
from tdscaling.sandbox.code.base import Backend

from ..code.conftest import need


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
async def backend(anyio_backend: object) -> AsyncGenerator[Backend]:
    """Entered once for all tests of a module."""
    need("bubblewrap")
    async with make_backend("bubblewrap", ready=4, most=16) as entered:
        yield entered
