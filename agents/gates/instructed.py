"""Gates on what the assistant's instructions demand beside the task itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...sandbox.tools import Snapshot
from ..evidence import Evidence
from ..prompts import VERIFY
from .problem import OutcomeGate, Problem


def reads_back(evidence: Evidence) -> Iterator[Problem]:
    """Told to read back what it changed, the assistant looks at a changed record afterwards, as the plan does.

    Where the plan's own look shows no changed record (a server whose state has no such names), nothing is asked.
    """
    if VERIFY not in evidence.blueprint.instructions or not _plan_shows(evidence):
        return
    written = [exchange for exchange in evidence.exchanges if exchange.ok and not _reads(evidence, exchange.own)]
    if not written:
        return  # what is missing is for the gate on the final state to say
    keys = _keys(evidence.changed)
    looks = (e for e in evidence.exchanges if e.ok and e.position > written[0].position)
    if not any(_reads(evidence, look.own) and _shows(look.again.content, keys) for look in looks):
        yield Problem("instructions.not_read_back", "no look shows what was changed", written[-1].position)


def _plan_shows(evidence: Evidence) -> bool:
    blueprint = evidence.blueprint
    tools = [blueprint.plan.steps[index].tool for index in blueprint.executed]
    wrote = next((n for n, tool in enumerate(tools) if not _reads(evidence, tool)), len(tools))
    keys = _keys(evidence.expected)
    return any(
        _reads(evidence, tool) and _shows(reply, keys)
        for tool, reply in list(zip(tools, blueprint.replies, strict=False))[wrote + 1 :]
    )


def _reads(evidence: Evidence, tool: str) -> bool:
    spec = evidence.specs.get(tool)
    return spec is None or spec.read_only


def _keys(changed: Mapping[str, Snapshot]) -> Collection[str]:
    return {str(key) for tables in changed.values() for records in tables.values() for key in records}


def _shows(text: str, keys: Collection[str]) -> bool:
    return any(key in text for key in keys)


INSTRUCTED: tuple[OutcomeGate, ...] = (reads_back,)
