"""The verifier: runs a finished conversation again, lets every gate look at it, and writes the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version

import msgspec

from ..runtime.casting import Pool
from ..runtime.messages import Episode, Judge, ModelCall, Outcome, Speak
from ..runtime.model import SIMULATED
from ..runtime.profile.here import step
from ..runtime.row import Measurements, Opinion, Provenance, Row, Verdict
from ..sandbox.tools import EVALUATION_ONLY
from .episode import counted
from .evidence import Evidence
from .gates.problem import TalkGate
from .judging import Conversation, gather, judge
from .modes import dependent_depth, flags, primary
from .panel import Panel
from .perturbed import came_about
from .plays import after
from .stage import Stage
from .weights import weighted

VERSION = version("tdscaling")
"""Read once: asking for it opens the package's metadata."""


class Origin(msgspec.Struct, frozen=True):
    """What every row of a run says about where it comes from."""

    run_digest: str
    model: str
    sampling: str
    """JSON text of the sampling parameters."""
    prompts: str
    """Version and hash of the prompt set."""
    simulated: bool
    """True where the embedded simulated model plays any role."""

    def of(self, tools: str, model: str, calls: Iterable[ModelCall]) -> Provenance:
        """The provenance of a row: where its tool schemas come from, the assistant's model, who answered."""
        served: dict[str, set[str]] = {}  # {role: names}
        for call in calls:
            served.setdefault(call.role, set()).add(call.model)
        names = msgspec.json.encode({role: sorted(given) for role, given in sorted(served.items())}).decode()
        return Provenance(
            VERSION,
            self.run_digest,
            model,
            self.sampling,
            self.prompts,
            tools,
            names,
            evaluation_only=EVALUATION_ONLY in tools,
        )

    def touched(self, calls: Iterable[ModelCall]) -> bool:
        """Whether the simulated model played any role, embedded or served."""
        return self.simulated or any(call.model == SIMULATED for call in calls)


class Verifier:
    """Sees everything, decides nothing by taste: the verdict is a pure function of the evidence."""

    def __init__(
        self,
        stage: Stage,
        origin: Origin,
        assistants: Pool,
        gates: Sequence[TalkGate] = (),
        panel: Panel | None = None,
    ) -> None:
        """`assistants`: what the assistant's model was chosen from. `gates`: more that the user asked for. `panel`:
        reads what every rule accepts."""
        self._panel = panel
        self._stage = stage
        self._origin = origin
        self._assistants = assistants
        self._gates = gates

    async def handle(self, message: Judge) -> Speak | Outcome:
        """Gather the evidence and judge; the next play of the blueprint follows, or the outcome.

        Raises EnvironmentFault and InfrastructureFault as the tools do.
        """
        episode = message.episode
        with step("re-execution"):
            evidence = await self._gather(episode)
        with step("gates"):
            judgement = judge(evidence, self._gates)
        verdict = judgement.verdict
        if self._panel is not None and verdict.accepted:
            opinion, calls = await self._panel.read(episode)
            episode = msgspec.structs.replace(episode, model_calls=(*episode.model_calls, *calls))
            verdict = with_opinion(verdict, opinion)
        row = Row(
            id=episode.id,
            messages=weighted(evidence, judgement.problems, judgement.mended, unsure=not verdict.accepted),
            tools=episode.tools,
            assignment=episode.assignment,
            blueprint=episode.blueprint,
            verdict=verdict,
            measurements=_measure(evidence, episode),
            provenance=self._origin.of(
                self._stage.provenance(self._stage.clusters[episode.assignment.cluster].provenance, episode.face),
                self._assistants.choose(episode.assignment.seed, "assistant"),
                episode.model_calls,
            ),
            simulated=self._origin.touched(episode.model_calls),
            face=episode.face,
        )
        return after(episode, row)

    async def _gather(self, episode: Episode) -> Evidence:
        """The episode's own final state, then the re-execution of its calls on a fresh world.

        One world at a time: servers are scarce, and whoever holds one while waiting for another can wait for ever.
        """
        played = self._stage.played(episode.id, len(episode.rows))
        final = await played.snapshot() if played else None
        await self._stage.release(episode.id)
        said = Conversation(episode.transcript, episode.tools, episode.blueprint, episode.face)
        return await gather(said, self._stage, final)


def with_opinion(verdict: Verdict, opinion: Opinion) -> Verdict:
    """The verdict of the rules in the light of the votes: a majority against a row rejects it."""
    if opinion.accepts:
        return msgspec.structs.replace(verdict, judge=opinion)
    reason = f"judge.rejected: {opinion.votes - opinion.accepting} of {opinion.votes} votes: {opinion.against}"
    return Verdict(False, (reason,), verdict.scores, opinion)


def _measure(evidence: Evidence, episode: Episode) -> Measurements:
    shown = flags(evidence)
    return msgspec.structs.replace(
        counted(episode, primary(shown)),
        flags=shown,
        tool_errors=sum(not exchange.ok for exchange in evidence.exchanges),
        dependent_depth=dependent_depth(evidence),
        perturbation=came_about(evidence, episode.assignment.perturbation),
    )
