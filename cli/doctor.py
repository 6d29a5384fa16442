"""`tdscaling doctor`: what this machine has of what a run needs, and what to do about the rest."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, get_args

import msgspec
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from ..runtime.errors import ConfigError
from .checkup import Check, Status, external_server, machine
from .safe import safe
from .terminal import out_console

MARKS: dict[Status, tuple[str, str]] = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}
FAILED = 1
"""Exit code when a check failed."""


def doctor(
    *,
    base_url: str = "",
    model: str = "",
    api_key_env: str = "OPENAI_API_KEY",
    mcp: tuple[Path, ...] = (),
    json: Annotated[bool, Parameter(negative=())] = False,
    runs: Path = Path("runs"),
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    base_url
        Probe this OpenAI-compatible endpoint instead of the machine: about 60 requests, at most a minute.
    model
        The endpoint's model to probe; the first one that it lists when absent.
    api_key_env
        Environment variable that holds the endpoint's key.
    mcp
        Manifests of MCP servers to start and check, too.
    json
        A JSON list of checks {name, status, detail, advice} on stdout.
    runs
        Folder in which run directories would be made.
    """
    if model and not base_url:
        raise ConfigError("--model names a model of an endpoint: give its --base-url")
    about = _endpoint(base_url, model, api_key_env) if base_url else list(machine(runs))
    checks = [*about, *(external_server(path) for path in mcp)]
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(checks), indent=2).decode() + "\n")
        sys.stdout.flush()
    else:
        _print(checks)
    return FAILED if any(check.status == "fail" for check in checks) else 0


def _endpoint(base_url: str, model: str, api_key_env: str) -> list[Check]:
    # Here and not above: a look at the machine needs no HTTP client.
    from ..runtime import loop
    from ..runtime.llm.secret import Key
    from .probe import probe

    key = Key(os.environ.get(api_key_env, "").strip())
    return loop.run(lambda: probe(base_url, model, key))


def _print(checks: list[Check]) -> None:
    console = out_console()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, colour = MARKS[check.status]
        detail = Text(safe(check.detail))
        if check.advice:
            detail.append(f"\n{safe(check.advice)}", "dim")
        table.add_row(Text(mark, colour), check.name, detail)
    console.print(table)
    counts = {status: sum(check.status == status for check in checks) for status in get_args(Status)}
    console.print(f"\n{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed")
