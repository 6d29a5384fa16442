"""A plan order tried on the entity store: every tool called once, arguments from earlier replies where they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal, TypeAlias

import msgspec

from ...runtime.errors import EnvironmentFault
from ..facts import leaf_values
from ..tools import JsonObject, JsonValue, ToolSpec
from .filling import filled, first_key
from .keys import aliases
from .plays import Play, Pointer, Unplayable
from .schemas import Unsatisfiable
from .shapes import normal
from .toolbox import EntityToolbox
from .verbs import Hints
from .world import EntityWorld, text_key

Origin: TypeAlias = Literal["reply", "entry"]
"""Where an identifier came from: an earlier reply of the same run, or the world's own entries."""


class PlannedCall(msgspec.Struct, frozen=True):
    """One call of a plan run."""

    tool: str
    arguments: str
    """JSON text."""
    origins: Mapping[str, Origin]
    """By parameter, for those that name entries."""
    producers: Mapping[str, int]
    """By parameter, the call whose reply it was taken from; only where the origin is a reply."""
    reply: str
    """JSON text of the reply; empty when the call could not be made."""


class PlanRun(msgspec.Struct, frozen=True):
    """What came out of an order of tools."""

    ok: bool
    """True when every tool of the order was called and answered without an error."""
    calls: tuple[PlannedCall, ...]
    """Up to the first failure, that one included."""
    failure: str
    """`tool: why`; empty when all went well."""


def execute_plan(
    specs: Sequence[ToolSpec], order: Sequence[str], seed: int, *, hints: Mapping[str, Hints] | None = None
) -> PlanRun:
    """Call the tools of `order` one after the other on a fresh entity world over `specs`.

    The outcome is a function of the arguments. It ends at the first tool that is unknown, unplayable or fails.
    """
    return execute_on(EntityToolbox("plan", specs, hints=hints, tried=False), specs, order, seed)


def execute_on(toolbox: EntityToolbox, specs: Sequence[ToolSpec], order: Sequence[str], seed: int) -> PlanRun:
    """`execute_plan` for many orders over one list: the toolbox over `specs` is made once."""
    run = _Run(toolbox.open_nowait(seed), Random(f"plan/{seed}"))
    by_name = {spec.name: spec for spec in specs}
    for tool in order:
        play = toolbox.explanations.get(tool)
        if play is None:
            return run.ended(f"{tool}: is not in the list")
        if isinstance(play, Unplayable):
            return run.ended(f"{tool}: unplayable: {play.reason}: {play.detail}")
        failure = run.call(by_name[tool], play)
        if failure:
            return run.ended(f"{tool}: {failure}")
    return run.ended("")


class _Run:
    """The calls so far and what their replies named."""

    def __init__(self, world: EntityWorld, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._calls: list[PlannedCall] = []
        self._seen: dict[str, list[tuple[str, int]]] = {}  # {normal field name: [(key, call)]}, the latest last

    def call(self, spec: ToolSpec, play: Play) -> str:
        """Make one call; empty when it went well, else why not."""
        origins: dict[str, Origin] = {}
        producers: dict[str, int] = {}

        def key(pointer: Pointer) -> JsonValue:
            found = self._earlier(pointer)
            origins[pointer.param] = "reply" if found else "entry"
            if found:
                producers[pointer.param] = found[1]
                return self._world.key_value(pointer.entity, found[0])
            return first_key(self._world, pointer)

        arguments: JsonObject = {}
        reply, problem = "", ""
        try:
            arguments = filled(self._world, spec, play, key, self._rng)
            answer = self._world.call_nowait(spec.name, arguments)
            reply, problem = answer.content, answer.content if answer.is_error else ""
        except (Unsatisfiable, EnvironmentFault) as fault:
            problem = str(fault)
        text = msgspec.json.encode(arguments).decode()
        self._calls.append(PlannedCall(spec.name, text, origins, producers, reply))
        if not problem:
            self._remember(reply)
        return problem

    def ended(self, failure: str) -> PlanRun:
        """The record of the run."""
        return PlanRun(not failure, tuple(self._calls), failure)

    def _earlier(self, pointer: Pointer) -> tuple[str, int] | None:
        """The latest key of the entity that a reply named and that still stands."""
        key_name = self._world.key_name(pointer.entity)
        for name in dict.fromkeys((normal(pointer.param), normal(key_name), *aliases(pointer.entity, key_name))):
            for key, call in reversed(self._seen.get(name, ())):
                if self._world.entries(pointer.entity).get(key) is not None:
                    return key, call
        return None

    def _remember(self, reply: str) -> None:
        for path, value in leaf_values(msgspec.json.decode(reply)):
            words = [part for part in path.split(".") if not part.isdigit()]
            if words and isinstance(value, str | int):
                self._seen.setdefault(normal(words[-1]), []).append((text_key(value), len(self._calls) - 1))
