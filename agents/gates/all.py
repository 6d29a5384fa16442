"""All gates in their order, and what they say of a conversation."""

from __future__ import annotations

from collections.abc import Iterable

from ..evidence import Evidence
from ..talk import Talk
from .calls import CALLS
from .grounding import GROUNDING
from .injection import INJECTION
from .instructed import INSTRUCTED
from .outcome import OUTCOME
from .privacy import PRIVACY
from .problem import OutcomeGate, Problem, TalkGate
from .refusals import REFUSALS
from .roles import ROLES
from .serving import SERVING
from .structure import STRUCTURE
from .telling import TELLING
from .texts import TEXTS
from .users import USERS

TALK_GATES: tuple[TalkGate, ...] = (*STRUCTURE, *CALLS, *ROLES, *SERVING, *TEXTS, *PRIVACY, *GROUNDING, *INJECTION)
"""Those that fit every conversation, whoever wrote it."""

OUTCOME_GATES: tuple[OutcomeGate, ...] = (*OUTCOME, *REFUSALS, *INSTRUCTED, *USERS, *TELLING)
"""Those that need the blueprint and a re-execution."""


def talk_problems(talk: Talk, more: Iterable[TalkGate] = ()) -> tuple[Problem, ...]:
    """What is wrong with a conversation as such; `more` are gates that the user asked for."""
    return tuple(problem for gate in (*TALK_GATES, *more) for problem in gate(talk))


def problems(evidence: Evidence, more: Iterable[TalkGate] = ()) -> tuple[Problem, ...]:
    """Everything that is wrong with a row, slips that were mended included (`slips.mended` tells them)."""
    outcome = (problem for gate in OUTCOME_GATES for problem in gate(evidence))
    return (*talk_problems(evidence.talk, more), *outcome)
