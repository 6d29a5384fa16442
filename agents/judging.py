"""Judging a conversation: its calls are run again on a fresh world, every gate looks at what came out, a verdict falls.

The verifier of a run and `tdscaling verify` come through here, so that a row is judged later as it was judged then.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..runtime.blueprint import Blueprint
from ..runtime.chat import ChatMessage, ToolDefinition
from ..runtime.presentation import Face
from ..runtime.row import Verdict
from ..sandbox.tools import Snapshot
from ..sandbox.world import changes
from .evidence import Evidence, Exchange, reexecute
from .gates.all import problems
from .gates.problem import Problem, TalkGate
from .gates.slips import mended
from .presentation.undoing import Keys, own_messages, own_tools
from .scores import scores
from .stage import Stage
from .talk import Talk

SNAPSHOT = dict[str, Snapshot]


class Conversation(msgspec.Struct, frozen=True):
    """The parts of a row that its verdict follows from."""

    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...]
    blueprint: Blueprint
    face: Face = Face()

    @property
    def calls(self) -> int:
        """How many tools were called."""
        return sum(len(getattr(spoken, "calls", ())) for spoken in self.messages)

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services whose world it plays in."""
        return tuple(service.rpartition("@")[0] for service in self.blueprint.world.services)


async def gather(said: Conversation, stage: Stage, final: dict[str, Snapshot] | None) -> Evidence:
    """The evidence, one fresh world opened and closed for it where anything was called.

    Args:
        said: The conversation.
        stage: Opens the world that the blueprint refers to.
        final: The state in which the conversation left its own world; None where that world is gone: then the state
            after the re-execution stands for it.

    Raises EnvironmentFault and InfrastructureFault as the tools do.
    """
    blueprint = said.blueprint
    before = await stage.initial(blueprint.world)
    specs = {tool.name: tool for tool in (*stage.specs(said.services), *stage.beside(said.face))}
    keys = Keys(said.face)
    exchanges: tuple[Exchange, ...] = ()
    if said.calls:
        fresh = await stage.open(blueprint.world, said.face)
        try:
            exchanges = await reexecute(said.messages, said.tools, specs, fresh, keys)
            final = await fresh.snapshot() if final is None else final
        finally:
            await fresh.aclose()
    own = said.face.names
    return Evidence(
        talk=Talk(own_messages(said.messages, keys), own_tools(said.tools, keys))
        if own
        else Talk(said.messages, said.tools),
        blueprint=blueprint,
        exchanges=exchanges,
        specs=specs,
        before=before,
        expected=msgspec.json.decode(blueprint.changes, type=SNAPSHOT),
        changed={} if final is None else changes(before, _as_recorded(final)),
        volatile=stage.volatile(said.services),
        shown=said.messages,
        face=said.face,
    )


class Judgement(msgspec.Struct, frozen=True):
    """A verdict with what it rests on."""

    verdict: Verdict
    problems: tuple[Problem, ...]
    """What the reasons are made from, with the places where it shows."""
    mended: frozenset[int] = frozenset()
    """Positions of messages with slips that were put right and do not count as problems."""


def judge(evidence: Evidence, more: Iterable[TalkGate] = ()) -> Judgement:
    """What the gates say. A pure function; `more` are gates that the user asked for."""
    found = problems(evidence, more)
    slips = mended(found, evidence)
    found = () if slips else found
    reasons = tuple(dict.fromkeys(problem.text for problem in found))
    return Judgement(Verdict(not reasons, reasons, scores(evidence)), found, slips)


def _as_recorded(snapshot: dict[str, Snapshot]) -> dict[str, Snapshot]:
    """As JSON gives it back, so that it compares equal to a recorded one."""
    return msgspec.json.decode(msgspec.json.encode(snapshot), type=SNAPSHOT)
