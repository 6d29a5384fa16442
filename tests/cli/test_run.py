"""A run from the shell: what it leaves, how it is stopped, and that rows do not depend on timing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tdscaling.tests.cli.shell import SECONDS, Shell


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file: JSON, so Any stands for JSON values only."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def until(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a state that another process brings about."""
    limit = time.monotonic() + SECONDS
    while not true():
        assert process.poll() is None, "the program ended before it came to this state"
        assert time.monotonic() < limit, "the state did not come about"
        time.sleep(0.01)


def committed(folder: Path) -> Callable[[], bool]:
    """The state in which something was committed."""
    journal = folder / "kept" / "journal-000000.jsonl"
    return lambda: journal.exists() and b'"event":"committed"' in journal.read_bytes()


def test_accepted_rows_go_to_stdout_and_nothing_else_does(shell: Shell) -> None:
    """Every line of stdout is a row."""
    result = shell.run("run", "--count", "3", "--run", "kept")
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [row["verdict"]["accepted"] for row in found] == [True] * 3


def test_a_run_directory_holds_what_the_run_was_and_came_to(made: Path) -> None:
    """Settings, identity, journal, profile, rejected rows, timings, summary, log."""
    kept = made / "kept"
    names = (
        "config.yaml",
        "identity.json",
        "journal-000000.jsonl",
        "journal.sqlite",
        "lock",
        "profile.hlog",
        "profile.json",
        "rejected.jsonl",
        "run.log",
        "summary.json",
        "timings.jsonl",
    )
    assert tuple(sorted(file.name for file in kept.iterdir())) == names
    summary = json.loads((kept / "summary.json").read_text())
    assert summary["accepted"] == 12
    assert summary["rejected"] == len(rows(kept / "rejected.jsonl"))
    assert summary["model_calls"] > 0
    identity = json.loads((kept / "identity.json").read_text())
    assert {row["provenance"]["run_digest"] for row in rows(made / "rows.jsonl")} == {identity["digest"]}


def test_the_settings_kept_with_a_run_make_the_same_run(made: Path, shell: Shell) -> None:
    """config.yaml is a settings file: with other places to write to, the rows are the same bytes."""
    copy = shell.write("again.yaml", (made / "kept" / "config.yaml").read_text().replace("config: null\n", ""))
    result = shell.run("run", "--config", copy, "--run", "again", "--out", "again.jsonl")
    assert result.code == 0, result.err
    assert (shell.folder / "again.jsonl").read_bytes() == (made / "rows.jsonl").read_bytes()


@pytest.mark.parametrize("concurrency", ["1", "200"])
def test_rows_do_not_depend_on_concurrency_or_loop(made: Path, shell: Shell, concurrency: str) -> None:
    """Byte for byte, in order."""
    flags = ("--count", "12", "--seed", "3", "--concurrency", concurrency, "--loop", "asyncio", "--run", "kept")
    result = shell.run("run", *flags)
    assert result.out.encode() == (made / "rows.jsonl").read_bytes()


def test_an_ordinary_end_is_told_in_a_few_lines(shell: Shell) -> None:
    """Counts, rates, modes, the stand-in named as such, and where to look."""
    result = shell.run("run", "--count", "2", "--run", "kept")
    assert len(result.complaint) <= 8
    assert "2 accepted" in result.complaint[0]
    assert "simulated model: a stand-in" in result.err
    assert "run directory: kept" in result.complaint[-1]


def test_quiet_says_nothing_when_all_went_well(shell: Shell) -> None:
    """Scripts want rows and an exit code."""
    result = shell.run("run", "--count", "2", "--run", "kept", "--quiet")
    assert (result.code, result.err) == (0, "")


def test_a_run_without_a_name_gets_a_directory_of_its_own(shell: Shell) -> None:
    """Two runs of the same settings in one second do not meet."""
    for _ in range(2):
        assert shell.run("run", "--count", "1", "--quiet").code == 0
    assert len(list((shell.folder / "runs").iterdir())) == 2


def test_the_summary_is_copied_where_it_is_wanted(shell: Shell) -> None:
    """The same figures as in the run directory."""
    shell.run("run", "--count", "2", "--run", "kept", "--summary", "summary.json")
    copy = json.loads((shell.folder / "summary.json").read_text())
    assert copy == json.loads((shell.folder / "kept" / "summary.json").read_text())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_in_order(shell: Shell, number: signal.Signals, code: int) -> None:
    """Everything made so far is whole on disk, and the exit code says which signal it was."""
    process = shell.start("run", "--count", "1000000", "--run", "kept", "--out", "rows.jsonl")
    until(committed(shell.folder), process)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=SECONDS)
    assert process.returncode == code
    assert f"stopped by {number.name}" in complaint.decode().splitlines()[-1]
    summary = json.loads((shell.folder / "kept" / "summary.json").read_text())
    assert summary["interrupted"]
    assert summary["accepted"] == len(rows(shell.folder / "rows.jsonl")) > 0


def test_a_second_signal_ends_a_run_that_does_not_come_to_an_end(shell: Shell) -> None:
    """A reader that does not read holds up the rows; the grace period is long; the person need not wait for it."""
    process = shell.start("run", "--count", "1000000", "--run", "kept", "--grace", "600", stdout=subprocess.PIPE)
    until(committed(shell.folder), process)
    process.send_signal(signal.SIGINT)
    log = shell.folder / "kept" / "run.log"
    until(lambda: b'"SIGINT"' in log.read_bytes(), process)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=SECONDS)
    assert process.stderr is not None
    assert process.stdout is not None
    assert b"Traceback" not in process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == 130


def test_a_reader_that_leaves_ends_a_run_with_one_line(shell: Shell) -> None:
    """`tdscaling run | head -3`."""
    process = shell.start("run", "--count", "1000000", "--run", "kept", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    for _ in range(3):
        json.loads(process.stdout.readline())
    process.stdout.close()
    complaint = process.stderr.read().decode().splitlines()
    process.stderr.close()
    assert process.wait(timeout=SECONDS) == 5
    assert len(complaint) <= 3
    assert "stdout was closed by its reader" in complaint[-1]


def test_a_bug_is_two_lines_and_its_traceback_is_kept(shell: Shell) -> None:
    """The person is told where the traceback is; with TDSCALING_DEBUG=1 it is shown."""
    program = (
        "import sys\n"
        "from tdscaling.runtime.supervisor import Run\n"
        "from tdscaling.__main__ import main\n"
        "def broken(*_): raise ZeroDivisionError('a bug')\n"
        "Run.statistics = Run.run = broken\n"
        "sys.exit(main(['run', '--count', '1', '--run', sys.argv[1]]))\n"
    )
    quiet = shell.python(program, "one")
    assert quiet.code == 1
    assert len(quiet.complaint) == 2
    assert "internal error: ZeroDivisionError: a bug" in quiet.complaint[0]
    assert "traceback in one/crash.log" in quiet.complaint[1]
    assert "ZeroDivisionError" in (shell.folder / "one" / "crash.log").read_text()
    assert "Traceback" in shell.python(program, "two", env={"TDSCALING_DEBUG": "1"}).err
