"""The verifier: runs a finished conversation again, lets every gate look at it, and writes the row."""

from __future__ import annotations

from importlib.metadata import version

import msgspec

from ..runtime.chat import AssistantMessage, ChatMessage
from ..runtime.messages import Episode, Judge, Outcome
from ..runtime.row import Measurements, Provenance, Row, Scores, Verdict
from ..sandbox.tools import Snapshot
from ..sandbox.world import changes
from .evidence import Evidence, Exchange, reexecute
from .gates import GATES
from .modes import dependent_depth, flags, primary
from .stage import Stage

SNAPSHOT = dict[str, Snapshot]


class Origin(msgspec.Struct, frozen=True):
    """What every row of a run says about where it comes from."""

    run_digest: str
    model: str
    sampling: str
    """JSON text of the sampling parameters."""
    prompts: str
    """Version and hash of the prompt set."""
    simulated: bool
    """True where the simulated model plays any role."""

    def of(self, tools: str) -> Provenance:
        """The provenance of a row whose tool schemas come from `tools`."""
        return Provenance(version("tdscaling"), self.run_digest, self.model, self.sampling, self.prompts, tools)


class Verifier:
    """Sees everything, decides nothing by taste: the verdict is a pure function of the evidence."""

    def __init__(self, stage: Stage, origin: Origin) -> None:
        self._stage = stage
        self._origin = origin

    async def handle(self, message: Judge) -> Outcome:
        """Gather the evidence and judge. Raises EnvironmentFault and InfrastructureFault as the tools do."""
        episode = message.episode
        evidence = await self._gather(episode)
        reasons = tuple(reason for gate in GATES for reason in gate(evidence))
        row = Row(
            id=episode.id,
            messages=_weighted(evidence),
            tools=episode.tools,
            assignment=episode.assignment,
            blueprint=episode.blueprint,
            verdict=Verdict(not reasons, reasons, _scores(evidence)),
            measurements=_measure(evidence, episode),
            provenance=self._origin.of(self._stage.clusters[episode.assignment.cluster].provenance),
            simulated=self._origin.simulated,
        )
        return Outcome(episode.assignment.index, episode.id, "completed", row)

    async def _gather(self, episode: Episode) -> Evidence:
        """The episode's own final state, then the re-execution of its calls on a fresh world.

        One world at a time: servers are scarce, and whoever holds one while waiting for another can wait for ever.
        """
        blueprint = episode.blueprint
        before = await self._stage.initial(blueprint.world)
        played = self._stage.played(episode.id)
        changed: dict[str, Snapshot] = {}
        exchanges: tuple[Exchange, ...] = ()
        if played:
            final = msgspec.json.encode(await played.snapshot())
            changed = changes(before, msgspec.json.decode(final, type=SNAPSHOT))
            await self._stage.release(episode.id)
            fresh = await self._stage.open(blueprint.world)
            try:
                exchanges = await reexecute(episode.transcript, episode.tools, self._stage.tools, fresh)
            finally:
                await fresh.aclose()
        services = [service.rpartition("@")[0] for service in blueprint.world.services]
        return Evidence(
            transcript=episode.transcript,
            blueprint=blueprint,
            exchanges=exchanges,
            specs={tool.name: tool for tool in self._stage.specs(services)},
            before=before,
            expected=msgspec.json.decode(blueprint.changes, type=SNAPSHOT),
            changed=changed,
            volatile=self._stage.volatile(services),
        )


def _weighted(evidence: Evidence) -> tuple[ChatMessage, ...]:
    """The messages with training weights: what the assistant says is target, but a message whose calls all failed is
    context, like everything that others say."""
    failed: dict[int, bool] = {}  # {position: every call so far failed}
    for exchange in evidence.exchanges:
        failed[exchange.position] = failed.get(exchange.position, True) and not exchange.ok
    return tuple(
        msgspec.structs.replace(
            spoken, train=float(isinstance(spoken, AssistantMessage) and not failed.get(position, False))
        )
        for position, spoken in enumerate(evidence.transcript)
    )


def _scores(evidence: Evidence) -> Scores:
    planned = [evidence.blueprint.plan.steps[index].tool for index in evidence.blueprint.executed]
    made = [exchange.call.function.name for exchange in evidence.exchanges if exchange.ok]
    left = list(made)
    met = 0
    for tool in planned:
        if tool in left:
            left.remove(tool)
            met += 1
    return Scores(
        conformance=round(met / len(planned), 4) if planned else float(not made),
        efficiency=round(min(1.0, len(planned) / len(evidence.exchanges)), 4) if evidence.exchanges else 1.0,
    )


def _measure(evidence: Evidence, episode: Episode) -> Measurements:
    shown = flags(evidence)
    exchanges: tuple[Exchange, ...] = evidence.exchanges
    return Measurements(
        mode=primary(shown),
        flags=shown,
        user_turns=len(evidence.users),
        assistant_turns=sum(isinstance(spoken, AssistantMessage) for spoken in evidence.transcript),
        tool_calls=len(exchanges),
        tool_errors=sum(not exchange.ok for exchange in exchanges),
        distinct_tools=len({exchange.call.function.name for exchange in exchanges}),
        dependent_depth=dependent_depth(evidence),
        model_calls=len(episode.model_calls),
        prompt_tokens=sum(call.prompt_tokens for call in episode.model_calls),
        completion_tokens=sum(call.completion_tokens for call in episode.model_calls),
        finish_reasons=tuple(call.finish_reason for call in episode.model_calls if call.role == "assistant"),
    )
