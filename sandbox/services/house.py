"""What a service's house says to its assistants: its rules, and which day it is there."""

from __future__ import annotations

from collections.abc import Iterable

from ..tools import Toolbox
from .base import Service
from .families import LOGICAL_NOW


def rules_of(toolboxes: Iterable[Toolbox]) -> str:
    """The rules that the services enforce, in sentences for a system prompt; empty when none has any."""
    return " ".join(box.policy for box in toolboxes if isinstance(box, Service) and box.policy)


def today_of(toolboxes: Iterable[Toolbox]) -> str:
    """The day in the services' worlds, in words; empty where a service lives by another clock."""
    if not all(isinstance(box, Service) for box in toolboxes):
        return ""
    return f"{LOGICAL_NOW:%A}, {LOGICAL_NOW.day} {LOGICAL_NOW:%B %Y}"
