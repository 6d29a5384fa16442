"""Whether a perturbation that was asked for came about: read off the blueprint and what was said and called."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..runtime.assignment import Perturbation
from ..runtime.blueprint import Disturbance
from .evidence import Evidence, Exchange
from .paths import decode
from .raising import tells


def came_about(evidence: Evidence, asked: Perturbation) -> Perturbation:
    """The perturbation asked for when the conversation shows it, else `none`."""
    return asked if asked != "none" and _SHOWN[asked](evidence) else "none"


def _fails(kind: str) -> Callable[[Evidence], bool]:
    """A call of a disturbed tool was answered with an error."""

    def shown(evidence: Evidence) -> bool:
        return any(not call.ok for d in _disturbances(evidence, kind) for call in _calls(evidence, d.tool))

    return shown


def _pages(evidence: Evidence) -> bool:
    """A second page of the list was asked for."""
    return any(
        call.ok and (call.arguments or {}).get("cursor")
        for disturbance in _disturbances(evidence, "pages")
        for call in _calls(evidence, disturbance.tool)
    )


def _stale(evidence: Evidence) -> bool:
    """The read was answered, somebody else acted, and what was to be done next was refused."""
    blocked = {step.tool for step in evidence.blueprint.plan.steps if step.fails}
    for disturbance in _disturbances(evidence, "meddling"):
        read = next((call.position for call in _calls(evidence, disturbance.tool) if call.ok), None)
        refused = [call for tool in blocked for call in _calls(evidence, tool) if not call.ok]
        if read is not None and any(call.position > read for call in refused):
            return True
    return False


def _missing(evidence: Evidence) -> bool:
    """A fact was told later than its goal was raised."""
    return any(True for _ in _told_later(evidence))


def _ambiguous(evidence: Evidence) -> bool:
    """A fact was told later than its goal was raised, and tools were called in between."""
    return any(
        raised <= call.turn < told for raised, told in _told_later(evidence) for call in evidence.exchanges if call.ok
    )


def _told_later(evidence: Evidence) -> list[tuple[int, int]]:
    """(turn in which a goal was raised, later turn in which a fact of it that had to be asked for was told)."""
    found: list[tuple[int, int]] = []
    for goal, raised in zip(evidence.blueprint.plan.goals, evidence.raised, strict=True):
        for fact in (fact for fact in goal.facts if fact.reveal == "asked" and raised):
            for turn, text in enumerate(evidence.users, start=1):
                if turn > raised and tells(text, decode(fact.value)):
                    found.append((raised, turn))
                    break
    return found


def _changed(evidence: Evidence) -> bool:
    """A goal was raised that takes the place of another, or a fact was taken back."""
    for goal, raised in zip(evidence.blueprint.plan.goals, evidence.raised, strict=True):
        if raised and goal.revises:
            return True
        for fact in (fact for fact in goal.facts if fact.at_first and raised):
            if any(tells(text, decode(fact.value)) for text in evidence.users[raised:]):
                return True
    return False


def _raised(kind: str) -> Callable[[Evidence], bool]:
    """A goal of this kind came up."""

    def shown(evidence: Evidence) -> bool:
        goals = zip(evidence.blueprint.plan.goals, evidence.raised, strict=True)
        return any(goal.kind == kind and turn for goal, turn in goals)

    return shown


def _disturbances(evidence: Evidence, kind: str) -> list[Disturbance]:
    return [disturbance for disturbance in evidence.blueprint.plan.disturbances if disturbance.kind == kind]


def _calls(evidence: Evidence, tool: str) -> list[Exchange]:
    return [call for call in evidence.exchanges if call.call.function.name == tool]


_SHOWN: Mapping[Perturbation, Callable[[Evidence], bool]] = {
    "tool_error": _fails("error"),
    "missing_parameter": _missing,
    "changed_mind": _changed,
    "irrelevant_request": _raised("off_topic"),
    "capable_tool_withheld": _raised("no_capable_tool"),
    "permission_denied": _fails("denied"),
    "ambiguous_entity": _ambiguous,
    "long_paged_list": _pages,
    "stale_read": _stale,
}
