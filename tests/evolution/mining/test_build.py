"""The whole build over documents on disk: joins, bounds, the same bytes from any number of workers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tdscaling.evolution.catalogs.source import parse_source
from tdscaling.evolution.mining.build import Build, bound, build_clusters
from tdscaling.evolution.mining.joins import executes

TEXT = {"type": "string"}


def _schema(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)[:1]}


def _document(title: str, noun: str, entry: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """An API of one collection: list, create, get, update, delete."""

    def answer(schema: dict[str, Any]) -> dict[str, Any]:
        return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}

    key = {"name": f"{noun}_id", "in": "path", "required": True, "schema": TEXT}
    told = {"content": {"application/json": {"schema": body}}}
    whole = {"type": "object", "properties": {f"{noun}s": {"type": "array", "items": entry}}}
    return {
        "openapi": "3.0.0",
        "info": {"title": title, "version": "1", "license": {"name": "MIT"}},
        "paths": {
            f"/{noun}s": {
                "get": {"operationId": f"list_{noun}s", "responses": answer(whole)},
                "post": {"operationId": f"create_{noun}", "requestBody": told, "responses": answer(entry)},
            },
            f"/{noun}s/{{{noun}_id}}": {
                "get": {"operationId": f"get_{noun}", "parameters": [key], "responses": answer(entry)},
                "patch": {
                    "operationId": f"update_{noun}",
                    "parameters": [key],
                    "requestBody": {"content": {"application/json": {"schema": {**body, "required": []}}}},
                    "responses": answer(entry),
                },
                "delete": {"operationId": f"delete_{noun}", "parameters": [key], "responses": answer(_schema(ok=TEXT))},
            },
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two APIs that share e-mail addresses, a broken one, and one that is no API."""
    root = tmp_path_factory.mktemp("apis")
    shop = _document("Shop orders", "customer", _schema(id=TEXT, name=TEXT, email=TEXT), _schema(name=TEXT))
    mail = _document(
        "Mailing of newsletters", "subscriber", _schema(id=TEXT, status=TEXT), _schema(email=TEXT, status=TEXT)
    )
    (root / "shop.example.json").write_text(json.dumps(shop))
    (root / "mail.example.json").write_text(json.dumps(mail))
    (root / "broken.example.json").write_text(json.dumps(shop)[:200])
    (root / "other.json").write_text("[1, 2]")
    return root


@pytest.fixture(scope="module")
def build(folder: Path) -> Build:
    """The folder, built in one process."""
    return build_clusters([parse_source(f"openapi:{folder}")])


def test_services_of_one_folder_are_mined_and_joined(build: Build) -> None:
    """A customer's address takes the customer into the mailing list."""
    kinds = Counter(cluster.kind for cluster in build.clusters)
    assert kinds["join"] >= 1
    join = next(cluster for cluster in build.clusters if cluster.kind == "join")
    crossing = join.edges[-1]
    assert (crossing.path.rpartition(".")[2], crossing.param) == ("email", "email")
    assert len(join.services) == len(join.providers) == 2
    assert "email" in crossing.evidence


def test_joins_run_and_stay_distinct(build: Build) -> None:
    """Joins are held to what singles are held to."""
    sets = [frozenset(tool.id for tool in cluster.tools) for cluster in build.clusters]
    assert all(len(a & b) / len(a | b) < 0.5 for a, b in combinations(sets, 2))
    assert all(executes(cluster) for cluster in build.clusters)


def test_names_of_tools_are_unique_in_a_join(build: Build) -> None:
    """Functions of one name get their service before it."""
    for cluster in build.clusters:
        assert len(set(cluster.plan)) == len(cluster.plan)


def test_what_cannot_be_read_is_counted(build: Build) -> None:
    """Two documents of four."""
    assert sum(build.skipped.values()) == 2


def test_workers_and_hash_seeds_change_no_byte(folder: Path, build: Build) -> None:
    """One process here, two in a process with another hash seed."""
    program = (
        "import hashlib, msgspec, sys\n"
        "from tdscaling.evolution.catalogs.source import parse_source\n"
        "from tdscaling.evolution.mining.build import build_clusters\n"
        "if __name__ == '__main__':\n"
        "    made = build_clusters([parse_source('openapi:' + sys.argv[1])], workers=2)\n"
        "    print(hashlib.sha256(msgspec.json.encode(made)).hexdigest())\n"
    )
    script = folder.parent / "again.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(msgspec.json.encode(build)).hexdigest()


def _listing(path: Path, noun: str, tools: Sequence[str]) -> None:
    """A saved `tools/list` about one noun."""
    key = {f"{noun}_id": TEXT}
    entries = [{"name": tool, "inputSchema": _schema(**({} if tool.startswith("list") else key))} for tool in tools]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"tools": entries}))


@pytest.mark.parametrize("given", ["apart", "among the catalogues"])
def test_a_benchmark_s_tools_are_left_out_under_other_catalogues(tmp_path: Path, given: str) -> None:
    """By their fingerprints, whether the benchmark is given for that alone or is a catalogue itself."""
    tickets = ["list_tickets", "get_ticket", "close_ticket", "reopen_ticket"]
    _listing(tmp_path / "tau2-bench" / "desk.json", "ticket", tickets[2:])
    _listing(tmp_path / "own" / "desk.json", "ticket", tickets)
    _listing(tmp_path / "own" / "shop.json", "order", ["list_orders", "get_order", "cancel_order"])
    own, benchmark = parse_source(f"mcp:{tmp_path / 'own'}"), parse_source(f"mcp:{tmp_path / 'tau2-bench'}")
    alone = build_clusters([own])
    assert {tool.original for cluster in alone.clusters for tool in cluster.tools} >= {"close_ticket", "cancel_order"}
    built = build_clusters([own], benchmarks=[benchmark]) if given == "apart" else build_clusters([own, benchmark])
    assert built.skipped["benchmark_tool"] == 2
    assert {tool.original for cluster in built.clusters for tool in cluster.tools} == {
        "list_orders",
        "get_order",
        "cancel_order",
    }


def test_the_licence_list_holds_for_clusters(folder: Path) -> None:
    """Nothing of what is not allowed."""
    assert build_clusters([parse_source(f"openapi:{folder}")], licences=["Apache-2.0"]).clusters == ()


def test_the_bound_of_a_provider_is_a_share_of_what_is_left() -> None:
    """One giant among small ones is cut until it is a tenth of all."""
    counts = Counter({"giant": 10_000, **{f"p{n}": 10 for n in range(90)}})
    cap = bound(counts, 0.1, 0.0)
    total = sum(min(count, cap) for count in counts.values())
    assert cap <= 0.1 * total
    assert cap + 1 > 0.1 * (total + 1) - 1
