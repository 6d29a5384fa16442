"""A family of code tasks: how a task is worded, what its workspace holds, what solves it and what only seems to.

A family is data and four small functions. Solutions follow from the words of the task alone, never from the data:
whoever reads the task can write them, and so can the simulated model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["answer", "file", "query", "change", "repair", "mixed"]
"""What is looked at in the end: the value that the user hears, a file's content, the rows that a query file gives, the
rows of a table, or the tests; for `mixed` what became of a business service's records, with the tests where there are
some."""

Slots: TypeAlias = dict[str, str]
"""What fills the gaps of a wording: `{gap: text}`."""

_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Scene:
    """A workspace, and what can be asked about it."""

    files: Mapping[str, bytes]
    """`{path: content}`, as the session begins."""
    about: Mapping[str, Any]
    """What the family's `ask` needs to know of it; differs from group to group."""
    hidden: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Files that only the check sees: more tests."""


@dataclass(frozen=True)
class Errand:
    """What ties a mixed task to a business service: what is exported, and what is done with what came out."""

    service: str
    """A built-in service."""
    table: str
    """The one whose records are exported, to a file of this name."""
    tool: str
    """The service's tool that writes the result back."""
    param: str
    """Its parameter that takes what the analysis printed."""
    fixed: Mapping[str, str]
    """Its other parameters: `{name: text with gaps}`; digits alone are a number."""

    @property
    def file(self) -> str:
        """What the export is called in the workspace."""
        return f"{self.table}.csv"

    def others(self, slots: Slots) -> dict[str, str | int]:
        """The other parameters with their values."""
        filled = {name: _GAP.sub(lambda gap: slots[gap[1]], text) for name, text in self.fixed.items()}
        return {name: int(text) if text.isdigit() else text for name, text in filled.items()}


@dataclass(frozen=True)
class Family:
    """One kind of task with its parameters."""

    name: str
    """`^[a-z][a-z0-9_]{2,40}$`, unique among the families."""
    field: str
    """Domain label: `data analysis`, `database queries`, `text processing`, `program repair`, `data operations`."""
    kind: Kind
    wordings: tuple[str, ...]
    """The task in a user's words, an imperative with gaps: `count the {rows} in {file}`. Each has all that the solution needs."""
    scene: Callable[[Random], Scene]
    ask: Callable[[Scene, Random], Slots]
    """What to ask about a scene; another draw asks something else."""
    solve: Callable[[Slots], str]
    """Source of the reference solution: Python, SQL, or for `repair` empty: see `mended`."""
    wrong: Callable[[Slots], str]
    """Source of a solution that runs and errs as a hasty person would."""
    label: str = ""
    """What the user wants to hear, for `answer`; also where a gap stands in it."""
    mends: tuple[tuple[str, str], ...] = ()
    """Where a module is mended: pairs of a faulty piece of source and what takes its place."""
    errand: Errand | None = None
    """For `mixed`."""

    def say(self, slots: Slots, wording: int) -> str:
        """The task in one of the family's wordings."""
        return _GAP.sub(lambda gap: slots[gap[1]], self.wordings[wording % len(self.wordings)])

    def heard(self, slots: Slots) -> str:
        """What the user wants to hear."""
        return _GAP.sub(lambda gap: slots[gap[1]], self.label)

    def read(self, text: str) -> Slots | None:
        """The gaps of the first wording that stands in a text; None when none does."""
        return next((found.groupdict() for pattern in self._patterns if (found := pattern.search(text))), None)

    def mended(self, source: str) -> str:
        """A source with every known fault of this family put right; the same source where there is none."""
        for faulty, right in self.mends:
            source = source.replace(faulty, right)
        return source

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_pattern(wording) for wording in self.wordings)


def filled(text: str) -> Callable[[Slots], str]:
    """A solution from a text in which `<gap>` stands for a gap's value as Python writes it, `<gap!>` for the bare one.

    A value that is a number is written as a number.
    """

    def fill(slots: Slots) -> str:
        out = text
        for name, value in slots.items():
            out = out.replace(f"<{name}!>", value).replace(f"<{name}>", value if value.isdigit() else repr(value))
        return out

    return fill


def _pattern(wording: str) -> re.Pattern[str]:
    """A wording as a pattern: the gaps are groups, a gap that comes again refers to the first."""
    out: list[str] = []
    seen: set[str] = set()
    at = 0
    for gap in _GAP.finditer(wording):
        out.append(re.escape(wording[at : gap.start()]))
        out.append(f"(?P={gap[1]})" if gap[1] in seen else rf"(?P<{gap[1]}>[^\n?]+?)")
        seen.add(gap[1])
        at = gap.end()
    out.append(re.escape(wording[at:]))
    return re.compile("".join(out) + r"(?=[.?!;](?:\s|$)|$)", re.IGNORECASE)
