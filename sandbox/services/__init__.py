"""The built-in business services: typed functions over a small seeded world of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from ...runtime.errors import ConfigError
from .analytics import analytics
from .base import Service
from .bookings import bookings
from .calendar import calendar
from .directory import directory
from .files import files
from .inventory import inventory
from .messaging import messaging
from .orders import orders
from .payments import payments
from .tickets import tickets

BUILTIN: Mapping[str, Callable[[], Service]] = MappingProxyType(
    {
        "orders": orders,
        "calendar": calendar,
        "tickets": tickets,
        "inventory": inventory,
        "payments": payments,
        "directory": directory,
        "files": files,
        "messaging": messaging,
        "bookings": bookings,
        "analytics": analytics,
    }
)
"""A factory per service, by the service's name."""


def builtin(names: Iterable[str]) -> tuple[Service, ...]:
    """The named services in the given order. Raises ConfigError when a name is unknown or given twice."""
    wanted = tuple(names)
    for name in wanted:
        if name not in BUILTIN:
            raise ConfigError(f"unknown service {name!r}; the built-in ones are {', '.join(BUILTIN)}")
        if wanted.count(name) > 1:
            raise ConfigError(f"service {name!r} is given twice")
    return tuple(BUILTIN[name]() for name in wanted)


__all__ = ["BUILTIN", "builtin"]
