"""Runs that play each blueprint several times and add contrast pairs; runs that want certain perturbations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tdscaling.tests.cli.shell import Shell

FLAGS = ("--count", "16", "--seed", "4", "--attempts-per-blueprint", "2", "--counterfactuals", "0.6", "--quiet")


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file: JSON, so Any stands for JSON values only."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: rows.jsonl beside the run directory `kept`."""
    folder = tmp_path_factory.mktemp("played")
    result = Shell(folder).run("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl")
    assert result.code == 0, result.err
    return folder


def test_pairs_stand_beside_the_count(played: Path) -> None:
    """Both rows of a pair follow each other; the second ones are not counted."""
    rows = _rows(played / "rows.jsonl")
    second = [number for number, row in enumerate(rows) if row["kin"]["counterfactual"]]
    assert len(rows) - len(second) == 16
    assert second
    for number in second:
        assert rows[number]["kin"]["pair"] == rows[number - 1]["id"]
        assert rows[number - 1]["kin"]["pair"] == rows[number]["id"]


def test_the_other_plays_are_kept_apart(played: Path) -> None:
    """Every row and every rejected one has one play beside it, of the same blueprint."""
    kept = [
        row
        for row in (*_rows(played / "rows.jsonl"), *_rows(played / "kept" / "rejected.jsonl"))
        if row["blueprint"] and not row["kin"]["counterfactual"]
    ]
    others = _rows(played / "kept" / "alternatives.jsonl")
    assert sorted(row["kin"]["blueprint"] for row in others) == sorted(row["id"] for row in kept)
    assert {row["id"] for row in kept}.isdisjoint(row["id"] for row in others)


def test_plays_and_pairs_do_not_depend_on_concurrency(played: Path, shell: Shell) -> None:
    """Rows and alternatives are the same bytes."""
    shell.run("run", *FLAGS, "--run", "kept", "--out", "rows.jsonl", "--concurrency", "2")
    for name in ("rows.jsonl", "kept/alternatives.jsonl", "kept/rejected.jsonl"):
        assert (shell.folder / name).read_bytes() == (played / name).read_bytes()


def test_all_rows_of_such_a_run_are_executed_again(played: Path, shell: Shell) -> None:
    """Second rows, too, stand on their own."""
    result = shell.run("verify", str(played / "rows.jsonl"))
    assert result.code == 0, result.err


def test_only_the_wanted_perturbations_come_up(shell: Shell) -> None:
    """By name, in the share that is asked for."""
    flags = ("--perturbations", "permission_denied", "--perturbed", "1", "--quiet")
    result = shell.run("run", "--count", "6", "--run", "kept", *flags)
    drawn = {json.loads(line)["assignment"]["perturbation"] for line in result.out.splitlines()}
    assert drawn == {"permission_denied"}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--perturbations", "tool_eror"), "did you mean tool_error?"),
        (("--perturbations", "none", "tool_error"), "all and none stand alone"),
        (("--perturbed", "1.5"), "--perturbed"),
        (("--counterfactuals", "-0.1"), "--counterfactuals"),
        (("--attempts-per-blueprint", "0"), "--attempts-per-blueprint"),
    ],
)
def test_a_wrong_setting_is_one_line(flags: tuple[str, ...], says: str, shell: Shell) -> None:
    """With exit code 2 and nothing made."""
    result = shell.run("run", "--count", "1", *flags)
    assert result.code == 2
    assert len(result.complaint) == 1
    assert says in result.err
    assert not (shell.folder / "runs").exists()
