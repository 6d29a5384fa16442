"""An endpoint that answered and then stops, and how soon that ends a run."""

from __future__ import annotations

import datetime
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509  # comes with the MCP SDK, which signs tokens with it
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tdscaling.runtime import loop
from tdscaling.runtime.errors import EndpointError
from tdscaling.runtime.llm.http import HttpModel
from tdscaling.runtime.llm.outage import LEAST, Outage
from tdscaling.runtime.llm.retry import RetryPolicy
from tdscaling.runtime.llm.sdk import SdkCarrier
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.llm.trouble import Trouble
from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.llm.server import QUICK, REQUEST, fails, model_of, says, serve

DEAD = Trouble("unreachable", "wait")
LIMIT = 30.0
"""Seconds within which a run must have ended after a failure that nothing will mend."""


class Hand:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> int:
        """Nanoseconds."""
        return int(self.seconds * 1e9)


def over(*failures: Trouble, step: float) -> bool:
    """Whether an outage of 20 s was seen after these failures, this many seconds apart."""
    clock = Hand()
    outage, dead = Outage(20.0, clock), False
    for failure in failures:
        dead = outage.failed(failure)
        clock.seconds += step
    return dead


def test_failures_for_long_enough_are_an_outage() -> None:
    """And not a moment earlier."""
    assert over(*[DEAD] * 11, step=2.0)
    assert not over(*[DEAD] * 10, step=2.0)


def test_few_failures_are_no_outage_however_far_apart() -> None:
    """A slow model fails rarely and answers rarely."""
    assert not over(*[DEAD] * (LEAST - 1), step=100.0)


@pytest.mark.parametrize(
    "sign", [Trouble("http_429", "ease", after=30.0), Trouble("leaked_markup", "once"), Trouble("http_400", "refused")]
)
def test_who_says_something_is_alive(sign: Trouble) -> None:
    """A wait that is asked for, a bad answer, a refusal."""
    assert not over(*[DEAD] * 10, sign, *[DEAD] * 10, step=2.0)


def test_timeouts_say_nothing() -> None:
    """Long generations look like that; they do not hide an outage either."""
    slow = Trouble("timeout", "ease")
    assert not over(*[slow] * 50, step=2.0)
    assert over(*[DEAD] * 5, slow, *[DEAD] * 6, step=2.0)


def test_an_endpoint_that_stops_answering_ends_the_run() -> None:
    """A failing one is an infrastructure fault for so long, and then the run's end, in one line."""

    async def main() -> None:
        async with serve(says("hi"), fails(502)) as endpoint, model_of(endpoint, outage_seconds=0.001) as model:
            await model.complete(REQUEST)
            with pytest.raises(EndpointError, match=r"stopped answering.*http_502"):
                await model.complete(REQUEST)

    loop.run(main)


@pytest.mark.parametrize("client", ["http", "sdk"])
def test_a_name_that_does_not_resolve_is_named(client: str) -> None:
    """One line with the address, as soon as the attempts for a start are used up."""
    spec = ModelSpec(name="m", base_urls=("http://nowhere.invalid/v1",), connect_seconds=2.0)

    async def main() -> str:
        policy = RetryPolicy(first=QUICK.first, cap=QUICK.cap, attempts=2)
        async with HttpModel(spec, policy=policy, carrier=SdkCarrier(spec) if client == "sdk" else None) as model:
            with pytest.raises(EndpointError) as caught:
                await model.complete(REQUEST)
            return str(caught.value)

    line = loop.run(main)
    assert "nowhere.invalid" in line
    assert "\n" not in line


@pytest.fixture
def self_signed(tmp_path: Path) -> Iterator[str]:
    """A TLS endpoint on loopback whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "self-signed.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs `tdscaling` in an empty folder."""
    return Shell(tmp_path)


def served(folder: Path, *flags: str, **environ: str) -> tuple[subprocess.Popen[bytes], str]:
    """The simulated model as a process, and its base URL."""
    command = [sys.executable, "-m", "tdscaling", "serve-model", "--port", "0", *flags]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=Shell.environment(environ)
    )
    assert process.stdout is not None
    return process, process.stdout.readline().decode().strip()


@pytest.mark.parametrize("client", ["http", "sdk"])
def test_a_certificate_that_is_not_trusted_is_one_line(shell: Shell, self_signed: str, client: str) -> None:
    """Exit code 7, at once."""
    begun = time.monotonic()
    result = shell.run("run", "--model", "m", "--base-url", self_signed, "--client", client)
    assert result.code == 7, result.err
    assert "tls: its certificate is not trusted" in result.complaint[-1]
    assert "Traceback" not in result.err
    assert time.monotonic() - begun < LIMIT


@pytest.mark.parametrize("client", ["http", "sdk"])
@pytest.mark.parametrize(
    ("key", "model", "words"), [("wrong-key-9", "sim", "http_401"), ("right-key-1", "other", "http_404")]
)
def test_a_wrong_key_and_a_wrong_model_are_one_line(
    shell: Shell, tmp_path: Path, client: str, key: str, model: str, words: str
) -> None:
    """Exit code 7, at once, without the key."""
    process, url = served(tmp_path, "--api-key-env", "SERVED_KEY", SERVED_KEY="right-key-1")
    with process:
        try:
            begun = time.monotonic()
            flags = ("--model", model, "--base-url", url, "--client", client)
            result = shell.run("run", *flags, env={"OPENAI_API_KEY": key})
        finally:
            process.terminate()
    assert result.code == 7, result.err
    assert words in result.complaint[-1]
    assert key not in result.err
    assert time.monotonic() - begun < LIMIT


def test_an_endpoint_that_dies_in_the_middle_of_a_run_ends_it(shell: Shell, tmp_path: Path) -> None:
    """Exit code 7 and one line; what was accepted until then is there."""
    process, url = served(tmp_path)
    shell.write("run.yaml", "models:\n  sim: {outage_timeout: 2}\n")
    flags = (
        "--base-url",
        url,
        "--config",
        "run.yaml",
        "--count",
        "100000",
        "--out",
        "rows.jsonl",
        "--concurrency",
        "8",
    )
    with process, shell.start("run", *flags, "--run", "r") as run:
        rows = tmp_path / "rows.jsonl"
        while run.poll() is None and not (rows.exists() and rows.stat().st_size):
            time.sleep(0.01)  # until the first row is there: another process tells nobody
        process.send_signal(signal.SIGKILL)
        begun = time.monotonic()
        assert run.wait(LIMIT) == 7
        assert time.monotonic() - begun < LIMIT
    assert all(json.loads(line)["verdict"]["accepted"] for line in rows.read_bytes().splitlines())
