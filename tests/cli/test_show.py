"""`tdscaling show`: which row is meant, what is shown of it, and what never reaches the terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tdscaling.cli.dialogue import REPLY_LINES, line_of, render
from tdscaling.cli.safe import one_line, safe
from tdscaling.runtime.chat import AssistantMessage, FunctionCall, ToolCall, ToolMessage, UserMessage
from tdscaling.runtime.row import Row, Scores, Verdict
from tdscaling.tests.cli.shell import SECONDS, Shell


@pytest.fixture
def first(made: Path) -> Row:
    """A real row."""
    return msgspec.json.decode((made / "rows.jsonl").read_bytes().splitlines()[0], type=Row)


@pytest.fixture
def reader(made: Path, shell: Shell) -> Shell:
    """A shell with rows.jsonl in its folder."""
    shutil.copy(made / "rows.jsonl", shell.folder)
    return shell


def ids(folder: Path) -> list[str]:
    """The ids of rows.jsonl."""
    return [json.loads(line)["id"] for line in (folder / "rows.jsonl").read_text().splitlines()]


def shown(row: Row, *, full: bool = False, width: int = 100) -> str:
    """The dialogue as plain text."""
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(render(row, full=full))
    return capture.get()


def with_reply(row: Row, content: str) -> Row:
    """The row with one exchange instead of its own."""
    call = ToolCall("c1", FunctionCall("look_up", '{"order_id": "ORD-1", "deep": true}'))
    messages = (
        UserMessage("Where is it?"),
        AssistantMessage("", tool_calls=(call,)),
        ToolMessage("c1", "look_up", content),
        AssistantMessage("On its way."),
    )
    return msgspec.structs.replace(row, messages=messages)


def test_without_an_id_the_first_row_is_shown_and_how_to_see_others(reader: Shell) -> None:
    """The last line says how many there are."""
    result = reader.run("show", "rows.jsonl")
    assert result.code == 0
    assert result.out.startswith(ids(reader.folder)[0][:8])
    assert "row #1 of 12 in rows.jsonl; others: tdscaling show rows.jsonl #N or ID, or --list" in result.out


def test_a_row_is_found_by_its_number(reader: Shell) -> None:
    """#N counts rows from 1."""
    assert reader.run("show", "rows.jsonl", "#5").out.startswith(ids(reader.folder)[4][:8])


def test_a_row_is_found_by_the_beginning_of_its_id(reader: Shell) -> None:
    """As much as makes it unique."""
    wanted = ids(reader.folder)[7]
    assert reader.run("show", "rows.jsonl", wanted[:10]).out.startswith(wanted[:8])


def test_an_unknown_id_is_exit_6_with_the_nearest(reader: Shell) -> None:
    """A slip of the finger is easily mended."""
    wanted = ids(reader.folder)[3]
    result = reader.run("show", "rows.jsonl", wanted[:9] + "x")
    assert result.code == 6
    assert wanted in result.err
    assert len(result.complaint) == 1


def test_a_beginning_of_several_ids_is_exit_6_with_some_of_them(reader: Shell) -> None:
    """No row is shown by chance."""
    rows = (reader.folder / "rows.jsonl").read_text()
    reader.write("rows.jsonl", rows + rows)
    result = reader.run("show", "rows.jsonl", ids(reader.folder)[0][:6])
    assert result.code == 6
    assert "fits 2 rows, among them #1 " in result.err


def test_a_number_past_the_end_is_exit_6(reader: Shell) -> None:
    """The line says how many rows there are."""
    result = reader.run("show", "rows.jsonl", "#13")
    assert (result.code, result.err) == (6, "tdscaling: rows.jsonl: has 12 rows, there is no #13\n")


def test_the_list_has_one_line_per_row(reader: Shell) -> None:
    """With number, id, mode and verdict."""
    lines = reader.run("show", "rows.jsonl", "--list").out.splitlines()
    assert [line.split()[1] for line in lines] == [known[:8] for known in ids(reader.folder)]
    assert lines[2].startswith("#3 ")


def test_rejected_rows_are_shown_with_their_reasons(shell: Shell) -> None:
    """The rejected.jsonl of a run directory is as good as the rows."""
    assert shell.run("run", "--attempts", "12", "--count", "12", "--mistakes", "8", "--run", "kept").code in (0, 3)
    rejected = (shell.folder / "kept" / "rejected.jsonl").read_bytes()
    assert rejected, "with so many mistakes some rows are rejected"
    reason = json.loads(rejected.splitlines()[0])["verdict"]["reasons"][0].partition(":")[0]
    result = shell.run("show", "kept/rejected.jsonl")
    assert f"rejected: {reason}" in result.out


def test_rows_can_come_from_stdin(reader: Shell) -> None:
    """- stands for stdin."""
    result = reader.run("show", "-", "#2", stdin=(reader.folder / "rows.jsonl").read_bytes())
    assert result.out.startswith(ids(reader.folder)[1][:8])
    assert "in <stdin>" in result.out


def test_a_reader_that_leaves_is_no_error(reader: Shell) -> None:
    """`tdscaling show FILE --list | head -1` ends with 0 and says nothing."""
    reader.write("rows.jsonl", (reader.folder / "rows.jsonl").read_text() * 200)
    process = reader.start("show", "rows.jsonl", "--list", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=SECONDS) == 0


def test_calls_are_shown_as_calls_and_replies_as_indented_json(first: Row) -> None:
    """`name(argument=value, …)`, then what came back."""
    text = shown(with_reply(first, '{"status":"shipped"}'))
    assert '→ look_up(order_id="ORD-1", deep=true)' in text
    assert '    "status": "shipped"' in text


def test_the_plan_stands_beside_the_dialogue(first: Row) -> None:
    """Goals, what the user knows, what the answer must contain; the stand-in is named."""
    assert first.blueprint is not None
    text = shown(first, width=400)
    assert f"│ goal 1{'' if first.blueprint.plan.goals[0].kind == 'act' else ' ['}" in text
    assert all(f"must answer: {expected.label} = {expected.value}" in text for expected in first.blueprint.expected)
    assert "simulated model" in text


def test_a_long_reply_is_cut_visibly(first: Row) -> None:
    """How much is missing, and how to see it."""
    content = json.dumps({"orders": list(range(100))})
    text = shown(with_reply(first, content))
    assert f"… {104 - REPLY_LINES} more lines (--full shows all)" in text
    assert "99" not in text.partition("tool look_up")[2].partition("On its way")[0]
    assert "99" in shown(with_reply(first, content), full=True)


def test_a_reply_in_one_endless_line_is_cut_visibly(first: Row) -> None:
    """Width has a bound, too."""
    text = shown(with_reply(first, "x" * 5000))
    assert "long lines are cut (--full shows all)" in text
    assert text.count("x") < 500


@pytest.mark.parametrize("arguments", ["{broken", "[1]"])
def test_arguments_that_are_no_object_are_shown_as_written(first: Row, arguments: str) -> None:
    """A bad call is part of the dialogue."""
    call = ToolCall("c1", FunctionCall("look_up", arguments))
    row = msgspec.structs.replace(first, messages=(AssistantMessage("", tool_calls=(call,)),))
    assert f"look_up({arguments})" in shown(row)


@given(content=st.text(st.characters(codec=None, categories=["Cc", "Cf", "Cs", "Lu", "Zl"]), max_size=80))
def test_no_control_character_survives(content: str) -> None:
    """Whatever a model or a tool says, the terminal stays as it is."""
    made_safe = safe(content)
    assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in made_safe)
    assert not set(made_safe) & set("\u202e\u2066\u200b\u2028")
    assert "\n" not in one_line(content)
    made_safe.encode()


def test_control_characters_in_a_row_are_written_out(first: Row) -> None:
    """In speech, replies, names, labels and reasons alike."""
    row = with_reply(first, '{"a": "\\u001b]0;title\\u0007"} \x1b[2J')
    verdict = Verdict(accepted=False, reasons=("stage.reason: \x1b[31m",), scores=Scores())
    assignment = msgspec.structs.replace(first.assignment, domain="\x1b[5m", sector="\r\x07")
    row = msgspec.structs.replace(row, verdict=verdict, assignment=assignment)
    for text in (shown(row), shown(row, full=True), line_of(row, 1).plain):
        assert "\x1b" not in text
        assert "\x07" not in text
    assert "\\x1b[2J" in shown(row)
