"""Clusters of files in a run: read and played when they are drawn, each in a world of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tdscaling.evolution.clusterfile.index import ClusterFile
from tdscaling.evolution.clusterfile.line import ClusterLine, encode, line_of
from tdscaling.evolution.clusterfile.playing import READY, ClusterShelf
from tdscaling.evolution.clusters import build_clusters
from tdscaling.evolution.mining.cluster import cluster_id, world_name
from tdscaling.runtime.errors import EnvironmentFault, InputError
from tdscaling.sandbox.entities import EntityToolbox
from tdscaling.sandbox.services import builtin
from tdscaling.tests.evolution.clusterfile.lines import mined, mined_tool, raw, shop_line, shops, write

LINE = shop_line()


def shelf(folder: Path, lines: Sequence[ClusterLine]) -> ClusterShelf:
    """The lines on a shelf."""
    return ClusterShelf([ClusterFile(write(folder / "clusters.jsonl", lines))])


def test_a_cluster_is_played_with_its_own_tools(tmp_path: Path) -> None:
    """The tools of the line under their names, and the cluster as agents know it."""
    box = shelf(tmp_path, [LINE]).get(world_name(LINE.id))
    assert box is not None
    cluster = shelf(tmp_path, [LINE]).clusters()[LINE.id]
    assert [tool.name for tool in box.tools()] == list(cluster.tools)
    assert cluster.services == (box.name,)
    assert cluster.edges[0].producer == "list_orders"
    assert "MIT" in cluster.provenance


def test_other_clusters_do_not_change_a_world(tmp_path: Path) -> None:
    """A selection of a file, or a longer one, plays a row's world again."""
    alone = shelf(tmp_path, [LINE]).get(world_name(LINE.id))
    among = shelf(tmp_path, [*shops(3), LINE]).get(world_name(LINE.id))
    assert alone is not None
    assert among is not None
    assert alone.version == among.version
    assert alone.open_nowait(5).tables() == among.open_nowait(5).tables()


def test_another_schema_is_another_version(tmp_path: Path) -> None:
    """A row that played the older one is not taken for one of the newer."""
    first, *rest = LINE.tools
    schema = msgspec.json.decode(first.input_schema) | {"title": "Other"}
    other = msgspec.structs.replace(LINE, tools=(msgspec.structs.replace(first, input_schema=raw(schema)), *rest))
    versions = {box.version for line in (LINE, other) if (box := shelf(tmp_path, [line]).get(world_name(LINE.id)))}
    assert len(versions) == 2


def test_toolboxes_are_made_when_they_are_asked_for_and_let_go(tmp_path: Path) -> None:
    """As many as are kept ready, the last ones; one that comes again is the same."""
    lines = shops(READY)
    here = shelf(tmp_path, lines)
    boxes = [here.get(world_name(line.id)) for line in lines]
    assert here.get(world_name(lines[-1].id)) is boxes[-1]
    again = here.get(world_name(lines[0].id))
    assert again is not boxes[0]
    assert again is not None
    assert boxes[0] is not None
    assert again.version == boxes[0].version
    assert here.get("cluster-absent") is None
    assert here.get("orders") is None


def test_built_clusters_stand_beside_those_of_files(tmp_path: Path) -> None:
    """By id, all of them."""
    built = build_clusters(builtin(["orders"]))
    known = shelf(tmp_path, [LINE]).clusters(built)
    assert len(known) == len(built) + 1
    assert known[built[0].id] is built[0]
    assert set(known) == {LINE.id, *(cluster.id for cluster in built)}


def test_one_cluster_in_two_files_is_one_line(tmp_path: Path) -> None:
    """Which files, and which cluster."""
    files = [ClusterFile(write(tmp_path / name, [LINE])) for name in ("a.jsonl", "b.jsonl")]
    with pytest.raises(InputError, match=r"b\.jsonl: the cluster .* stands in .*a\.jsonl, too"):
        ClusterShelf(files)


def test_a_cluster_that_cannot_be_played_counts_against_itself(tmp_path: Path) -> None:
    """A fault of the environment that names the tool, not the end of the run."""
    tool = msgspec.structs.replace(
        mined_tool("get_order"),
        name="take",
        input_schema=raw(
            {"type": "object", "properties": {"a": {"allOf": [{"const": 1}, {"const": 2}]}}, "required": ["a"]}
        ),
    )
    line = line_of(mined([mined_tool("list_orders"), tool, mined_tool("get_customer")]))
    with pytest.raises(EnvironmentFault, match="take"):
        shelf(tmp_path, [msgspec.structs.replace(line, edges=())]).get(world_name(line.id))


def test_a_plan_that_runs_is_played_though_a_tool_alone_would_be_refused(tmp_path: Path) -> None:
    """Files have paths for keys: one made up for `update_file_content` alone names no file, that of the plan does."""
    path, text = {"path": {"type": "string"}}, {"content": {"type": "string"}}
    fields = {"insert": path | text, "update": path | text, "delete": path}
    gives = {"type": "object", "properties": path | text, "required": ["path"]}
    tools = [
        msgspec.structs.replace(
            mined_tool("get_order"),
            id=f"mcp:files#{verb}",
            name=f"{verb}_file_content",
            verb={"insert": "create", "update": "update", "delete": "delete"}[verb],
            description=f"{verb.capitalize()} content of a file.",
            input_schema=raw({"type": "object", "properties": takes, "required": list(takes)}),
            output_schema=raw(gives),
        )
        for verb, takes in fields.items()
    ]
    line = line_of(mined(tools))
    specs = [tool.spec() for tool in line.tools]
    assert EntityToolbox("files", specs).unplayable
    box = shelf(tmp_path, [line]).get(world_name(line.id))
    assert box is not None
    assert not box.unplayable


def test_names_of_worlds_are_short_for_hashes_only() -> None:
    """Ids that people gave stay whole, so that no two of them fall together."""
    assert world_name(cluster_id(["a"])) == f"cluster-{cluster_id(['a'])[:16]}"
    assert world_name("my-own-orders-cluster-1") == "cluster-my-own-orders-cluster-1"
    assert encode(LINE).startswith(b'{"id":')
