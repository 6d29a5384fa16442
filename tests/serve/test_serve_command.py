"""`tdscaling serve-model` from the shell."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import Shell


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_line_is_the_url_and_a_signal_ends_it_well(tmp_path: Path, number: signal.Signals) -> None:
    """With port 0 nobody has to guess a free one."""
    process = Shell(tmp_path).start("serve-model", "--port", "0", stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        assert url.startswith("http://127.0.0.1:")
        client = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/v1"))
        client.request("GET", "/health")
        assert client.getresponse().status == 200
        client.close()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert out == b""
    assert err == b"tdscaling: served 0 requests, 0 at most at once\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--faults", "tsunami=0.1"), 2, "unknown kind 'tsunami'"),
        (("--latency-ms", "slow"), 2, "--latency-ms must be like 200"),
        (("--host", "192.0.2.1"), 2, "give --expose"),
        (("--port", "70000"), 2, "--port must be between"),
        (("--mistakes", "-1"), 2, "--mistakes must be between"),
        (("--api-key-env", "NO_SUCH_VARIABLE"), 2, "NO_SUCH_VARIABLE is not set"),
        (("--replay", "gone.jsonl"), 6, "gone.jsonl: cannot be read"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """And its exit code, and nothing on stdout."""
    result = Shell(tmp_path).run("serve-model", *arguments)
    assert result.code == code, result.err
    assert result.out == ""
    assert len(result.complaint) == 1
    assert words in result.err


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    """Host and port are named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = Shell(tmp_path).run("serve-model", "--port", port)
    assert result.code == 2
    assert len(result.complaint) == 1
    assert f"--port {port}: " in result.err


@pytest.mark.parametrize(
    "flags",
    [
        (),
        (
            "--latency-ms",
            "lognormal:5,1",
            "--faults",
            "all=0.01,stall=0,null_content=0,missing_usage=0,missing_finish=0",
        ),
    ],
)
def test_rows_of_a_run_against_it_are_those_of_the_embedded_model(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Byte for byte; also when a fifth of the replies is spoiled, by faults that a client can notice and mend."""
    shell = Shell(tmp_path)
    settings = ("run", "--count", "10", "--seed", "4", "--quiet")
    embedded = shell.run(*settings, "--run", "embedded")
    process = shell.start("serve-model", "--port", "0", *flags, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        served = shell.run(*settings, "--run", "served", "--base-url", url)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert (embedded.code, served.code) == (0, 0), served.err
    assert served.out == embedded.out


def test_a_stalled_answer_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    """Whoever still waits is cut off after a second."""
    process = Shell(tmp_path).start("serve-model", "--port", "0", "--faults", "stall=1", stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        client = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/v1"))
        client.request(
            "POST", "/v1/chat/completions", b'{"model":"sim","messages":[{"role":"user","content":"Hello"}]}'
        )
        assert client.getresponse().read(10)
        process.terminate()
        process.communicate(timeout=20)
        client.close()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
