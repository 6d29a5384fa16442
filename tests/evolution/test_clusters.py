"""Clusters follow the schemas' dependencies; the sampler draws them evenly."""

from __future__ import annotations

from collections import Counter

import pytest

from tdscaling.evolution.clusters import build_clusters
from tdscaling.evolution.sampler import UniformSampler
from tdscaling.runtime.assignment import MODES
from tdscaling.runtime.errors import ConfigError
from tdscaling.sandbox.services import BUILTIN, builtin

CLUSTERS = build_clusters(builtin(BUILTIN))


def test_clusters_have_three_to_ten_tools_and_no_two_are_alike() -> None:
    """Sizes as the word is defined; sets of tools are unique."""
    assert all(3 <= len(cluster.tools) == len(set(cluster.tools)) <= 10 for cluster in CLUSTERS)
    assert len({frozenset(cluster.tools) for cluster in CLUSTERS}) == len(CLUSTERS) >= 30


def test_edges_lead_from_a_reply_to_an_argument_of_the_cluster() -> None:
    """Both ends are tools of the cluster, and the evidence names them."""
    edges = [(cluster, edge) for cluster in CLUSTERS for edge in cluster.edges]
    assert edges
    for cluster, edge in edges:
        assert {edge.producer, edge.consumer} <= set(cluster.tools)
        assert edge.producer in edge.evidence
        assert edge.consumer in edge.evidence


def test_every_cluster_of_the_services_has_an_edge_and_some_join_two_services() -> None:
    """No bag of unrelated tools; customers and colleagues tie services together."""
    assert all(cluster.edges for cluster in CLUSTERS)
    assert any(len(cluster.services) > 1 for cluster in CLUSTERS)


def test_ids_do_not_depend_on_the_order_of_services() -> None:
    """The same tools make the same cluster, whoever comes first."""
    single = {cluster.id for cluster in build_clusters(builtin(["orders"]))}
    assert single <= {cluster.id for cluster in build_clusters(builtin(["calendar", "orders"]))}


def test_the_sampler_draws_every_mode_equally_often() -> None:
    """After any number of draws the counts of two modes differ by one at most."""
    sampler = UniformSampler(CLUSTERS, seed=1)
    counts = Counter(sampler.assign(index).mode for index in range(200))
    assert set(counts) == set(MODES)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_sampler_asks_for_modes_that_the_cluster_can_carry() -> None:
    """A chain is not asked of tools that do not chain."""
    clusters = {cluster.id: cluster for cluster in CLUSTERS}
    sampler = UniformSampler(CLUSTERS, seed=2)
    drawn = [sampler.assign(index) for index in range(200)]
    assert all(assignment.mode in clusters[assignment.cluster].modes for assignment in drawn)


def test_the_same_seed_gives_the_same_assignments_and_another_seed_others() -> None:
    """Nothing but seed and index decides."""
    first, again, other = (UniformSampler(CLUSTERS, seed=seed) for seed in (4, 4, 5))
    drawn = [[sampler.assign(index) for index in range(50)] for sampler in (first, again, other)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_without_tools_there_is_nothing_to_draw() -> None:
    """One line that says what is missing."""
    with pytest.raises(ConfigError, match="no tools"):
        UniformSampler((), seed=0)
