"""`tdscaling doctor --base-url`: what the probe says about good and bad endpoints."""

from __future__ import annotations

import json

import aiohttp.web
import anyio
import pytest

from tdscaling.agents.sim.server.faults import Faults
from tdscaling.agents.sim.server.service import ServerSettings
from tdscaling.cli.checkup import Check
from tdscaling.cli.probe import CHECKS, check_url, probe
from tdscaling.runtime.errors import ConfigError
from tdscaling.runtime.llm.secret import Key
from tdscaling.tests.cli.shell import Shell

from .serving import endpoint


def probed(settings: ServerSettings | None = None, *, model: str = "", key: str = "") -> dict[str, Check]:
    """{name: check} of a probe of a served model."""

    async def ask() -> list[Check]:
        async with endpoint(settings) as served:
            return await probe(served.url, model, Key(key))

    return {check.name: check for check in anyio.run(ask)}


def test_a_good_endpoint_passes_every_check() -> None:
    """The served simulated model is one."""
    checks = probed()
    assert {check.status for check in checks.values()} == {"ok"}, checks
    assert set(checks) == {"reachable", "model", *(name for name, _ in CHECKS)}


@pytest.mark.parametrize(
    ("kind", "name", "status", "words"),
    [
        ("leaked_markup", "tool calls", "fail", "<tool_call>"),
        ("leaked_markup", "markup", "fail", "template tags"),
        ("object_arguments", "tool calls", "warn", "an object, not a text"),
        ("missing_usage", "answer", "warn", "usage"),
        ("missing_finish", "streaming", "warn", "the end mark"),
        ("malformed_sse", "answer", "fail", "no JSON object"),
        ("html", "answer", "fail", "a web page"),
        ("error_500", "answer", "fail", "HTTP 500"),
        ("choices_null", "answer", "fail", "no choices"),
        ("reset_mid_body", "answer", "fail", ""),
    ],
)
def test_what_an_endpoint_does_wrong_is_named(kind: str, name: str, status: str, words: str) -> None:
    """With what to change."""
    check = probed(ServerSettings(mistakes=0.0, faults=Faults({kind: 1.0})))[name]
    assert check.status == status
    assert words in check.detail
    assert check.advice


def test_a_wrong_key_ends_the_probe_and_is_not_shown() -> None:
    """One request, and the variable to set."""
    checks = probed(ServerSettings(api_key="right"), key="sk-wrong-and-secret")
    assert list(checks) == ["reachable"]
    assert "HTTP 401" in checks["reachable"].detail
    assert "OPENAI_API_KEY" in checks["reachable"].advice
    assert "secret" not in str(checks)


def test_a_model_that_is_not_there_is_named_with_those_that_are() -> None:
    """The check of the name warns, because some endpoints do not list all; the first answer then fails."""
    checks = probed(model="gone")
    assert (checks["model"].status, checks["answer"].status) == ("warn", "fail")
    assert "it lists sim" in checks["model"].advice
    assert "'gone' does not exist" in checks["answer"].detail
    assert list(checks)[-1] == "answer"


def test_a_silent_endpoint_is_given_up_in_time() -> None:
    """The clock runs out after the introduction; everything else says that it was not reached."""
    times = iter([0.0, *([100.0] * 20)])

    async def ask() -> list[Check]:
        async with endpoint() as served:
            return await probe(served.url, "", Key(""), clock=lambda: next(times))

    checks = anyio.run(ask)
    assert [check.status for check in checks] == ["ok", "ok", *["warn"] * len(CHECKS)]
    assert sum("not finished" in check.detail for check in checks) == len(CHECKS) - 2  # two only look back


def test_an_endpoint_that_cuts_long_conversations_is_found_out() -> None:
    """It counts far fewer tokens than were sent."""

    async def short(request: aiohttp.web.Request) -> aiohttp.web.Response:
        body = await request.json()
        words = sum(len(str(message.get("content"))) for message in body["messages"]) // 4
        message = {"role": "assistant", "content": "I do not know."}
        usage = {"prompt_tokens": min(words, 2048), "completion_tokens": 4}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return aiohttp.web.json_response({"choices": [choice], "usage": usage, "model": "m"})

    async def ask() -> list[Check]:
        app = aiohttp.web.Application()
        app.router.add_post("/chat/completions", short)
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        try:
            await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
            return await probe(f"http://127.0.0.1:{runner.addresses[0][1]}", "m", Key(""))
        finally:
            await runner.cleanup()

    checks = {check.name: check for check in anyio.run(ask)}
    assert checks["reachable"].status == "warn"
    assert checks["long context"].status == "fail"
    assert "2048 tokens" in checks["long context"].detail
    assert checks["tool calls"].status == "fail"
    assert checks["json_schema"].status == "warn"


def test_an_unreachable_endpoint_is_exit_1_with_a_check_as_json(tmp_path: object) -> None:
    """Nothing listens on the discard port of loopback."""
    result = Shell(tmp_path).run("doctor", "--base-url", "http://127.0.0.1:9/v1", "--json")  # type: ignore[arg-type]  # pytest gives a Path
    (check,) = json.loads(result.out)
    assert result.code == 1
    assert (check["name"], check["status"]) == ("reachable", "fail")
    assert "127.0.0.1:9" in check["detail"]


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host/v1", "http://"])
def test_a_base_url_that_is_none_is_one_line(url: str) -> None:
    """It says what one looks like."""
    with pytest.raises(ConfigError, match="--base-url must be like"):
        check_url(url)
