"""`tdscaling tools` and `tdscaling verify` as a person at a shell sees them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from tdscaling.tests.cli.shell import Shell

SERVERS = Path(__file__).parents[1] / "sandbox" / "servers"
CHECKS = "start listing schemas calls outputs determinism fresh_worlds read-only paths errors".split()


def manifest(shell: Shell, *command: str, **keys: object) -> str:
    """A manifest for one of the test servers, in the shell's folder."""
    text = yaml.safe_dump({"command": [sys.executable, str(SERVERS / command[0]), *command[1:]], **keys})
    return shell.write("server.yaml", text)


def test_list_shows_parameters_and_kinds(shell: Shell) -> None:
    """A person reads names, kinds and parameters; a program gets one object per tool with its schemas."""
    path = manifest(shell, "notes.py", "{scratch}")
    shown = shell.run("tools", "list", path)
    assert shown.code == 0
    assert "write_note  (writes)" in shown.out
    assert "    title: text" in shown.out
    listed = [json.loads(line) for line in shell.run("tools", "list", path, "--json").out.splitlines()]
    assert "write_note" in [tool["name"] for tool in listed]
    assert all(tool["input_schema"]["type"] == "object" for tool in listed)


def test_call_makes_one_call_on_a_fresh_world(shell: Shell) -> None:
    """The reply goes to stdout; an error of the tool is exit code 1; the next call finds a fresh world."""
    path = manifest(shell, "notes.py", "{scratch}")
    written = shell.run("tools", "call", path, "write_note", '{"title": "a", "text": "b"}')
    assert (written.code, json.loads(written.out)) == (0, {"title": "a", "length": 1})
    empty = shell.run("tools", "call", path, "list_notes", "--json")
    assert json.loads(empty.out) == {"content": '{"result": []}', "is_error": False}
    refused = shell.run("tools", "call", path, "write_note", "{}")
    assert refused.code == 1
    assert shell.run("tools", "call", "tickets", "list_agents").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("list", "nowhere"), 2, "'nowhere' is no built-in service"),
        (("list", "nowhere.yaml"), 2, "nowhere.yaml: cannot be read"),
        (("call", "tickets", "absent"), 2, "TOOL: tickets has no tool 'absent'"),
        (("call", "tickets", "list_agents", "[]"), 2, "ARGUMENTS: must be a JSON object"),
        (("call", "tickets", "list_agents", "{"), 2, "ARGUMENTS: not JSON"),
        (("check", "nowhere.yaml"), 2, "nowhere.yaml: cannot be read"),
    ],
)
def test_wrong_arguments_are_one_line(shell: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    """What, where, and the documented exit code."""
    result = shell.run("tools", *arguments)
    assert (result.code, result.out) == (code, "")
    assert len(result.complaint) == 1
    assert words in result.err


def test_check_has_one_line_per_check(shell: Shell) -> None:
    """A sound server: exit code 0, every check once, what differs between worlds is suggested as volatile."""
    result = shell.run("tools", "check", manifest(shell, "notes.py", "{scratch}"), "--json")
    checks = [json.loads(line) for line in result.out.splitlines()]
    named = [check["name"].replace(" ", "_") for check in checks]
    assert [name for name in named if name in CHECKS] == CHECKS
    assert result.code == 0, result.out


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("crashes_at_start", "no database at /nowhere"),
        ("invalid_schema", "tool crooked: invalid input schema"),
        ("violates_output", "violates its own output schema"),
        ("twice", "is listed twice"),
        ("no_tools", "the server lists no tools"),
    ],
)
def test_check_names_what_is_wrong_with_a_server(shell: Shell, kind: str, words: str) -> None:
    """One failed check in one line, exit code 4."""
    result = shell.run("tools", "check", manifest(shell, "raw.py", kind))
    assert result.code == 4
    (failed,) = [line for line in result.out.splitlines() if line.startswith("FAIL")]
    assert words in failed


def test_verify_writes_a_line_for_every_line(shell: Shell) -> None:
    """Good, forged, blank and foreign lines, in order, from a file and from stdin; --strict makes it an exit code."""
    made = shell.run("run", "--count", "3", "--quiet", "--run", "made").out.splitlines()
    forged = json.loads(made[1])
    forged["messages"].pop()
    lines = [made[0], json.dumps(forged), "", '{"id": 7}', made[2], made[0]]
    text = "\n".join(lines)
    from_file = shell.run("verify", shell.write("rows.jsonl", text), "--json")
    from_stdin = shell.run("verify", "-", "--json", stdin=text.encode())
    assert from_file.out == from_stdin.out
    assert from_file.code == 0
    found = [json.loads(line) for line in from_file.out.splitlines()]
    assert [finding["accepted"] for finding in found] == [True, False, False, False, True, True]
    assert [finding["id"] == "" for finding in found] == [False, False, True, True, False, False]
    assert all(set(finding) == {"id", "accepted", "reasons", "scores"} for finding in found)
    strict = shell.run("verify", "rows.jsonl", "--unique", "--strict")
    assert strict.code == 1
    assert strict.out.splitlines()[-1].endswith("set.duplicate: of line 1")


def test_verify_plays_a_list_of_tools_again(shell: Shell) -> None:
    """Rows of the entity store are accepted with the list they played, and rejected with a reason without it."""
    room = {"room_id": {"type": "string"}, "status": {"type": "string", "enum": ["free", "taken"]}}
    shape = {"type": "object", "properties": room}
    one = {"type": "object", "properties": {"room_id": room["room_id"]}, "required": ["room_id"]}
    every = {"type": "object", "properties": {"rooms": {"type": "array", "items": shape}}}
    kinds = (("get_room", "Get a room.", one, shape), ("list_rooms", "List all rooms.", {"type": "object"}, every))
    tools = [
        {"name": name, "description": about, "inputSchema": takes, "outputSchema": gives}
        for name, about, takes, gives in (*kinds, ("delete_room", "Delete a room for good.", one, shape))
    ]
    listed = shell.write("rooms.json", json.dumps({"tools": tools}))
    made = shell.run("run", "--count", "3", "--tools", listed, "--quiet", "--run", "made")
    assert made.code == 0, made.err
    rows = shell.write("rows.jsonl", made.out)
    assert shell.run("verify", rows, "--tools", listed, "--strict").code == 0
    assert shell.run("verify", rows).out.count("world.unknown") == 3


def test_verify_of_a_missing_file_is_one_line(shell: Shell) -> None:
    """Exit code 6, as for every file that cannot be read."""
    result = shell.run("verify", "absent.jsonl")
    assert (result.code, result.out, len(result.complaint)) == (6, "", 1)
