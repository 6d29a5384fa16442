"""Values that the simulated planner makes up where the world gives none, by the kind of parameter."""

from __future__ import annotations

import re
from random import Random

from ...sandbox.facts import Param, schema_type, snake
from ...sandbox.tools import JsonObject, JsonValue

SENTENCES = (
    "The customer would like an answer before Friday.",
    "Please ring the side door, the bell in front is broken.",
    "Moved on request of the team, no other change.",
    "Ordered twice by mistake.",
    "The box arrived with one corner crushed.",
    "Agreed on the phone, see the minutes of the last call.",
    "The numbers in the second table do not add up.",
    "Waiting for the signed copy from the supplier.",
    "Not urgent, but it should not get lost.",
    "Changed my mind about the colour.",
    "We will decide this at the next planning meeting.",
    "The old address is no longer valid.",
    "Works again after a restart, cause unknown.",
    "Two of the four items were missing.",
    "The invoice shows the wrong tax rate.",
    "Please keep me posted about this one.",
)
TITLES = (
    "Budget review",
    "Supplier call",
    "Onboarding walk-through",
    "Quarterly figures",
    "Site inspection",
    "Design critique",
    "Contract renewal",
    "Release rehearsal",
    "Safety briefing",
    "Reading group",
    "Interview debrief",
    "Stock count",
)
WORDS = "amber birch cedar delta ember fjord garnet harbor indigo juniper kelp linden maple nectar onyx pine".split()
TIMEZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Nairobi", "Australia/Sydney", "UTC")
QUERIES = ("order", "budget", "meeting", "delivery", "review", "report", "note")


def invent(param: Param, dice: Random, moment: tuple[int, int] = (17, 9)) -> JsonValue:
    """A plausible value for a parameter that points at nothing; None where there is none (objects).

    Dates lie on the day of the month and around the hour given by `moment`, so that an end comes after its start.
    """
    schema = param.schema
    if schema.get("enum"):
        return dice.choice([value for value in schema["enum"] if value is not None])
    if "const" in schema:
        return schema["const"]
    if schema.get("examples"):
        return dice.choice(schema["examples"])
    if len(named := re.findall(r"['`](\w+)['`]", str(schema.get("description") or ""))) > 1:
        return dice.choice(named)
    match schema_type(schema):
        case "integer":
            return dice.randint(*_bounds(schema, 1, 5))
        case "number":
            low, high = _bounds(schema, 5, 90)
            return round(dice.uniform(low, high), 2)
        case "boolean":
            return dice.random() < 0.5
        case "string":
            return _text(param, dice, moment)
        case _:
            return None


def _bounds(schema: JsonObject, low: int, high: int) -> tuple[int, int]:
    least = schema.get("minimum", schema.get("exclusiveMinimum", low - 1) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", high + 1) - 1)
    least = max(int(least), low) if least <= low else int(least)
    return least, max(least, min(int(most), max(high, least)))


def _text(param: Param, dice: Random, moment: tuple[int, int]) -> str:
    name = snake(param.name)
    if param.kind == "datetime":
        return _moment(name, param, moment)
    if "timezone" in name:
        return dice.choice(TIMEZONES)
    if name in ("revision", "target", "commit", "ref"):
        return dice.choice(("HEAD", "HEAD~1", "HEAD~2", "HEAD~3"))
    if name == "time":
        return f"{dice.randint(0, 23):02d}:{dice.choice((0, 15, 30, 45)):02d}"
    if any(word in name for word in ("query", "pattern", "search", "keyword", "filter")):
        return dice.choice(QUERIES)
    if param.kind == "free text":
        text = dice.choice(SENTENCES)
        return text if dice.random() < 0.6 else f"{text} {dice.choice(SENTENCES)}"
    if any(word in name for word in ("title", "subject", "topic")):
        return f"{dice.choice(TITLES)} {dice.choice(('A', 'B', 'North', 'South', 'week 12', 'phase 2'))}"
    if "address" in name:
        return f"{dice.randint(2, 148)} {dice.choice(WORDS).title()} Street, {dice.choice(WORDS).title()}ville"
    if any(word in name for word in ("location", "room", "place")):
        return f"Room {dice.choice('ABCDE')}{dice.randint(1, 9)}"
    return f"{dice.choice(WORDS)}-{dice.choice(WORDS)}-{dice.randint(2, 99)}"


def _moment(name: str, param: Param, moment: tuple[int, int]) -> str:
    """A moment after the services' logical present (16 March 2026); an end comes one hour after its start."""
    day, hour = moment
    if param.schema.get("format") == "date" or (name.endswith("date") and param.schema.get("format") != "date-time"):
        return f"2026-03-{day:02d}"
    late = any(word in name.split("_") for word in ("end", "ends", "until", "due", "to"))
    return f"2026-03-{day:02d}T{hour + late:02d}:00:00Z"
