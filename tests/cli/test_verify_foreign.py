"""`tdscaling verify` on the files of others, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.evolution.test_foreign import OPENAI, TAU2, TOUCAN, line


def test_the_form_is_found_and_every_conversation_has_a_line(shell: Shell) -> None:
    """A file may hold several forms."""
    done = shell.run("verify", "-", "--json", stdin=line(OPENAI) + line(TOUCAN) + line(TAU2))
    assert done.code == 0, done.err
    found = [json.loads(text) for text in done.out.splitlines()]
    assert [finding["form"] for finding in found] == ["openai", "toucan", "tau2"]
    assert all(finding["accepted"] and finding["checks"]["reexecution"] == "not_applicable" for finding in found)


def test_a_document_over_many_lines_is_somebody_elses(shell: Shell) -> None:
    """As benchmarks write their results."""
    shell.write("results.json", json.dumps(TAU2, indent=2))
    done = shell.run("verify", "results.json", "--strict")
    assert done.code == 0
    assert "accepted" in done.out
    assert "1 tau2" in done.err


def test_rows_of_ours_are_still_run_again(shell: Shell, made: Path) -> None:
    """From a pipe too, where the first line cannot be read twice."""
    rows = (made / "rows.jsonl").read_bytes().splitlines(keepends=True)[:3]
    done = shell.run("verify", "-", "--json", stdin=b"\n" + b"".join(rows))
    assert [json.loads(text)["accepted"] for text in done.out.splitlines()] == [False, True, True, True]
    assert "checks" not in done.out


def test_one_conversation_twice_is_rejected_when_asked(shell: Shell) -> None:
    """By what was said, whatever the id."""
    done = shell.run("verify", "-", "--unique", "--strict", stdin=line(OPENAI) * 2)
    assert done.code == 1
    assert "set.duplicate: of conversation 1" in done.out


@pytest.mark.parametrize(
    ("stdin", "more", "code", "message"),
    [
        (line(OPENAI) + b"{broken\n", (), 6, "2: not JSON"),
        (line(OPENAI) + line({"text": 1}), (), 6, "2: no known form of trajectories; keys are text"),
        (b"[]\n", ("--form", "openai"), 6, "holds no conversations"),
        (line(OPENAI), ("--mcp", "x.yaml"), 2, "are for rows of ours"),
        (line(OPENAI), ("--form", "nothing"), 2, "form"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    shell: Shell, stdin: bytes, more: tuple[str, ...], code: int, message: str
) -> None:
    """With the line or the flag in it."""
    done = shell.run("verify", "-", *more, stdin=stdin)
    assert done.code == code
    assert len(done.complaint) == 1, done.err
    assert message in done.err
