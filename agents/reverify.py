"""Re-execution: recorded rows judged again, from their conversation and blueprint alone.

What a row says about itself (verdict, measurements, digests, provenance) is not read. The blueprint is not believed
either: its plan runs again on a fresh world, and what it says came out must come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from ..runtime.blueprint import Blueprint
from ..runtime.chat import ChatMessage, ToolDefinition
from ..runtime.committer import conversation_digest
from ..runtime.errors import EnvironmentFault, InfrastructureFault, ToolServerError
from ..runtime.presentation import Face
from ..runtime.row import Scores
from ..sandbox.services.styles import as_recorded
from ..sandbox.shelf import Shelf, Shelves
from ..sandbox.tools import Snapshot, Toolbox
from .compare import same_changes, same_reply
from .gates.problem import TalkGate
from .judging import SNAPSHOT, Conversation, gather, judge
from .proof import PlanProblem, Proof, prove
from .stage import Stage

MAX_LINE = 64 * 2**20
"""Bytes of one row; a longer line is not decoded."""
UNSURE = 2
"""How often a row is tried when a tool server fails."""

STAGES = 64
"""Sets of services kept ready; rows of mined clusters come with one each."""

Reasons: TypeAlias = tuple[str, ...]


class Recorded(msgspec.Struct, frozen=True):
    """The part of a row that is judged; every other key is skipped."""

    id: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...]
    blueprint: Blueprint | None
    face: Face = Face()


class Finding(msgspec.Struct, frozen=True):
    """What re-execution says about one line."""

    id: str
    """The row's id as it stands there; empty for a line that is no row."""
    accepted: bool
    reasons: Reasons
    """`stage.reason` or `stage.reason: detail`, as in a verdict; empty when accepted."""
    scores: Scores


class Reverifier:
    """Judges lines. Rows are independent of each other unless `unique`."""

    def __init__(
        self,
        toolboxes: Iterable[Toolbox],
        shelves: Iterable[Shelf] = (),
        *,
        unique: bool = False,
        gates: Sequence[TalkGate] = (),
    ) -> None:
        """`toolboxes` and `shelves`: everything that rows may have played in, by name. `unique`: see `settle`. `gates`:
        more that the user asked for."""
        self._gates = gates
        self._toolboxes = Shelves(toolboxes, shelves)
        self._stages: dict[tuple[str, ...], Stage] = {}  # one per set of services: tool names are unique within a set
        self._seen: dict[bytes, int] | None = {} if unique else None

    async def judge(self, line: bytes) -> tuple[Finding, bytes]:
        """The finding for one line, whatever it holds, and the digest of its conversation. Never raises on purpose."""
        try:
            row = _decode(line)
        except ValueError as problem:
            return _refused("", str(problem)), b""
        digest = conversation_digest(row.messages)
        for attempt in range(1, UNSURE + 1):
            try:
                return await self._judged(row), digest
            except EnvironmentFault as fault:
                return _refused(row.id, f"environment.{fault}"), digest
            except InfrastructureFault as fault:
                if attempt == UNSURE:
                    return _refused(row.id, f"infrastructure.{fault}"), digest
            except ToolServerError as error:
                return _refused(row.id, f"infrastructure.server: {error}"), digest
            except Exception as error:  # noqa: BLE001 -- the boundary to foreign rows: one odd row must not cost the others their lines
                return _refused(row.id, f"input.cannot_be_judged: {type(error).__name__}: {error}"), digest
        raise AssertionError("the last attempt returns")

    def settle(self, finding: Finding, digest: bytes, number: int) -> Finding:
        """The finding in the light of the lines before it; `number` is the line's, from 1. Called in the lines' order.

        Only with `unique`: an accepted row whose conversation an accepted one had before is rejected. Costs some 100
        bytes of memory per accepted row.
        """
        if self._seen is None or not finding.accepted:
            return finding
        first = self._seen.setdefault(digest, number)
        if first == number:
            return finding
        reason = f"set.duplicate: of line {first}"
        return msgspec.structs.replace(finding, accepted=False, reasons=(reason,))

    async def _judged(self, row: Recorded) -> Finding:
        if row.blueprint is None:
            return _refused(row.id, "input.no_blueprint: nothing says what should have come out")
        said = Conversation(row.messages, row.tools, row.blueprint, row.face)
        problem = self._unknown_world(row.blueprint) or self._unknown_beside(row.face) or _incoherent(said)
        if problem:
            return _refused(row.id, problem)
        stage = self._stage(said.services, row.face)
        unproved = await _reprove(said, stage)
        verdict = judge(await gather(said, stage, None), self._gates).verdict
        reasons = (*unproved, *verdict.reasons)
        return Finding(row.id, not reasons, reasons, verdict.scores)

    def _unknown_world(self, blueprint: Blueprint) -> str:
        """Why the row's world cannot be opened here; empty when it can."""
        if not blueprint.world.services:
            return "world.none: the blueprint names no service"
        for reference in blueprint.world.services:
            name, _, wanted = reference.rpartition("@")
            box = self._toolboxes.get(name)
            if box is None:
                sources = "--mcp, --tools, --clusters, --code"
                return f"world.unknown: there is no service {name!r} here; give its source: {sources}"
            here = as_recorded(box, wanted)
            if here.version != wanted:
                return f"world.version: the row played {reference}, here is {name}@{here.version}"
        return ""

    def _unknown_beside(self, face: Face) -> str:
        """Which distractor of the row is not to be had here; empty when all are."""
        for shown in face.names:
            name, _, wanted = shown.service.rpartition("@")
            box = self._toolboxes.get(name) if shown.service else None
            if shown.service and (box is None or box.version != wanted):
                return f"world.distractor: the row shows {shown.own} of {shown.service}, which is not to be had here"
        return ""

    def _stage(self, services: tuple[str, ...], face: Face) -> Stage:
        beside = {shown.service.rpartition("@")[0] for shown in face.names if shown.service}
        services = (*services, *sorted(beside.difference(services)))
        if services not in self._stages:
            while len(self._stages) >= STAGES:
                del self._stages[next(iter(self._stages))]
            self._stages[services] = Stage([self._toolboxes[name] for name in services], ())
        return self._stages[services]


def _decode(line: bytes) -> Recorded:
    """Raises ValueError with the reason."""
    if len(line) > MAX_LINE:
        raise ValueError(f"input.too_long: more than {MAX_LINE} bytes")
    if not line.strip():
        raise ValueError("input.empty: the line is blank")
    try:
        return msgspec.json.decode(line, type=Recorded)
    except msgspec.ValidationError as error:
        raise ValueError(f"input.not_a_row: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"input.not_json: {error}") from None


def _refused(identity: str, reason: str) -> Finding:
    return Finding(identity, False, (" ".join(reason.split())[:400],), Scores())


def _incoherent(said: Conversation) -> str:
    """Why the parts do not make a whole that gates can look at; empty when they do."""
    blueprint = said.blueprint
    if not said.messages:
        return "structure.no_messages: nothing was said"
    if any(not 0 <= index < len(blueprint.plan.steps) for index in blueprint.executed):
        return "blueprint.executed: names a step that does not exist"
    try:
        msgspec.json.decode(blueprint.changes, type=SNAPSHOT)
    except (msgspec.DecodeError, UnicodeError) as error:
        return f"blueprint.changes: {error}"
    return ""


async def _reprove(said: Conversation, stage: Stage) -> Reasons:
    """What the plan's own run does not bear out. Raises as `World.call` does."""
    blueprint = said.blueprint
    before = await stage.initial(blueprint.world)
    tools = {tool.name: tool for tool in stage.specs(said.services)}
    scene = await stage.open(blueprint.world)
    try:
        proof = await prove(blueprint.plan, scene, before, tools)
    except PlanProblem as problem:
        return (f"blueprint.does_not_hold: {problem}",)
    finally:
        await scene.aclose()
    return tuple(_unproved(blueprint, proof, before, stage.volatile(said.services)))


def _unproved(
    blueprint: Blueprint, proof: Proof, before: dict[str, Snapshot], volatile: frozenset[str]
) -> Iterable[str]:
    if proof.executed != blueprint.executed:
        yield "blueprint.executed: other steps are taken"
        return
    if not all(same_reply(*pair, volatile) for pair in zip(blueprint.replies, proof.replies, strict=True)):
        yield "blueprint.replies: a step is answered otherwise"
    changed = msgspec.json.decode(msgspec.json.encode(proof.changes), type=SNAPSHOT)
    difference = same_changes(before, msgspec.json.decode(blueprint.changes, type=SNAPSHOT), changed)
    if difference:
        yield f"blueprint.changes: {difference}"
    # A value that differs from run to run is held against nothing but the conversation's own replies.
    moving = {
        (report_goal, report.label)
        for report_goal, goal in enumerate(blueprint.plan.goals)
        for report in goal.reports
        if volatile and (not report.path or report.path.rpartition(".")[2] in volatile)
    }
    then = [e for e in blueprint.expected if (e.goal, e.label) not in moving]
    now = [e for e in proof.expected if (e.goal, e.label) not in moving]
    if then != now or len(blueprint.expected) != len(proof.expected):
        yield "blueprint.expected: the user should hear something else"
