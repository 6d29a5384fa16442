"""The survey: what a set of rows comes to, taken up row by row, and told to a page as one JSON object."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

import msgspec

from ...evolution.event import event_of_row
from ...runtime.ends import End
from ...runtime.funnel import Funnel, funnel
from ...runtime.proportion import wilson
from ...runtime.row import Row
from .columns import BLOCK, Columns
from .curves import WINDOW, Curves, Point
from .entry import entry_of
from .latency import Latency
from .shelf import ROWS, TOOLS

GROUPS: Final = {"mode": "Mode asked for", "goals": "Goals", "kind": "Tools run by", "perturbation": "Disturbance"}
"""Field of the funnel's cells → heading."""
NAMED: Final = 12
"""Lines left out that are named."""


class Share(msgspec.Struct, frozen=True):
    """Acceptance of one group of episodes, with Wilson's 95 % interval."""

    name: str
    drafted: int
    accepted: int
    low: float
    high: float


class Overview(msgspec.Struct, frozen=True):
    """Everything that a page says of the whole set; what rows have in common it counts itself, from the columns."""

    kind: Literal["report"]
    title: str
    rows: int
    accepted: int
    simulated: int
    """Rows in which the simulated model played a role."""
    models: dict[str, int]
    """`{the assistant's model: rows}`, most frequent first."""
    licences: dict[str, int]
    """`{source and licence of the tools: rows}`, most frequent first."""
    tokens: int
    """Prompt and completion tokens of all rows."""
    domains: int
    """Distinct domains among the accepted rows."""
    shapes: int
    """Distinct shapes of tool use among the accepted rows."""
    curve: tuple[Point, ...]
    window: int
    """Rows of the moving window of the curves."""
    left_out: int
    """Lines that are no trajectory of ours."""
    left_out_examples: tuple[str, ...]
    funnel: Funnel | None
    """None for a file of rows, which does not know what was drafted."""
    shares: dict[str, tuple[Share, ...]]
    """`{heading: acceptance of each group}`, out of the funnel."""
    latency: Latency | None
    settings: str
    """The run's settings as YAML; empty for a file of rows."""
    tools: int
    """Distinct tool definitions."""
    live: bool
    """True while the run goes on."""
    block: int = BLOCK
    piece: int = ROWS
    tool_piece: int = TOOLS


class Survey:
    """Takes rows in order, whatever became of them."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.columns = Columns()
        self._curves = Curves()
        self._ends: list[End] = []
        self._accepted = 0
        self._simulated = 0
        self._tokens = 0
        self._models: Counter[str] = Counter()
        self._licences: Counter[str] = Counter()
        self._left_out: list[str] = []
        self._left_out_n = 0

    def add(self, row: Row) -> None:
        """Take the next row."""
        self.columns.add(entry_of(row))
        self._simulated += row.simulated
        self._tokens += row.measurements.prompt_tokens + row.measurements.completion_tokens
        self._models[row.provenance.model] += 1
        self._licences[row.provenance.tools] += 1
        if row.verdict.accepted:
            self._accepted += 1
            self._curves.add(event_of_row(row))

    def end(self, end: End) -> None:
        """Take the end of the next episode of a run."""
        self._ends.append(end)

    def leave_out(self, why: str) -> None:
        """Count a line that is no row; `why` says where it stands and what is wrong."""
        self._left_out_n += 1
        if len(self._left_out) < NAMED:
            self._left_out.append(why)

    @property
    def first_left_out(self) -> str:
        """The first line that was no row; empty where there was none."""
        return self._left_out[0] if self._left_out else ""

    def overview(
        self,
        *,
        tools: int,
        latency: Latency | None = None,
        settings: str = "",
        waiting: list[End] | None = None,
        live: bool = False,
    ) -> Overview:
        """What is known by now. `waiting`: episodes of a run that ended without their turn; None for a file of rows."""
        seen = None if waiting is None else funnel([*self._ends, *waiting])
        return Overview(
            kind="report",
            title=self.title,
            rows=len(self.columns),
            accepted=self._accepted,
            simulated=self._simulated,
            models=dict(self._models.most_common()),
            licences=dict(self._licences.most_common(40)),
            tokens=self._tokens,
            domains=self._curves.domains,
            shapes=self._curves.shapes,
            curve=self._curves.points(),
            window=WINDOW,
            left_out=self._left_out_n,
            left_out_examples=tuple(self._left_out),
            funnel=seen,
            shares={} if seen is None else {title: _shares(seen, field) for field, title in GROUPS.items()},
            latency=latency,
            settings=settings,
            tools=tools,
            live=live,
        )


def _shares(seen: Funnel, field: str) -> tuple[Share, ...]:
    found: list[Share] = []
    for name, (drafted, accepted) in seen.by(field).items():
        share = wilson(accepted, drafted)
        found.append(Share(name, drafted, accepted, share.low, share.high))
    return tuple(found)
