"""Runs from the shell on saved lists of tools: rows, their provenance, and lists that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tdscaling.sandbox.tools import ToolSpec
from tdscaling.tests.cli.shell import Shell

from .entity_lists import SHOP, TEXT, listings, tool


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder of its own."""
    return Shell(tmp_path)


def saved(path: Path, specs: tuple[ToolSpec, ...]) -> Path:
    """A list of tools as a client would save the server's answer."""
    tools = [
        {
            "name": spec.name,
            "description": spec.description or spec.name.replace("_", " ").capitalize(),
            "inputSchema": spec.input_schema,
            **({"outputSchema": spec.output_schema} if spec.output_schema else {}),
        }
        for spec in specs
    ]
    path.write_bytes(msgspec.json.encode({"tools": tools}))
    return path


def accepted(shell: Shell, lists: list[str], count: int) -> list[dict[str, Any]]:
    """The rows of a run on the lists."""
    flags = [flag for path in lists for flag in ("--tools", path)]
    result = shell.run("run", *flags, "--count", str(count), "--attempts", "600", "--run", "kept", "--quiet")
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


def test_rows_say_that_the_entity_store_played_the_tools(shell: Shell) -> None:
    """In provenance, with the list's own file name and no path."""
    saved(shell.folder / "shop.json", SHOP)
    rows = accepted(shell, ["shop.json"], 5)
    assert len(rows) == 5
    assert {row["provenance"]["tools"].partition("; ")[0] for row in rows} == {"entity store over shop.json"}
    assert all(row["blueprint"]["world"]["services"][0].startswith("shop@") for row in rows)


@pytest.mark.parametrize("server", ["filesystem", "excel"])
def test_thirty_rows_are_accepted_on_the_list_of_a_real_server(shell: Shell, server: str) -> None:
    """With the simulated model."""
    listed = next(listed for listed in listings() if listed.name == server)
    saved(shell.folder / f"{server}.json", listed.specs)
    rows = accepted(shell, [f"{server}.json"], 30)
    assert len(rows) == 30
    assert all(row["verdict"]["accepted"] for row in rows)


def test_a_list_without_a_playable_tool_ends_the_run_in_one_line(shell: Shell) -> None:
    """It says which tool was the first and why."""
    saved(shell.folder / "clicks.json", (tool("browser_click", {"selector": TEXT}),))
    result = shell.run("run", "--tools", "clicks.json", "--count", "1")
    assert result.code == 2
    assert len(result.complaint) == 1
    assert "clicks.json: no tool can be played; browser_click: screen" in result.complaint[0]


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot be read"), ("{", "is not JSON"), ('{"a": []}', "holds no tools")]
)
def test_a_file_that_is_no_list_ends_the_run_in_one_line(shell: Shell, text: str | None, said: str) -> None:
    """Exit code of a wrong setting, no traceback."""
    if text is not None:
        (shell.folder / "list.json").write_text(text, encoding="utf-8")
    result = shell.run("run", "--tools", "list.json", "--count", "1")
    assert result.code == 2
    assert len(result.complaint) == 1
    assert said in result.complaint[0]
    assert "list.json" in result.complaint[0]


def test_two_lists_of_one_name_are_refused(shell: Shell) -> None:
    """Rows name a list by its file's name."""
    (shell.folder / "other").mkdir()
    for path in ("shop.json", "other/shop.json"):
        saved(shell.folder / path, SHOP)
    result = shell.run("run", "--tools", "shop.json", "--tools", "other/shop.json", "--count", "1")
    assert result.code == 2
    assert "another source of tools is called 'shop'" in result.err
