"""A kind of planted fault: how it is put into a row, and which reasons are of its class."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeAlias

import msgspec

from ..stage import Stage
from .line import Line


class Skip(Exception):
    """The fault cannot be planted in this row."""


Plant: TypeAlias = Callable[[Line, Random], None]
"""Changes the row in place; raises Skip where it does not fit."""

LivePlant: TypeAlias = Callable[[Line, Random, Stage], Awaitable[None]]
"""The same, with a world to look things up in or to act in."""


class Fault(msgspec.Struct, frozen=True):
    """One kind."""

    name: str
    """What goes wrong, in a few words."""
    classes: tuple[str, ...]
    """Beginnings of reasons that name this fault."""
    plant: Plant | None = None
    live: LivePlant | None = None
    played: bool = False
    """True where the calls are played again after planting, so that the replies are not what gives the fault away."""

    def fits(self, reason: str) -> bool:
        """True for a reason of the right class."""
        return reason.startswith(self.classes)
