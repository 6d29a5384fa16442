"""The table of planted faults and alternatives: every kind put into many rows, judged like a stranger's, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import msgspec

from ...runtime.seed import derive
from ..contamination import Contamination
from ..reverify import Reverifier
from ..stage import Stage
from .alternative import ROADS
from .deeds import DEEDS
from .fault import Fault, Skip
from .forms import FORM
from .instructed import INSTRUCTED
from .line import Line, stranger
from .mending import MENDED
from .persona import PERSONA
from .playing import replay
from .speech import BENCHMARK, SERVED
from .wording import WORDS

FAULTS: tuple[Fault, ...] = (*FORM, *DEEDS, *INSTRUCTED, *PERSONA, *SERVED)
ALTERNATIVES: tuple[Fault, ...] = (*ROADS, *MENDED, *WORDS)
"""Nothing is wrong with these: no reason is of their class."""


def benchmark() -> Contamination:
    """The benchmark that one kind of fault repeats: whoever judges the table needs its gate."""
    made = Contamination()
    made.add(BENCHMARK)
    return made


class Caught(msgspec.Struct, frozen=True):
    """What became of one kind."""

    name: str
    planted: int
    """Rows that the fault was put into, one fault each."""
    caught: int
    """Rows rejected."""
    named: int
    """Rows rejected with a reason of the right class."""
    reasons: dict[str, int]
    """{code: rows} over all reasons given, the most frequent first."""
    missed: tuple[bytes, ...]
    """Lines that were judged as they should not: a fault accepted or called something else, an alternative rejected."""


async def catch(
    fault: Fault, lines: Sequence[Line], stage: Stage, reverifier: Reverifier, *, rows: int, seed: int = 0
) -> Caught:
    """Plant one kind in up to `rows` of the lines, the first that it fits, and have each judged from its bytes alone.

    Raises what the worlds raise while a row is played again.
    """
    planted = caught = named = 0
    reasons: Counter[str] = Counter()
    missed: list[bytes] = []
    for number, line in enumerate(lines):
        if planted == rows:
            break
        spoiled = await plant(fault, line, stage, Random(derive(seed, fault.name, number)))
        if spoiled is None:
            continue
        planted += 1
        encoded = msgspec.json.encode(spoiled)
        finding, _ = await reverifier.judge(encoded)
        caught += not finding.accepted
        right = any(map(fault.fits, finding.reasons))
        named += right
        reasons.update({reason.partition(":")[0] for reason in finding.reasons})
        as_it_should = right if fault.classes else finding.accepted
        if not as_it_should and len(missed) < 5:
            missed.append(encoded)
    return Caught(fault.name, planted, caught, named, dict(reasons.most_common()), tuple(missed))


async def plant(fault: Fault, line: Line, stage: Stage, dice: Random) -> Line | None:
    """A copy of the line with the fault in it; None where it does not fit."""
    spoiled = stranger(line, dice)
    before = msgspec.json.encode(spoiled)
    try:
        if fault.plant is not None:
            fault.plant(spoiled, dice)
        if fault.live is not None:
            await fault.live(spoiled, dice, stage)
        if fault.played:
            await replay(spoiled, stage)
    except Skip:
        return None
    return spoiled if msgspec.json.encode(spoiled) != before else None
