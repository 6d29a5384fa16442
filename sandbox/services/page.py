"""The page of the documentation that lists the built-in services, written from the services themselves.

python -m tdscaling.sandbox.services.page > docs/services.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from ..tools import ToolSpec
from . import BUILTIN, builtin
from .base import Service

_INTRODUCTION = """\
# Built-in services

{services} services of {sectors} sectors with {tools} tools: {reads} only read, {writes} may write. They are typed
functions over seeded records in memory, play without a network, and answer the same call on the same seed with the
same reply. A run takes them by name: `tdscaling run --services orders,payments`, or all of them: `--services all`.

This page is written by `python -m tdscaling.sandbox.services.page`; a test compares it with the services.

## What all of them share

- **Worlds.** There are 128 of each service, all around one logical clock: a Monday morning, 16 March 2026, 09:00 UTC,
  a minute later after every write. Mail domains and phone numbers are reserved ones that reach nobody. The same seed
  gives every service the same people and products, so that a customer has orders, tickets, invoices and bookings under
  one number (see the last table). Services do not see each other's changes: what was ordered is not billed by itself.
- **State.** A fresh world shares its tables with all others of its seed; the first write makes a private overlay.
- **Refusals** are replies: `{{"error": {{"code": …, "message": …}}}}`, with one of the codes `invalid_argument` (the
  message begins with the argument), `not_found`, `conflict` (a clash with the present state), `forbidden` (a rule),
  `unknown_tool`. A refused call changes nothing.
- **Pages.** Long lists take `limit` and `cursor` and give a `next_cursor`, null on the last page.
- **Policies.** What a service's rules are stands in `Service.policy`, as sentences for a system prompt.
- **Reply styles.** `styled(service, style)` from `sandbox/services/styles.py` gives the same service with replies that
  are `verbose` (indented, with what systems say about themselves), `paged` (two lines at a time) or `truncated` (long
  lists and texts cut, with the number of what is missing beside them). All of them keep to the reply schemas; the style
  stands in the service's version. `clean` is the default.
- **SQL.** The analytics service runs statements on SQLite: a database per world, filled with the first records of other
  services and never written again. Only single reading statements pass; the schema, files, the clock and dice are
  barred, and rows, lengths and work are bounded. Error messages of SQLite itself differ between its versions.

`bench/fuzz_services.py` calls every tool at random and checks these promises and the invariants of each service.
"""


def page(services: Sequence[Service]) -> str:
    """The whole page in Markdown."""
    tools = [tool for service in services for tool in service.tools()]
    reads = sum(tool.read_only for tool in tools)
    parts = [
        _INTRODUCTION.format(
            services=len(services),
            sectors=len({service.sector for service in services}),
            tools=len(tools),
            reads=reads,
            writes=len(tools) - reads,
        ),
        "\n".join(_overview(services)),
        *("\n".join(_section(service)) for service in services),
        "\n".join(_shared(services)),
    ]
    return "\n".join(parts)


def _overview(services: Sequence[Service]) -> Iterator[str]:
    yield "## Overview\n"
    yield "| service | sector | domain | tools | read | write | tables (records in world 0) |"
    yield "|---|---|---|---|---|---|---|"
    for service in services:
        reads = sum(tool.read_only for tool in service.tools())
        tables = ", ".join(f"{name} ({len(records)})" for name, records in service.open_nowait(0).tables().items())
        count = len(service.tools())
        cells = (f"`{service.name}`", service.sector, service.domain, count, reads, count - reads, tables)
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""


def _section(service: Service) -> Iterator[str]:
    yield f"## {service.name}\n"
    yield f"{service.policy}\n"
    yield "| tool | | takes | what it does |"
    yield "|---|---|---|---|"
    for tool in service.tools():
        kind = "reads" if tool.read_only else "writes"
        yield f"| `{tool.name}` | {kind} | {_takes(tool)} | {tool.description} |"
    yield ""


def _takes(tool: ToolSpec) -> str:
    required = tool.input_schema["required"]
    names = [name if name in required else f"[{name}]" for name in tool.input_schema["properties"]]
    return ", ".join(names) or "nothing"


def _shared(services: Sequence[Service]) -> Iterator[str]:
    """Keys that stand in the records of several services."""
    holders: dict[str, dict[str, list[str]]] = {}  # {key: {service: [table]}}
    for service in services:
        for table, records in service.open_nowait(0).tables().items():
            for key in next(iter(records.values()), {}):
                if key.endswith("_id"):
                    holders.setdefault(key, {}).setdefault(service.name, []).append(table)
    yield "## Numbers that services share\n"
    yield "| key | stands in |"
    yield "|---|---|"
    for key, places in holders.items():
        if len(places) > 1:
            told = "; ".join(f"{service}: {', '.join(tables)}" for service, tables in places.items())
            yield f"| `{key}` | {told} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page(builtin(BUILTIN)))
