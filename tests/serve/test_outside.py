"""Endpoints of other people, installed by examples/endpoints/install.sh: the probe and whole runs against them."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from tdscaling.cli.checkup import Check
from tdscaling.cli.probe import probe
from tdscaling.runtime.llm.secret import Key
from tdscaling.tests.cli.shell import Shell

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "endpoints"
LITELLM = ROOT / ".servers" / "litellm" / "bin" / "litellm"
AIMOCK = ROOT / ".servers" / "aimock" / "node_modules" / ".bin" / "llmock"
START_S = 90.0

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(
        not os.environ.get("CI") and not (LITELLM.exists() and AIMOCK.exists()),
        reason="needs the outside endpoints: bash examples/endpoints/install.sh",
    ),
]


@contextmanager
def started(command: list[str], port: int, path: str, env: Mapping[str, str]) -> Generator[None]:
    """A server process while inside, once it answers at `path`."""
    process = subprocess.Popen(
        command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=EXAMPLES
    )
    try:
        deadline = time.monotonic() + START_S
        while not _answers(port, path):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def served() -> Generator[str]:
    """The base URL of `tdscaling serve-model` in a process of its own."""
    process = Shell(ROOT).start("serve-model", "--port", "0", stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="module")
def litellm(served: str) -> Generator[tuple[str, str]]:
    """LiteLLM's proxy in front of the served model: base URL and key."""
    port, key = free_port(), f"sk-{secrets.token_hex(16)}"
    command = [str(LITELLM), "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(port)]
    env = {"SIM_URL": served, "LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with started(command, port, "/health/liveliness", env):
        yield f"http://127.0.0.1:{port}/v1", key


@pytest.fixture(scope="module")
def aimock() -> Generator[str]:
    """The base URL of aimock with canned answers to the probe's questions."""
    port = free_port()
    with started([str(AIMOCK), "-p", str(port), "-f", "aimock.json", "--strict"], port, "/health", {}):
        yield f"http://127.0.0.1:{port}/v1"


def statuses(base_url: str, model: str, key: str = "") -> dict[str, Check]:
    """{name: check} of a probe."""

    async def ask() -> list[Check]:
        return await probe(base_url, model, Key(key))

    return {check.name: check for check in anyio.run(ask)}


def test_the_probe_finds_litellm_with_a_good_model_good(litellm: tuple[str, str]) -> None:
    """Tools, parallel calls, schemas and streams pass through the proxy."""
    url, key = litellm
    checks = statuses(url, "sim", key)
    assert {check.status for check in checks.values()} == {"ok"}, checks


def test_the_probe_says_what_is_missing_from_litellms_canned_answers(litellm: tuple[str, str]) -> None:
    """They neither call tools nor keep to schemas, and count the same few tokens for every request."""
    url, key = litellm
    checks = statuses(url, "canned", key)
    assert checks["tool calls"].status == "fail"
    assert checks["json_schema"].status == "warn"
    assert checks["long context"].status == "fail"
    assert checks["answer"].status == "ok"


def test_litellm_refuses_a_wrong_key(litellm: tuple[str, str]) -> None:
    """The probe ends there."""
    checks = statuses(litellm[0], "sim", "sk-wrong")
    assert list(checks) == ["reachable"]
    assert "sk-wrong" not in str(checks)


def test_rows_through_litellm_are_those_of_the_embedded_model(litellm: tuple[str, str], tmp_path: Path) -> None:
    """Byte for byte, and marked as simulated."""
    url, key = litellm
    shell = Shell(tmp_path)
    settings = ("run", "--count", "12", "--seed", "11", "--quiet")
    embedded = shell.run(*settings, "--run", "embedded")
    through = shell.run(*settings, "--run", "through", "--base-url", url, env={"OPENAI_API_KEY": key})
    assert (embedded.code, through.code) == (0, 0), through.err
    assert through.out == embedded.out
    assert through.out.count('"simulated":true') == 12


def test_the_probe_reads_aimock(aimock: str) -> None:
    """Reasoning comes under its older name; the model's name is not among those that it lists."""
    checks = statuses(aimock, "sim")
    assert {name for name, check in checks.items() if check.status != "ok"} == {"model"}, checks
    assert "reasoning_content" in checks["reasoning"].detail
