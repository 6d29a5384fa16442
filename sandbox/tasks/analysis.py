"""Families of tasks on exported data: CSV files, answered by a value or by a file. Solved in Python."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .family import Family, Kind, Scene, Slots, filled
from .tables import about, gappy_scene, table_scene

FIELD = "data analysis"

_READ = """import csv
with open(<file>, newline="") as file:
    rows = list(csv.DictReader(file))
"""
_WRITE = """import json
with open(<out>, "w") as file:
    json.dump(result, file, indent=1)
"""


def ask(scene: Scene, random: Random) -> Slots:
    """Names of the columns, a value of each column of categories, and numbers that some rows meet and others do not."""
    subject, rows, file = about(scene)
    row = random.choice(rows)
    numbers = sorted(float(other[subject.measure]) for other in rows if other[subject.measure] not in ("", "n/a"))
    days = sorted(other[subject.day] for other in rows)
    return {
        "file": file,
        "rows": subject.rows,
        "key": subject.key,
        "group": subject.group,
        "value": row[subject.group],
        "kind": subject.kind,
        "other": row[subject.kind],
        "measure": subject.measure,
        "day": subject.day,
        "after": random.choice(days[len(days) // 4 : len(days) // 2]),
        "least": str(int(random.choice(numbers[len(numbers) // 3 : -6])) + 1),
        "top": str(random.randint(3, 7)),
        "limit": str(int(sum(numbers) * random.uniform(0.2, 0.35))),
        "lookup": scene.about["lookup"],
        "owner": subject.owner,
        "out": f"{random.choice(('result', 'summary', 'report', 'answer'))}_{subject.file}.json",
    }


def _family(
    name: str,
    wordings: tuple[str, ...],
    right: str,
    wrong: str,
    *,
    label: str = "",
    scene: Callable[[Random], Scene] = table_scene,
) -> Family:
    """With a label an answer is wanted, and the sources end by printing it; else a file, from their `result`."""
    kind: Kind = "answer" if label else "file"
    end = "" if label else _WRITE
    right, wrong = (_READ + body + end for body in (right, wrong))
    return Family(name, FIELD, kind, wordings, scene, ask, filled(right), filled(wrong), label=label)


ANALYSIS: tuple[Family, ...] = (
    _family(
        "total_where",
        (
            "add up the {measure} of all {rows} with {group} {value} in {file}",
            "work out what the {measure} in {file} comes to over the {rows} whose {group} is {value}",
            "sum the {measure} column of {file} for {group} {value}, {rows} of other kinds left out",
        ),
        "print(round(sum(float(row[<measure>]) for row in rows if row[<group>] == <value>), 2))\n",
        "print(round(sum(float(row[<measure>]) for row in rows), 2))\n",
        label="total {measure}",
    ),
    _family(
        "mean_where",
        (
            "find the mean {measure} of the {rows} with {kind} {other} in {file}, to two decimals",
            "average the {measure} in {file} over {rows} whose {kind} is {other}, rounded to two decimals",
        ),
        """values = [float(row[<measure>]) for row in rows if row[<kind>] == <other>]
print(round(sum(values) / len(values), 2))
""",
        """values = [float(row[<measure>]) for row in rows if row[<kind>] == <other>]
print(round(sum(values) / len(rows), 2))
""",
        label="mean {measure}",
    ),
    _family(
        "top_group",
        (
            "find out which {group} in {file} has the highest total {measure} over all its {rows}",
            "say which {group} leads in {file} when the {measure} of its {rows} is added up",
        ),
        """totals = {}
for row in rows:
    totals[row[<group>]] = totals.get(row[<group>], 0.0) + float(row[<measure>])
print(max(sorted(totals), key=totals.get))
""",
        """totals = {}
for row in rows:
    totals[row[<group>]] = totals.get(row[<group>], 0.0) + float(row[<measure>])
print(min(sorted(totals), key=totals.get))
""",
        label="leading {group}",
    ),
    _family(
        "count_after",
        (
            "count the {rows} in {file} with {kind} {other} and a {day} after {after}",
            "tell how many {rows} of {file} have {kind} {other} and come later than {after} by {day}",
        ),
        "print(sum(row[<kind>] == <other> and row[<day>] > <after> for row in rows))\n",
        "print(sum(row[<kind>] == <other> or row[<day>] > <after> for row in rows))\n",
        label="number of {rows}",
    ),
    _family(
        "distinct_days",
        (
            "count on how many different days {rows} with a {measure} of at least {least} stand in {file}, by {day}",
            "work out the number of distinct values of {day} in {file} among {rows} whose {measure} reaches {least}",
        ),
        "print(len({row[<day>] for row in rows if float(row[<measure>]) >= <least>}))\n",
        "print(len({row[<day>] for row in rows}))\n",
        label="number of days",
    ),
    _family(
        "median_of_group",
        (
            "compute the median {measure} of {group} {value} in {file}, over all its {rows}, to two decimals",
            "give the middle value of {measure} among the {rows} of {group} {value} in {file}, to two decimals",
        ),
        """import statistics
print(round(statistics.median(float(row[<measure>]) for row in rows if row[<group>] == <value>), 2))
""",
        """import statistics
print(round(statistics.median(float(row[<measure>]) for row in rows), 2))
""",
        label="median {measure}",
    ),
    _family(
        "share_of_total",
        (
            "work out what percentage of the whole {measure} in {file} falls to {group} {value}, to one decimal",
            "say how many percent of the {measure} of all {rows} in {file} belong to {group} {value}, to one decimal",
        ),
        """total = sum(float(row[<measure>]) for row in rows)
part = sum(float(row[<measure>]) for row in rows if row[<group>] == <value>)
print(round(100 * part / total, 1))
""",
        """total = sum(float(row[<measure>]) for row in rows)
part = sum(float(row[<measure>]) for row in rows if row[<group>] == <value>)
print(round(100 * part / (total - part), 1))
""",
        label="percentage",
    ),
    _family(
        "longest_gap",
        (
            "find the longest gap in days between two {rows} that follow each other by {day} in {file}",
            "sort the {rows} of {file} by {day} and find the most days that lie between one and the next",
        ),
        """from datetime import date
days = sorted(date.fromisoformat(row[<day>]) for row in rows)
print(max((later - earlier).days for earlier, later in zip(days, days[1:])))
""",
        """from datetime import date
days = [date.fromisoformat(row[<day>]) for row in rows]
print(max((later - earlier).days for earlier, later in zip(days, days[1:])))
""",
        label="longest gap",
    ),
    _family(
        "threshold_day",
        (
            "go through the {rows} of {file} by {day} and find the day when their {measure} together first passes {limit}",
            "find the {day} on which the running total of {measure} over the {rows} in {file} first exceeds {limit}",
        ),
        """total = 0.0
for row in sorted(rows, key=lambda row: row[<day>]):
    total += float(row[<measure>])
    if total > <limit>:
        print(row[<day>])
        break
""",
        """total = 0.0
for row in sorted(rows, key=lambda row: row[<day>], reverse=True):
    total += float(row[<measure>])
    if total > <limit>:
        print(row[<day>])
        break
""",
        label="day",
    ),
    _family(
        "missing_numbers",
        (
            "count how many {rows} in {file} have no usable number as their {measure}",
            "find out for how many {rows} of {file} the {measure} is empty or no number",
        ),
        """def usable(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
print(sum(not usable(row[<measure>]) for row in rows))
""",
        "print(sum(bool(row[<measure>]) for row in rows))\n",
        label="number of {rows}",
        scene=gappy_scene,
    ),
    _family(
        "clean_mean",
        (
            "average the {measure} in {file} over the {rows} that have a number there, to two decimals",
            "leave out the {rows} of {file} without a proper {measure} and give the mean of the others, to two decimals",
        ),
        """values = []
for row in rows:
    try:
        values.append(float(row[<measure>]))
    except ValueError:
        pass
print(round(sum(values) / len(values), 2))
""",
        """values = [float(row[<measure>]) if row[<measure>] not in ("", "n/a") else 0.0 for row in rows]
print(round(sum(values) / len(values), 2))
""",
        label="mean {measure}",
        scene=gappy_scene,
    ),
    _family(
        "group_totals",
        (
            "write to {out} a JSON object with the total {measure} per {group} in {file}, rounded to two decimals",
            "sum the {measure} of {file} by {group} and save a JSON object of the totals, to two decimals, as {out}",
        ),
        """result = {}
for row in rows:
    result[row[<group>]] = result.get(row[<group>], 0.0) + float(row[<measure>])
result = {name: round(total, 2) for name, total in sorted(result.items())}
""",
        "result = {row[<group>]: round(float(row[<measure>]), 2) for row in rows}\n",
    ),
    _family(
        "top_rows",
        (
            "write the {key} of the {top} {rows} with the highest {measure} in {file} to {out}, a JSON list, highest first",
            "put a JSON list of {top} {key} values into {out}: the {rows} of {file} with most {measure}, highest first",
        ),
        """rows.sort(key=lambda row: -float(row[<measure>]))
result = [row[<key>] for row in rows[:<top>]]
""",
        """rows.sort(key=lambda row: float(row[<measure>]))
result = [row[<key>] for row in rows[:<top>]]
""",
    ),
    _family(
        "monthly_totals",
        (
            "total the {measure} of {file} by month of {day} and write a JSON object to {out}, keys like 2025-03, two decimals",
            "save as {out} a JSON object that gives the total {measure} for every month (2025-03) of {day} in {file}, two decimals",
        ),
        """result = {}
for row in rows:
    result[row[<day>][:7]] = result.get(row[<day>][:7], 0.0) + float(row[<measure>])
result = {month: round(total, 2) for month, total in sorted(result.items())}
""",
        """result = {}
for row in rows:
    result[row[<day>][:7]] = result.get(row[<day>][:7], 0) + 1
""",
    ),
    _family(
        "totals_by_owner",
        (
            "use {lookup} to find the {owner} of each {group}, total the {measure} in {file} per {owner} and write a JSON object to {out}, two decimals",
            "join {file} with {lookup} by {group} and save the total {measure} of every {owner} as JSON in {out}, two decimals",
        ),
        """with open(<lookup>, newline="") as file:
    owners = {row[<group>]: row[<owner>] for row in csv.DictReader(file)}
result = {}
for row in rows:
    owner = owners[row[<group>]]
    result[owner] = result.get(owner, 0.0) + float(row[<measure>])
result = {owner: round(total, 2) for owner, total in sorted(result.items())}
""",
        """result = {}
for row in rows:
    result[row[<group>]] = round(result.get(row[<group>], 0.0) + float(row[<measure>]), 2)
""",
    ),
    _family(
        "cross_table",
        (
            "cross {group} with {kind}: write to {out} a JSON object of objects with the number of {rows} in {file} for each pair",
            "count the {rows} of {file} per {group} and {kind} and save them as nested JSON objects in {out}, pairs without any left out",
        ),
        """result = {}
for row in rows:
    inner = result.setdefault(row[<group>], {})
    inner[row[<kind>]] = inner.get(row[<kind>], 0) + 1
""",
        """result = {}
for row in rows:
    inner = result.setdefault(row[<kind>], {})
    inner[row[<group>]] = inner.get(row[<group>], 0) + 1
""",
    ),
    _family(
        "outliers",
        (
            "list in {out} the {key} of all {rows} in {file} whose {measure} is more than twice their {group}'s mean, sorted, as JSON",
            "find the {rows} of {file} with over double the mean {measure} of their {group} and write their {key} to {out} as a sorted JSON list",
        ),
        """groups = {}
for row in rows:
    groups.setdefault(row[<group>], []).append(float(row[<measure>]))
means = {name: sum(values) / len(values) for name, values in groups.items()}
result = sorted(row[<key>] for row in rows if float(row[<measure>]) > 2 * means[row[<group>]])
""",
        """values = [float(row[<measure>]) for row in rows]
mean = sum(values) / len(values)
result = sorted(row[<key>] for row in rows if float(row[<measure>]) > mean)
""",
    ),
)
