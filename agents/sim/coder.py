"""The simulated assistant as a programmer: it knows the families of code tasks by heart, and sees the request alone.

It finds a family's wording in what the user says, writes that family's solution for the names and numbers in it, and
for a repair corrects the family's known faults in the module that it has read. Data it never looks at: a solution that
does not suit them fails, as anybody's would.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, SystemMessage, ToolDefinition, ToolMessage, UserMessage
from ...sandbox.tasks.catalogue import FAMILIES
from ...sandbox.tasks.family import Family, Slots
from ...sandbox.tasks.moves import EXPORT, Move, moves
from ...sandbox.tools import JsonObject
from ..paths import decode, find
from ..prompts import PLAN_FIRST, VERIFY
from . import answers
from .choosing import Call

TRIES = 3
"""Calls of one kind before it gives up."""
LOOKS = 0.7
"""How often it looks at the data first."""
DOES = {
    "shell": "look at the data",
    "python": "work it out in Python",
    "sql": "ask the database",
    "write_file": "write the file",
    "read_file": "read the file",
    "run_tests": "run the tests",
    EXPORT: "export the records",
}
"""What a plan says of each tool; any other one writes the result back."""


class Made(msgspec.Struct, frozen=True):
    """A call since the task was given, with its reply."""

    tool: str
    reply: JsonObject

    @property
    def ok(self) -> bool:
        """Whether it went well. The `status` of a cell says so; that of a business record says something else."""
        ran = "exit_code" not in self.reply or self.reply.get("status") == "ok"
        return ran and not isinstance(self.reply.get("error"), dict)

    @property
    def denied(self) -> bool:
        """Whether trying again is of no use."""
        error = self.reply.get("error")
        return isinstance(error, dict) and error.get("code") in ("permission_denied", "forbidden")


def work_on(
    messages: Sequence[ChatMessage], tools: Sequence[ToolDefinition], dice: Random
) -> tuple[str, list[Call]] | None:
    """What to say, and which tool to call with it; None where the last thing asked for is no code task it knows."""
    given = {tool.function.name for tool in tools}
    start = max((place for place, spoken in enumerate(messages) if isinstance(spoken, UserMessage)), default=-1)
    known = _known(messages[start].content) if start >= 0 and "python" in given else None
    if known is None:
        return None
    family, slots = known
    rules = "\n".join(spoken.content for spoken in messages if isinstance(spoken, SystemMessage))
    made = _made(messages[start:])
    way = _way(family, slots, made, fresh=not _made(messages[:start]), back=VERIFY in rules, dice=dice)
    place, last, tries = _follow(way, made)
    if place == len(way):
        return _result(family, slots, way, made, dice), []
    if tries >= TRIES or (last and last.denied):
        failed = answers.failure(msgspec.json.encode(last.reply if last else {}).decode(), dice)
        return " ".join(filter(None, (_told(way, made, dice), failed))), []
    plan = ""
    if not made and PLAN_FIRST in rules:
        plan = answers.plan(list(dict.fromkeys(DOES.get(move.tool, "write it back") for move in way)), dice)
    move = way[place]
    return plan, [Call(move.tool, {**move.arguments, **({move.takes: _value(way, made)} if move.takes else {})})]


def _known(text: str) -> tuple[Family, Slots] | None:
    return next(((family, slots) for family in FAMILIES.values() if (slots := family.read(text)) is not None), None)


def _made(messages: Sequence[ChatMessage]) -> list[Made]:
    """The calls with their replies, in order."""
    names = {
        call.id: call.function.name for said in messages if isinstance(said, AssistantMessage) for call in said.calls
    }
    replies: list[Made] = []
    for spoken in messages:
        if isinstance(spoken, ToolMessage):
            decoded = decode(spoken.content)
            replies.append(Made(names.get(spoken.tool_call_id, ""), decoded if isinstance(decoded, dict) else {}))
    return replies


def _way(
    family: Family, slots: Slots, made: Sequence[Made], *, fresh: bool, back: bool, dice: Random
) -> tuple[Move, ...]:
    """The calls that it has in mind. Whether it looks first is decided before the first call, and then seen from it."""
    source = family.solve(slots) if not family.mends else ""
    if family.mends:
        read = next((call.reply for call in made if call.tool == "read_file" and call.ok), {})
        source = family.mended(str(read.get("content", "")))
    looking = moves(family, slots, source, look=True, back=back)
    straight = moves(family, slots, source, look=False, back=back)
    if not made:
        return looking if fresh and dice.random() < LOOKS else straight
    if family.errand and all(call.tool == EXPORT for call in made):
        return looking if dice.random() < LOOKS else straight
    # A look at the tables and the question itself are both `sql`: a schema has a column of its own.
    looked = any(call.tool == "shell" or call.reply.get("columns") == ["name", "sql"] for call in made)
    return looking if looked else straight


def _follow(way: Sequence[Move], made: Sequence[Made]) -> tuple[int, Made | None, int]:
    """How far it has come, the last call, and how often the present step has failed."""
    place = tries = 0
    for call in made:
        if place < len(way) and call.tool == way[place].tool and call.ok:
            place, tries = place + 1, 0
        else:
            tries += 1
    return place, made[-1] if made else None, tries


def _result(family: Family, slots: Slots, way: Sequence[Move], made: Sequence[Made], dice: Random) -> str:
    """What came out, in a sentence or two."""
    if told := _told(way, made, dice):
        return told + (" The change is made." if family.errand else "")
    where = slots.get("out", "the file")
    form = "The query is in {}; I have run it once." if family.kind == "query" else "I have written {} as you asked."
    return form.format(where)


def _told(way: Sequence[Move], made: Sequence[Made], dice: Random) -> str:
    """The sentence with the value that the user wants to hear; empty where there is none."""
    told = next((move for move in way if move.told), None)
    value = _value(way, made)
    if told is None or not value:
        return ""
    lead = dice.choice(("", "Done. ", "I have it. ", "That is settled. ")) if told is way[-1] else ""
    return f"{lead}The {told.label} is {value}."


def _value(way: Sequence[Move], made: Sequence[Made]) -> str:
    """What the call gave whose result is wanted; empty before it was made."""
    told = next((move for move in way if move.told), None)
    replies = [call.reply for call in made if told and call.tool == told.tool and call.ok]
    return str((find(replies[-1], told.told) or [""])[0]).strip() if told and replies else ""
