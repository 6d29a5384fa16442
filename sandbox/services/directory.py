"""The people directory of a company: who works where and as what, and who is away when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, date_argument, reads, writes
from .calendar_records import ColleagueId
from .directory_records import (
    LEAVE_IDS,
    Employee,
    Leave,
    LeaveId,
    LeaveKind,
    LeaveStatus,
    Office,
    OfficeId,
    Seniority,
    directory_tables,
    working_days,
)
from .errors import ToolError
from .families import iso
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .people import Department
from .schema import Day, says

VERSION = "1"
LONGEST_LEAVE = 15
"""Working days that can be asked for at once."""
LONGEST_SPAN = timedelta(days=60)

POLICY = (
    "Leave of more than 15 working days at once is agreed with the head of people and refused here. "
    "Parental leave is approved by the head of people only. Nobody moves into an office without a free desk."
)

_TITLES = ("Support Specialist", "Data Engineer", "Controller", "Campaign Planner", "Operations Analyst")
_FIRST_DAYS = ("2026-04-06", "2026-04-07", "2026-04-13", "2026-04-14")
_LAST_DAYS = ("2026-04-15", "2026-04-16", "2026-04-17")

FirstDay: TypeAlias = Annotated[str, says("First day off, for example 2026-04-06", examples=_FIRST_DAYS, kind="date")]
LastDay: TypeAlias = Annotated[str, says("Last day off, for example 2026-04-15", examples=_LAST_DAYS, kind="date")]


def directory() -> Service:
    """The people directory."""
    return Service(
        "directory", VERSION, domain="people directory", sector="human resources", desk=DirectoryDesk, policy=POLICY
    )


class EmployeeLine(msgspec.Struct, frozen=True):
    """An employee as a list shows them."""

    colleague_id: ColleagueId
    name: str
    job_title: str


class EmployeeList(msgspec.Struct, frozen=True):
    """Employees of one department."""

    employees: list[EmployeeLine]
    total: int
    """On all pages."""
    next_cursor: NextCursor


class OfficeDetails(Office, frozen=True, kw_only=True):
    """A place of work with the desks that are free."""

    free_desks: int


class LeaveLine(msgspec.Struct, frozen=True):
    """A leave as a list shows it."""

    leave_id: LeaveId
    leave_kind: LeaveKind
    first_day: Day
    last_day: Day
    status: LeaveStatus


class LeaveList(msgspec.Struct, frozen=True):
    """Leaves of one employee."""

    leaves: list[LeaveLine]
    total: int


class DirectoryDesk(Desk):
    """One world of the people directory."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = directory_tables(world)
        self.offices = self.table("offices", "office", initial.offices)
        self.employees = self.table("employees", "employee", initial.employees)
        self.leaves = self.table("leaves", "leave", initial.leaves)

    @reads
    def find_by_extension(
        self, desk_extension: Annotated[str, says("Desk extension, for example 144", max_length=10)]
    ) -> Employee:
        """Find out whose desk extension it is."""
        for employee in self.employees.all():
            if employee.desk_extension == desk_extension.strip():
                return employee
        raise ToolError("not_found", f"no desk has the extension {desk_extension}")

    @reads
    def list_employees(
        self,
        department: Annotated[Department, says("Department name, for example finance")],
        limit: PageSize = PAGE,
        cursor: PageCursor = None,
    ) -> EmployeeList:
        """List the staff of a department."""
        staff = [person for person in self.employees.all() if person.department == department]
        page, following = page_of(staff, lambda person: person.colleague_id, limit, cursor)
        lines = [EmployeeLine(person.colleague_id, person.name, person.job_title) for person in page]
        return EmployeeList(lines, len(staff), following)

    @reads
    def get_employee(self, colleague_id: ColleagueId) -> Employee:
        """Show the job profile of an employee."""
        return self.employees.need(colleague_id)

    @writes
    def promote_employee(
        self, colleague_id: ColleagueId, seniority: Annotated[Seniority, says("Seniority level, for example senior")]
    ) -> Employee:
        """Change the seniority of an employee. A department has one lead."""
        person = self.employees.need(colleague_id)
        if person.seniority == seniority:
            raise ToolError("conflict", f"employee {colleague_id} is already {seniority}")
        lead = next(
            (e for e in self.employees.all() if (e.department, e.seniority) == (person.department, "lead")), None
        )
        if seniority == "lead" and lead is not None:
            raise ToolError("forbidden", f"{lead.name} already leads {person.department}")
        return self.employees.put(colleague_id, replace(person, seniority=seniority, updated_at=self.stamp()))

    @writes
    def change_job_title(
        self,
        colleague_id: ColleagueId,
        job_title: Annotated[
            str, says("Job title, for example Data Engineer", examples=_TITLES, min_length=3, max_length=60)
        ],
    ) -> Employee:
        """Give an employee another job title."""
        person = self.employees.need(colleague_id)
        if person.job_title == job_title:
            raise ToolError("conflict", f"employee {colleague_id} is already {job_title}")
        return self.employees.put(colleague_id, replace(person, job_title=job_title, updated_at=self.stamp()))

    @reads
    def get_office(self, office_id: OfficeId) -> OfficeDetails:
        """See how many desks an office has free."""
        office = self.offices.need(office_id)
        return OfficeDetails(office.office_id, office.city, office.desks, free_desks=self._free(office))

    @writes
    def relocate_employee(self, colleague_id: ColleagueId, office_id: OfficeId) -> Employee:
        """Relocate an employee to another office."""
        person, office = self.employees.need(colleague_id), self.offices.need(office_id)
        if person.office_id == office_id:
            raise ToolError("conflict", f"employee {colleague_id} already works in office {office_id}")
        if self._free(office) < 1:
            raise ToolError("conflict", f"office {office_id} has no free desk")
        return self.employees.put(colleague_id, replace(person, office_id=office_id, updated_at=self.stamp()))

    @reads
    def list_leaves(
        self,
        colleague_id: ColleagueId,
        status: Annotated[LeaveStatus | None, says("Leave status, for example approved")] = None,
    ) -> LeaveList:
        """List the absences of an employee. A status narrows the list."""
        self.employees.need(colleague_id)
        lines = [
            LeaveLine(leave.leave_id, leave.leave_kind, leave.first_day, leave.last_day, leave.status)
            for leave in self.leaves.all()
            if leave.colleague_id == colleague_id and status in (None, leave.status)
        ]
        return LeaveList(lines, len(lines))

    @reads
    def get_leave(self, leave_id: LeaveId) -> Leave:
        """Check whether a leave was approved."""
        return self.leaves.need(leave_id)

    @writes
    def request_leave(
        self,
        colleague_id: ColleagueId,
        leave_kind: Annotated[LeaveKind, says("Leave kind, for example vacation")],
        first_day: FirstDay,
        last_day: LastDay,
    ) -> Leave:
        """Ask for time off on behalf of an employee."""
        person = self.employees.need(colleague_id)
        first, last = date_argument("first_day", first_day), date_argument("last_day", last_day)
        days = self._length(first, last)
        if any(
            leave.colleague_id == colleague_id and leave.overlaps(first_day, last_day) for leave in self.leaves.all()
        ):
            raise ToolError("conflict", f"employee {colleague_id} is already away on some of these days")
        if days > LONGEST_LEAVE:
            raise ToolError("forbidden", f"more than {LONGEST_LEAVE} working days at once cannot be asked for here")
        if leave_kind == "vacation" and days > person.vacation_days_left:
            raise ToolError(
                "conflict", f"employee {colleague_id} has {person.vacation_days_left} days of vacation left"
            )
        key, now = LEAVE_IDS.following(self.leaves.keys()), self.stamp()
        self._charge(person, leave_kind, days, now)
        return self.leaves.put(key, Leave(key, colleague_id, leave_kind, first_day, last_day, days, "requested", now))

    @writes
    def approve_leave(self, leave_id: LeaveId) -> Leave:
        """Approve a leave that was asked for. Parental leave is not approved here."""
        leave = self.leaves.need(leave_id)
        if leave.status != "requested":
            raise ToolError("conflict", f"leave {leave_id} is already {leave.status}")
        if leave.leave_kind == "parental":
            raise ToolError("forbidden", "parental leave is approved by the head of people only")
        return self.leaves.put(leave_id, replace(leave, status="approved", updated_at=self.stamp()))

    @writes
    def withdraw_leave(self, leave_id: LeaveId) -> Leave:
        """Withdraw a leave that has not begun. Vacation days are given back."""
        leave = self.leaves.need(leave_id)
        if leave.status == "withdrawn":
            raise ToolError("conflict", f"leave {leave_id} is already withdrawn")
        if leave.first_day <= iso(self.now)[:10]:
            raise ToolError("conflict", f"leave {leave_id} has already begun")
        now = self.stamp()
        self._charge(self.employees.need(leave.colleague_id), leave.leave_kind, -leave.working_days, now)
        return self.leaves.put(leave_id, replace(leave, status="withdrawn", updated_at=now))

    def _charge(self, person: Employee, kind: LeaveKind, days: int, now: str) -> None:
        if kind == "vacation":
            left = person.vacation_days_left - days
            self.employees.put(person.colleague_id, replace(person, vacation_days_left=left, updated_at=now))

    def _length(self, first: datetime, last: datetime) -> int:
        if first <= self.now:
            raise ToolError("invalid_argument", "first_day: must be after today")
        if last < first:
            raise ToolError("invalid_argument", "last_day: must not be before first_day")
        if last - first > LONGEST_SPAN:
            raise ToolError("forbidden", f"more than {LONGEST_LEAVE} working days at once cannot be asked for here")
        days = working_days(first, last)
        if not days:
            raise ToolError("invalid_argument", "first_day: these days are a weekend")
        return days

    def _free(self, office: Office) -> int:
        return office.desks - sum(person.office_id == office.office_id for person in self.employees.all())
