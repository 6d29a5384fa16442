"""The composition root: settings become toolboxes, clusters, agents and a run. Nothing else knows all of them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from pydantic import JsonValue

from ..agents import prompts
from ..agents.cast import Cast
from ..agents.contamination import Contamination
from ..agents.panel import Panel
from ..agents.prompt_set import BUILT_IN, PromptSet, load_prompts
from ..agents.stage import Stage
from ..agents.verifier import Origin
from ..evolution.clusters import build_clusters
from ..evolution.monitor import Monitor, Warn, unheard
from ..evolution.perturbing import Extras, Perturbing
from ..evolution.policies import VERSIONS, make_policy
from ..evolution.target import Target, load_target
from ..runtime.config import ALL_SERVICES, RunConfig
from ..runtime.errors import ConfigError
from ..runtime.following import Follower
from ..runtime.journal import Journal
from ..runtime.limits import Limits
from ..runtime.meter import Meter
from ..runtime.model import Model
from ..runtime.profile.profiler import Profiler
from ..runtime.redaction import NOTHING, Redactor
from ..runtime.sinks import Sink
from ..runtime.storage import Storage
from ..runtime.streaming.listening import Listening, listening
from ..runtime.supervisor import Run, silent
from ..sandbox.manifest import Manifest, load_manifest
from ..sandbox.services import BUILTIN, builtin
from ..sandbox.tools import Toolbox
from .clusters_box import open_shelf
from .code_box import open_tasks
from .models import Models, build_models, sampling_of
from .presented import distractors_of, presenting
from .rundir import write_identity, write_prompts

if TYPE_CHECKING:
    from ..evolution.clusterfile.playing import ClusterShelf
    from ..sandbox.tasks.shelf import TaskShelf

READY_SERVERS = 2
"""Servers kept started in advance, per manifest."""


class Plan(msgspec.Struct, frozen=True):
    """What the settings ask for, checked as far as it can be without starting anything."""

    limits: Limits
    models: Models
    services: tuple[Toolbox, ...]
    manifests: tuple[Manifest, ...]
    target: Target
    texts: PromptSet
    """What the agents speak from."""
    shelf: ClusterShelf | None = None
    """The clusters that come from files."""
    benchmarks: Contamination | None = None
    tasks: TaskShelf | None = None
    """Code tasks; a sandbox is started when the toolboxes are opened."""
    listening: Listening | None = None
    """Where rows are served while the run goes on."""

    @property
    def model(self) -> Model:
        """Every model of the run, behind one."""
        return self.models.model


def check(config: RunConfig) -> Plan:
    """Resolve names and read manifests.

    Raises:
        ConfigError: limits that do not fit together, a model without an endpoint, an unknown service, a manifest, a
            list of tools or a folder of prompts that cannot be used, an address that everybody could listen at.
        InputError: a file of clusters or of benchmarks that cannot be used.
    """
    limits = config.limits()
    models = build_models(config)
    names = tuple(BUILTIN) if config.services == ALL_SERVICES else config.services
    services = (*builtin(names), *_listed(config.tools, names))
    manifests = tuple(load_manifest(path) for path in config.mcp)
    _check_names(services, manifests)
    if manifests:
        # An episode holds one server of a manifest at a time: more episodes would only wait for theirs.
        limits = msgspec.structs.replace(limits, concurrency=min(limits.concurrency, config.max_servers))
    texts = load_prompts(config.prompts) if config.prompts else BUILT_IN
    benchmarks = Contamination.of_files(config.contamination) if config.contamination else None
    tasks = open_tasks(config.backend) if config.code else None
    shelf = open_shelf(config.clusters)
    served = listening(config, os.environ)
    return Plan(limits, models, services, manifests, _target(config), texts, shelf, benchmarks, tasks, served)


@asynccontextmanager
async def open_toolboxes(plan: Plan, max_servers: int, servers_log: Path) -> AsyncGenerator[tuple[Toolbox, ...]]:
    """Every toolbox of the plan, external servers started, for as long as the context lasts.

    Raises:
        ToolServerError: a server is missing, crashes, hangs, or lists what cannot be used.
        ConfigError: there are code tasks, and this machine cannot contain code.
    """
    async with AsyncExitStack() as stack:
        if plan.tasks is not None:
            await stack.enter_async_context(plan.tasks)
        external: list[Toolbox] = []
        for manifest in plan.manifests:
            from ..sandbox.mcp import McpToolbox  # a second of imports that most runs do not need

            box = McpToolbox(manifest, prestart=READY_SERVERS, max_servers=max_servers, stderr_log=servers_log)
            external.append(await stack.enter_async_context(box))
        yield (*plan.services, *external)


def compose(
    config: RunConfig,
    plan: Plan,
    toolboxes: Sequence[Toolbox],
    storage: Storage,
    sinks: Sequence[Sink],
    warn: Warn = unheard,
    journal: Journal | None = None,
    low: Callable[[str], None] = silent,
    redactor: Redactor = NOTHING,
    followers: Callable[[str], Sequence[Follower]] = lambda _run: (),
    profiler: Profiler | None = None,
) -> Run:
    """The run, ready to go; `identity.json` says what it is made of. `warn` hears of the steering's alarms, `low` of a
    disk that is nearly full. With a `journal` that has a past the run goes on from there. `followers` are asked for
    with a name of the run that settings and seed decide.

    Raises:
        ConfigError: the tools do not fit together, or no cluster can be made from them, or the past is another run's.
        OutputError: the storage cannot be written.
    """
    _check_tools(toolboxes)
    built = build_clusters(toolboxes)
    shelf = plan.shelf
    at_hand = (*built, *(plan.tasks.clusters if plan.tasks else ()))
    clusters = (*at_hand, *(shelf.heads if shelf else ()))
    meter = Meter(plan.model)
    sampling = sampling_of(config)
    identity: dict[str, JsonValue] = {
        "version": version("tdscaling"),
        "toolboxes": [[box.name, box.version] for box in toolboxes],
        "clusters": [cluster.id for cluster in at_hand],
        **({"code_tasks": [*plan.tasks.versions]} if plan.tasks else {}),
        **({"cluster_files": [*shelf.versions]} if shelf else {}),
        "policy": VERSIONS[config.policy],
        "steering": _steering(config, plan.target),
        "prompts": prompts.digest(plan.texts),
        "sampling": sampling,
        **({"contamination": plan.benchmarks.digest} if plan.benchmarks else {}),
    }
    digest = config.digest(**identity)
    if plan.texts.changed:
        write_prompts(storage, plan.texts)
    settings: dict[str, JsonValue] = {"digest": digest, "seed": config.seed, "settings": config.semantic(), **identity}
    write_identity(storage, settings, continues=journal is not None and bool(journal.past))
    origin = Origin(digest, config.model, sampling, prompts.digest(plan.texts), plan.model.simulated)
    policy = make_policy(config.policy, clusters, seed=config.seed, target=plan.target, alpha=config.budget)
    monitor = Monitor(policy, VERSIONS[config.policy], clusters, warn)
    shelves = [one for one in (shelf, plan.tasks) if one is not None]
    by_id = shelf.clusters(at_hand) if shelf else {cluster.id: cluster for cluster in at_hand}
    distractors = distractors_of(config, toolboxes, plan.services, shelf)
    stage = Stage(toolboxes, by_id, [*shelves, *([distractors] if distractors else [])], plan.tasks)
    gates = (plan.benchmarks.no_benchmark,) if plan.benchmarks else ()
    panel = Panel(meter, config.judge_model, config.judge_votes, plan.texts) if config.judge_model else None
    cast = Cast(meter, stage, origin, plan.models.casting, plan.texts, gates, panel, distractors)
    extras = Extras(
        share=config.perturbed,
        wanted=config.wanted_perturbations(),
        pairs=config.counterfactuals,
        attempts=config.attempts_per_blueprint,
    )
    perturbing = Perturbing(monitor, clusters, extras, seed=config.seed)
    tasks = [cluster.id for cluster in plan.tasks.clusters] if plan.tasks else []
    return Run(
        plan.limits,
        controller=presenting(config, perturbing, by_id, tasks, simulated=plan.model.simulated),
        observer=monitor,
        handlers=cast.handlers,
        reject=cast.reject,
        release=cast.release,
        sinks=sinks,
        followers=followers(f"{digest}-{config.seed}"),
        storage=storage,
        meter=meter,
        run_digest=digest,
        run_seed=config.seed,
        journal=journal,
        min_free=config.min_free << 20,
        warn=low,
        redactor=redactor,
        profiler=profiler,
    )


def _target(config: RunConfig) -> Target:
    """What is wanted. Raises ConfigError for a file that cannot be used, or that the policy would not look at."""
    if config.target is None:
        return Target()
    if config.policy == "uniform":
        raise ConfigError("--target says nothing to --policy uniform; use pace, prior or inverse")
    return load_target(config.target)


def _steering(config: RunConfig, target: Target) -> dict[str, JsonValue]:
    """The part of the steering that changes which rows are drawn, as JSON values."""
    if config.policy == "uniform":
        return {}
    wanted: dict[str, JsonValue] = msgspec.to_builtins(msgspec.structs.replace(target, source=""), str_keys=True)
    return {"target": wanted, **({"budget": config.budget} if config.policy == "pace" else {})}


def _listed(paths: Sequence[Path], taken: Sequence[str]) -> tuple[Toolbox, ...]:
    """Saved lists of tools, played on the entity store. Raises ConfigError."""
    if not paths:
        return ()
    from ..sandbox.entities import EntityToolbox, load_tools

    boxes: dict[str, Toolbox] = {}
    for path in paths:
        listed = load_tools(path)
        if listed.name in boxes or listed.name in taken:
            raise ConfigError(f"{path}: another source of tools is called {listed.name!r}; rename the file")
        box = EntityToolbox(listed.name, listed.specs, hints=listed.hints, source=path.name)
        if not box.tools():
            first = box.unplayable[0]
            raise ConfigError(f"{path}: no tool can be played; {first.tool}: {first.reason}: {first.detail}")
        boxes[listed.name] = box
    return tuple(boxes.values())


def _check_names(services: Sequence[Toolbox], manifests: Sequence[Manifest]) -> None:
    """Every source of tools has a name of its own. Raises ConfigError."""
    sources = {box.name: "a built-in service" if box.name in BUILTIN else "a list of tools" for box in services}
    for manifest in manifests:
        if manifest.name in sources:
            raise ConfigError(
                f"{manifest.source}: name: {manifest.name!r} is taken by {sources[manifest.name]}; give it another name"
            )
        sources[manifest.name] = str(manifest.source)


def _check_tools(toolboxes: Sequence[Toolbox]) -> None:
    """Every tool has a name of its own, because calls name nothing else. Raises ConfigError."""
    owners: dict[str, str] = {}
    for box in toolboxes:
        for tool in box.tools():
            if tool.name in owners:
                raise ConfigError(
                    f"tool {tool.name!r} is in {owners[tool.name]} and in {box.name}: exclude one of them"
                )
            owners[tool.name] = box.name
