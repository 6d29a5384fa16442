"""The example manifests on the real external servers: every tool is called, nothing leaks, equal runs are equal."""

import os
import re
from pathlib import Path

import pytest

from tdscaling.sandbox.manifest import load_manifest
from tdscaling.sandbox.mcp import McpToolbox
from tdscaling.sandbox.tools import JsonObject, ToolReply

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "mcp"
pytestmark = [pytest.mark.anyio, pytest.mark.servers]

Calls = list[tuple[str, JsonObject]]
REPO = {"repo_path": "/workspace"}

FILESYSTEM: Calls = [
    ("list_allowed_directories", {}),
    ("list_directory", {"path": "/workspace"}),
    ("list_directory", {"path": "."}),
    ("list_directory_with_sizes", {"path": "/workspace/finance", "sortBy": "size"}),
    ("directory_tree", {"path": "/workspace"}),
    ("search_files", {"path": "/workspace", "pattern": "**/*.md"}),
    ("read_text_file", {"path": "/workspace/config.json", "head": 2}),
    ("read_multiple_files", {"paths": ["/workspace/personal/todo-sam.txt", "/workspace/nowhere.txt"]}),
    ("create_directory", {"path": "/workspace/archive"}),
    ("write_file", {"path": "/workspace/archive/new.md", "content": "from /workspace/README.md\n"}),
    ("edit_file", {"path": "/workspace/archive/new.md", "edits": [{"oldText": "from", "newText": "after"}]}),
    ("edit_file", {"path": "/workspace/archive/new.md", "edits": [{"oldText": "absent", "newText": "x"}]}),
    ("move_file", {"source": "/workspace/archive/new.md", "destination": "/workspace/archive/old.md"}),
    ("move_file", {"source": "/workspace/nowhere", "destination": "/workspace/else"}),
    ("write_file", {"path": "/workspace/no/such/folder.md", "content": "x"}),
    ("read_text_file", {"path": "/workspace"}),
    ("read_text_file", {"path": "/workspace/../secret"}),
    ("read_text_file", {"path": "../../secret"}),
    ("read_text_file", {"path": "../../../../../secret"}),
    ("read_text_file", {"path": "~/secret"}),
    ("read_text_file", {}),
]
GIT: Calls = [
    ("git_status", REPO),
    ("git_log", REPO | {"max_count": 3}),
    ("git_diff_unstaged", REPO),
    ("git_diff", REPO | {"target": "express"}),
    ("git_show", REPO | {"revision": "v0.1.0"}),
    ("git_branch", REPO | {"branch_type": "local"}),
    ("git_add", REPO | {"files": ["/workspace/notes.txt"]}),
    ("git_diff_staged", REPO),
    ("git_commit", REPO | {"message": "Keep the notes"}),
    ("git_create_branch", REPO | {"branch_name": "fix"}),
    ("git_checkout", REPO | {"branch_name": "fix"}),
    ("git_add", REPO | {"files": ["parcels/price.py"]}),
    ("git_reset", REPO),
    ("git_log", REPO | {"max_count": 1}),
    ("git_status", {"repo_path": "/workspace/docs"}),
    ("git_status", {"repo_path": "/workspace/nowhere"}),
    ("git_status", {"repo_path": "/srv/elsewhere"}),
    ("git_status", {"repo_path": "../.."}),
    ("git_diff", REPO | {"target": "nonsense"}),
    ("git_add", REPO | {"files": ["../secret"]}),
    ("git_add", REPO | {"files": ["absent.txt"]}),
    ("git_commit", REPO | {"message": "Nothing staged"}),
    ("git_create_branch", REPO | {"branch_name": "fix"}),
    ("git_checkout", REPO | {"branch_name": "absent"}),
    ("git_show", REPO | {"revision": "absent"}),
    ("git_branch", REPO | {"branch_type": "odd"}),
    ("git_log", {}),
]
MEMORY: Calls = [
    ("read_graph", {}),
    ("search_nodes", {"query": "lighting"}),
    ("open_nodes", {"names": ["Sam Pereira", "Nobody"]}),
    (
        "create_entities",
        {"entities": [{"name": "Rosa Blum", "entityType": "person", "observations": ["tunes pianos"]}]},
    ),
    ("create_relations", {"relations": [{"from": "Rosa Blum", "to": "Bakery Site", "relationType": "visits"}]}),
    ("add_observations", {"observations": [{"entityName": "Rosa Blum", "contents": ["lives in Faro"]}]}),
    ("add_observations", {"observations": [{"entityName": "Nobody", "contents": ["absent"]}]}),
    ("delete_observations", {"deletions": [{"entityName": "Rosa Blum", "observations": ["lives in Faro"]}]}),
    ("delete_relations", {"relations": [{"from": "Rosa Blum", "to": "Bakery Site", "relationType": "visits"}]}),
    ("delete_entities", {"entityNames": ["Ivo Lindqvist"]}),
    ("open_nodes", {}),
    ("read_graph", {}),
]
SQLITE: Calls = [
    ("list_tables", {}),
    ("describe_table", {"table_name": "orders"}),
    ("describe_table", {"table_name": "no such"}),
    ("read_query", {"query": "SELECT name FROM products WHERE stock = 0"}),
    ("read_query", {"query": "DELETE FROM products"}),
    ("read_query", {"query": "SELECT absent FROM products"}),
    ("write_query", {"query": "UPDATE products SET stock = 3 WHERE sku = 'PL-1004'"}),
    ("write_query", {"query": "UPDATE"}),
    ("create_table", {"query": "CREATE TABLE visits (day TEXT)"}),
    ("create_table", {"query": "DROP TABLE orders"}),
    ("read_query", {}),
]
COMMIT = "1dee509735d5c0d665abf2e9c8304810fc75dc20"
TIME: Calls = [
    ("get_current_time", {"timezone": "Europe/Lisbon"}),
    ("convert_time", {"source_timezone": "UTC", "time": "10:00", "target_timezone": "Asia/Tokyo"}),
    ("get_current_time", {"timezone": "Mars/Olympus"}),
]
CALLS = [("filesystem", FILESYSTEM), ("git", GIT), ("time", TIME), ("memory", MEMORY), ("sqlite", SQLITE)]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that production uses."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True)
def installed() -> None:
    """Skips with a reason where the servers are not installed; in CI that is a failure."""
    if all((ROOT / ".servers" / f"{part}.stamp").exists() for part in ("node", "git", "sqlite", "parcels", "shop")):
        return
    if os.environ.get("CI"):
        pytest.fail("the external servers are not installed: make servers")
    pytest.skip("the external servers are not installed: make servers")


def steady(reply: ToolReply, volatile: tuple[str, ...]) -> str:
    """The reply with the values of volatile keys and labels taken out."""
    labels = "|".join(re.escape(label) for label in volatile)
    return re.sub(rf'("?(?:{labels})"?): .*', r"\1: …", reply.content) if volatile else reply.content


@pytest.mark.parametrize(("name", "calls"), CALLS)
async def test_two_equal_runs_are_equal_and_name_no_real_path(name: str, calls: Calls, tmp_path: Path) -> None:
    """Every tool is called, well and badly; replies and snapshots differ in volatile values only."""
    manifest = load_manifest(EXAMPLES / f"{name}.yaml")
    runs = []
    async with McpToolbox(manifest, root=tmp_path) as box:
        assert {tool for tool, _ in calls} == {spec.name for spec in box.tools()}
        for seed in range(2):
            world = await box.open(seed)
            replies = [await world.call(tool, arguments) for tool, arguments in calls]
            snapshot = await world.snapshot()
            await world.aclose()
            for text in [*(reply.content for reply in replies), str(snapshot)]:
                for place in (tmp_path, ROOT, Path.home()):
                    assert str(place) not in text
            runs.append(([(steady(reply, box.volatile), reply.is_error) for reply in replies], snapshot))
    assert runs[0] == runs[1]
    assert any(is_error for _, is_error in runs[0][0])


async def test_changes_show_in_the_snapshot_and_nowhere_else(tmp_path: Path) -> None:
    """A file written by the server stands in its world's snapshot; template and sister world stay as they were."""
    async with McpToolbox(load_manifest(EXAMPLES / "filesystem.yaml"), root=tmp_path, prestart=2) as box:
        one, two = await box.open(1), await box.open(2)
        before = await two.snapshot()
        assert await one.snapshot() == before
        await one.call("write_file", {"path": "/workspace/personal/todo-sam.txt", "content": "see /workspace/minutes"})
        files = (await one.snapshot())["filesystem"]["files"]
        assert files["/workspace/personal/todo-sam.txt"] == "see /workspace/minutes"
        assert files != before["filesystem"]["files"]
        assert await two.snapshot() == before
        await one.aclose()
        await two.aclose()


async def test_a_commit_shows_in_the_snapshot_with_a_hash_that_does_not_change(tmp_path: Path) -> None:
    """Author and dates are fixed by the manifest: the hash is the same on every machine."""
    async with McpToolbox(load_manifest(EXAMPLES / "git.yaml"), root=tmp_path, prestart=0) as box:
        world = await box.open(1)
        await world.call("git_add", REPO | {"files": ["notes.txt"]})
        reply = await world.call("git_commit", REPO | {"message": "Keep the notes"})
        assert re.fullmatch(r"Changes committed successfully with hash [0-9a-f]{40}", reply.content)
        log = (await world.snapshot())["git"]["state"]['git_log {"max_count": 50, "repo_path": "/workspace"}']
        assert "Message: Keep the notes" in log
        assert reply.content.split()[-1] == COMMIT
        await world.aclose()


async def test_a_change_in_a_database_or_a_graph_shows_in_the_snapshot(tmp_path: Path) -> None:
    """What the state calls read stands in the snapshot as objects and lists, before and after a change."""
    async with McpToolbox(load_manifest(EXAMPLES / "sqlite.yaml"), root=tmp_path, prestart=0) as box:
        world = await box.open(1)
        label = 'read_query {"query": "SELECT * FROM suppliers ORDER BY rowid"}'
        before = (await world.snapshot())["sqlite"]
        assert before["files"] == {}
        assert before["state"][label][0]["town"] == "Ely"
        await world.call("write_query", {"query": "UPDATE suppliers SET town = 'Ware' WHERE supplier_id = 'SUP-01'"})
        assert (await world.snapshot())["sqlite"]["state"][label][0]["town"] == "Ware"
        await world.aclose()
    async with McpToolbox(load_manifest(EXAMPLES / "memory.yaml"), root=tmp_path, prestart=0) as box:
        world = await box.open(1)
        before = (await world.snapshot())["memory"]["state"]["read_graph {}"]
        await world.call("delete_entities", {"entityNames": ["Sam Pereira"]})
        after = (await world.snapshot())["memory"]["state"]["read_graph {}"]
        assert len(before["entities"]) == len(after["entities"]) + 1
        await world.aclose()
