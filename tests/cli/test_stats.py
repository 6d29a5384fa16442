"""`tdscaling stats` from the shell: panels, comparison, JSON, and input that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.evolution.test_foreign import OPENAI, TOUCAN, line

KEYS = (
    "n domain_entropy_bits domain_max_bits cluster_entropy_bits rme12_bits rme_set_bits rme_sig_bits cac_mean "
    "cac_bins_bits coverage"
).split()


@pytest.fixture
def rows(made: Path) -> Path:
    """Twelve rows of ours."""
    return made / "rows.jsonl"


def test_json_has_the_promised_figures(shell: Shell, rows: Path) -> None:
    """One object per file."""
    done = shell.run("stats", str(rows), "--json")
    assert done.code == 0
    (seen,) = [json.loads(text) for text in done.out.splitlines()]
    assert seen["n"] == seen["simulated"] == 12
    assert all(isinstance(seen[key], int | float) for key in KEYS)


def test_a_panel_has_figures_and_bars(shell: Shell, rows: Path) -> None:
    """For a person."""
    done = shell.run("stats", str(rows))
    assert "mode entropy RME-12" in done.out
    assert "█" in done.out
    assert "direct" in done.out


def test_files_are_compared_at_the_size_of_the_smallest(shell: Shell, rows: Path) -> None:
    """Ours against a foreign one, labelled by one rule."""
    (shell.folder / "toucan.jsonl").write_bytes(line(TOUCAN) * 7)
    done = shell.run("stats", str(rows), "toucan.jsonl", "--compare", "--json")
    sizes = [
        (json.loads(text)["n"], json.loads(text)["size"], json.loads(text)["rule"]) for text in done.out.splitlines()
    ]
    assert sizes == [(12, 7, "structure"), (7, 7, "structure")]


def test_unknown_domains_are_not_zero_bits(shell: Shell) -> None:
    """What a format does not say is absent."""
    (shell.folder / "plain.jsonl").write_bytes(line(OPENAI) * 3)
    (seen,) = [json.loads(t) for t in shell.run("stats", "plain.jsonl", "--json").out.splitlines()]
    assert seen["domain_entropy_bits"] is None
    assert seen["rme_sig_bits"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["stats"], 2, "at least one FILE"),
        (["stats", "nowhere.jsonl"], 6, "nowhere.jsonl: cannot be read"),
        (["run", "--policy", "random"], 2, "--policy must be"),
        (["run", "--budget", "2"], 2, "--budget must be at most 1"),
        (["run", "--target", "nowhere.yaml"], 2, "nowhere.yaml: cannot be read"),
        (["run", "--target", "x.yaml", "--policy", "uniform"], 2, "--target says nothing to --policy uniform"),
    ],
)
def test_bad_input_is_one_line(shell: Shell, arguments: list[str], code: int, message: str) -> None:
    """With its exit code."""
    done = shell.run(*arguments)
    assert done.code == code
    assert message in done.err
    assert len(done.complaint) == 1
