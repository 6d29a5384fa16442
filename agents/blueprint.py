"""The blueprint agent: drafts a plan, proves it by running it, repairs it, and sets the scene for the episode."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..runtime.assignment import Assignment, BusinessCluster
from ..runtime.blueprint import Blueprint, Plan, WorldRef
from ..runtime.casting import Pool
from ..runtime.chat import AssistantMessage, ChatMessage, SystemMessage, UserMessage
from ..runtime.errors import EnvironmentFault, ModelFault
from ..runtime.messages import Draft, Episode, ModelCall, Speak
from ..runtime.model import Model, ModelReply, ModelRequest, ResponseFormat
from ..runtime.seed import derive, rng
from ..sandbox.tools import Snapshot, ToolSpec
from . import prompts
from .counterfactual import variants
from .episode import account
from .presentation.distractors import Distractors
from .presentation.facing import Cast, definition, face_of
from .prompt_set import BUILT_IN, PromptSet
from .proof import PlanProblem, Proof, check, prove
from .stage import Stage

__all__ = ["REPAIRS", "BlueprintAgent", "blueprint_of", "definition", "proved"]

PLAINLY = 2
"""Drafts that do not hold after which tools answer cleanly: cut or paged replies may hide what a plan needs."""
REPAIRS = 3
"""How often a plan that does not hold is sent back to the model before it counts as a rejection."""

PLAN_FORMAT = ResponseFormat("plan", msgspec.Raw(msgspec.json.encode(msgspec.json.schema(Plan))))


class BlueprintAgent:
    """Sees everything: the cluster, the world, the assignment. Speaks structured output."""

    def __init__(
        self,
        model: Model,
        pool: Pool,
        stage: Stage,
        texts: PromptSet = BUILT_IN,
        distractors: Distractors | None = None,
    ) -> None:
        """`distractors`: what the assistant may be given beside the tools of the task; nothing without."""
        self._distractors = distractors
        self._model = model
        self._pool = pool
        self._stage = stage
        self._texts = texts

    async def handle(self, message: Draft) -> Speak:
        """Draft and prove a plan.

        Raises:
            ModelFault: no plan held after the repairs, or the model's answer was no plan.
            EnvironmentFault: a plan that needs no model does not hold.
            InfrastructureFault: as the model and the tools raise it.
        """
        assignment = message.assignment
        cluster = self._stage.clusters[assignment.cluster]
        seed = derive(assignment.seed, "world")
        world = self._stage.reference(cluster.services, seed)
        answering = self._stage.reference(cluster.services, seed, assignment.presentation.replies)
        listed = {tool.name: tool for tool in self._stage.specs(cluster.services)}
        tools = {name: listed[name] for name in cluster.tools}
        calls: list[ModelCall] = []
        problem = ""
        before = await self._stage.initial(world)
        if self._stage.planner is not None:
            plan = self._stage.planner.plan(assignment, cluster, world, before)
            if plan is not None:
                return await self._as_planned(message, cluster, plan, world, before)
        task = prompts.blueprint_task(assignment, cluster, list(tools.values()), before, self._texts)
        conversation: tuple[ChatMessage, ...] = (
            SystemMessage(prompts.blueprint_system(self._texts)),
            UserMessage(task),
        )
        for attempt in range(1 + REPAIRS):
            reply = await self._ask(conversation, assignment, attempt)
            calls.append(account("blueprint", reply))
            scene = answering if attempt < PLAINLY else world
            drafted = await self._proved(reply.message.content, scene, before, tools)
            if not isinstance(drafted, PlanProblem):
                rules = prompts.instructions(assignment.mode, drafted[0], self._texts)
                blueprint = blueprint_of(*drafted, scene, rules)
                episode = self._scene(message, cluster, blueprint, calls)
                return Speak(await self._paired(episode, cluster, before, tools))
            problem = str(drafted)
            repair = UserMessage(prompts.blueprint_repair(problem, self._texts))
            conversation = (*conversation, AssistantMessage(reply.message.content), repair)
        raise ModelFault("no_plan", problem)

    async def _as_planned(
        self, message: Draft, cluster: BusinessCluster, plan: Plan, world: WorldRef, before: dict[str, Snapshot]
    ) -> Speak:
        """The scene for a plan that no model has drafted. It is proved like any other."""
        tools = {tool.name: tool for tool in self._stage.specs(cluster.services)}
        try:
            proof = await proved(plan, self._stage, world, before, tools)
        except PlanProblem as problem:
            raise EnvironmentFault("plan", str(problem)) from problem
        rules = prompts.instructions(message.assignment.mode, plan, self._texts)
        episode = self._scene(message, cluster, blueprint_of(plan, proof, world, rules), [])
        return Speak(await self._paired(episode, cluster, before, tools))

    async def _ask(self, conversation: tuple[ChatMessage, ...], assignment: Assignment, attempt: int) -> ModelReply:
        seed = derive(assignment.seed, "blueprint", attempt)
        name = self._pool.choose(assignment.seed, "blueprint")
        return await self._model.complete(
            ModelRequest(model=name, messages=conversation, response_format=PLAN_FORMAT, seed=seed)
        )

    async def _proved(
        self, text: str, world: WorldRef, before: dict[str, Snapshot], tools: Mapping[str, ToolSpec]
    ) -> tuple[Plan, Proof] | PlanProblem:
        """The plan in a model's reply with its proof, or why it does not hold."""
        try:
            plan = msgspec.json.decode(text, type=Plan)
            check(plan, tools)  # before a world is opened for it
            return plan, await proved(plan, self._stage, world, before, tools)
        except msgspec.ValidationError as wrong:
            return PlanProblem(f"the reply is no plan: {wrong}")
        except msgspec.DecodeError as broken:
            return PlanProblem(f"the reply is not JSON: {broken}")
        except PlanProblem as problem:
            return problem

    async def _paired(
        self, episode: Episode, cluster: BusinessCluster, before: dict[str, Snapshot], tools: Mapping[str, ToolSpec]
    ) -> Episode:
        """The episode with the first changed blueprint that holds, where a contrast pair is wanted."""
        wanted, blueprint = episode.assignment.counterfactual, episode.blueprint
        if wanted is None:
            return episode
        for kind, plan in variants(blueprint.plan, wanted, tools, cluster.edges):
            try:
                check(plan, tools)
                proof = await proved(plan, self._stage, blueprint.world, before, tools)
            except PlanProblem:
                continue
            twin = blueprint_of(plan, proof, blueprint.world, blueprint.instructions)
            return msgspec.structs.replace(episode, twin=twin, counterfactual=kind)
        return episode

    def _scene(self, message: Draft, cluster: BusinessCluster, blueprint: Blueprint, calls: list[ModelCall]) -> Episode:
        """The episode as it begins, presented as the assignment asks: without the withheld tools."""
        assignment, plan = message.assignment, blueprint.plan
        specs = self._stage.specs(cluster.services)
        cast = Cast(
            own=tuple(spec for spec in specs if spec.name not in plan.withheld),
            needed=frozenset(step.tool for step in plan.steps),
            useful=frozenset(cluster.tools),
            withheld=tuple(spec for spec in specs if spec.name in plan.withheld),
        )
        tools, face = face_of(assignment.presentation, cast, self._distractors, rng(assignment.seed, "face"))
        clean = not any("+" in service.rpartition("@")[2] for service in blueprint.world.services)
        face = msgspec.structs.replace(face, replies="clean") if clean else face
        rules, today = self._stage.house(cluster.services)
        lines, kind = blueprint.instructions, assignment.presentation.system
        system = prompts.assistant_system(cluster.domain, lines, self._texts, kind=kind, rules=rules, today=today)
        return Episode(
            id=message.id,
            assignment=message.assignment,
            attempt=message.attempt,
            blueprint=blueprint,
            tools=tools,
            transcript=(SystemMessage(system),) if system else (),
            model_calls=tuple(calls),
            face=face,
        )


def blueprint_of(plan: Plan, proof: Proof, world: WorldRef, instructions: tuple[str, ...]) -> Blueprint:
    """A plan with what came out when it ran in this world; the world's reference takes the plan's disturbances."""
    changes = msgspec.json.encode(proof.changes).decode()
    scene = msgspec.structs.replace(world, disturbances=plan.disturbances)
    return Blueprint(plan, scene, instructions, proof.expected, proof.executed, proof.replies, changes)


async def proved(
    plan: Plan, stage: Stage, world: WorldRef, before: dict[str, Snapshot], tools: Mapping[str, ToolSpec]
) -> Proof:
    """What comes out when the plan runs on a fresh world, disturbed as the plan says.

    Raises PlanProblem when it does not hold; EnvironmentFault and InfrastructureFault as the tools do.
    """
    scene = await stage.open(msgspec.structs.replace(world, disturbances=plan.disturbances))
    try:
        return await prove(plan, scene, before, tools)
    finally:
        await scene.aclose()
