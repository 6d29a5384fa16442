"""Runs that go on from the shell: killed and resumed, refused where it makes no sense, saved from a damaged journal."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tdscaling.runtime.journal.lock import RunLock
from tdscaling.tests.cli.shell import SECONDS, Shell

COUNT = 24
FLAGS = ("--count", str(COUNT), "--seed", "5", "--lag", "32", "--concurrency", "8", "--quiet", "--mistakes", "2")


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbed: rows.jsonl and its run directory `kept`."""
    folder = tmp_path_factory.mktemp("straight")
    result = Shell(folder).run("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl")
    assert result.code == 0, result.err
    return folder


def commits(path: Path) -> int:
    """Commits in a journal that may be growing."""
    return path.read_bytes().count(b'{"event":"committed"') if path.exists() else 0


def kill_at(shell: Shell, share: float, *more: str) -> None:
    """Begin or go on with the run, and kill it when so much of it is committed."""
    process = shell.start(
        "run", *(FLAGS[2:] if more else FLAGS), *more, "--run", "kept", "--out", "rows.jsonl", "--resume", "if-possible"
    )
    journal = shell.folder / "kept" / "journal-000000.jsonl"
    limit = time.monotonic() + SECONDS
    while commits(journal) < share * COUNT:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)


def test_a_run_killed_three_times_comes_to_the_same_bytes(shell: Shell, straight: Path) -> None:
    """At 10, 50 and 90 %: rows, rejected rows and figures of the steering are those of the undisturbed run."""
    for share in (0.1, 0.5, 0.9):
        kill_at(shell, share)
    result = shell.run("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl", "--resume", "always")
    assert result.code == 0, result.err
    for name in ("rows.jsonl", "kept/rejected.jsonl"):
        assert (shell.folder / name).read_bytes() == (straight / name).read_bytes()
    found, wanted = (json.loads((folder / "kept" / "summary.json").read_text()) for folder in (shell.folder, straight))
    assert found["resumed"] > 0
    assert {key: found[key] for key in ("accepted", "rejected", "funnel", "outlook", "modes")} == {
        key: wanted[key] for key in ("accepted", "rejected", "funnel", "outlook", "modes")
    }


def test_a_run_with_plays_and_pairs_goes_on(shell: Shell) -> None:
    """Killed and resumed: rows with both of each pair, rejected rows and the other plays are the same bytes."""
    more = ("--attempts-per-blueprint", "2", "--counterfactuals", "0.6", "--count", "6")
    flags = ("run", *FLAGS[2:], *more)
    assert shell.run(*flags, "--run", "straight", "--out", "straight.jsonl").code == 0
    kill_at(shell, 0.12, *more)
    result = shell.run(*flags, "--run", "kept", "--out", "rows.jsonl", "--resume", "always")
    assert result.code == 0, result.err
    assert (shell.folder / "rows.jsonl").read_bytes() == (shell.folder / "straight.jsonl").read_bytes()
    for name in ("rejected.jsonl", "alternatives.jsonl"):
        assert (shell.folder / "kept" / name).read_bytes() == (shell.folder / "straight" / name).read_bytes()
    assert (shell.folder / "kept" / "alternatives.jsonl").stat().st_size > 0


def test_a_finished_run_can_be_made_longer(shell: Shell, straight: Path) -> None:
    """A higher --count goes on: what there is stays, byte for byte, and is not made again."""
    flags = ("--count", str(COUNT // 3), *FLAGS[2:], "--run", "kept", "--out", "rows.jsonl")
    assert shell.run("run", *flags).code == 0
    result = shell.run("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl", "--resume", "always")
    assert result.code == 0, result.err
    assert (shell.folder / "rows.jsonl").read_bytes() == (straight / "rows.jsonl").read_bytes()
    summary = json.loads((shell.folder / "kept" / "summary.json").read_text())
    assert summary["resumed"] >= COUNT // 3


def test_rows_that_went_to_stdout_are_not_given_again(shell: Shell, straight: Path) -> None:
    """The first session's and the second's together are all rows, once."""
    flags = ("--count", str(COUNT // 3), *FLAGS[2:], "--run", "kept")
    first = shell.run("run", *flags)
    second = shell.run("run", *FLAGS, "--run", "kept", "--resume", "always")
    assert (first.out + second.out).encode() == (straight / "rows.jsonl").read_bytes()


def test_a_file_that_was_moved_away_is_written_again(shell: Shell, straight: Path) -> None:
    """The journal has every row; one that holds something else is not touched."""
    kill_at(shell, 0.3)
    (shell.folder / "rows.jsonl").write_text("somebody else's\n")
    again = ("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl", "--resume", "always")
    refused = shell.run(*again)
    assert refused.code == 5
    assert "rows.jsonl holds something else" in refused.err
    assert (shell.folder / "rows.jsonl").read_text() == "somebody else's\n"
    (shell.folder / "rows.jsonl").unlink()
    assert shell.run(*again).code == 0
    assert (shell.folder / "rows.jsonl").read_bytes() == (straight / "rows.jsonl").read_bytes()


def refused(shell: Shell, code: int, *words: str, flags: tuple[str, ...]) -> None:
    """The command ends with the code and one line that has the words."""
    result = shell.run("run", "--count", "3", *flags)
    assert result.code == code, result.err
    assert result.out == ""
    assert all(word in result.complaint[-1] for word in words), result.err


def test_a_run_of_other_settings_is_not_gone_on_with(shell: Shell) -> None:
    """The line says which settings differ, old and new."""
    assert shell.run("run", "--count", "2", "--lag", "64", "--concurrency", "4", "--run", "kept", "--quiet").code == 0
    flags = ("--run", "kept", "--resume", "always", "--seed", "1", "--lag", "32", "--concurrency", "4")
    refused(shell, 2, "other settings: seed 0 -> 1, lag 64 -> 32", "config.yaml", flags=flags)


def test_resume_says_what_it_needs(shell: Shell) -> None:
    """A directory, with a run in it, of this version, that nobody else is at work in."""
    refused(shell, 2, "--resume always needs --run DIR", flags=("--resume", "always"))
    refused(shell, 6, "kept: holds no run to resume", flags=("--run", "kept", "--resume", "always"))
    (shell.folder / "old").mkdir()
    shell.write("old/journal.jsonl", "")
    refused(shell, 6, "old: already holds a run of an older version", flags=("--run", "old", "--resume", "always"))
    (shell.folder / "busy").mkdir()
    lock = RunLock(shell.folder / "busy")
    refused(shell, 5, "busy: another process is at work in it", flags=("--run", "busy", "--resume", "if-possible"))
    lock.close()


def test_a_damaged_run_is_refused_and_its_rest_saved(shell: Shell, straight: Path) -> None:
    """`recover` makes a run of what can be read; resumed, it comes to the same rows."""
    kill_at(shell, 0.5)
    journal = shell.folder / "kept" / "journal-000000.jsonl"
    data = bytearray(journal.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 3] = b"\0\0\0"
    journal.write_bytes(data)
    again = shell.run("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl", "--resume", "always")
    assert again.code == 6
    assert "journal-000000.jsonl is damaged at byte" in again.err
    saved = shell.run("recover", "kept", "--to", "new")
    assert saved.code == 0, saved.err
    assert "1 lines could not be read" in saved.err
    done = shell.run("run", "--config", "new/config.yaml", "--run", "new", "--resume", "always", "--overwrite")
    assert done.code == 0, done.err
    assert (shell.folder / "rows.jsonl").read_bytes() == (straight / "rows.jsonl").read_bytes()


def test_runs_are_listed_with_their_states(shell: Shell) -> None:
    """Complete, ended without its target, killed, of an older version."""
    assert shell.run("run", "--count", "2", "--run", "runs/a", "--quiet").code == 0
    assert shell.run("run", "--count", "50", "--attempts", "3", "--run", "runs/b", "--quiet").code == 3
    assert shell.run("run", "--count", "2", "--run", "runs/c", "--quiet").code == 0
    (shell.folder / "runs" / "c" / "summary.json").unlink()
    (shell.folder / "runs" / "d").mkdir()
    shell.write("runs/d/journal.jsonl", "")
    lock = RunLock(shell.folder / "runs" / "a")
    busy = shell.run("runs", "--json")
    lock.close()
    found = [json.loads(line) for line in shell.run("runs", "--json").out.splitlines()]
    states = {Path(run["path"]).name: (run["state"], run["accepted"], run["wanted"]) for run in found}
    assert states["a"] == ("complete", 2, 2)
    assert states["b"][0] == "ended"
    assert states["c"] == ("killed", 2, 2)
    assert states["d"][0] == "old"
    assert '"state":"running"' in busy.out
    assert "runs/a" in shell.run("runs").out


def test_two_processes_do_not_share_a_run_directory(shell: Shell) -> None:
    """The second one is told who is there."""
    flags = ("run", "--count", "1000000", "--run", "kept", "--out", "rows.jsonl", "--quiet")
    process = shell.start(*flags)
    lock = shell.folder / "kept" / "lock"
    limit = time.monotonic() + SECONDS
    while not (lock.exists() and lock.read_text()):
        assert time.monotonic() < limit
        time.sleep(0.01)
    result = shell.run("run", "--count", "1", "--run", "kept", "--resume", "if-possible")
    process.kill()
    process.communicate(timeout=SECONDS)
    assert result.code == 5
    assert f"another process is at work in it (pid {process.pid})" in result.err
