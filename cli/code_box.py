"""Where `tdscaling run` and `verify` get code tasks from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runtime.config import BackendName
    from ..sandbox.tasks.shelf import TaskShelf

SESSIONS = 48
"""Sandboxes at one time. A world holds one, and a second one while its outcome is found out."""
READY = 4
"""Sandboxes kept started."""


def open_tasks(backend: BackendName | None) -> TaskShelf:
    """The code tasks over a backend, the machine's own where none is named; to be entered."""
    from ..sandbox.code.backends import DEFAULT, make_backend
    from ..sandbox.tasks.shelf import TaskShelf

    return TaskShelf(make_backend(backend or DEFAULT, ready=READY, most=SESSIONS), SESSIONS // 2)
