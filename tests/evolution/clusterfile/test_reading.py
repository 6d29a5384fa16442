"""Cluster files read strictly: whatever is wrong is one line that says where."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import msgspec
import pytest

from tdscaling.evolution.clusterfile.index import ClusterFile
from tdscaling.evolution.clusterfile.line import decode, encode
from tdscaling.evolution.clusterfile.reading import read_clusters
from tdscaling.runtime.errors import InputError
from tdscaling.tests.evolution.clusterfile.lines import changed, shop_line, shops, write

LINE = shop_line()
DOCUMENT = msgspec.json.decode(encode(LINE))


def tools(**keys: object) -> bytes:
    """The line with its first tool changed."""
    first, *rest = DOCUMENT["tools"]
    return changed(LINE, tools=[{**first, **keys}, *rest])


def test_a_line_comes_back_as_it_was_written() -> None:
    """Encoding what was decoded gives the same bytes."""
    assert encode(decode(encode(LINE))) == encode(LINE)


def test_a_line_holds_what_a_program_looks_for() -> None:
    """The documented keys, and every tool with its schemas."""
    keys = "id services providers tools edges entities domain sector plan entry scores provenance".split()
    assert set(keys) <= set(DOCUMENT)
    assert all(tool["input_schema"]["type"] == "object" for tool in DOCUMENT["tools"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b"[" * 5000, "is "),
        (b"[]", "is no cluster: Expected `object`"),
        (changed(LINE, plan=None), "missing required field `plan`"),
        (changed(LINE, modes=["sideways"]), "is no cluster"),
        (changed(LINE, modes=[]), "modes: is empty"),
        (changed(LINE, id="a b"), "id: 'a b' is not"),
        (changed(LINE, domain=" "), "domain: is empty"),
        (changed(LINE, tools=[], plan=[], edges=[]), "tools: 0 of them"),
        (changed(LINE, plan=["get_order"]), "plan: does not name every tool once"),
        (changed(LINE, plan=["get_order", "absent"]), "plan: there is no tool 'absent'"),
        (changed(LINE, entry=["absent.id"]), "entry: there is no tool 'absent'"),
        (changed(LINE, edges=[{**DOCUMENT["edges"][0], "src": "absent"}]), "edges: src: there is no tool 'absent'"),
        (changed(LINE, tools=DOCUMENT["tools"][:1] * 2), "stands there twice"),
        (tools(name="GET /orders"), "the name 'GET /orders' is not"),
        (tools(input_schema=[]), "input_schema is no object"),
        (tools(output_schema=7), "output_schema is neither"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    """File, line, and what is wrong, in one line."""
    file = tmp_path / "clusters.jsonl"
    file.write_bytes(encode(LINE) + data + b"\n")
    with pytest.raises(InputError) as caught:
        list(read_clusters(file))
    assert str(caught.value).startswith(f"{file}:2: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds no clusters"),
        (b"\n", "1: is blank"),
        (encode(LINE) + b"\n" + encode(LINE), "2: is blank"),
        (encode(LINE) * 2, f"2: the cluster {LINE.id} stands in line 1 already"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    """Empty, blank lines, a cluster twice."""
    file = tmp_path / "clusters.jsonl"
    file.write_bytes(data)
    with pytest.raises(InputError, match=words):
        list(read_clusters(file))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    """What the system says, in one line."""
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            list(read_clusters(path))


def test_a_last_line_needs_no_line_break(tmp_path: Path) -> None:
    """As editors leave it."""
    file = tmp_path / "clusters.jsonl"
    file.write_bytes(encode(LINE).rstrip())
    assert [line.id for line in read_clusters(file)] == [LINE.id]
    assert ClusterFile(file).line(LINE.id) == LINE


def test_an_opened_file_gives_every_line_by_id(tmp_path: Path) -> None:
    """Heads for the policies, lines when they are asked for."""
    lines = shops(20)
    file = ClusterFile(write(tmp_path / "clusters.jsonl", lines))
    assert [head.id for head in file.heads] == [line.id for line in lines]
    assert [file.line(line.id) for line in reversed(lines)] == lines[::-1]
    assert lines[3].id in file
    assert "absent" not in file


def test_an_opened_file_keeps_little_in_memory(tmp_path: Path) -> None:
    """Under two kilobytes for a cluster whose line has six."""
    lines = shops(150)
    path = write(tmp_path / "clusters.jsonl", lines)
    ClusterFile(path)  # what is made once
    tracemalloc.start()
    file = ClusterFile(path)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(file.heads) < 2000 < path.stat().st_size / len(lines)


def test_a_file_that_changes_while_it_is_open_is_noticed(tmp_path: Path) -> None:
    """Not another cluster's tools, and not half a line."""
    lines = shops(2)
    path = write(tmp_path / "clusters.jsonl", lines)
    file = ClusterFile(path)
    write(path, lines[::-1])
    with pytest.raises(InputError, match="was changed since it was opened"):
        file.line(lines[0].id)


def test_the_digest_follows_the_lines_alone(tmp_path: Path) -> None:
    """Not the file's name; but each byte of a schema."""
    lines = shops(2)
    first = ClusterFile(write(tmp_path / "a.jsonl", lines))
    assert ClusterFile(write(tmp_path / "b.jsonl", lines)).digest == first.digest
    assert ClusterFile(write(tmp_path / "b.jsonl", lines[:3])).digest != first.digest


def test_clusters_of_benchmarks_are_not_opened_for_a_run(tmp_path: Path) -> None:
    """They are there to measure with."""
    path = tmp_path / "clusters.jsonl"
    path.write_bytes(tools(evaluation_only=True) + b"\n")
    assert len(list(read_clusters(path))) == 1
    with pytest.raises(InputError, match=r"clusters\.jsonl:1: has tools of a benchmark"):
        ClusterFile(path)
