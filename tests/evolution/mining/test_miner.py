"""One service from records to clusters."""

from __future__ import annotations

from itertools import combinations

import msgspec
import pytest

from tdscaling.evolution.mining.cluster import MinedCluster
from tdscaling.evolution.mining.companions import find_links
from tdscaling.evolution.mining.labels import UNLABELLED, label_of, service_scores
from tdscaling.evolution.mining.miner import MinedService, mine_service
from tdscaling.evolution.mining.naming import function_names
from tdscaling.evolution.mining.reader import read_service
from tdscaling.sandbox.entities import execute_plan
from tdscaling.sandbox.entities.schemas import compiled
from tdscaling.sandbox.entities.verbs import READS

from .records import ORDER, SHOP, TEXT, function, http, many, obj, service


@pytest.fixture(scope="module")
def shop() -> MinedService:
    """The shop, mined."""
    return mine_service(service(*SHOP))


def test_a_shop_gives_clusters_of_several_kinds(shop: MinedService) -> None:
    """More than one way to find business."""
    assert len(shop.clusters) >= 3
    assert len({cluster.kind for cluster in shop.clusters}) >= 2


def test_every_plan_runs_on_the_entity_store(shop: MinedService) -> None:
    """Once more, from what the record holds alone."""
    for cluster in shop.clusters:
        run = execute_plan([tool.spec() for tool in cluster.tools], cluster.plan, 3)
        assert run.ok, (cluster.plan, run.failure)


def test_a_plan_has_all_tools_and_follows_the_edges(shop: MinedService) -> None:
    """Whoever feeds comes first."""
    for cluster in shop.clusters:
        assert sorted(cluster.plan) == sorted(tool.name for tool in cluster.tools)
        assert all(cluster.plan.index(edge.src) < cluster.plan.index(edge.dst) for edge in cluster.edges)


def test_clusters_have_three_to_ten_tools_two_verbs_and_one_piece(shop: MinedService) -> None:
    """What validation promises."""
    for cluster in shop.clusters:
        assert 3 <= len(cluster.tools) <= 10
        assert len({tool.verb for tool in cluster.tools}) >= 2
        reached, waiting = {cluster.plan[0]}, [cluster.plan[0]]
        while waiting:
            here = waiting.pop()
            near = {e.dst for e in cluster.edges if e.src == here} | {e.src for e in cluster.edges if e.dst == here}
            waiting += near - reached
            reached |= near
        assert reached == set(cluster.plan)


def test_all_schemas_of_a_cluster_compile(shop: MinedService) -> None:
    """Input and output."""
    for cluster in shop.clusters:
        for tool in cluster.tools:
            spec = tool.spec()
            compiled(spec.input_schema)
            compiled(spec.output_schema or {})


def test_no_two_clusters_share_half_of_their_tools(shop: MinedService) -> None:
    """Jaccard below one half."""
    sets = [frozenset(tool.id for tool in cluster.tools) for cluster in shop.clusters]
    assert all(len(a & b) / len(a | b) < 0.5 for a, b in combinations(sets, 2))


def test_what_changes_nothing_says_so(shop: MinedService) -> None:
    """Read-only is declared by the verbs."""
    for cluster in shop.clusters:
        assert cluster.read_only == all(tool.verb in READS for tool in cluster.tools)


def test_required_keys_that_nothing_feeds_are_entries(shop: MinedService) -> None:
    """Someone has to tell them; the others come by an edge."""
    for cluster in shop.clusters:
        fed = {f"{edge.dst}.{edge.param}" for edge in cluster.edges}
        assert fed.isdisjoint(cluster.entry)
        for tool in cluster.tools:
            for name in tool.spec().input_schema.get("required", ()):
                if name.endswith("_id"):
                    assert f"{tool.name}.{name}" in {*fed, *cluster.entry}


def test_the_limit_of_a_service_is_kept() -> None:
    """Two of many."""
    assert len(mine_service(service(*SHOP), limit=2).clusters) == 2


def test_mining_twice_gives_the_same() -> None:
    """Byte for byte."""
    assert msgspec.json.encode(mine_service(service(*SHOP))) == msgspec.json.encode(mine_service(service(*SHOP)))


def test_functions_without_outputs_give_clusters_with_marked_outputs() -> None:
    """As MCP servers list their tools."""
    tools = (
        function("list_notes", obj(folder=TEXT)),
        function("get_note", obj("note_id", note_id=TEXT)),
        function("create_note", obj("title", title=TEXT, folder=TEXT)),
        function("delete_note", obj("note_id", note_id=TEXT)),
    )
    found = mine_service(service(*tools))
    assert found.clusters
    for cluster in found.clusters:
        assert all(tool.inferred and 0 < tool.confidence < 1 for tool in cluster.tools)


def test_tools_of_one_subject_are_companions_where_nothing_is_handed_on() -> None:
    """The user tells the symbol once."""
    tools = (
        function("get_quote", obj("symbol", symbol=TEXT)),
        function("list_news", obj("symbol", symbol=TEXT)),
        function("get_balance_sheet", obj("symbol", symbol=TEXT)),
    )
    found = mine_service(service(*tools))
    assert [cluster.kind for cluster in found.clusters] == ["companions"]
    assert found.clusters[0].shared == ("symbol",)
    assert next(link.name for link in find_links(read_service(tools))) == "symbol"


def test_tools_that_cannot_be_played_are_in_no_cluster() -> None:
    """A screen is not played on the store."""
    screen = function("click_order", obj("order_id", order_id=TEXT))
    found = mine_service(service(*SHOP, screen))
    assert "click_order" not in {tool.original for cluster in found.clusters for tool in cluster.tools}


def test_a_service_of_nothing_that_fits_gives_no_cluster() -> None:
    """Two tools are too few."""
    assert mine_service(service(*SHOP[:2])).clusters == ()


def test_names_in_any_script_become_function_names() -> None:
    """Models' interfaces take letters, digits, `_` and `-` only."""
    tools = (
        function("заказы список"),
        function("注文取得", obj("id", id=TEXT)),
        http("GET /orders/{id}", obj("id", id=TEXT), ORDER),
        http("GET /v2/orders/{id}", obj("id", id=TEXT), ORDER),
    )
    names = function_names(read_service(tools))
    assert len(set(names)) == len(names)
    assert all(name.isascii() and 0 < len(name) <= 64 and " " not in name and "{" not in name for name in names)


def test_an_operation_without_a_speaking_name_is_called_by_verb_and_entity() -> None:
    """`POST /orders/{id}/cancel` is cancel_order."""
    tools = (
        http("POST /orders/{id}/cancel", obj("id", id=TEXT), ORDER, name="op_17"),
        http("GET /orders", None, many(ORDER), name="op_18"),
    )
    assert function_names(read_service(tools)) == ["cancel_order", "list_orders"]


def test_a_label_follows_from_the_words_of_service_and_entities(shop: MinedService) -> None:
    """A shop's orders are commerce."""
    assert {cluster.sector for cluster in shop.clusters} == {"commerce"}


def test_what_nothing_speaks_of_is_unlabelled() -> None:
    """The share of these is reported, not hidden."""
    tool = function("frobnicate", title="Zyx", service="zyx", provider="zyx")
    assert label_of(service_scores(tool), ["zyx"]).sector == UNLABELLED


def test_a_cluster_names_its_documents_and_licences(shop: MinedService) -> None:
    """Provenance is kept per tool and told per cluster."""
    cluster: MinedCluster = shop.clusters[0]
    assert cluster.licences == ("MIT",)
    assert cluster.provenance == "our own 1.0, MIT"
