"""`run --listen` and `tail` from the shell: a run is followed through death and resume, slow readers cost nobody."""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tdscaling.tests.cli.shell import SECONDS, Shell

FLAGS = ("run", "--count", "24", "--seed", "5", "--lag", "32", "--concurrency", "8", "--quiet", "--run", "kept")
LISTEN = ("--listen", "unix:rows.sock", "--out", "rows.jsonl")


def until(ready: Callable[[], bool], *processes: subprocess.Popen[bytes]) -> None:
    """Wait for a state; fails when one of the processes ends before."""
    limit = time.monotonic() + SECONDS
    while not ready():
        assert all(process.poll() is None for process in processes), "it ended before"
        assert time.monotonic() < limit
        time.sleep(0.005)


def holds(path: Path, count: int, what: bytes = b"\n") -> Callable[[], bool]:
    """Whether a file holds something so many times."""
    return lambda: path.exists() and path.read_bytes().count(what) >= count


def test_a_consumer_follows_a_run_through_its_death(shell: Shell) -> None:
    """Killed while it is followed, and resumed: what came out of `tail` is the file of rows, byte for byte."""
    tailed = shell.folder / "tailed.jsonl"
    with tailed.open("wb") as out:
        command = ("tail", "unix:rows.sock", "--name", "trainer", "--patience", str(SECONDS))
        tail = shell.start(*command, stdout=out.fileno())
        run = shell.start(*FLAGS, *LISTEN)
        until(holds(tailed, 4), tail, run)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=SECONDS)
        assert (shell.folder / "rows.sock").exists()  # nobody was there to remove it
        assert shell.run(*FLAGS, *LISTEN, "--resume", "always").code == 0
        _, said = tail.communicate(timeout=SECONDS)
    assert tail.returncode == 0, said
    assert b"trying again" in said
    assert b"the run has ended, its last row is 24" in said
    rows = (shell.folder / "rows.jsonl").read_bytes()
    assert tailed.read_bytes() == rows
    assert shell.run("tail", "kept").out.encode() == rows
    numbered = shell.run("tail", "kept", "--from", "20", "--seq", "--filter", "verdict.accepted=true").out
    assert [json.loads(line)["seq"] for line in numbered.splitlines()] == [20, 21, 22, 23, 24]
    log = (shell.folder / "kept" / "run.log").read_text()
    assert log.count("consumer trainer begins after row") == 2


def test_a_reader_of_stdout_that_stalls_holds_up_nobody(shell: Shell) -> None:
    """The run goes on to its end in the journal; the reader then gets every row, in order."""
    run = shell.start(*FLAGS, stdout=subprocess.PIPE)
    assert run.stdout is not None
    until(holds(shell.folder / "kept" / "journal-000000.jsonl", 24, b'"accepted":true'), run)
    assert select.select([run.stdout], [], [], 0)[0]
    out, _ = run.communicate(timeout=SECONDS)
    assert run.returncode == 0
    assert out.decode() == shell.run("tail", "kept").out
    assert len(out.splitlines()) == 24


def test_rows_are_read_without_a_client_of_ours(shell: Shell) -> None:
    """As with `nc`: one line is said, JSON lines come back; the run does not wait for who takes nothing."""
    flags = ("run", "--count", "8", "--run", "kept", "--out", "rows.jsonl", "--linger", "0.2")
    run = shell.start(*flags, "--listen", "tcp:127.0.0.1:0")
    assert run.stderr is not None
    said = run.stderr.readline().decode()
    assert said.startswith("tdscaling: listening on tcp:127.0.0.1:")
    where = ("127.0.0.1", int(said.rsplit(":", 1)[1]))
    with socket.create_connection(where, timeout=SECONDS) as idle, socket.create_connection(where) as plain:
        idle.sendall(b'{"from":1}\n')
        plain.settimeout(SECONDS)
        plain.sendall(b'{"from":1}\n')
        plain.shutdown(socket.SHUT_WR)
        frames = [json.loads(line) for line in plain.makefile("rb")]
        run.communicate(timeout=SECONDS)
    assert [frame["seq"] for frame in frames if "row" in frame] == list(range(1, 9))
    assert frames[-1] == {"end": 8}
    assert run.returncode == 0


def test_what_would_let_everybody_in_is_refused_with_one_line(shell: Shell) -> None:
    """And so is what does not fit together."""
    for flags, words in (
        (("--listen", "tcp:0.0.0.0:0"), "can be reached from other machines: give --listen-token-env"),
        (("--listen", "rows.sock"), "'rows.sock' is no address: give unix:PATH"),
        (("--listen-token-env", "X"), "need --listen ADDRESS"),
        (("--listen", "tcp:0.0.0.0:0", "--listen-token-env", "NOBODY"), "there is no variable NOBODY"),
    ):
        result = shell.run("run", "--count", "1", "--run", "kept", *flags)
        assert (result.code, len(result.complaint)) == (2, 1), result.err
        assert words in result.err
        assert not (shell.folder / "kept").exists()
    result = shell.run("run", "--count", "1", "--run", "kept", "--listen", "unix:nowhere/rows.sock", "--quiet")
    assert result.code == 5
    assert "cannot listen on unix:nowhere/rows.sock: No such file" in result.complaint[-1]
