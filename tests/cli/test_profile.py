"""`run` with a profile and `tdscaling profile`, as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

from tdscaling.tests.cli.shell import Shell


def test_a_run_keeps_its_profile_and_trace(shell: Shell) -> None:
    """Where the time went stands in the summary, in profile.json, in an HdrHistogram log and in a trace."""
    flags = ("--count", "4", "--run", "r", "--out", "rows.jsonl", "--trace", "t.json", "--trace-every", "2")
    result = shell.run("run", *flags, "--metrics", "0", "--quiet")
    assert result.code == 0, result.err
    assert result.err.startswith("tdscaling: metrics at http://127.0.0.1:")
    summary = json.loads((shell.folder / "r" / "summary.json").read_text())["profile"]
    stages = {(one["stage"], one["role"]) for one in summary["stages"]}
    for wanted in (("model call", "user"), ("tool call", "toolsim"), ("gates", "verifier"), ("episode", "completed")):
        assert wanted in stages
    assert ("journal ack", "verifier") in stages
    events = json.loads((shell.folder / "t.json").read_text())
    tracks = {event["tid"] for event in events if event["ph"] == "X"}
    assert tracks
    assert all(track % 2 == 0 for track in tracks)
    assert (shell.folder / "r" / "profile.hlog").read_text().startswith("#[")


def test_without_a_profile_there_is_none(shell: Shell) -> None:
    """And the rows are the same."""
    off = shell.run("run", "--count", "2", "--run", "off", "--no-profile", "--quiet")
    on = shell.run("run", "--count", "2", "--run", "on", "--quiet")
    assert off.out == on.out
    assert json.loads((shell.folder / "off" / "summary.json").read_text())["profile"] is None
    refused = shell.run("profile", "off")
    assert refused.code == 6
    assert refused.complaint == ["tdscaling: off: holds no profile: it was made with --no-profile, or has not ended"]


def test_the_profile_is_shown(shell: Shell, made: Path) -> None:
    """Tables, distributions, goodput; as JSON the same figures."""
    shown = shell.run("profile", str(made / "kept"), "--goodput", "e2el:60000")
    assert shown.code == 0, shown.err
    assert "stage, ms" in shown.out
    assert "model call" in shown.out
    assert "goodput e2el ≤ 60000 ms" in shown.out
    assert "100.0 % of" in shown.out
    figures = json.loads(shell.run("profile", str(made / "kept"), "--json").out)
    assert any(one["stage"] == "model call" for one in figures["stages"])


def test_what_cannot_be_shown_is_said_in_one_line(shell: Shell, made: Path) -> None:
    """A folder that is no run, a broken file, a bound that is none."""
    shell.write("profile.json", "{")
    for arguments, code, text in (
        (("nowhere",), 6, "nowhere: holds no profile"),
        ((".",), 6, "profile.json: cannot be read"),
        ((str(made / "kept"), "--goodput", "speed:1"), 2, "--goodput 'speed:1'"),
        ((str(made / "kept"), "--goodput", "ttft:nan"), 2, "--goodput 'ttft:nan'"),
    ):
        result = shell.run("profile", *arguments)
        assert result.code == code, result.err
        assert len(result.complaint) == 1
        assert text in result.err


def test_a_trace_or_port_that_cannot_be_used_ends_the_run_at_once(shell: Shell) -> None:
    """Before anything is synthesised."""
    refused = shell.run("run", "--count", "1", "--trace", "no/where.json")
    assert refused.code == 5
    assert refused.err.splitlines()[-1].startswith("tdscaling: cannot write the trace to no/where.json")
    assert shell.run("run", "--count", "1", "--metrics", "70000").code == 2
