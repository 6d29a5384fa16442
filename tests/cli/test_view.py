"""`tdscaling view` from the shell: whom it answers, that it follows a run, how it ends."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import time
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tdscaling.tests.cli.shell import Shell

SECONDS = 60.0


class Server:
    """A `tdscaling view` that runs, and questions to it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url
        self.port = int(url.rstrip("/").rpartition(":")[2])

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of an answer; `headers` with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def piece(self, name: str) -> bytes:
        """A piece of data, unpacked."""
        status, body, _ = self.ask(f"/data/{name}")
        assert status == 200, body
        return zlib.decompress(body)

    def overview(self, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The overview, as soon as it is as wanted."""
        deadline = time.monotonic() + SECONDS
        while not until(found := json.loads(self.piece("overview"))):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found  # type: ignore[no-any-return]


@contextmanager
def viewing(shell: Shell, run: str) -> Generator[Server]:
    """Serve a run while the block lasts, then end it as an operator would."""
    process = shell.start("view", run, "--port", "0", stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    try:
        line = process.stdout.readline().decode()
        assert line.startswith("http://127.0.0.1:"), process.stderr.read()
        yield Server(process, line.strip())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        process.stdout.close()
        process.stderr.close()


def half_a_run(shell: Shell, made: Path) -> tuple[Path, bytes]:
    """A run directory that holds the first half of a run, the last line torn; and the rest of the journal."""
    shutil.copytree(made / "kept", shell.folder / "run")
    journal = shell.folder / "run/journal-000000.jsonl"
    data = journal.read_bytes()
    committed = [at for at in range(len(data)) if data.startswith(b'{"event":"committed"', at)]
    cut = committed[len(committed) // 2] + 9
    journal.write_bytes(data[:cut])
    (shell.folder / "run/summary.json").unlink()
    return journal, data[cut:]


def test_it_follows_a_run_and_gives_every_row(shell: Shell, made: Path) -> None:
    """What is appended is taken up, a torn line once it is whole; the rows are those that were delivered."""
    journal, rest = half_a_run(shell, made)
    with viewing(shell, "run") as server:
        before = server.overview(lambda view: view["rows"] > 0)
        assert before["live"] is False  # nobody holds the lock of the copy
        with journal.open("ab") as file:
            file.write(rest)
        view = server.overview(lambda view: view["accepted"] == 12)
        assert view["rows"] > before["rows"]
        first, second = json.loads(server.piece("r0")), json.loads(server.piece("r5"))
        assert first["id"][5:] == second["id"]
        for facet, numbers in first["facets"].items():
            names = first["names"][facet]
            assert {number for row in numbers for number in row} == set(range(len(names)))
            assert second["names"][facet] == names[len(names) - len(second["names"][facet]) :]
        tools = json.loads(server.piece("t0"))
        rows = [json.loads(line) for line in server.piece("c0").splitlines()]
        whole = [row | {"tools": [tools[number] for number in row["tools"]]} for row in rows]
        delivered = [json.loads(line) for line in (made / "rows.jsonl").read_bytes().splitlines()]
        assert [row for row in whole if row["verdict"]["accepted"]] == delivered
        assert view["funnel"] == json.loads(shell.run("funnel", str(made / "kept"), "--json").out)


def test_only_its_own_page_is_answered(shell: Shell, made: Path) -> None:
    """Not a name that was rebound to this machine, not another site's script; nothing can be written."""
    with viewing(shell, str(made / "kept")) as server:
        own = f"127.0.0.1:{server.port}"
        status, page, headers = server.ask("/")
        assert (status, b"<!doctype html>" in page) == (200, True)
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"
        assert server.ask("/data/overview", Host=f"localhost:{server.port}")[0] == 200
        for host in (
            "evil.example",
            f"evil.example:{server.port}",
            "127.0.0.1",
            f"127.0.0.1.evil.example:{server.port}",
            "",
        ):
            for path in ("/", "/data/overview"):
                status, body, _ = server.ask(path, Host=host)
                assert (status, b"{" in body) == (403, False)
        assert server.ask("/data/overview", Host=own, Sec_Fetch_Site="cross-site")[0] == 403
        assert server.ask("/data/overview", Host=own, Sec_Fetch_Site="same-site")[0] == 403
        assert server.ask("/data/overview", Host=own, Sec_Fetch_Site="same-origin")[0] == 200
        assert server.ask("/", Host=own, Sec_Fetch_Site="cross-site")[0] == 200  # a link may lead here
        for path in ("/data/c1e9", "/data/x0", "/data/..%2f..%2fconfig.yaml", "/config.yaml", "/data/"):
            assert server.ask(path)[0] == 404
        assert server.piece("c999999999") == b""
        for method in ("POST", "PUT", "DELETE"):
            assert server.ask("/data/overview", method)[0] == 405


def test_a_journal_that_breaks_is_said_and_not_hidden(shell: Shell, made: Path) -> None:
    """The page asks again; the server stays."""
    journal, _ = half_a_run(shell, made)
    with viewing(shell, "run") as server:
        server.overview(lambda view: view["rows"] > 0)
        with journal.open("ab") as file:
            file.write(b"no json\n")
        deadline = time.monotonic() + SECONDS
        while (answer := server.ask("/data/overview"))[0] == 200:
            assert time.monotonic() < deadline
        assert answer[0] == 503
        assert b"not a line of a journal" in answer[1]


def test_what_cannot_be_served_is_one_line(shell: Shell, made: Path) -> None:
    """A folder without a run, a port out of range, a port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = str(taken.getsockname()[1])
        for arguments, code, words in (
            ((".",), 6, "there is no journal in it"),
            ((str(made / "kept"), "--port", "70000"), 2, "--port must be between 0 and 65535"),
            ((str(made / "kept"), "--port", busy), 2, f"--port {busy}: "),
        ):
            refused = shell.run("view", *arguments)
            assert refused.code == code
            assert len(refused.complaint) == 1
            assert words in refused.err
            assert refused.out == ""
