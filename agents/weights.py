"""Training weights: which messages of a row are targets of a loss, in accepted rows and in rejected ones.

What the assistant says is target, but a message whose calls all failed is context, like everything that others say, and
so is one with a slip that was put right later. In a rejected row only what stands before the first fault counts, up to
the last answer to the user there: a prefix that ends in the middle of a goal has not been seen to lead anywhere. A
fault that has no place spoils the whole row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from ..runtime.chat import AssistantMessage, ChatMessage
from .evidence import Evidence
from .gates.problem import Problem, sound_until


def weighted(
    evidence: Evidence, problems: Iterable[Problem], mended: Collection[int] = (), *, unsure: bool = False
) -> tuple[ChatMessage, ...]:
    """The messages with their weights, 1.0 for targets and 0.0 for context.

    `mended`: positions of messages with slips that were put right. `unsure`: the row is rejected for something that no
    gate found, so that nobody knows where it begins.
    """
    found = tuple(problems)
    failed: dict[int, bool] = {}  # {position: every call so far failed}
    for exchange in evidence.exchanges:
        failed[exchange.position] = failed.get(exchange.position, True) and not exchange.ok
    context = {position for position, every in failed.items() if every} | set(mended)
    sound = 0 if unsure and not found else sound_until(found, len(evidence.transcript))
    end = _salvaged(evidence, sound)
    return tuple(
        msgspec.structs.replace(
            spoken,
            train=float(isinstance(spoken, AssistantMessage) and position < end and position not in context),
        )
        for position, spoken in enumerate(evidence.shown)
    )


def _salvaged(evidence: Evidence, sound: int) -> int:
    """How many messages count: those up to the last answer to the user before the first fault."""
    if sound >= len(evidence.transcript):
        return len(evidence.transcript)
    return max((position + 1 for position, _ in evidence.talk.answers if position < sound), default=0)
