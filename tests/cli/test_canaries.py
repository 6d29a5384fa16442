"""Twelve canaries: secrets wherever a run may hold one, and an endpoint that says them in every error."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from tdscaling.runtime.chat import UserMessage
from tdscaling.runtime.redaction import Redactor, secrets_of
from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.runtime.play import completed, row

ERRORS = 500
CANARIES = {
    "OPENAI_API_KEY": "canary-01-api-key-value",
    "GATEWAY_TOKEN": "canary-02-header",
    "GATEWAY_COOKIE": "canary-03-cookie",
    "AWS_SECRET_ACCESS_KEY": "canary/04+with=odd signs",
    "DB_PASSWORD": 'canary-05-"quoted"',
    "GH_PAT": "canary-06-pat",
    "SERVICE_CREDENTIALS": "canary-07-credentials",
    "HTTP_AUTHORIZATION": "Basic canary-08-basic",
    "SIGNING_PASSPHRASE": "canary-09-phrase",
    "DATABASE_URL": "postgres://user:canary-10-userinfo@127.0.0.1/db",
    "CALLBACK_URL": "http://127.0.0.1/?sig=canary-11-query",
    "ODDLY_NAMED": "canary-12-named-by-the-settings",
}
SECRETS = [
    *(value for name, value in CANARIES.items() if not name.endswith("_URL")),
    "canary-10-userinfo",
    "canary-11-query",
]
MODELS = """\
models:
  sim:
    headers_env: {x-gateway: GATEWAY_TOKEN, cookie: GATEWAY_COOKIE, x-odd: ODDLY_NAMED}
    outage_timeout: 60
"""


class Leaky(BaseHTTPRequestHandler):
    """Every other request is answered with an error that says all it knows; the rest goes to a real endpoint."""

    target = ""
    errors: ClassVar[list[int]] = []
    turn: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        """See the class."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.turn.append(1)
        if len(self.turn) % 2 and len(self.errors) < ERRORS:
            self.errors.append(1)
            said = " ".join([*SECRETS, str(self.headers), self.path]).replace('"', "'")
            self._say(500, msgspec.json.encode({"error": {"message": said}}))
            return
        request = urllib.request.Request(self.target + self.path.removeprefix("/v1"), body, method="POST")  # noqa: S310
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as reply:  # noqa: S310
            self._say(200, reply.read())

    def log_message(self, *said: object) -> None:
        """Nothing."""

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def leaky_endpoint(folder: Path) -> Iterator[str]:
    """Its base URL."""
    command = [sys.executable, "-m", "tdscaling", "serve-model", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, env=Shell.environment(None)) as served:
        assert served.stdout is not None
        Leaky.target = served.stdout.readline().decode().strip()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Leaky)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            served.terminate()


def test_no_canary_stands_in_any_output(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rows, rejected rows, journal, its index, logs, reports, stdout and stderr, after 500 errors."""
    shell.write("models.yaml", MODELS)
    with leaky_endpoint(tmp_path_factory.mktemp("served")) as url:
        flags = ("--count", "45", "--run", "kept", "--log-level", "debug", "--keep-raw", "--config", "models.yaml")
        result = shell.run("run", *flags, "--base-url", url, "--max-restarts", "9", env=CANARIES)
    assert result.code == 0, result.err
    assert len(Leaky.errors) == ERRORS
    outputs = {path.name: path.read_bytes() for path in (shell.folder / "kept").iterdir()}
    outputs |= {"stdout": result.out.encode(), "stderr": result.err.encode()}
    assert len(outputs["raw.jsonl"]) > 100_000
    assert [(name, secret) for name, text in outputs.items() for secret in SECRETS if secret.encode() in text] == []


def test_a_secret_is_taken_out_of_every_text_of_a_row() -> None:
    """Also where JSON writes it in another way; the rest of the row is as it was."""
    redactor = Redactor(secrets_of(CANARIES, variables=["ODDLY_NAMED"]))
    for secret in SECRETS:
        talk = (UserMessage(f"use {secret}, please"),)
        spoilt = msgspec.structs.replace(completed(3), row=msgspec.structs.replace(row(3), messages=talk))
        found = redactor.outcome(spoilt)
        assert found.row is not None
        assert found.row.messages == (UserMessage("use ***, please"),)
    assert redactor.outcome(completed(3)) == completed(3)


def test_what_any_text_may_hold_is_no_secret() -> None:
    """Short values, plain words, and names that only look as if."""
    harmless = {
        "API_KEY": "none",
        "DB_PASSWORD": "password",
        "GIT_AUTHOR_NAME": "Somebody 12345",
        "KEYBOARD": "us-intl-1",
    }
    assert Redactor(secrets_of(harmless)).text("none password Somebody 12345 us-intl-1") == (
        "none password Somebody 12345 us-intl-1"
    )
