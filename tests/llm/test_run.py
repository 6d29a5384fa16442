"""Whole runs against an endpoint, from the shell: rows, run directory, budgets, wrong settings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import Shell

RUN = ("run", "--count", "6", "--seed", "3", "--concurrency", "8")
KEY = "canary-key-5151"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the simulated model, served."""
    command = [sys.executable, "-m", "tdscaling", "serve-model", "--port", "0"]
    served = subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=tmp_path_factory.mktemp("served"), env=Shell.environment(None)
    )
    assert served.stdout is not None
    with served, served.stdout:
        yield served.stdout.readline().decode().strip()
        served.terminate()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs `tdscaling` in an empty folder."""
    return Shell(tmp_path)


def test_served_and_embedded_give_the_same_bytes(shell: Shell, url: str) -> None:
    """Accepted and rejected rows, whatever the wire did to requests and replies."""
    assert shell.run(*RUN, "--run", "a", "--out", "a.jsonl").code == 0
    served = shell.run(*RUN, "--run", "b", "--out", "b.jsonl", "--base-url", url)
    assert served.code == 0, served.err
    assert "simulated model" in served.err
    for name in ("{}.jsonl", "{}/rejected.jsonl"):
        one, two = ((shell.folder / name.format(run)).read_bytes() for run in "ab")
        assert one == two
    report = json.loads((shell.folder / "b/endpoints.json").read_bytes())
    assert report["models"]["sim"]["served"]["sim"] == report["requests"] > 0


def test_streamed_and_whole_replies_give_the_same_bytes(shell: Shell, url: str) -> None:
    """A stream is another way to say the same."""
    assert shell.run(*RUN, "--out", "a.jsonl", "--base-url", url).code == 0
    assert shell.run(*RUN, "--run", "b", "--out", "b.jsonl", "--base-url", url, "--stream").code == 0
    assert (shell.folder / "a.jsonl").read_bytes() == (shell.folder / "b.jsonl").read_bytes()
    report = json.loads((shell.folder / "b/endpoints.json").read_bytes())
    assert report["models"]["sim"]["first_token_ms"]["max"] > 0


@pytest.mark.parametrize("flags", [(), ("--stream",)], ids=["whole", "streamed"])
def test_the_sdk_and_our_own_client_give_the_same_bytes(shell: Shell, url: str, flags: tuple[str, ...]) -> None:
    """What carries a request leaves no trace in rows, nor in how many requests there were."""
    assert shell.run(*RUN, "--run", "a", "--out", "a.jsonl").code == 0
    carried = shell.run(*RUN, "--run", "b", "--out", "b.jsonl", "--base-url", url, "--client", "sdk", *flags)
    assert carried.code == 0, carried.err
    for name in ("{}.jsonl", "{}/rejected.jsonl"):
        one, two = ((shell.folder / name.format(run)).read_bytes() for run in "ab")
        assert one == two
    report = json.loads((shell.folder / "b/endpoints.json").read_bytes())["models"]["sim"]
    assert (report["troubles"], report["resent"]) == ({}, 0)
    assert report["deviations"] == {}


def test_the_key_stands_in_no_file_of_the_run(shell: Shell, url: str) -> None:
    """Nor on the screen; raw replies and the debug log included."""
    flags = ("--run", "r", "--out", "rows.jsonl", "--base-url", url, "--keep-raw", "--log-level", "debug")
    result = shell.run(*RUN, *flags, env={"OPENAI_API_KEY": KEY})
    assert result.code == 0, result.err
    files = [path for path in shell.folder.rglob("*") if path.is_file()]
    assert "raw.jsonl" in {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in result.out + result.err


def test_roles_may_have_models_of_their_own(shell: Shell, url: str) -> None:
    """Rows name the assistant's, as asked for, and who answered each role."""
    shell.write(
        "run.yaml",
        f"model: first=1,second=1\nuser_model: sim\nmodels:\n  first: {{name: sim, base_url: '{url}'}}\n"
        f"  second: {{name: sim, base_urls: ['{url}', '{url}/'], temperature: 0.5}}\n",
    )
    result = shell.run(*RUN, "--config", "run.yaml", "--run", "r", "--out", "rows.jsonl")
    assert result.code == 0, result.err
    rows = [json.loads(line) for line in (shell.folder / "rows.jsonl").read_bytes().splitlines()]
    assert {row["provenance"]["model"] for row in rows} == {"first", "second"}
    assert all(json.loads(row["provenance"]["served"])["assistant"] == ["sim"] for row in rows)
    assert all(row["simulated"] for row in rows)
    assert json.loads(rows[0]["provenance"]["sampling"])["models"]["second"] == {"name": "sim", "temperature": 0.5}


def test_a_budget_ends_a_run_with_its_own_line(shell: Shell) -> None:
    """Code 3, because the rows asked for are not there; what was made is."""
    result = shell.run("run", "--count", "500", "--budget-requests", "150", "--out", "rows.jsonl", "--run", "r")
    assert (result.code, result.out) == (3, "")
    assert "the budget of 150 requests is used up" in result.err
    made = (shell.folder / "rows.jsonl").read_bytes().splitlines()
    assert f"{len(made)} accepted" in result.err
    assert made


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--model", "another"), 2, ("'another'", "--base-url", "OPENAI_BASE_URL")),
        (("--model", "a,b"), 2, ("model 'a,b'",)),
        (("--base-url", "localhost:1"), 2, ("localhost:1",)),
        (("--budget-cost", "3"), 2, ("prices",)),
        (("--model", "gone", "--base-url", "{url}"), 7, ("gone", "http_404")),
        (("--base-url", "{url}/nothing"), 7, ("http_404",)),
    ],
)
def test_a_wrong_setting_is_one_line(
    shell: Shell, url: str, flags: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    """With its code, at once, without a traceback."""
    result = shell.run(*RUN, *[flag.format(url=url) for flag in flags])
    assert result.code == code, result.err
    assert all(word in result.complaint[-1] for word in words)
    assert len(result.complaint) <= 2
    assert "Traceback" not in result.err


def test_the_address_may_come_from_the_environment(shell: Shell, url: str) -> None:
    """OPENAI_BASE_URL alone is enough for a model that is not embedded."""
    result = shell.run(*RUN, "--model", "gone", env={"OPENAI_BASE_URL": url})
    assert result.code == 7
    assert url in result.err


def test_the_environment_does_not_send_the_stand_in_over_the_wire(shell: Shell) -> None:
    """A shell that exports OPENAI_BASE_URL still runs `sim` embedded."""
    result = shell.run(*RUN, "--out", "rows.jsonl", env={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    assert result.code == 0, result.err
