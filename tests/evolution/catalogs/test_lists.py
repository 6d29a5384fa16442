"""Lists of tools: MCP, OpenAI, Toucan, and those of benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tdscaling.evolution.catalogs.benchmarks import Fingerprints, fingerprint
from tdscaling.runtime.errors import ToolServerError, UserError

from .documents import TEXT, read, reasons, tools, write

SEARCH = {
    "name": "search_notes",
    "description": "Search notes.",
    "inputSchema": {
        "type": "object",
        "properties": {"query": TEXT, "api_key": TEXT, "scope": {"$ref": "#/$defs/Scope"}},
        "required": ["query", "api_key"],
        "$defs": {"Scope": {"type": "string", "enum": ["all", "mine"]}},
    },
    "outputSchema": {"type": "object", "properties": {"hits": {"type": "integer"}}},
    "annotations": {"readOnlyHint": True, "destructiveHint": None, "title": "Search"},
}


def test_a_saved_answer_of_a_server_is_read(tmp_path: Path) -> None:
    record = tools(read("mcp", write(tmp_path / "notes.json", {"result": {"tools": [SEARCH]}})))["search_notes"]
    assert (record.service, record.provider, record.method) == ("mcp/notes", "notes", None)
    assert record.input_schema == {
        "type": "object",
        "properties": {"query": TEXT, "scope": {"type": "string", "enum": ["all", "mine"]}},
        "required": ["query"],
    }
    assert record.credentials == ("api_key",)
    assert record.output_schema == {"type": "object", "properties": {"hits": {"type": "integer"}}}
    assert record.annotations == {"readOnlyHint": True}
    assert (record.licence, record.evaluation_only) == ("unknown", False)


def test_a_file_of_many_servers_gives_a_service_each(tmp_path: Path) -> None:
    other = {**SEARCH, "name": "other"}
    reading = read(
        "mcp", write(tmp_path / "a.json", [{"server": "one", "tools": [SEARCH]}, {"server": "two", "tools": [other]}])
    )
    assert [service.name for service in reading.services] == ["mcp/one", "mcp/two"]


def test_the_tools_of_a_request_are_read(tmp_path: Path) -> None:
    function = {"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {"a": TEXT}}}
    listed = [{"type": "function", "function": function}, {"type": "function", "function": {"name": "ping"}}]
    found = tools(read("openai", write(tmp_path / "r.json", {"model": "m", "tools": listed})))
    assert found["add"].input_schema["properties"] == {"a": TEXT}
    assert found["ping"].input_schema == {"type": "object", "properties": {}}
    assert found["add"].service == "openai/r"


def test_names_that_come_twice_and_entries_that_are_no_tools_are_counted(tmp_path: Path) -> None:
    listed = [SEARCH, SEARCH, {"description": "nameless"}, 5, {"name": "bad", "inputSchema": [1]}]
    reading = read("mcp", write(tmp_path / "a.json", {"tools": listed}))
    assert list(tools(reading)) == ["search_notes"]
    assert reasons(reading) == ["duplicate_id", "no_name", "no_name", "no_schema"]


def test_a_toucan_server_file_and_the_condensed_list_say_the_same(tmp_path: Path) -> None:
    tool = {"name": "get", "description": "Gets.", "input_schema": {"type": "object", "properties": {"id": TEXT}}}
    server = {
        "labels": {"primary_label": "Notes"},
        "metadata": {"server_name": "note-server", "remote_server_response": {"is_success": True, "tools": [tool]}},
    }
    condensed = [
        {
            "server": "0007.@Ann_note-server",
            "name": "get",
            "description": "Gets.",
            "input": tool["input_schema"],
            "label": "Notes",
        }
    ]
    one = tools(read("toucan", write(tmp_path / "f" / "0007.@Ann_note-server_labeled.json", server)))["get"]
    two = tools(read("toucan", write(tmp_path / "all.json", condensed)))["get"]
    assert one == two
    assert (one.provider, one.service, one.title) == ("ann", "toucan/0007.@Ann_note-server", "note-server")
    assert (one.categories, one.licence) == (("Notes",), "MIT")


def test_a_toucan_server_that_did_not_answer_is_counted(tmp_path: Path) -> None:
    silent = {"labels": {}, "metadata": {"remote_server_response": {"is_success": False}}}
    assert reasons(read("toucan", write(tmp_path / "s.json", silent))) == ["no_answer"]


BFCL = {
    "name": "close_ticket",
    "description": "Close a ticket.",
    "parameters": {"type": "dict", "properties": {"ticket_id": {"type": "integer"}, "rate": {"type": "float"}}},
    "response": {"type": "dict", "properties": {"status": {"type": "string"}}},
}


def test_bfcl_s_functions_are_read_line_by_line_and_for_evaluation_only(tmp_path: Path) -> None:
    path = write(tmp_path / "tickets.json", "\n".join(json.dumps({**BFCL, "name": name}) for name in ("close", "open")))
    found = tools(read("openai", path))
    assert found["open"].input_schema["properties"] == {"ticket_id": {"type": "integer"}, "rate": {"type": "number"}}
    assert found["open"].output_schema == {"type": "object", "properties": {"status": TEXT}}
    assert all(record.evaluation_only for record in found.values())


def test_livemcpbench_s_servers_are_told_by_their_form(tmp_path: Path) -> None:
    entry = {
        "name": "Notes",
        "description": "Takes notes.",
        "category": "Office",
        "config": {"mcpServers": {"notes": {"command": "npx"}}},
        "tools": {"notes": {"server_name": "notes", "tools": [SEARCH]}},
    }
    record = tools(read("mcp", write(tmp_path / "tools.json", [entry])))["search_notes"]
    assert record.evaluation_only
    assert (record.categories, record.summary) == (("Office",), "Takes notes.")


@pytest.mark.parametrize("folder", ["tau2-bench", "BFCL", "multi_turn_func_doc", "LiveMCPTool", "tau2"])
def test_a_benchmark_s_folder_marks_what_is_in_it(tmp_path: Path, folder: str) -> None:
    path = write(tmp_path / folder / "retail.json", {"tools": [SEARCH]})
    assert tools(read("openai", path))["search_notes"].evaluation_only


@pytest.mark.parametrize("folder", ["taupe", "staub", "restaurant", "live"])
def test_other_folders_do_not(tmp_path: Path, folder: str) -> None:
    path = write(tmp_path / folder / "retail.json", {"tools": [SEARCH]})
    assert not tools(read("openai", path))["search_notes"].evaluation_only


def named(path: Path, name: str, fields: dict[str, Any]) -> Any:
    """A record with these parameters."""
    listed = {"tools": [{"name": name, "inputSchema": {"type": "object", "properties": fields}}]}
    return tools(read("mcp", write(path / f"{name}.json", listed)))[name]


def test_a_fingerprint_is_of_names_and_types_and_of_nothing_else(tmp_path: Path) -> None:
    one = named(tmp_path, "get_stock", {"symbol": TEXT, "n": {"type": "integer"}})
    same = named(tmp_path, "getStock", {"n": {"type": ["number", "null"]}, "Symbol": {**TEXT, "description": "x"}})
    other = named(tmp_path, "GetStock", {"symbol": TEXT, "n": TEXT})
    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint(other)


def test_a_benchmark_s_tool_is_found_again_in_another_catalogue(tmp_path: Path) -> None:
    listed = write(tmp_path / "bfcl.json", [BFCL])
    known = Fingerprints.of(tools(read("openai", listed)).values())
    copy = named(tmp_path, "closeTicket", {"rate": {"type": "number"}, "ticket_id": {"type": "integer"}})
    free = named(tmp_path, "close", {"ticket_id": {"type": "integer"}})
    assert len(known) == 1
    assert known.mark(copy).evaluation_only
    assert not known.mark(free).evaluation_only


def test_a_manifest_that_was_named_and_cannot_start_is_an_error_of_the_user(tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", "name: s\ncommand: [python3, -c, 'raise SystemExit(3)']\n")
    with pytest.raises(UserError):
        read("mcp", path)


def test_in_a_folder_such_a_manifest_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "s.yaml", "name: s\ncommand: [python3, -c, 'raise SystemExit(3)']\n")
    write(tmp_path / "t.json", {"tools": [SEARCH]})
    reading = read("mcp", tmp_path)
    assert list(tools(reading)) == ["search_notes"]
    assert reasons(reading) == ["no_server"]
    assert ToolServerError.exit_code == 4
