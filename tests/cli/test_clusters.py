"""`tdscaling clusters`, and runs over its files, as a person at a shell sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.evolution.catalogs.test_bad_input import POISON
from tdscaling.tests.evolution.clusterfile.lines import ORDERS, joined_line, shop_line, shops, write

FILE = "clusters.jsonl"
JOIN = joined_line("shop0.example/api", "crm.example/api")


def saved(shell: Shell, name: str = FILE) -> list[str]:
    """A file of twenty clusters of ten shops and a join; returns the ids."""
    lines = [*shops(10), JOIN]
    write(shell.folder / name, lines)
    return [line.id for line in lines]


def rows(text: str) -> list[dict[str, Any]]:
    """The rows on stdout."""
    return [json.loads(line) for line in text.splitlines()]


def test_stats_are_one_object_or_one_figure_per_line(shell: Shell) -> None:
    """The documented keys; the check says that the file is sound."""
    saved(shell)
    found = json.loads(shell.run("clusters", "stats", FILE, "--json", "--check").out)
    keys = "clusters services providers max_provider_share cross_service_share five_plus_share tools_covered domains"
    assert set(f"{keys} sectors edges".split()) <= set(found)
    assert found["clusters"] == 21
    assert (found["check"]["plans_executed"], found["check"]["too_alike"]) == (21, 0)
    shown = shell.run("clusters", "stats", FILE)
    assert (shown.code, shown.err) == (0, "")
    assert "tools_covered              61" in shown.out.splitlines()


def test_a_check_that_finds_something_is_exit_code_1(shell: Shell) -> None:
    """And says what."""
    write(shell.folder / FILE, [shop_line(), shop_line(names=ORDERS[:3])])
    result = shell.run("clusters", "stats", FILE, "--check")
    assert result.code == 1
    assert "shares 3 tools with" in result.out


def test_show_gives_the_plan_with_what_feeds_it(shell: Shell) -> None:
    """By enough of the id; as text, or as a picture."""
    saved(shell)
    shown = shell.run("clusters", "show", FILE, JOIN.id[:10])
    assert shown.code == 0
    assert "  2. get_order" in shown.out
    assert "     < order_id: orders.*.order_id of 1. list_orders" in shown.out
    drawn = shell.run("clusters", "show", FILE, JOIN.id, "--svg", "a.svg")
    assert (drawn.code, drawn.out) == (0, "")
    assert (shell.folder / "a.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_split_writes_three_files_that_share_no_tool(shell: Shell) -> None:
    """With a summary of what went where."""
    saved(shell)
    assert shell.run("clusters", "split", FILE, "--out-dir", "parts", "--providers", "0.2").code == 0
    parts = [rows((shell.folder / "parts" / f"{name}.jsonl").read_text()) for name in ("train", "held_out_providers")]
    tools = [{tool["id"] for line in part for tool in line["tools"]} for part in parts]
    assert len(tools[1]) == 12
    assert not tools[0] & tools[1]
    summary = json.loads((shell.folder / "parts" / "split.json").read_text())
    assert sum(summary["clusters"].values()) == 21
    assert len(summary["held_out_providers"]) == 2


def run(shell: Shell, *flags: str, count: int = 12, code: int = 0) -> Sequence[dict[str, Any]]:
    """The rows of a run on the file."""
    result = shell.run("run", "--clusters", FILE, "--count", str(count), "--quiet", "--run", "kept", *flags)
    assert result.code == code, result.err
    return rows(result.out)


def test_a_run_plays_the_clusters_of_a_file_and_no_others(shell: Shell) -> None:
    """Rows of many domains, with the licence and the document of their tools; verify executes them again."""
    saved(shell)
    made = run(shell)
    assert len(made) == 12
    assert {row["assignment"]["domain"] for row in made} <= {f"domain {n}" for n in range(10)} | {JOIN.domain}
    assert len({row["assignment"]["domain"] for row in made}) >= 6
    assert all("MIT" in row["provenance"]["tools"] and "entity store" in row["provenance"]["tools"] for row in made)
    (shell.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, made)))
    again = shell.run("verify", "rows.jsonl", "--clusters", FILE, "--strict")
    assert again.code == 0, again.out
    alone = shell.run("verify", "rows.jsonl", "--strict")
    assert alone.code == 1
    assert "world.unknown" in alone.out
    assert "--clusters" in alone.out


def test_equal_seeds_give_equal_rows_at_every_concurrency(shell: Shell) -> None:
    """Whatever the file is called, and however many episodes are in flight."""
    saved(shell)
    first = run(shell, "--concurrency", "1", count=6)
    saved(shell, "other.jsonl")
    again = shell.run("run", "--clusters", "other.jsonl", "--count", "6", "--quiet", "--run", "other")
    assert rows(again.out) == first


def test_files_and_services_can_be_mixed(shell: Shell) -> None:
    """Built-in services that are named stay beside the clusters of a file."""
    saved(shell)
    made = run(shell, "--services", "orders", count=30)
    worlds = {service.partition("@")[0] for row in made for service in row["blueprint"]["world"]["services"]}
    assert "orders" in worlds
    assert any(name.startswith("cluster-") for name in worlds)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("clusters", "stats", "absent.jsonl"), 6, "absent.jsonl: cannot be read"),
        (("clusters", "stats", "empty.jsonl"), 6, "empty.jsonl: holds no clusters"),
        (("clusters", "stats", "bad.jsonl"), 6, "bad.jsonl:2: is not JSON"),
        (("clusters", "show", FILE, "zzz"), 6, f"{FILE}: holds no cluster 'zzz'"),
        (("clusters", "show", FILE, ""), 6, f"{FILE}: holds no cluster ''"),
        (("clusters", "show", FILE, JOIN.id, "--svg", "no/where.svg"), 5, "no/where.svg: cannot be written"),
        (("clusters", "split", "bad.jsonl", "--out-dir", "parts"), 6, "bad.jsonl:2: is not JSON"),
        (("clusters", "split", FILE, "--out-dir", FILE), 5, "cannot be written"),
        (("clusters", "split", FILE, "--out-dir", "parts", "--providers", "2"), 2, "Must be <= 0.9"),
        (("run", "--clusters", "bad.jsonl"), 6, "bad.jsonl:2: is not JSON"),
        (("run", "--clusters", "absent.jsonl"), 6, "absent.jsonl: cannot be read"),
        (("run", "--clusters", FILE, FILE), 6, "stands in"),
        (("verify", FILE, "--clusters", "empty.jsonl"), 6, "empty.jsonl: holds no clusters"),
    ],
)
def test_what_cannot_be_used_is_one_line(shell: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    """What and where, with the documented exit code, and nothing on stdout."""
    saved(shell)
    good = (shell.folder / FILE).read_bytes().splitlines(keepends=True)[0]
    (shell.folder / "bad.jsonl").write_bytes(good + b'{"id": "x"')
    (shell.folder / "empty.jsonl").write_bytes(b"")
    result = shell.run(*arguments)
    assert (result.code, result.out) == (code, "")
    assert len(result.complaint) == 1
    assert words in result.err
    assert not Path(shell.folder / "runs").exists()


def test_select_takes_few_clusters_in_the_order_of_what_they_add(shell: Shell) -> None:
    """The file is written whole, refuses to be replaced, and can be run."""
    saved(shell)
    taken = shell.run("clusters", "select", FILE, "--out", "few.jsonl")
    assert taken.code == 0, taken.err
    assert "58 of 61 tools" in taken.err
    few = rows((shell.folder / "few.jsonl").read_text())
    assert len(few) == 19
    assert all(len(line["tools"]) == 4 for line in few[:10])
    refused = shell.run("clusters", "select", FILE, "--out", "few.jsonl")
    assert (refused.code, len(refused.complaint)) == (5, 1)
    assert shell.run("clusters", "select", FILE, "--out", "few.jsonl", "--most", "3", "--overwrite").code == 0
    assert len((shell.folder / "few.jsonl").read_text().splitlines()) == 3
    assert not list(shell.folder.glob("*.part"))


def catalogue(shell: Shell) -> str:
    """Two OpenAPI documents, and one that is cut off in the middle; returns the folder."""
    folder = shell.folder / "apis"
    folder.mkdir()
    for noun in ("order", "invoice"):
        item = {
            "type": "object",
            "properties": {"id": {"type": "string"}, "note": {"type": "string"}},
            "required": ["id"],
        }
        body = {"required": True, "content": {"application/json": {"schema": item}}}

        def gives(schema: dict[str, Any]) -> dict[str, Any]:
            return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}

        key = {"name": f"{noun}Id", "in": "path", "required": True, "schema": {"type": "string"}}
        document = {
            "openapi": "3.0.0",
            "info": {"title": f"{noun} desk", "version": "1", "license": {"name": "MIT"}},
            "servers": [{"url": f"https://{noun}.example"}],
            "paths": {
                f"/{noun}s": {
                    "get": {"summary": f"List {noun}s", "responses": gives({"type": "array", "items": item})},
                    "post": {"summary": f"Create a {noun}", "requestBody": body, "responses": gives(item)},
                },
                f"/{noun}s/{{{noun}Id}}": {
                    "parameters": [key],
                    "get": {"summary": f"Get a {noun}", "responses": gives(item)},
                    "delete": {"summary": f"Delete a {noun}", "responses": {"204": {"description": "gone"}}},
                },
            },
        }
        (folder / f"{noun}.json").write_text(json.dumps(document))
    (folder / "zcut.json").write_text('{"openapi": "3.0.0", "paths": {')
    return "apis"


def test_build_gives_the_same_file_whatever_the_workers_and_the_hash_seed(shell: Shell) -> None:
    """A document that is cut off costs no other, and is counted."""
    flags = ("clusters", "build", "--catalog", f"openapi:{catalogue(shell)}")
    one = shell.run(*flags, "--out", "a.jsonl", "--workers", "1", "--report", "a.json", env={"PYTHONHASHSEED": "0"})
    assert one.code == 0, one.err
    two = shell.run(*flags, "--out", "b.jsonl", "--workers", "2", env={"PYTHONHASHSEED": "7"})
    assert two.code == 0, two.err
    assert (shell.folder / "a.jsonl").read_bytes() == (shell.folder / "b.jsonl").read_bytes()
    built = rows((shell.folder / "a.jsonl").read_text())
    assert {service for line in built for service in line["services"]} >= {"order", "invoice"}
    assert sum(json.loads((shell.folder / "a.json").read_text())["skipped"].values()) == 1
    assert shell.run("clusters", "stats", "a.jsonl", "--check").code == 0


def test_poisoned_documents_cost_nothing_but_themselves(shell: Shell) -> None:
    """Cut off, not UTF-8, 100 MB, nested, circular, wide, in any script: counted, and the others are built."""
    folder = shell.folder / catalogue(shell)
    build = ("clusters", "build", "--catalog", "openapi:apis", "--workers", "1")
    alone = shell.run(*build, "--out", "a.jsonl")
    assert alone.code == 0, alone.err
    for name, (content, _) in POISON.items():
        (folder / f"z-{name}").write_bytes(content)
    with (folder / "z-large.json").open("wb") as large:
        large.truncate(100 * 2**20)
    (folder / "z-circle.json").write_text(json.dumps(circular()))
    told = shell.run(*build, "--out", "b.jsonl", "--report", "b.json")
    assert told.code == 0, told.err
    assert (told.out, len(told.complaint)) == ("", 1)
    skipped = json.loads((shell.folder / "b.json").read_text())["skipped"]
    assert skipped["too_large"] == 1
    assert skipped["external_ref"] == 1
    assert {reason for _, reason in POISON.values()} <= set(skipped)
    built = {line["id"]: line for line in rows((shell.folder / "b.jsonl").read_text())}
    assert {line["id"] for line in rows((shell.folder / "a.jsonl").read_text())} <= set(built)
    assert any("知" in tool["original"] for line in built.values() for tool in line["tools"])
    assert shell.run("clusters", "stats", "b.jsonl", "--check").code == 0


def circular() -> dict[str, Any]:
    """An API whose schemas contain themselves, refer elsewhere, and have a thousand fields; its names are Chinese."""
    fields = {f"field_{n}": {"$ref": "#/components/schemas/知"} for n in range(1_000)}
    thing = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, **fields}}
    elsewhere = {"$ref": "https://absent.example/schema.json"}
    key = {"name": "thingId", "in": "path", "required": True, "schema": {"type": "string"}}
    gives = {"200": {"description": "", "content": {"application/json": {"schema": thing}}}}
    many = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": thing}}}}}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"note": elsewhere}}}}}
    return {
        "openapi": "3.0.0",
        "info": {"title": "things", "version": "1"},
        "paths": {
            "/things": {
                "get": {"operationId": "知/list", "summary": "List things", "responses": many},
                "post": {"operationId": "知/create", "requestBody": body, "responses": gives},
            },
            "/things/{thingId}": {
                "parameters": [key],
                "get": {"operationId": "知/get", "responses": gives},
                "delete": {"operationId": "知/get", "responses": gives},
            },
        },
        "components": {"schemas": {"知": thing}},
    }


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--catalog", "openapi:absent"), 6, "absent does not exist"),
        (("--catalog", "wsdl:apis"), 2, "the kind must be one of"),
        (("--catalog", "openapi:apis", "--licences", "GPL-2.0"), 6, "no cluster can be made"),
        (("--catalog", "openapi:apis", "--workers", "900"), 2, "Must be <= 64"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_one_line(
    shell: Shell, flags: tuple[str, ...], code: int, words: str
) -> None:
    """What and where; nothing is written."""
    catalogue(shell)
    result = shell.run("clusters", "build", *flags, "--out", "a.jsonl")
    assert (result.code, result.out, len(result.complaint)) == (code, "", 1)
    assert words in result.err
    assert not (shell.folder / "a.jsonl").exists()
