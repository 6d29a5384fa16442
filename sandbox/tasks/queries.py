"""Families of questions to a database: a query is written to a file and judged by the rows that it gives."""

from __future__ import annotations

import sqlite3
from random import Random

from .analysis import ask as ask_table
from .family import Family, Kind, Scene, Slots, filled
from .tables import Row, Subject, table_scene

FIELD = "database queries"
DATABASE = "data.db"


def scene(random: Random) -> Scene:
    """A database with the subject's table and one of its groups, one of them without any row."""
    drawn = table_scene(random)
    subject: Subject = drawn.about["subject"]
    rows: list[Row] = drawn.about["rows"]
    owners = random.sample(subject.owners, len(subject.groups))
    idle = random.choice([f"{word}-{random.randint(2, 9)}" for word in ("new", "spare", "annex")])
    groups = [*zip(subject.groups, owners, strict=True), (idle, random.choice(owners))]
    return Scene({DATABASE: _database(subject, rows, groups)}, {**drawn.about, "file": DATABASE})


def _database(subject: Subject, rows: list[Row], groups: list[tuple[str, str]]) -> bytes:
    base = sqlite3.connect(":memory:")
    try:
        base.execute(f"CREATE TABLE {subject.group}s ({subject.group} TEXT PRIMARY KEY, {subject.owner} TEXT)")
        base.executemany(f"INSERT INTO {subject.group}s VALUES (?, ?)", groups)  # noqa: S608 -- names from our own table of subjects
        base.execute(
            f"CREATE TABLE {subject.file} ({subject.key} TEXT PRIMARY KEY, {subject.group} TEXT, {subject.kind} TEXT, "
            f"{subject.measure} REAL, {subject.day} TEXT)"
        )
        base.executemany(f"INSERT INTO {subject.file} VALUES (?, ?, ?, ?, ?)", [tuple(row.values()) for row in rows])  # noqa: S608 -- as above
        base.commit()
        return base.serialize()
    finally:
        base.close()


def ask(drawn: Scene, random: Random) -> Slots:
    """As for a file, with the names of the tables."""
    slots = ask_table(drawn, random)
    subject: Subject = drawn.about["subject"]
    stem = random.choice(("query", "answer", subject.file, f"by_{subject.group}"))
    return {**slots, "table": subject.file, "groups": f"{subject.group}s", "out": f"{stem}.sql"}


def _family(name: str, wordings: tuple[str, ...], right: str, wrong: str, *, kind: Kind = "query") -> Family:
    return Family(name, FIELD, kind, wordings, scene, ask, filled(right), filled(wrong))


QUERIES: tuple[Family, ...] = (
    _family(
        "sql_count_where",
        (
            "write a query to {out} that counts the {rows} in {table} with {kind} {other} and {measure} of at least {least}",
            "save as {out} the SQL that gives the number of {rows} in {table} where {kind} is {other} and {measure} is {least} or more",
        ),
        "SELECT COUNT(*) FROM <table!> WHERE <kind!> = '<other!>' AND <measure!> >= <least!>",
        "SELECT COUNT(*) FROM <table!> WHERE <kind!> = '<other!>' OR <measure!> >= <least!>",
    ),
    _family(
        "sql_group_having",
        (
            "write to {out} a query for each {group} in {table} with more than {top} {rows}, and their number",
            "put SQL into {out} that lists every {group} of {table} having over {top} {rows} together with how many it has",
        ),
        "SELECT <group!>, COUNT(*) FROM <table!> GROUP BY <group!> HAVING COUNT(*) > <top!>",
        "SELECT <group!>, COUNT(*) FROM <table!> GROUP BY <group!> HAVING COUNT(*) < <top!>",
    ),
    _family(
        "sql_join_total",
        (
            "write a query to {out} that gives the total {measure} in {table} per {owner}, joining {groups} by {group}, those without {rows} left out",
            "save as {out} a join of {table} and {groups} by {group} that totals {measure} for every {owner} who has {rows}",
        ),
        "SELECT g.<owner!>, SUM(t.<measure!>) FROM <table!> t JOIN <groups!> g ON g.<group!> = t.<group!> GROUP BY g.<owner!>",
        "SELECT g.<owner!>, SUM(t.<measure!>) FROM <table!> t, <groups!> g GROUP BY g.<owner!>",
    ),
    _family(
        "sql_without_rows",
        (
            "write to {out} a query for every {group} in {groups} that has no {rows} in {table}",
            "find with a query, saved as {out}, each {group} of {groups} to which no {rows} in {table} belong",
        ),
        "SELECT g.<group!> FROM <groups!> g LEFT JOIN <table!> t ON t.<group!> = g.<group!> WHERE t.<group!> IS NULL",
        "SELECT g.<group!> FROM <groups!> g JOIN <table!> t ON t.<group!> = g.<group!> WHERE t.<group!> IS NULL",
    ),
    _family(
        "sql_above_mean",
        (
            "write a query to {out} for the {key} of all {rows} in {table} whose {measure} is above the mean of the whole table",
            "save as {out} SQL that returns the {key} of {rows} in {table} with a {measure} over the average of all of them",
        ),
        "SELECT <key!> FROM <table!> WHERE <measure!> > (SELECT AVG(<measure!>) FROM <table!>)",
        "SELECT <key!> FROM <table!> WHERE <measure!> > (SELECT AVG(<measure!>) / 2 FROM <table!>)",
    ),
    _family(
        "sql_by_month",
        (
            "write to {out} a query for the total {measure} of {table} by month of {day}, months like 2025-03 in the first column",
            "put a query into {out} that sums {measure} in {table} for every month (2025-03, first column) of {day}",
        ),
        "SELECT substr(<day!>, 1, 7), SUM(<measure!>) FROM <table!> GROUP BY substr(<day!>, 1, 7)",
        "SELECT substr(<day!>, 1, 7), SUM(<measure!>) FROM <table!> GROUP BY <day!>",
    ),
    _family(
        "sql_latest_each",
        (
            "write a query to {out} that gives for every {group} in {table} the latest {day} of its {rows}",
            "save as {out} a query with each {group} of {table} and the {day} of its most recent {rows}",
        ),
        "SELECT <group!>, MAX(<day!>) FROM <table!> GROUP BY <group!>",
        "SELECT <group!>, MIN(<day!>) FROM <table!> GROUP BY <group!>",
    ),
    _family(
        "sql_best_each",
        (
            "write to {out} a query for the {key} with the highest {measure} of each {group} in {table}, {group} first",
            "find the top {rows} per {group} of {table} by {measure} with a query saved as {out}: columns {group} and {key}",
        ),
        "SELECT <group!>, <key!> FROM (SELECT <group!>, <key!>, ROW_NUMBER() OVER (PARTITION BY <group!> ORDER BY <measure!> DESC) AS place FROM <table!>) WHERE place = 1",
        "SELECT <group!>, <key!> FROM (SELECT <group!>, <key!>, ROW_NUMBER() OVER (ORDER BY <measure!> DESC) AS place FROM <table!>) WHERE place = 1",
    ),
    _family(
        "sql_pairs",
        (
            "write a query to {out} for all pairs of {group} and {kind} in {table}, each pair once, that have {rows} after {after} by {day}",
            "save as {out} SQL that lists every different pair of {group} and {kind} in {table} with {rows} whose {day} is after {after}",
        ),
        "SELECT DISTINCT <group!>, <kind!> FROM <table!> WHERE <day!> > '<after!>'",
        "SELECT <group!>, <kind!> FROM <table!> WHERE <day!> > '<after!>'",
    ),
    _family(
        "sql_share",
        (
            "write to {out} a query that gives per {group} of {table} the share of {rows} with {kind} {other}, from 0 to 1",
            "put SQL into {out} for each {group} in {table} and which part of its {rows}, from 0 to 1, has {kind} {other}",
        ),
        "SELECT <group!>, AVG(CASE WHEN <kind!> = '<other!>' THEN 1.0 ELSE 0.0 END) FROM <table!> GROUP BY <group!>",
        "SELECT <group!>, SUM(<kind!> = '<other!>') / COUNT(*) FROM <table!> GROUP BY <group!>",
    ),
    _family(
        "sql_running_total",
        (
            "write a query to {out} that gives the {key} and the running total of {measure} for the {rows} of {group} {value} in {table}, by {day} and {key}",
            "save as {out} a query over {table} for {group} {value}: each {key} with the {measure} added up so far, in the order of {day} and {key}",
        ),
        "SELECT <key!>, SUM(<measure!>) OVER (ORDER BY <day!>, <key!>) FROM <table!> WHERE <group!> = '<value!>'",
        "SELECT <key!>, SUM(<measure!>) OVER () FROM <table!> WHERE <group!> = '<value!>'",
    ),
    _family(
        "sql_raise",
        (
            "raise the {measure} of all {rows} with {kind} {other} in {table} of data.db by {top} percent",
            "update {table} in data.db so that every {measure} of {kind} {other} is {top} percent higher, other {rows} unchanged",
        ),
        "UPDATE <table!> SET <measure!> = <measure!> * (1 + <top!> / 100.0) WHERE <kind!> = '<other!>'",
        "UPDATE <table!> SET <measure!> = <measure!> * (1 + <top!> / 100) WHERE <kind!> = '<other!>'",
        kind="change",
    ),
    _family(
        "sql_purge",
        (
            "delete from {table} in data.db the {rows} of {group} {value} with a {day} before {after}",
            "remove all {rows} of {table} in data.db whose {group} is {value} and whose {day} lies before {after}",
        ),
        "DELETE FROM <table!> WHERE <group!> = '<value!>' AND <day!> < '<after!>'",
        "DELETE FROM <table!> WHERE <group!> = '<value!>' OR <day!> < '<after!>'",
        kind="change",
    ),
)
