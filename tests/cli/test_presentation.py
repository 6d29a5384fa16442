"""Presented rows from the shell: the same at every concurrency, judged again as they were, given other faces."""

from __future__ import annotations

import json

import pytest

from tdscaling.tests.cli.shell import Shell

COUNT = 8
SERVICES = "orders,tickets"


def made(shell: Shell, name: str, *flags: str) -> list[bytes]:
    """Rows of a small run."""
    command = ("run", "--count", str(COUNT), "--seed", "5", "--services", SERVICES, "--quiet", "--run", f"runs/{name}")
    done = shell.run(*command, "--out", f"{name}.jsonl", *flags)
    assert done.code == 0, done.err
    return (shell.folder / f"{name}.jsonl").read_bytes().splitlines()


def test_presented_rows_are_the_same_at_every_concurrency_and_hold_when_run_again(shell: Shell) -> None:
    """Languages, names and distractors included; then two other faces each, which hold as well."""
    rows = made(shell, "wide", "--concurrency", "16", "--languages", "de,fr")
    assert made(shell, "narrow", "--concurrency", "1", "--languages", "de,fr") == rows
    faces = [json.loads(row)["face"] for row in rows]
    assert {face["language"] for face in faces} == {"de", "fr"}
    assert any(face["distractors"] for face in faces)
    assert len({face["naming"] for face in faces}) > 1
    again = shell.run("verify", "wide.jsonl", "--strict")
    assert again.code == 0, again.out
    others = shell.run("present", "wide.jsonl", "--ways", "2")
    assert others.code == 0, others.err
    lines = others.out.splitlines()
    ids = {json.loads(line)["id"] for line in (*map(str.encode, lines), *rows)}
    assert len(ids) == len(lines) + COUNT
    assert len(lines) >= COUNT  # a row in which a distractor was called by mistake keeps no other face
    assert f"{COUNT} rows, {len(lines)} faces" in others.err
    (shell.folder / "faces.jsonl").write_text(others.out)
    assert shell.run("verify", "faces.jsonl", "--strict").code == 0


def test_a_face_that_does_not_fit_is_rejected(shell: Shell) -> None:
    """A tool under another tool's name; a distractor of a service that is another version."""
    row = next(row for row in map(json.loads, made(shell, "rows", "--languages", "en")) if row["face"]["distractors"])
    swapped, older = json.loads(json.dumps(row)), json.loads(json.dumps(row))
    first, second = swapped["face"]["names"][:2]
    first["name"], second["name"] = second["name"], first["name"]
    next(one for one in older["face"]["names"] if one["service"])["service"] = "calendar@0"
    (shell.folder / "bad.jsonl").write_text(f"{json.dumps(swapped)}\n{json.dumps(older)}\n")
    lines = shell.run("verify", "bad.jsonl").out.splitlines()
    assert "tools.altered" in lines[0]
    assert "world.distractor" in lines[1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--languages", "de,klingon"), "unknown language 'klingon'"),
        (("--namings", "camle"), "did you mean camel?"),
        (("--presentation", "gaudy"), "presentation"),
    ],
)
def test_what_cannot_be_presented_is_one_line_and_exit_2(shell: Shell, flags: tuple[str, ...], words: str) -> None:
    """With the name that is wrong."""
    refused = shell.run("run", "--count", "1", *flags)
    assert (refused.code, len(refused.complaint)) == (2, 1)
    assert words in refused.err


def test_rows_that_cannot_have_another_face_are_one_line(shell: Shell) -> None:
    """Not JSON, and no row."""
    for text, words in (("{", "bad.jsonl:1: not JSON"), ("{}", "bad.jsonl:1: not a row of ours")):
        (shell.folder / "bad.jsonl").write_text(text + "\n")
        refused = shell.run("present", "bad.jsonl")
        assert (refused.code, len(refused.complaint)) == (6, 1)
        assert words in refused.err
