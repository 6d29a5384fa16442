"""Tables for tasks on data: subjects with their columns and values, and drawing rows of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeAlias

from .family import Scene

Row: TypeAlias = dict[str, str]
"""One row, every value as text."""

FIRST_DAY = date(2025, 1, 6)
DAYS = 330


@dataclass(frozen=True)
class Subject:
    """What a table is about."""

    file: str
    """Stem of the file's name; also the table's name in a database."""
    rows: str
    """What its rows are called, in the plural."""
    prefix: str
    """First letters of its keys."""
    group: str
    """Name of the first column of categories."""
    groups: tuple[str, ...]
    kind: str
    """Name of the second one."""
    kinds: tuple[str, ...]
    measure: str
    """Name of the column of numbers."""
    low: int
    high: int
    day: str
    """Name of the column of days."""
    owner: str
    """Name of a column that a second table gives for every group."""
    owners: tuple[str, ...]

    @property
    def key(self) -> str:
        """Name of the first column."""
        return f"{self.prefix.lower()}_no"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SUBJECTS: tuple[Subject, ...] = (
    Subject(
        "sales", "sales", "SL", "region", _words("north south east west centre"), "channel",
        _words("online store phone"), "amount", 5, 900, "sold_on", "manager", _words("Ito Reyes Okafor Lind Marsh"),
    ),
    Subject(
        "shipments", "shipments", "SH", "depot", _words("Hamm Lyon Porto Gdansk Turin"), "carrier",
        _words("Swift Brown Harbor Atlas"), "weight_kg", 1, 400, "sent_on", "country", _words("DE FR PT PL IT"),
    ),
    Subject(
        "readings", "readings", "RD", "station", _words("ridge valley harbour forest"), "sensor",
        _words("hygro baro thermo"), "level", 10, 99, "taken_on", "operator", _words("Vega Stone Aalto Brandt"),
    ),
    Subject(
        "loans", "loans", "LN", "branch", _words("Eastgate Mill Castle Docks"), "format",
        _words("book film score map"), "days_out", 1, 60, "lent_on", "librarian", _words("Quist Adeyemi Novak Ferro"),
    ),
    Subject(
        "visits", "visits", "VS", "clinic", _words("Birch Elm Cedar Maple Rowan"), "reason",
        _words("checkup injury vaccine followup"), "minutes", 5, 90, "seen_on", "head_nurse",
        _words("Costa Egan Frisk Gupta Hale"),
    ),
    Subject(
        "rides", "rides", "RI", "line", _words("red blue green amber"), "ticket", _words("single day month"),
        "distance_km", 1, 45, "ridden_on", "garage", _words("Yard1 Yard2 Yard3 Yard4"),
    ),
    Subject(
        "harvests", "harvests", "HV", "field", _words("upper lower river chapel stony"), "crop",
        _words("barley rye oats peas"), "yield_kg", 40, 2000, "cut_on", "driver", _words("Moss Nagy Ojala Pratt Quinn"),
    ),
    Subject(
        "donations", "donations", "DN", "campaign", _words("winter school clinic library"), "method",
        _words("card cash transfer"), "gift", 5, 500, "given_on", "patron", _words("Reid Sousa Tanaka Urban"),
    ),
    Subject(
        "repairs", "repairs", "RP", "workshop", _words("Alder Beech Hazel Larch"), "machine",
        _words("press lathe mill saw"), "cost", 20, 1500, "done_on", "foreman", _words("Vance Weber Xu Yilmaz"),
    ),
    Subject(
        "streams", "streams", "ST", "genre", _words("jazz folk techno opera"), "device", _words("phone desktop tv car"),
        "seconds", 20, 900, "played_on", "curator", _words("Zhang Abel Bauer Cruz"),
    ),
    Subject(
        "claims", "claims", "CL", "policy", _words("home motor travel pet"), "status", _words("open paid refused"),
        "payout", 50, 5000, "filed_on", "adjuster", _words("Dahl Evers Fuchs Grant"),
    ),
    Subject(
        "meters", "meter readings", "MT", "district", _words("Old New Hill Lake Mine"), "tariff",
        _words("basic night green"), "kwh", 30, 700, "read_on", "inspector", _words("Holm Ivers Jansen Krall Lopez"),
    ),
)  # fmt: skip


def draw_rows(subject: Subject, random: Random, count: int) -> list[Row]:
    """Rows in no order of days, every group at least twice."""
    keys = random.sample(range(1000, 9999), count)
    rows: list[Row] = []
    for number, key in enumerate(keys):
        groups = subject.groups
        rows.append(
            {
                subject.key: f"{subject.prefix}{key}",
                subject.group: groups[number % len(groups)] if number < 2 * len(groups) else random.choice(groups),
                subject.kind: random.choice(subject.kinds),
                subject.measure: f"{random.uniform(subject.low, subject.high):.2f}",
                subject.day: (FIRST_DAY + timedelta(days=random.randrange(DAYS))).isoformat(),
            }
        )
    random.shuffle(rows)
    return rows


def to_csv(rows: list[Row], delimiter: str = ",") -> bytes:
    """A file with a heading line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def table_scene(random: Random) -> Scene:
    """One file of rows, and one that says who answers for which group."""
    subject = random.choice(SUBJECTS)
    rows = draw_rows(subject, random, random.randint(30, 60))
    file = f"{random.choice(('data/', 'exports/', ''))}{subject.file}.csv"
    owners = random.sample(subject.owners, len(subject.groups))
    second = [{subject.group: group, subject.owner: owner} for group, owner in zip(subject.groups, owners, strict=True)]
    lookup = f"{subject.owner}s.csv"
    return Scene(
        {file: to_csv(rows), lookup: to_csv(second)}, {"subject": subject, "rows": rows, "file": file, "lookup": lookup}
    )


def gappy_scene(random: Random) -> Scene:
    """As `table_scene`, with numbers missing here and there."""
    scene = table_scene(random)
    subject: Subject = scene.about["subject"]
    rows: list[Row] = [dict(row) for row in scene.about["rows"]]
    for row in random.sample(rows, random.randint(4, 9)):
        row[subject.measure] = random.choice(("", "n/a"))
    files = {**scene.files, scene.about["file"]: to_csv(rows)}
    return Scene(files, {**scene.about, "rows": rows})


def about(scene: Scene) -> tuple[Subject, list[Row], str]:
    """Subject, rows and file of a scene."""
    return scene.about["subject"], scene.about["rows"], scene.about["file"]
