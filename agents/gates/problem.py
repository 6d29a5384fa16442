"""What a gate finds: a problem with its code, and the message where it first shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from ..evidence import Evidence
from ..talk import Talk


class Problem(msgspec.Struct, frozen=True):
    """One reason for rejection."""

    code: str
    """`stage.reason`: what the funnel counts."""
    detail: str = ""
    """What in this row it is about; one line, cut when it is shown."""
    position: int = 0
    """Index of the first message that is spoiled: what stands before it is sound as far as this gate can see. 0 where
    that cannot be said: then nothing is."""
    call: str = ""
    """Id of the call that is wrong, where it is a call's own fault."""

    @property
    def text(self) -> str:
        """As it stands in a verdict: `stage.reason` or `stage.reason: detail`."""
        detail = " ".join(self.detail.split())[:300]
        return f"{self.code}: {detail}" if detail else self.code


TalkGate: TypeAlias = Callable[[Talk], Iterator[Problem]]
"""Looks at what was said and called alone; fits every conversation, whoever wrote it."""

OutcomeGate: TypeAlias = Callable[[Evidence], Iterator[Problem]]
"""Looks at blueprint and re-execution too."""


def sound_until(problems: Iterable[Problem], length: int) -> int:
    """How many messages at the beginning are sound: all `length` without a problem, none where one cannot be placed."""
    return min((problem.position for problem in problems), default=length)
