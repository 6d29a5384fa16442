"""The presentation of a run, from its settings: what may stand beside a task's tools, and what its users may speak."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..agents.presentation.distractors import Distractors
from ..evolution.mining.cluster import world_name
from ..evolution.presenting import Look, Presenting
from ..runtime.assignment import BusinessCluster
from ..runtime.committer import Controller
from ..runtime.config import RunConfig
from ..runtime.errors import EnvironmentFault
from ..runtime.model import SIMULATED
from ..sandbox.services import BUILTIN, builtin
from ..sandbox.tools import EVALUATION_ONLY, Toolbox

if TYPE_CHECKING:
    from ..evolution.clusterfile.playing import ClusterShelf

WORLDS = 48
"""Worlds of cluster files whose tools may stand beside others', taken at even distances."""


def distractors_of(
    config: RunConfig, toolboxes: Sequence[Toolbox], services: Iterable[Toolbox], shelf: ClusterShelf | None
) -> Distractors | None:
    """Every tool that may stand beside a task's own; None with a plain presentation.

    Built-in services can always be had, so that all of them count, and then the lists and cluster files of the run.
    External servers do not: their worlds are processes. Nor do benchmarks.
    """
    if config.presentation == "plain":
        return None
    taken = {box.name for box in toolboxes}
    boxes: dict[str, Toolbox] = {box.name: box for box in builtin(name for name in BUILTIN if name not in taken)}
    boxes |= {box.name: box for box in services}
    heads = shelf.heads if shelf else ()
    for head in heads[:: max(1, len(heads) // WORLDS)][:WORLDS]:
        with suppress(EnvironmentFault):  # a cluster that cannot be played counts when it is drawn
            box = shelf.get(world_name(head.id)) if shelf else None
            if box is not None:
                boxes[box.name] = box
    return Distractors(box for box in boxes.values() if EVALUATION_ONLY not in box.provenance)


def presenting(
    config: RunConfig,
    inner: Controller,
    clusters: Mapping[str, BusinessCluster],
    tasks: Collection[str],
    simulated: bool,
) -> Controller:
    """The controller with presentations where they are to be varied. `tasks`: ids of clusters of code tasks."""
    if config.presentation == "plain":
        return inner
    look = Look(config.wanted_languages(), config.wanted_namings())
    names = (config.model, config.user_model, config.blueprint_model)
    speaks = _phrases(clusters) if simulated or SIMULATED in names else _anything
    return Presenting(inner, look, seed=config.seed, speaks=speaks, plain=tasks)


def _anything(cluster: str) -> bool:
    return bool(cluster)


def _phrases(clusters: Mapping[str, BusinessCluster]) -> Callable[[str], bool]:
    """The simulated model has phrases for the built-in services only."""
    return lambda cluster: all(name in BUILTIN for name in clusters[cluster].services)
