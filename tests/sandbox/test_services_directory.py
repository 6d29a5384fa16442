"""The people directory: what its tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld
from tdscaling.sandbox.services.families import WORLDS

from .desk import ask, every, opened, refusal, some

SPAN = {"first_day": "2026-04-06", "last_day": "2026-04-08"}


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("directory")


def test_an_extension_leads_to_a_leave_in_three_steps(world: ServiceWorld) -> None:
    """find_by_extension → list_leaves → get_leave chains through ids."""
    leave = some(world, "leaves")
    extension = world.tables()["employees"][leave["colleague_id"]]["desk_extension"]
    person = ask(world, "find_by_extension", desk_extension=f" {extension} ")
    lines = ask(world, "list_leaves", colleague_id=person["colleague_id"])["leaves"]
    assert leave["leave_id"] in [line["leave_id"] for line in lines]
    assert ask(world, "get_leave", leave_id=leave["leave_id"]) == leave
    assert refusal(world, "find_by_extension", desk_extension="0")[0] == "not_found"


def test_a_department_is_shown_page_by_page(world: ServiceWorld) -> None:
    """The pages together hold everyone once."""
    whole = ask(world, "list_employees", department="support")
    seen = []
    cursor: dict[str, str] = {}
    for _ in range(whole["total"]):
        page = ask(world, "list_employees", department="support", limit=2, **cursor)
        seen += page["employees"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole["employees"]
    assert len(seen) == whole["total"] > 2


def test_title_and_seniority_are_changed_to_other_ones(world: ServiceWorld) -> None:
    """A department has one lead."""
    person = next(p for p in every(world, "employees", department="support") if p["seniority"] != "lead")
    key = person["colleague_id"]
    assert ask(world, "change_job_title", colleague_id=key, job_title="Coach")["job_title"] == "Coach"
    assert refusal(world, "change_job_title", colleague_id=key, job_title="Coach")[0] == "conflict"
    assert refusal(world, "promote_employee", colleague_id=key, seniority=person["seniority"])[0] == "conflict"
    assert refusal(world, "promote_employee", colleague_id=key, seniority="lead")[0] == "forbidden"


def test_people_move_where_a_desk_is_free(world: ServiceWorld) -> None:
    """A full office and the own one conflict."""
    offices = [ask(world, "get_office", office_id=office["office_id"]) for office in every(world, "offices")]
    (full,) = [office["office_id"] for office in offices if office["free_desks"] == 0]
    roomy = max(offices, key=lambda office: office["free_desks"])
    person = next(p for p in every(world, "employees") if p["office_id"] not in (full, roomy["office_id"]))
    key = person["colleague_id"]
    assert refusal(world, "relocate_employee", colleague_id=key, office_id=full)[0] == "conflict"
    ask(world, "relocate_employee", colleague_id=key, office_id=roomy["office_id"])
    assert ask(world, "get_office", office_id=roomy["office_id"])["free_desks"] == roomy["free_desks"] - 1
    assert refusal(world, "relocate_employee", colleague_id=key, office_id=roomy["office_id"])[0] == "conflict"


def test_vacation_is_charged_and_given_back(world: ServiceWorld) -> None:
    """Three working days go when it is asked for and come back when it is withdrawn."""
    person = some(world, "employees")
    key, left = person["colleague_id"], person["vacation_days_left"]
    leave = ask(world, "request_leave", colleague_id=key, leave_kind="vacation", **SPAN)
    assert (leave["working_days"], leave["status"]) == (3, "requested")
    assert ask(world, "get_employee", colleague_id=key)["vacation_days_left"] == left - 3
    assert refusal(world, "request_leave", colleague_id=key, leave_kind="unpaid", **SPAN)[0] == "conflict"
    assert ask(world, "approve_leave", leave_id=leave["leave_id"])["status"] == "approved"
    assert refusal(world, "approve_leave", leave_id=leave["leave_id"])[0] == "conflict"
    ask(world, "withdraw_leave", leave_id=leave["leave_id"])
    assert ask(world, "get_employee", colleague_id=key)["vacation_days_left"] == left


@pytest.mark.parametrize(
    ("first_day", "last_day", "code"),
    [
        ("2026-03-16", "2026-03-17", "invalid_argument"),
        ("2026-04-08", "2026-04-06", "invalid_argument"),
        ("2026-04-11", "2026-04-12", "invalid_argument"),
        ("2026-04-06", "2026-05-01", "forbidden"),
        ("2026-04-06", "2026-12-01", "forbidden"),
        ("soon", "2026-12-01", "invalid_argument"),
    ],
)
def test_leave_lies_ahead_and_is_not_too_long(world: ServiceWorld, first_day: str, last_day: str, code: str) -> None:
    """Today, backwards and weekends are invalid; more than fifteen days are a matter for others."""
    key = some(world, "employees")["colleague_id"]
    asked = {"colleague_id": key, "leave_kind": "unpaid", "first_day": first_day, "last_day": last_day}
    assert refusal(world, "request_leave", **asked)[0] == code


def test_parental_leave_is_not_approved_here_and_past_leave_not_withdrawn(world: ServiceWorld) -> None:
    """The first is a rule, the second a clash."""
    key = some(world, "employees")["colleague_id"]
    leave = ask(world, "request_leave", colleague_id=key, leave_kind="parental", **SPAN)["leave_id"]
    assert refusal(world, "approve_leave", leave_id=leave)[0] == "forbidden"
    past = next(r for r in every(world, "leaves") if r["first_day"] < "2026-03-16")
    assert refusal(world, "withdraw_leave", leave_id=past["leave_id"])[0] == "conflict"


def test_employees_are_the_colleagues_of_the_calendar() -> None:
    """Under the same numbers, names and departments, in every world."""
    for seed in range(WORLDS):
        diary, book = opened("calendar", seed).tables(), opened("directory", seed).tables()
        assert diary["colleagues"].keys() == book["employees"].keys()
        for key, colleague in diary["colleagues"].items():
            assert colleague.items() <= book["employees"][key].items()
