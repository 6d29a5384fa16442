"""The same row with another face: other tools beside its own, other names, another order, another system prompt.

What was said, called and answered stays; so do the language, the way of writing and the style of replies, which the
conversation itself is in. No model is asked. The row is judged anew before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, SystemMessage, ToolMessage
from ...runtime.presentation import Presentation
from ...runtime.row import Row
from ...runtime.seed import relative_id
from .. import prompts
from ..prompt_set import BUILT_IN, PromptSet
from ..stage import Stage
from .distractors import Distractors
from .facing import Cast, face_of
from .undoing import Keys

_replace = msgspec.structs.replace


def presented_again(
    row: Row,
    number: int,
    wanted: Presentation,
    stage: Stage,
    distractors: Distractors | None,
    dice: Random,
    texts: PromptSet = BUILT_IN,
) -> Row:
    """The row's `number`-th other face, under an id of its own; `kin` still says which blueprint it is of.

    Args:
        row: An accepted row with its blueprint.
        number: Of this face among those of the row, from 1: part of the id.
        wanted: How it is to be presented; language and replies stay the row's own whatever it says.
        stage: Knows the services of the row.
        distractors: What may stand beside its tools.
        dice: Decides.
        texts: The wording of system prompts.

    Raises ValueError for a row without a blueprint.
    """
    if row.blueprint is None:
        raise ValueError("there is no blueprint")
    plan = row.blueprint.plan
    services = [service.rpartition("@")[0] for service in row.blueprint.world.services]
    specs = stage.specs(services)
    before = Keys(row.face)
    given = {before.of(tool.function.name) for tool in row.tools}
    made = {before.of(call.function.name) for said in row.messages for call in getattr(said, "calls", ())}
    cast = Cast(
        own=tuple(spec for spec in specs if spec.name not in plan.withheld),
        needed=frozenset({step.tool for step in plan.steps} | made),
        useful=frozenset(given),
        withheld=tuple(spec for spec in specs if spec.name in plan.withheld),
    )
    wanted = _replace(wanted, language=row.face.language, replies=row.face.replies)
    tools, face = face_of(wanted, cast, distractors, dice)
    own = {shown.key: shown.name for shown in face.names}
    names = {tool.function.name: own.get(key := before.of(tool.function.name), key) for tool in row.tools}
    rules, today = stage.house(services)
    system = prompts.assistant_system(
        row.assignment.domain, row.blueprint.instructions, texts, kind=wanted.system, rules=rules, today=today
    )
    first = (SystemMessage(system, train=0.0),) if system else ()
    rest = row.messages[1:] if isinstance(row.messages[0], SystemMessage) else row.messages
    return _replace(
        row,
        id=relative_id(row.id, f"face {number}"),
        messages=(*first, *(_renamed(said, names) for said in rest)),
        tools=tools,
        assignment=_replace(row.assignment, presentation=wanted),
        provenance=_replace(row.provenance, tools=stage.provenance(row.provenance.tools, face)),
        face=face,
    )


def _renamed(said: ChatMessage, names: Mapping[str, str]) -> ChatMessage:
    """A message with the tools called by their new names, in what the assistant says of them, too."""
    if isinstance(said, ToolMessage):
        return _replace(said, name=names.get(said.name, said.name))
    if not isinstance(said, AssistantMessage):
        return said
    spoken = _replace(said, content=_reworded(said.content, names))
    if said.reasoning is not msgspec.UNSET:
        spoken = _replace(spoken, reasoning=_reworded(said.reasoning, names))
    if not said.calls:
        return spoken
    calls = tuple(
        _replace(call, function=_replace(call.function, name=names.get(call.function.name, call.function.name)))
        for call in said.calls
    )
    return _replace(spoken, tool_calls=calls)


def _reworded(text: str, names: Mapping[str, str]) -> str:
    """A text in which tools that are called by name have their new one; a name that is a plain word stays."""
    telling = (name for name, new in names.items() if name != new and (not name.isalpha() or name != name.lower()))
    spliced = [name for name in telling if name in text]
    if not spliced:
        return text
    pattern = "|".join(re.escape(name) for name in sorted(spliced, key=len, reverse=True))
    return re.sub(rf"(?<![\w.-])(?:{pattern})(?![\w-])", lambda match: names[match[0]], text)
