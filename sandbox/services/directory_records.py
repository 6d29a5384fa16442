"""The records of the people directory, and the tables that a world of it starts with.

Employees are the colleagues whom the calendar and the support desk know, under the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .calendar_records import ColleagueId
from .families import LOGICAL_NOW, WORLDS, IdFormat, ago, iso
from .people import ColleaguePerson, Department, people
from .schema import Day, Moment, says
from .vocabulary import CITIES

OFFICE_IDS = IdFormat("OFC-", 2)
LEAVE_IDS = IdFormat("LV26-", 4)

OfficeId: TypeAlias = Annotated[str, says("Office number, for example OFC-07")]
LeaveId: TypeAlias = Annotated[str, says("Leave number, for example LV26-0009")]

Seniority: TypeAlias = Literal["junior", "regular", "senior", "lead"]
LeaveKind: TypeAlias = Literal["vacation", "training", "parental", "unpaid"]
LeaveStatus: TypeAlias = Literal["requested", "approved", "withdrawn"]

TITLES: dict[Department, tuple[str, ...]] = {
    "support": ("Support Agent", "Support Specialist", "Shift Coordinator"),
    "engineering": ("Software Engineer", "Data Engineer", "Test Engineer"),
    "finance": ("Accountant", "Controller", "Payroll Clerk"),
    "marketing": ("Copywriter", "Campaign Planner", "Brand Designer"),
    "operations": ("Operations Analyst", "Logistics Planner", "Facility Manager"),
}
YEARLY_DAYS = 25


class Office(msgspec.Struct, frozen=True):
    """A place of work."""

    office_id: OfficeId
    city: str
    desks: int


class Employee(msgspec.Struct, frozen=True):
    """Someone who works here."""

    colleague_id: ColleagueId
    name: str
    email: str
    department: Department
    job_title: str
    seniority: Seniority
    manager_name: str | None
    """None for the one at the top."""
    office_id: OfficeId
    desk_extension: str
    """The last digits of the phone on the desk."""
    vacation_days_left: int
    hire_date: Day
    updated_at: Moment


class Leave(msgspec.Struct, frozen=True):
    """Days on which someone is away."""

    leave_id: LeaveId
    colleague_id: ColleagueId
    leave_kind: LeaveKind
    first_day: Day
    last_day: Day
    """The last day away."""
    working_days: int
    status: LeaveStatus
    updated_at: Moment

    def overlaps(self, first_day: str, last_day: str) -> bool:
        """True when it stands and shares a day with the span."""
        return self.status != "withdrawn" and self.first_day <= last_day and first_day <= self.last_day


class DirectoryTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    offices: dict[str, Office]
    employees: dict[str, Employee]
    leaves: dict[str, Leave]


def working_days(first: datetime, last: datetime) -> int:
    """Mondays to Fridays from the first to the last day, both counted."""
    return sum((first + timedelta(days=n)).weekday() < 5 for n in range((last - first).days + 1))


@lru_cache(maxsize=WORLDS)
def directory_tables(world: int) -> DirectoryTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"directory/{world}")
    staff = people(world).colleagues
    cities = [city for city, _ in rng.sample(CITIES, 3)]
    ids = [OFFICE_IDS.text(number) for number in sorted(rng.sample(range(11, 90), 3))]
    # Three people sit in each of the first two, so the middle one is full and moves to it are refused.
    offices = {key: Office(key, city, desks) for key, city, desks in zip(ids, cities, (9, 3, 12), strict=True)}
    numbers = rng.sample(range(200, 999), len(staff))
    employees = {
        person.colleague_id: _employee(rng, person, staff, ids[rank % 3], str(number))
        for rank, (person, number) in enumerate(zip(staff, numbers, strict=True))
    }
    leaves = {leave.leave_id: leave for leave in _leaves(rng, list(employees.values()))}
    return DirectoryTables(offices, employees, leaves)


def _employee(
    rng: Random, person: ColleaguePerson, staff: tuple[ColleaguePerson, ...], office_id: str, extension: str
) -> Employee:
    boss = next(other for other in staff if other.department == person.department)
    top = staff[0]
    manager = boss if boss is not person else top
    return Employee(
        colleague_id=person.colleague_id,
        name=person.name,
        email=person.email,
        department=person.department,
        job_title=rng.choice(TITLES[person.department]),
        seniority="lead" if boss is person else rng.choice(("junior", "regular", "senior")),
        manager_name=None if person is top else manager.name,
        office_id=office_id,
        desk_extension=extension,
        vacation_days_left=rng.randint(8, YEARLY_DAYS),
        hire_date=iso(ago(rng.uniform(90, 3_000)))[:10],
        updated_at=iso(ago(rng.uniform(20, 80))),
    )


def _leaves(rng: Random, employees: list[Employee]) -> Iterator[Leave]:
    """Two for half of the staff, one for the others: past, approved, or waiting for an answer."""
    plan: list[tuple[Employee, int]] = []
    for rank, employee in enumerate(employees):
        plan.append((employee, rng.randint(5, 9)))
        if rank % 2:
            plan.append((employee, -4))
    rng.shuffle(plan)
    for key, (employee, week) in zip(LEAVE_IDS.ascending(rng, len(plan), 100), plan, strict=True):
        first = LOGICAL_NOW + timedelta(days=7 * week + rng.randint(0, 1))
        last = first + timedelta(days=rng.randint(1, 3))
        status: LeaveStatus = "approved" if week < 0 else rng.choice(("requested", "requested", "approved"))
        kind: LeaveKind = rng.choice(("vacation", "vacation", "training", "unpaid", "parental"))
        yield Leave(
            leave_id=key,
            colleague_id=employee.colleague_id,
            leave_kind=kind,
            first_day=iso(first)[:10],
            last_day=iso(last)[:10],
            working_days=working_days(first, last),
            status=status,
            updated_at=iso(ago(rng.uniform(1, 8) if week >= 0 else 40)),
        )
