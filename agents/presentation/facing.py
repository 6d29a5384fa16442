"""Putting a face on an episode: the tool list that the assistant is given, and what its names stand for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from random import Random

import msgspec

from ...runtime.chat import FunctionSpec, ToolDefinition
from ...runtime.presentation import Face, Presentation, Shown
from ...sandbox.tools import JsonObject, ToolSpec
from .distractors import Distractor, Distractors
from .naming import shown_names

ENCODED = 4_096
"""Encoded schemas kept."""


class Cast(msgspec.Struct, frozen=True):
    """The tools of an episode before they are presented."""

    own: tuple[ToolSpec, ...]
    """Those of the episode's services, without withheld ones."""
    needed: frozenset[str]
    """Names of those that the list must hold: the plan's."""
    useful: frozenset[str]
    """Names of those that it holds next: the cluster's."""
    withheld: tuple[ToolSpec, ...]


def face_of(
    wanted: Presentation, cast: Cast, distractors: Distractors | None, dice: Random
) -> tuple[tuple[ToolDefinition, ...], Face]:
    """The tool list, and the face that says what stands behind it. Equal arguments and dice give equal lists."""
    own = _trimmed(_room(wanted.tools, cast) if distractors else wanted.tools, cast, dice)
    beside: list[Distractor] = []
    if distractors is not None and wanted.tools > len(own):
        needed = [spec for spec in cast.own if spec.name in cast.needed | cast.useful] + list(cast.withheld)
        services = {spec.service for spec in (*cast.own, *cast.withheld)}
        beside = distractors.choose(wanted.tools - len(own), wanted.near, needed, services, dice)
    listed: list[tuple[ToolSpec, str]] = [(spec, "") for spec in own]
    listed += [(one.spec, one.service) for one in beside]
    if wanted.order == "shuffled":
        dice.shuffle(listed)
    names = shown_names([spec for spec, _ in listed], wanted.naming)
    pairs = list(zip(names, listed, strict=True))
    face = Face(
        tools=len(listed),
        distractors=len(beside),
        order=wanted.order,
        naming=wanted.naming,
        system=wanted.system,
        replies=wanted.replies,
        language=wanted.language,
        names=tuple(Shown(name, s.name, service) for name, (s, service) in pairs if service or name != s.name),
        trimmed=len(own) < len(cast.own),
    )
    return tuple(definition(spec, name) for name, (spec, _) in pairs), face


def _room(length: int, cast: Cast) -> int:
    """How many own tools a list holds beside distractors: those needed, and half of what is left."""
    return length and len(cast.needed) + (length - len(cast.needed) + 1) // 2


def _trimmed(length: int, cast: Cast, dice: Random) -> list[ToolSpec]:
    """The own tools, as many as the list has room for; the needed ones always, in their own order."""
    if not length or length >= len(cast.own):
        return list(cast.own)
    ranked = sorted(
        cast.own, key=lambda spec: (spec.name not in cast.needed, spec.name not in cast.useful, dice.random())
    )
    kept = {spec.name for spec in ranked[: max(length, len(cast.needed))]}
    return [spec for spec in cast.own if spec.name in kept]


def without(tools: Sequence[ToolDefinition], face: Face, withheld: Collection[str]) -> tuple[ToolDefinition, ...]:
    """The list without some of the episode's own tools, given by their own names."""
    keys = face.owns()
    return tuple(tool for tool in tools if keys.get(tool.function.name, tool.function.name) not in withheld)


def definition(spec: ToolSpec, name: str = "") -> ToolDefinition:
    """A tool as the assistant's model sees it, under its own name or another."""
    return ToolDefinition(FunctionSpec(name or spec.name, spec.description, _encoded(_Kept(spec.input_schema))))


class _Kept:
    """A schema by its identity: specs live as long as their toolbox, and each one is encoded once."""

    __slots__ = ("schema",)

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.schema is other.schema


@lru_cache(maxsize=ENCODED)
def _encoded(kept: _Kept) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(kept.schema))
