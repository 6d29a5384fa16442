"""What a person can get wrong at the command line: few lines, the right exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import Result, Shell

MOST_LINES = 3


def assert_refused(result: Result, code: int, *words: str) -> None:
    """The exit code, at most three lines, all the words, nothing on stdout."""
    assert result.code == code, result.err
    assert len(result.complaint) <= MOST_LINES, result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    for word in words:
        assert word in result.complaint[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--count", "0"), ("--count must be at least 1, not 0",)),
        (("run", "--count", "some"), ("--count must be a whole number, not 'some'",)),
        (("run", "--cuont", "3"), ("Unknown option", "--count")),
        (("run", "7"), ("7",)),
        (("run", "--services", "orders,parcels"), ("unknown service 'parcels'", "orders, calendar, tickets")),
        (("run", "--model", "another"), ("'another'", "'sim'")),
        (("run", "--concurrency", "300"), ("set lag to 600",)),
        (("run", "--mcp", "gone.yaml"), ("gone.yaml", "cannot be read")),
        (("run", "--config", "gone.yaml"), ("gone.yaml", "cannot be read")),
        (("bogus",), ("bogus",)),
        (("show",), ("FILE",)),
        (("config", "show", "--loop", "trio"), ("--loop must be 'uvloop' or 'asyncio'",)),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(
    shell: Shell, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """What is wrong and what would be right, and nothing is left behind."""
    assert_refused(shell.run(*arguments), 2, *words)
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cuont: 3", ("run.yaml: unknown key 'cuont'", "did you mean 'count'")),
        ("count: many", ("run.yaml: count must be a whole number",)),
        ("count: 3\nout: [", ("run.yaml:2:7: broken YAML",)),
    ],
)
def test_a_bad_settings_file_is_one_line_and_exit_2(shell: Shell, text: str, words: tuple[str, ...]) -> None:
    """The file and the place in it are named."""
    assert_refused(shell.run("run", "--config", shell.write("run.yaml", text)), 2, *words)


def test_a_bad_variable_is_one_line_and_exit_2(shell: Shell) -> None:
    """The variable is named."""
    assert_refused(shell.run("run", env={"TDSCALING_COUNT": "0"}), 2, "TDSCALING_COUNT must be at least 1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "gone/rows.jsonl"), ("gone/rows.jsonl", "No such file or directory")),
        (("--out", "."), (".", "Is a directory")),
        (("--run", "/dev/null/run"), ("/dev/null/run", "Not a directory")),
        (("--summary", "gone/summary.json"), ("gone/summary.json", "No such file or directory")),
    ],
)
def test_an_output_that_cannot_be_written_is_exit_5_before_anything_is_made(
    shell: Shell, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Nobody waits for an hour to learn it."""
    assert_refused(shell.run("run", "--count", "3", *arguments), 5, *words)
    assert list(shell.folder.iterdir()) == []


def test_a_full_disk_is_exit_5_and_the_journal_keeps_the_work(shell: Shell) -> None:
    """The rows are not lost with the device they did not fit on."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    result = shell.run("run", "--count", "3", "--run", "kept", "--out", "/dev/full")
    assert_refused(result, 5, "/dev/full", "No space left on device")
    assert '"event":"finished"' in (shell.folder / "kept" / "journal-000000.jsonl").read_text()


def test_rows_are_not_appended_to_a_file_that_holds_something(shell: Shell) -> None:
    """The file stays as it was."""
    shell.write("rows.jsonl", "precious\n")
    result = shell.run("run", "--count", "1", "--out", "rows.jsonl")
    assert_refused(result, 5, "rows.jsonl: already holds something", "--overwrite")
    assert (shell.folder / "rows.jsonl").read_text() == "precious\n"


def test_overwrite_replaces_the_file(shell: Shell) -> None:
    """Only when it is said."""
    shell.write("rows.jsonl", "old\n" * 9)
    result = shell.run("run", "--count", "2", "--run", "kept", "--out", "rows.jsonl", "--overwrite")
    assert result.code == 0, result.err
    assert len((shell.folder / "rows.jsonl").read_text().splitlines()) == 2


def test_a_file_is_not_replaced_by_a_run_that_cannot_begin(shell: Shell) -> None:
    """--overwrite takes effect last."""
    shell.write("rows.jsonl", "old\n")
    result = shell.run("run", "--run", "/dev/null/run", "--out", "rows.jsonl", "--overwrite")
    assert_refused(result, 5, "/dev/null/run")
    assert (shell.folder / "rows.jsonl").read_text() == "old\n"


def test_a_run_directory_that_holds_a_run_is_refused(shell: Shell) -> None:
    """Two runs are not mixed in one journal."""
    (shell.folder / "kept").mkdir()
    shell.write("kept/journal.jsonl", "")
    assert_refused(shell.run("run", "--run", "kept"), 5, "kept: already holds a run")


def test_a_count_that_cannot_be_reached_is_exit_3(shell: Shell) -> None:
    """What there is was written, and the line says how far it came."""
    result = shell.run("run", "--count", "50", "--attempts", "10", "--run", "kept")
    assert result.code == 3
    assert len(result.complaint) <= MOST_LINES
    assert "of 50 rows accepted after all 10 attempts" in result.complaint[-1]
    assert 0 < len(result.out.splitlines()) <= 10


def test_a_server_whose_program_is_missing_is_named(shell: Shell) -> None:
    """Manifest and key stand in the line."""
    shell.write("broken.yaml", "command: [no-such-program-anywhere]\n")
    assert_refused(shell.run("run", "--mcp", "broken.yaml"), 2, "broken.yaml: command: program not found")


def test_a_server_that_crashes_at_its_start_is_exit_4(shell: Shell) -> None:
    """The manifest is named, and nothing was synthesised."""
    shell.write("broken.yaml", "command: ['false']\n")
    result = shell.run("run", "--mcp", "broken.yaml", "--run", "kept")
    assert_refused(result, 4, "broken.yaml")
    assert "nothing was synthesised" in result.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ("rows.jsonl:1: not JSON",)),
        ('{"id": "0123", "messages": 3}', ("rows.jsonl:1: not a trajectory",)),
        ("\n\nnull\n", ("rows.jsonl:3: not a trajectory",)),
        ("", ("rows.jsonl: holds no trajectories",)),
    ],
)
def test_a_file_that_holds_no_rows_is_exit_6(shell: Shell, text: str, words: tuple[str, ...]) -> None:
    """The line in the file is named."""
    assert_refused(shell.run("show", shell.write("rows.jsonl", text)), 6, *words)


def test_a_missing_file_to_show_is_exit_6(shell: Shell) -> None:
    """The file is named."""
    assert_refused(shell.run("show", "gone.jsonl"), 6, "gone.jsonl: cannot be read: No such file or directory")


def test_a_folder_to_show_is_exit_6(shell: Shell) -> None:
    """As a missing file."""
    assert_refused(shell.run("show", "."), 6, "cannot be read: Is a directory")


def test_control_characters_in_an_argument_do_not_reach_the_terminal(shell: Shell) -> None:
    """An error message repeats what was typed, written out."""
    result = shell.run("show", "\x1b[31mred")
    assert "\x1b" not in result.err
    assert "\\x1b[31mred" in result.err
