"""Asking a built-in service as a test does: a good reply decoded, a refusal as code and message, a record by fields."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import msgspec

from tdscaling.sandbox.services import BUILTIN
from tdscaling.sandbox.services.base import Service, ServiceWorld

Record: TypeAlias = dict[str, Any]


def opened(service: str, seed: int = 23) -> ServiceWorld:
    """A fresh world of a service."""
    return _compiled(service).open_nowait(seed)


@cache
def _compiled(service: str) -> Service:
    return BUILTIN[service]()


def ask(world: ServiceWorld, tool: str, **arguments: object) -> Record:
    """The decoded reply of a call that must succeed."""
    reply = world.call_nowait(tool, arguments)
    assert not reply.is_error, reply.content
    return msgspec.json.decode(reply.content, type=Record)


def refusal(world: ServiceWorld, tool: str, **arguments: object) -> tuple[str, str]:
    """Code and message of a call that must be refused, and must change nothing."""
    before = world.tables()
    reply = world.call_nowait(tool, arguments)
    assert reply.is_error, reply.content
    assert world.tables() == before
    error = msgspec.json.decode(reply.content, type=dict[str, dict[str, str]])["error"]
    return error["code"], error["message"]


def every(world: ServiceWorld, table: str, **fields: object) -> list[Record]:
    """The records of a table with these fields."""
    return [r for r in world.tables()[table].values() if all(r[name] == value for name, value in fields.items())]


def some(world: ServiceWorld, table: str, **fields: object) -> Record:
    """The last of them."""
    return every(world, table, **fields)[-1]
