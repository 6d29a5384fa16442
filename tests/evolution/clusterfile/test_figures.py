"""What is counted, checked, split and drawn of a cluster file."""

from __future__ import annotations

import random
from xml.etree import ElementTree as Xml

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.evolution.clusterfile.checking import Checked, Checker
from tdscaling.evolution.clusterfile.drawing import layers_of, svg_of
from tdscaling.evolution.clusterfile.line import ClusterLine
from tdscaling.evolution.clusterfile.splitting import Seen, Split, seen, split
from tdscaling.evolution.clusterfile.stats import stats_of
from tdscaling.evolution.mining.cluster import MinedEdge
from tdscaling.tests.evolution.clusterfile.lines import ORDERS, joined_line, mined_tool, shop_line, shops

JOIN = joined_line("shop0.example/api", "crm.example/api")


def checked(*lines: ClusterLine) -> Checked:
    """What a checker finds."""
    checker = Checker()
    for line in lines:
        checker.add(line)
    return checker.result()


def test_figures_are_counted_from_the_lines() -> None:
    """Twenty clusters of ten services, and one that joins one of them with another."""
    found = stats_of([*shops(10), JOIN])
    assert (found.clusters, found.services, found.services_with_own_cluster, found.providers) == (21, 11, 10, 11)
    assert (found.max_provider, found.max_provider_share) == ("shop0.example", round(3 / 21, 4))
    assert found.cross_service_share == round(1 / 21, 4)
    assert (found.tools_covered, found.tool_uses) == (10 * 6 + 1, 10 * 7 + 3)
    assert (found.domains, found.sectors) == (11, 1)
    assert found.edges == 10 * 3 + 1
    assert found.distinct_edges == 10 * 3
    assert found.sizes == {"3": 11, "4": 10}
    assert found.five_plus_share == 0


def test_a_sound_file_passes_every_check() -> None:
    """Ids, edges, distances, plans."""
    lines = (*shops(3), JOIN)
    found = checked(*lines)
    assert found.sound, found.examples
    assert found.plans_executed == len(lines)
    assert 0 < found.max_jaccard < 0.5


def test_clusters_that_are_too_alike_are_found() -> None:
    """Three tools of four and of three: three quarters."""
    found = checked(shop_line(), shop_line(names=ORDERS[:3]))
    assert (found.too_alike, found.max_jaccard, found.sound) == (1, 0.75, False)


def test_a_plan_that_does_not_execute_is_found() -> None:
    """A tool that the entity store cannot play."""
    tool = msgspec.structs.replace(mined_tool("create_order"), input_schema=msgspec.Raw(b'{"type": "array"}'))
    line = msgspec.structs.replace(
        shop_line(names=("create_order", "get_customer", "list_orders")),
        tools=(tool, mined_tool("get_customer"), mined_tool("list_orders")),
    )
    found = checked(line)
    assert (found.plans_failed, found.plans_executed) == (1, 0)
    assert "create_order" in found.examples[0]


def test_edges_that_lead_nowhere_are_found() -> None:
    """To a parameter that is not there, and from a place that is not in the reply."""
    line = shop_line()
    edges = (
        MinedEdge("list_orders", "orders.*.order_id", "get_order", "absent", 1, ""),
        MinedEdge("get_order", "nowhere", "cancel_order", "order_id", 1, ""),
    )
    found = checked(msgspec.structs.replace(line, edges=edges))
    assert found.wrong_edges == 2
    assert "takes no absent" in found.examples[0]


def test_an_id_that_is_not_the_hash_of_the_tools_is_found() -> None:
    """A line that was changed by hand."""
    assert checked(msgspec.structs.replace(shop_line(), id="mine")).wrong_ids == 1


def tools_of(found: Split, clusters: list[Seen], part: str) -> set[str]:
    """The tools of a part."""
    return {tool for cluster in clusters if found.parts[cluster.id] == part for tool in cluster.tools}


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0, 0.5), st.floats(0, 0.5))
def test_no_tool_stands_in_two_parts(dice: random.Random, providers: float, clusters: float) -> None:
    """Whatever the clusters, the joins and the shares are; providers that are held out stand nowhere else."""
    names = [f"p{p}#t{t}" for p in range(6) for t in range(9)]
    drawn: list[Seen] = []
    for number in range(dice.randint(1, 40)):
        tools = tuple(dice.sample(names, dice.randint(1, 4)))
        if dice.random() < 0.8:
            tools = tuple({f"{tools[0].partition('#')[0]}#{tool.partition('#')[2]}" for tool in tools})
        owners = sorted({tool.partition("#")[0] for tool in tools})
        drawn.append(Seen(str(number), tuple(owners), tools, len(owners) > 1))
    found = split(drawn, providers=providers, held_out=clusters, seed=dice.randint(0, 9))
    parts = [tools_of(found, drawn, part) for part in ("train", "held_out_providers", "held_out_clusters")]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert not {tool.partition("#")[0] for tool in parts[0] | parts[2]} & set(found.providers)
    assert sum(found.clusters.values()) == len(drawn)
    shares = found.clusters["held_out_providers"], found.clusters["held_out_clusters"]
    alone = sum(not cluster.crossing for cluster in drawn if found.parts[cluster.id].startswith("held_out"))
    assert alone <= (providers + clusters) * len(drawn) + 1e-9, shares


def test_a_split_takes_about_what_was_asked_for_and_ignores_the_order() -> None:
    """A fifth with providers, a tenth of the others; the same ones when lines are shuffled."""
    clusters = [seen(line) for line in shops(60)]
    found = split(clusters, providers=0.2, held_out=0.1, seed=4)
    assert found.clusters == {"train": 84, "held_out_providers": 24, "held_out_clusters": 12, "left_out": 0}
    again = split(random.Random(1).sample(clusters, len(clusters)), providers=0.2, held_out=0.1, seed=4)
    assert again.parts == found.parts
    assert split(clusters, providers=0.2, held_out=0.1, seed=5).parts != found.parts


def test_a_picture_has_a_box_per_tool_and_an_arrow_per_pair() -> None:
    """It is well-formed XML, the same at every time, and names every tool."""
    picture = svg_of(JOIN)
    assert picture == svg_of(JOIN)
    root = Xml.fromstring(picture)  # noqa: S314 -- our own text
    kinds = [element.tag.rpartition("}")[2] for element in root]
    assert kinds.count("rect") == 1 + len(JOIN.tools)
    assert kinds.count("path") == len({(edge.src, edge.dst) for edge in JOIN.edges})
    texts = {element.text for element in root}
    assert {tool.name for tool in JOIN.tools} <= texts


def test_a_picture_survives_odd_names() -> None:
    """Markup, control characters and any script in what a catalogue says."""
    line = msgspec.structs.replace(JOIN, domain="<b>&\x00\x1b[31m 注文", entities=("a" * 500,))
    assert Xml.fromstring(svg_of(line)) is not None  # noqa: S314 -- our own text


def test_layers_put_a_tool_below_whatever_feeds_it() -> None:
    """And a circle does not hang."""
    edges = [MinedEdge(src, "id", dst, "id", 1, "") for src, dst in (("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"))]
    assert layers_of(("a", "b", "c", "d"), edges) == [["a", "d"], ["b"], ["c"]]
