"""`tdscaling funnel` and `tdscaling review` from the shell, over the directory of a real run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tdscaling.tests.cli.shell import Shell


def test_the_funnel_names_stages_reasons_and_modes(shell: Shell, made: Path) -> None:
    """For a person."""
    shown = shell.run("funnel", str(made / "kept")).out
    for word in ("drafted", "verified", "accepted", "mode", "built in"):
        assert word in shown


def test_json_agrees_with_the_run(shell: Shell, made: Path) -> None:
    """As many accepted as were asked for, and rejected ones as the summary has."""
    seen = json.loads(shell.run("funnel", str(made / "kept"), "--json").out)
    summary = json.loads((made / "kept/summary.json").read_text())
    assert seen["reached"]["accepted"] == summary["accepted"] == 12
    assert seen["reached"]["drafted"] - 12 == summary["rejected"]
    assert sum(cell["drafted"] for cell in seen["cells"]) == seen["reached"]["drafted"]


def test_a_run_does_not_differ_from_itself(shell: Shell, made: Path) -> None:
    """No star, and zero points everywhere."""
    shown = shell.run("funnel", str(made / "kept"), "--compare", str(made / "kept")).out
    assert "+0.0" in shown
    assert not [line for line in shown.splitlines() if line.endswith(" *")]


def test_what_is_no_run_is_one_line_and_exit_6(shell: Shell) -> None:
    """For both commands."""
    for command in (("funnel", "."), ("review", ".", "--out", "s.csv"), ("review", "--read", "gone.csv")):
        refused = shell.run(*command)
        assert refused.code == 6
        assert len(refused.complaint) == 1
        assert refused.out == ""
    assert list(shell.folder.iterdir()) == []


def test_a_sheet_is_drawn_marked_and_read_back(shell: Shell, made: Path) -> None:
    """Every dialogue stands in the Markdown under its number, without its verdict."""
    drawn = shell.run("review", str(made / "kept"), "--sample", "8", "--out", "sheet.csv")
    assert drawn.code == 0, drawn.err
    with (shell.folder / "sheet.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    dialogues = (shell.folder / "sheet.md").read_text(encoding="utf-8")
    assert all(f"## {row['number']}. " in dialogues and row["id"] in dialogues for row in rows)
    assert "accepted" not in dialogues
    for row in rows:
        row["human"] = "accept"
    with (shell.folder / "marked.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    seen = json.loads(shell.run("review", "--read", "marked.csv", "--json").out)
    accepted = sum(row["verdict"] == "accepted" for row in rows)
    assert (seen["marked"], seen["agreement"]["value"]) == (len(rows), accepted / len(rows))
    assert "false accepts" in shell.run("review", "--read", "marked.csv").out


def test_an_unmarked_sheet_says_nothing(shell: Shell, made: Path) -> None:
    """One line, and what to do."""
    shell.run("review", str(made / "kept"), "--sample", "4", "--out", "sheet.csv")
    refused = shell.run("review", "--read", "sheet.csv")
    assert refused.code == 6
    assert "no row is marked" in refused.err


def test_a_sheet_somebody_filled_in_is_not_replaced(shell: Shell, made: Path) -> None:
    """Nor its dialogues."""
    shell.write("sheet.csv", "mine")
    refused = shell.run("review", str(made / "kept"), "--out", "sheet.csv")
    assert refused.code == 5
    assert (shell.folder / "sheet.csv").read_text() == "mine"
