"""Distractors: tools of other services beside those that a task needs, so that the list is not the answer key.

A distractor can neither do nor bring up what the task is about: no tool that sounds like one of the needed or withheld
ones, and none whose reply holds an identifier that a needed one takes. What is left can be called without harm as long
as it only looks, and is a mistake when it changes something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from random import Random

import msgspec

from ...sandbox.facts import is_identifier, leaves, params
from ...sandbox.tools import Toolbox, ToolSpec
from ..raising import content_words

SAME = 0.5
"""Share of a needed tool's words from which another tool sounds as if it could do the same."""


class Distractor(msgspec.Struct, frozen=True):
    """A tool that may stand beside others."""

    spec: ToolSpec
    service: str
    """`name@version`."""
    words: frozenset[str]
    """What its name and description speak of."""
    brings: frozenset[str]
    """Identifiers in its reply, by name."""


class Distractors:
    """Every tool that the rows of a run may be given beside their own."""

    def __init__(self, toolboxes: Iterable[Toolbox]) -> None:
        """`toolboxes`: those whose worlds are only memory."""
        self._boxes = {box.name: box for box in toolboxes}
        self._all = tuple(
            Distractor(spec, f"{box.name}@{box.version}", _words(spec), _brings(spec))
            for box in self._boxes.values()
            for spec in box.tools()
        )

    def get(self, name: str) -> Toolbox | None:
        """The toolbox of that name, so that its tools can be called; None when there is none."""
        return self._boxes.get(name)

    def choose(
        self,
        count: int,
        near: float,
        needed: Collection[ToolSpec],
        services: Collection[str],
        dice: Random,
    ) -> list[Distractor]:
        """So many distractors, or as many as there are; `near` is the share chosen for their likeness to the needed.

        Args:
            count: How many.
            near: 0 to 1.
            needed: The tools of the plan and of its cluster, and those withheld.
            services: Names of the row's own services, whose tools are no distractors.
            dice: Decides.
        """
        if count <= 0:
            return []
        wanted = [_needs(spec) for spec in needed]
        taken = frozenset(name for spec in needed for name in _takes(spec))
        about = frozenset[str]().union(*(words for words, _ in wanted))
        able = [
            one
            for one in self._all
            if one.spec.service not in services and not one.brings & taken and not _alike(one, wanted)
        ]
        likest = sorted(able, key=lambda one: (-len(one.words & about), one.service, one.spec.name))
        close = round(count * near)
        pool = likest[: max(close, min(2 * close, len(likest)))]
        chosen = dice.sample(pool, min(close, len(pool)))
        names = {(one.service, one.spec.name) for one in chosen}
        rest = [one for one in able if (one.service, one.spec.name) not in names]
        return chosen + dice.sample(rest, min(count - len(chosen), len(rest)))


def _needs(spec: ToolSpec) -> tuple[frozenset[str], frozenset[str]]:
    """All words of a needed tool, and those of its first sentence."""
    return _words(spec), content_words(spec.description.split(". ", 1)[0])


def _alike(one: Distractor, wanted: Sequence[tuple[frozenset[str], frozenset[str]]]) -> bool:
    return any(len(one.words & first) >= SAME * len(first) for _, first in wanted if first)


def _words(spec: ToolSpec) -> frozenset[str]:
    return content_words(f"{spec.name} {spec.description}")


def _takes(spec: ToolSpec) -> list[str]:
    return [param.name for param in params(spec.input_schema) if is_identifier(param.name)]


def _brings(spec: ToolSpec) -> frozenset[str]:
    return frozenset(leaf.name for leaf in leaves(spec.output_schema) if is_identifier(leaf.name))
