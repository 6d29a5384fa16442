"""What is added to a policy's assignments: perturbations, pairs, repeated plays."""

from __future__ import annotations

from collections import Counter

from tdscaling.evolution.clusters import build_clusters
from tdscaling.evolution.perturbing import APART, Extras, Perturbing, possible
from tdscaling.evolution.sampler import UniformSampler
from tdscaling.runtime.assignment import PERTURBATIONS, Assignment
from tdscaling.sandbox.services import BUILTIN, builtin

CLUSTERS = build_clusters(builtin(BUILTIN))


def _drawn(extras: Extras, count: int = 400, seed: int = 3) -> list[Assignment]:
    controller = Perturbing(UniformSampler(CLUSTERS, seed=seed), CLUSTERS, extras, seed=seed)
    return [controller.assign(index) for index in range(count)]


def test_the_share_and_the_balance_are_kept() -> None:
    """About the asked share is perturbed, and no perturbation crowds out another."""
    drawn = Counter(assignment.perturbation for assignment in _drawn(Extras(share=0.35), 1000))
    perturbed = sum(drawn.values()) - drawn["none"]
    assert 300 <= perturbed <= 400
    assert set(drawn) == {"none", *PERTURBATIONS}
    assert min(drawn[name] for name in PERTURBATIONS) >= 0.5 * perturbed / len(PERTURBATIONS)


def test_nothing_else_of_an_assignment_changes() -> None:
    """Cluster, mode, persona and seed are the policy's."""
    plain, perturbed = _drawn(Extras(share=0.0)), _drawn(Extras(share=1.0, attempts=3))
    same = ("index", "cluster", "domain", "mode", "goals", "persona", "style", "seed", "why")
    assert all(getattr(a, name) == getattr(b, name) for a, b in zip(plain, perturbed, strict=True) for name in same)
    assert {assignment.perturbation for assignment in plain} == {"none"}
    assert {assignment.attempts for assignment in perturbed} == {3}


def test_a_perturbation_goes_only_where_cluster_and_mode_can_carry_it() -> None:
    """What the mode brings already, and what the tools cannot show, is not drawn."""
    by_id = {cluster.id: cluster for cluster in CLUSTERS}
    for assignment in _drawn(Extras(share=1.0)):
        if assignment.perturbation != "none":
            assert assignment.perturbation in possible(by_id[assignment.cluster], assignment.mode, PERTURBATIONS)
            assert (assignment.mode, assignment.perturbation) not in APART


def test_only_the_wanted_ones_are_drawn() -> None:
    """Names that nobody wanted do not come up."""
    drawn = {assignment.perturbation for assignment in _drawn(Extras(share=1.0, wanted=("tool_error",)))}
    assert drawn == {"tool_error"}
    assert {assignment.perturbation for assignment in _drawn(Extras(share=1.0, wanted=()))} == {"none"}


def test_pairs_are_asked_for_where_nothing_else_is_changed() -> None:
    """A contrast pair has one difference, so it has no perturbation beside it."""
    drawn = _drawn(Extras(share=0.5, pairs=0.5))
    paired = [assignment for assignment in drawn if assignment.counterfactual]
    assert 60 <= len(paired) <= 140
    assert {assignment.perturbation for assignment in paired} == {"none"}


def test_equal_seeds_draw_equally() -> None:
    """And another seed draws otherwise."""
    assert _drawn(Extras(), seed=3) == _drawn(Extras(), seed=3)
    named = [[assignment.perturbation for assignment in _drawn(Extras(), seed=seed)] for seed in (3, 4)]
    assert named[0] != named[1]
