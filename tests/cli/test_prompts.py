"""`tdscaling prompts` and `run --prompts` from the shell: export, change, see, run, and one line for what is wrong."""

from __future__ import annotations

import json

from tdscaling.tests.cli.shell import Shell

PLAIN = "Write a numbered plan first."


def test_a_changed_prompt_goes_into_rows_and_run_directory(shell: Shell) -> None:
    """Its hash into every row, its text beside the journal."""
    assert shell.run("prompts", "export", "mine").code == 0
    shell.write("mine/assistant_plan_first.txt", PLAIN + "\n")
    done = shell.run("run", "--count", "2", "--prompts", "mine", "--run", "kept", "--quiet")
    assert done.code == 0, done.err
    versions = {json.loads(line)["provenance"]["prompts"] for line in done.out.splitlines()}
    assert len(versions) == 1
    assert versions.pop().endswith("-custom")
    assert json.loads((shell.folder / "kept/prompts.json").read_text()) == {"assistant_plan_first": PLAIN}


def test_what_a_folder_changes_is_shown_as_a_difference(shell: Shell) -> None:
    """Lines of before and after."""
    (shell.folder / "mine").mkdir()
    shell.write("mine/assistant_plan_first.txt", PLAIN)
    shown = shell.run("prompts", "show", "--prompts", "mine").out
    assert f"+{PLAIN}" in shown
    assert "-Before your first tool call" in shown


def test_a_prompt_is_shown_by_its_name(shell: Shell) -> None:
    """And listed with its placeholders."""
    assert "{problem}" in shell.run("prompts", "show", "blueprint_repair").out
    (line,) = [text for text in shell.run("prompts", "show").out.splitlines() if text.startswith("blueprint_repair")]
    assert line.endswith("{problem}")


def test_an_export_replaces_nothing_unasked(shell: Shell) -> None:
    """Somebody's work may stand there."""
    shell.run("prompts", "export", "mine")
    shell.write("mine/user_opening.txt", "Mine.")
    refused = shell.run("prompts", "export", "mine")
    assert refused.code == 5
    assert len(refused.complaint) == 1
    assert "give --overwrite" in refused.err
    assert (shell.folder / "mine/user_opening.txt").read_text() == "Mine."


def test_a_wrong_prompt_is_one_line_and_exit_2(shell: Shell) -> None:
    """Before anything is synthesised."""
    (shell.folder / "mine").mkdir()
    shell.write("mine/user_system.txt", "You are {persona}.")
    for command in (("run", "--prompts", "mine"), ("prompts", "show", "--prompts", "mine"), ("prompts", "show", "nix")):
        refused = shell.run(*command)
        assert refused.code == 2
        assert len(refused.complaint) == 1
        assert refused.out == ""
    assert not (shell.folder / "runs").exists()
