"""The probe of an endpoint: every check in its order, within a minute, before money is spent."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import anyio

from ..runtime.errors import ConfigError
from ..runtime.llm.secret import Key
from . import probe_checks
from .checkup import Check, Status
from .probe_talk import Talk, Unusable

BUDGET_S = 55.0
"""Seconds for everything; what was not reached by then says so."""
CHECKS: tuple[tuple[str, Callable[[Talk], Awaitable[Check]]], ...] = (
    ("answer", probe_checks.answer),
    ("tool calls", probe_checks.tool_calls),
    ("parallel calls", probe_checks.parallel_calls),
    ("json_schema", probe_checks.json_schema),
    ("reasoning", probe_checks.reasoning),
    ("streaming", probe_checks.streaming),
    ("long context", probe_checks.long_context),
    ("throughput", probe_checks.throughput),
    ("markup", probe_checks.markup),
)


async def probe(base_url: str, model: str, key: Key, *, clock: Callable[[], float] = time.monotonic) -> list[Check]:
    """Every check; a model of "" means the first that the endpoint lists. About 60 requests, at most 55 s.

    Raises:
        ConfigError: the base URL is none.
    """
    base_url = check_url(base_url)
    deadline = clock() + BUDGET_S
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=4.0)) as session:
        talk = Talk(session, base_url, key)
        checks = await _introduce(talk, base_url, model)
        if any(check.status == "fail" for check in checks):
            return checks
        for name, run in CHECKS:
            checks.append(await _bounded(name, run, talk, deadline - clock()))
            if name == "answer" and checks[-1].status == "fail":
                return checks
    return checks


def check_url(base_url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ConfigError: it is no http or https URL.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(f"--base-url must be like http://127.0.0.1:8000/v1, not {base_url!r}")
    return base_url.rstrip("/")


async def _introduce(talk: Talk, base_url: str, model: str) -> list[Check]:
    """Whether somebody is there, and has the model."""
    try:
        listed = await talk.models()
    except Unusable as error:
        if error.status not in (404, 405, 501) or not model:
            return [Check("reachable", "fail", f"{base_url}: {error}", error.advice or "name the model with --model")]
        talk.model = model
        return [Check("reachable", "warn", f"{base_url} does not list its models", error.advice)]
    here = Check("reachable", "ok", base_url)
    named = ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
    talk.model = model or (listed[0] if listed else "")
    if not talk.model:
        return [here, Check("model", "fail", "the endpoint lists no model", "name one with --model")]
    if talk.model not in listed:
        advice = f"it lists {named or 'none'}; some endpoints answer to names that they do not list"
        return [here, Check("model", "warn", f"{talk.model} is not listed", advice)]
    if not model and len(listed) > 1:
        return [here, Check("model", "ok", f"{talk.model}, the first of {len(listed)}: {named}")]
    return [here, Check("model", "ok", talk.model)]


async def _bounded(name: str, run: Callable[[Talk], Awaitable[Check]], talk: Talk, seconds: float) -> Check:
    """One check; a request that fails is its result, and so is the end of the time."""
    with anyio.move_on_after(max(0.0, seconds)):
        try:
            return await run(talk)
        except Unusable as error:
            status: Status = "warn" if name in ("streaming", "long context") else "fail"
            return Check(name, status, str(error), error.advice)
    return Check(name, "warn", f"not finished: the probe ends after {BUDGET_S:g} s", "the endpoint is slow; try again")
