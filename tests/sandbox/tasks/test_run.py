"""`run --code` and `verify --code` from the shell, with the simulated model and a real sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tdscaling.agents.blueprint import definition
from tdscaling.agents.gates.calls import provenance
from tdscaling.agents.talk import Talk
from tdscaling.runtime.chat import AssistantMessage, FunctionCall, ToolCall, UserMessage
from tdscaling.sandbox.code.specs import SPECS
from tdscaling.sandbox.services import builtin
from tdscaling.sandbox.tasks.exports import ExportToolbox
from tdscaling.tests.cli.shell import Shell

from ..code.conftest import need

COUNT = 12


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder with `rows.jsonl` of one run."""
    need("bubblewrap")
    shell = Shell(tmp_path_factory.mktemp("code"), seconds=300)
    flags = ["--seed", "6", "--concurrency", "8", "--perturbed", "0.6", "--quiet", "--run", "kept"]
    result = shell.run("run", "--code", "--count", str(COUNT), *flags, "--out", "rows.jsonl")
    assert result.code == 0, result.err
    return shell


@pytest.fixture(scope="module")
def rows(shell: Shell) -> list[dict[str, Any]]:
    """The rows of the run."""
    return [json.loads(line) for line in (shell.folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()]


def save(shell: Shell, name: str, rows: list[dict[str, Any]]) -> Path:
    """Rows as a file in the shell's folder."""
    path = shell.folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.bubblewrap
def test_a_run_makes_tasks_of_several_fields_and_plans_perturbations(rows: list[dict[str, Any]]) -> None:
    """Mixed ones among them, with a service's tools beside the code tool's; some things went otherwise."""
    assert len(rows) == COUNT
    assert all(row["verdict"]["accepted"] and row["simulated"] for row in rows)
    assert len({row["assignment"]["domain"] for row in rows}) >= 4
    mixed = [row for row in rows if len(row["blueprint"]["world"]["services"]) == 2]
    assert mixed
    for row in mixed:
        called = {call["function"]["name"] for m in row["messages"] for call in m.get("tool_calls") or ()}
        assert {"export_records", "python"} < called
        service = row["blueprint"]["world"]["services"][0].partition("@")[0].removesuffix("_export")
        blocked = row["blueprint"]["plan"]["goals"][0]["kind"] == "blocked"
        assert (service in json.loads(row["blueprint"]["changes"])) is not blocked
    came = {row["measurements"]["perturbation"] for row in rows}
    assert came & {"tool_error", "permission_denied", "irrelevant_request"}


@pytest.mark.bubblewrap
def test_the_rows_stand_their_second_run_and_changed_ones_do_not(shell: Shell, rows: list[dict[str, Any]]) -> None:
    """Every call and every check again: what a cell printed cannot be made up."""
    told = next(
        (row, message)
        for row in rows
        for message in row["messages"]
        if message["role"] == "tool" and '"stdout":"' in message["content"].replace(" ", "")
    )
    row, message = json.loads(json.dumps(told))
    reply = json.loads(message["content"])
    place = next(n for n, m in enumerate(row["messages"]) if m == message)
    row["messages"][place]["content"] = json.dumps(reply | {"stdout": reply["stdout"] + "1"})
    save(shell, "changed.jsonl", [*rows, row])
    result = shell.run("verify", "changed.jsonl", "--code", "--strict", "--json")
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [finding["accepted"] for finding in found] == [True] * COUNT + [False], result.out
    assert "replay.reply_differs" in found[-1]["reasons"][0]
    assert result.code == 1


@pytest.mark.bubblewrap
def test_without_a_sandbox_no_row_is_believed(shell: Shell) -> None:
    """And the reason says which flag is missing."""
    result = shell.run("verify", "rows.jsonl", "--strict")
    assert result.code == 1
    assert all("world.unknown" in line and "--code" in line for line in result.out.splitlines())


def test_a_file_of_one_s_own_in_the_workspace_is_not_invented() -> None:
    """A scratch path needs no one who told it; a number of the service does."""
    export = ExportToolbox(builtin(("tickets",))[0])
    tools = tuple(map(definition, (*SPECS, *export.tools())))

    def problems(tool: str, **arguments: str) -> list[str]:
        call = ToolCall("a", FunctionCall(tool, json.dumps(arguments)))
        talk = Talk((UserMessage("Look at the tickets."), AssistantMessage("", tool_calls=(call,))), tools)
        return [problem.text for problem in provenance(talk)]

    assert problems("write_file", path="scratch/try.py", content="1") == []
    assert problems("read_file", path="/workspace/out.json") == []
    assert problems("run_tests", path="test_mine.py") == []
    assert problems("sql", query="select 1", database="other.db") == []
    assert problems("get_ticket", ticket_id="#TCK-09999") == ["provenance.invented: ticket_id of get_ticket"]
